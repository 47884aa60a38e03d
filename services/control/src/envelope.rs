//! Secrets at rest: each under a random key of its own, which a key-encryption key wraps.
//!
//! The place that a secret belongs to (purpose, tenant, record) is authenticated with it, so that a row
//! moved to another tenant, record or column does not open. The sealed bytes are
//! `1 ‖ nonce ‖ wrapped key ‖ nonce ‖ ciphertext`, both parts AES-256-GCM-SIV with a 16-byte tag.

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    rand,
};

use crate::keys::{KEY_BYTES, KeyRing};

const FORMAT: u8 = 1;
const TAG_BYTES: usize = 16;
const WRAPPED_BYTES: usize = NONCE_LEN + KEY_BYTES + TAG_BYTES;

/// Where a secret belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// What the secret is for, for example "connection secret".
    pub purpose: &'a str,
    /// The tenant that owns it.
    pub tenant: &'a str,
    /// The record that holds it.
    pub record: &'a str,
}

/// A secret that only the key ring opens, and only at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// The key-encryption key that wraps it.
    pub key_id: String,
    /// Format, wrapped key and ciphertext.
    pub bytes: Vec<u8>,
}

/// Why a secret could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key that wraps it is not in the settings.
    #[error("the key-encryption key \"{0}\" is not among the configured ones; add it back")]
    UnknownKey(String),
    /// The bytes were changed, or belong to another place or key.
    #[error("a stored secret does not open: it was damaged, or belongs to another record or key")]
    Damaged,
    /// The source of randomness failed.
    #[error("no randomness is available")]
    Randomness,
}

impl KeyRing {
    /// Seals a secret under the key in use.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Sealed, SealError> {
        let (key_id, wrapping) = self.current();
        let wrapping = wrapping.ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?;
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key).map_err(|Unspecified| SealError::Randomness)?;
        let aad = place.authenticated(key_id);
        let mut bytes = vec![FORMAT];
        append_encrypted(&mut bytes, wrapping, &aad, &key)?;
        append_encrypted(&mut bytes, &key_from(&key)?, &aad, secret)?;
        Ok(Sealed {
            key_id: key_id.to_owned(),
            bytes,
        })
    }

    /// Opens a secret at its place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>, SealError> {
        let wrapping = self
            .get(&sealed.key_id)
            .ok_or_else(|| SealError::UnknownKey(sealed.key_id.clone()))?;
        let (&format, rest) = sealed.bytes.split_first().ok_or(SealError::Damaged)?;
        let (wrapped, ciphertext) = rest
            .split_at_checked(WRAPPED_BYTES)
            .ok_or(SealError::Damaged)?;
        if format != FORMAT {
            return Err(SealError::Damaged);
        }
        let aad = place.authenticated(&sealed.key_id);
        let key = decrypted(wrapping, &aad, wrapped)?;
        decrypted(&key_from(&key)?, &aad, ciphertext)
    }
}

impl Place<'_> {
    /// Unambiguous: each part is preceded by its length.
    fn authenticated(self, key_id: &str) -> Vec<u8> {
        let mut aad = Vec::new();
        for part in [self.purpose, self.tenant, self.record, key_id] {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part.as_bytes());
        }
        aad
    }
}

fn key_from(bytes: &[u8]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM_SIV, bytes).map_err(|_| SealError::Damaged)?;
    Ok(LessSafeKey::new(key))
}

fn append_encrypted(
    to: &mut Vec<u8>,
    key: &LessSafeKey,
    aad: &[u8],
    secret: &[u8],
) -> Result<(), SealError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|Unspecified| SealError::Randomness)?;
    let mut text = secret.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        &mut text,
    )
    .map_err(|Unspecified| SealError::Randomness)?;
    to.extend_from_slice(&nonce);
    to.append(&mut text);
    Ok(())
}

fn decrypted(key: &LessSafeKey, aad: &[u8], bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, ciphertext) = bytes
        .split_at_checked(NONCE_LEN)
        .ok_or(SealError::Damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
    let mut text = ciphertext.to_vec();
    let opened = key
        .open_in_place(nonce, Aad::from(aad), &mut text)
        .map_err(|Unspecified| SealError::Damaged)?
        .len();
    text.truncate(opened);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn ring(keys: &[(&str, u8)]) -> KeyRing {
        let text: Vec<String> = keys
            .iter()
            .map(|(id, byte)| format!("{id}:{}", BASE64_STANDARD.encode([*byte; KEY_BYTES])))
            .collect();
        KeyRing::parse(&SecretString::from(text.join(","))).unwrap()
    }

    fn place<'a>(tenant: &'a str, record: &'a str) -> Place<'a> {
        Place {
            purpose: "connection secret",
            tenant,
            record,
        }
    }

    #[test]
    fn a_row_swapped_between_tenants_or_connections_does_not_open() {
        let ring = ring(&[("k1", 1)]);
        let sealed = ring.seal(place("acme", "c1"), b"refresh").unwrap();
        assert_eq!(ring.open(place("acme", "c1"), &sealed).unwrap(), b"refresh");
        for other in [
            place("other", "c1"),
            place("acme", "c2"),
            place("acmec1", ""),
        ] {
            assert!(matches!(ring.open(other, &sealed), Err(SealError::Damaged)));
        }
        let token = Place {
            purpose: "access token",
            ..place("acme", "c1")
        };
        assert!(matches!(ring.open(token, &sealed), Err(SealError::Damaged)));
    }

    #[test]
    fn a_new_key_wraps_new_writes_and_the_old_one_still_opens() {
        let before = ring(&[("k1", 1)]);
        let old = before.seal(place("acme", "c1"), b"old").unwrap();
        let after = ring(&[("k2", 2), ("k1", 1)]);
        let new = after.seal(place("acme", "c1"), b"new").unwrap();
        assert_eq!(new.key_id, "k2");
        assert_eq!(after.open(place("acme", "c1"), &old).unwrap(), b"old");
        assert_eq!(after.open(place("acme", "c1"), &new).unwrap(), b"new");
        assert!(matches!(
            before.open(place("acme", "c1"), &new),
            Err(SealError::UnknownKey(id)) if id == "k2"
        ));
        let renamed = Sealed {
            key_id: "k1".to_owned(),
            ..new
        };
        assert!(after.open(place("acme", "c1"), &renamed).is_err());
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let ring = ring(&[("k1", 1)]);
        let one = ring.seal(place("acme", "c1"), b"secret").unwrap();
        let two = ring.seal(place("acme", "c1"), b"secret").unwrap();
        assert_ne!(one.bytes, two.bytes);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_a_changed_byte_does_not(
            secret in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<proptest::sample::Index>(),
            bit in 0u8..8,
        ) {
            let ring = ring(&[("k1", 1)]);
            let sealed = ring.seal(place("acme", "c1"), &secret).unwrap();
            prop_assert_eq!(&ring.open(place("acme", "c1"), &sealed).unwrap(), &secret);
            let mut changed = sealed.clone();
            let at = at.index(changed.bytes.len());
            changed.bytes[at] ^= 1 << bit;
            prop_assert!(ring.open(place("acme", "c1"), &changed).is_err());
            let mut cut = sealed;
            cut.bytes.truncate(at);
            prop_assert!(ring.open(place("acme", "c1"), &cut).is_err());
        }
    }
}
