//! The key-encryption keys: versioned, the first one in use.
//!
//! A key is written `id:base64`, 32 bytes; several are separated by white space or commas. Rotation puts a
//! new key in front: it wraps what is written from then on, and the others still open what they wrapped.

use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey},
    rand,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use crate::envelope::SealError;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// There is no key at all.
    #[error(
        "there is no key-encryption key; write one as `id:base64`, for example k1:$(openssl rand -base64 32)"
    )]
    None,
    /// An entry lacks its id, or its id holds other characters than a-z, 0-9 and `-`.
    #[error("key {0} must be written as `id:base64` with an id of a-z, 0-9 and -")]
    Form(usize),
    /// An entry is not 32 bytes in base64.
    #[error("key \"{id}\" must be {KEY_BYTES} bytes in base64")]
    Length {
        /// The entry's id.
        id: String,
    },
    /// Two entries share an id.
    #[error("key \"{id}\" is listed twice")]
    Twice {
        /// The id.
        id: String,
    },
}

/// A new random key with this id, as the settings take it.
pub fn new_key(id: &str) -> Result<String, SealError> {
    let mut key = [0; KEY_BYTES];
    rand::fill(&mut key).map_err(|_| SealError::Randomness)?;
    Ok(format!("{id}:{}", BASE64_STANDARD.encode(key)))
}

/// The key-encryption keys by id.
pub(crate) struct KeyRing {
    current: String,
    keys: BTreeMap<String, LessSafeKey>,
}

impl KeyRing {
    /// Reads keys from a setting or the content of a file.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let mut ring = Self {
            current: String::new(),
            keys: BTreeMap::new(),
        };
        let entries = text
            .expose_secret()
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|entry| !entry.is_empty());
        for (at, entry) in entries.enumerate() {
            let (id, key) = entry.split_once(':').ok_or(KeyError::Form(at + 1))?;
            if !is_key_id(id) {
                return Err(KeyError::Form(at + 1));
            }
            let key = key_of(key).ok_or_else(|| KeyError::Length { id: id.to_owned() })?;
            if ring.current.is_empty() {
                id.clone_into(&mut ring.current);
            }
            if ring.keys.insert(id.to_owned(), key).is_some() {
                return Err(KeyError::Twice { id: id.to_owned() });
            }
        }
        if ring.keys.is_empty() {
            return Err(KeyError::None);
        }
        Ok(ring)
    }

    /// The key that wraps what is written now, and its id.
    pub(crate) fn current(&self) -> (&str, Option<&LessSafeKey>) {
        (&self.current, self.keys.get(&self.current))
    }

    pub(crate) fn get(&self, id: &str) -> Option<&LessSafeKey> {
        self.keys.get(id)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing")
            .field("current", &self.current)
            .field("keys", &self.keys.keys())
            .finish()
    }
}

fn is_key_id(id: &str) -> bool {
    !id.is_empty()
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn key_of(base64: &str) -> Option<LessSafeKey> {
    let bytes = BASE64_STANDARD.decode(base64).ok()?;
    let key = UnboundKey::new(&AES_256_GCM_SIV, &bytes).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<KeyRing, KeyError> {
        KeyRing::parse(&SecretString::from(text))
    }

    fn key(byte: u8) -> String {
        BASE64_STANDARD.encode([byte; KEY_BYTES])
    }

    #[test]
    fn new_keys_are_random_and_fit_for_use() {
        let (one, two) = (new_key("k1").unwrap(), new_key("k1").unwrap());
        assert_ne!(one, two);
        assert_eq!(parse(&one).unwrap().current().0, "k1");
    }

    #[test]
    fn the_first_key_is_in_use() {
        let ring = parse(&format!("new:{},old:{}\n", key(1), key(2))).unwrap();
        assert_eq!(ring.current().0, "new");
        assert!(ring.get("old").is_some());
        assert!(ring.get("other").is_none());
    }

    #[test]
    fn bad_keys_are_refused_without_showing_them() {
        assert!(matches!(parse(" \n"), Err(KeyError::None)));
        assert!(matches!(parse(&key(1)), Err(KeyError::Form(1))));
        assert!(matches!(
            parse(&format!("K 1:{}", key(1))),
            Err(KeyError::Form(1))
        ));
        let short = BASE64_STANDARD.encode([1; 16]);
        let error = parse(&format!("k1:{short}")).unwrap_err();
        assert!(matches!(&error, KeyError::Length { id } if id == "k1"));
        assert!(!error.to_string().contains(&short));
        let twice = format!("k1:{} k1:{}", key(1), key(2));
        assert!(matches!(parse(&twice), Err(KeyError::Twice { .. })));
        assert!(!format!("{:?}", parse(&format!("k1:{}", key(7))).unwrap()).contains(&key(7)));
    }
}
