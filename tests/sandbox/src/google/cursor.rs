//! Sync tokens and page tokens: opaque to clients, bound to an account and to the parameters of the first call.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::{Code, GoogleError};
use super::settings::Settings;

/// Where a delta starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SyncToken {
    /// Hash of account, collection and parameters.
    pub(super) binding: String,
    /// Everything up to this write has been read.
    pub(super) sequence: u64,
    /// When the full sync began that this chain of tokens goes back to, in milliseconds since 1970.
    pub(super) full_sync_at: i64,
    /// Tokens of an earlier epoch are expired.
    pub(super) epoch: u64,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageToken {
    /// Hash of account, collection and parameters, sync token included.
    pub(super) binding: String,
    /// All pages look from the same horizon.
    pub(super) horizon: u64,
    /// Sequence number or offset of what was read last.
    pub(super) after: u64,
    /// When the first page was read.
    pub(super) began_at: i64,
    /// Tokens of an earlier epoch are expired.
    pub(super) epoch: u64,
}

/// Hash that binds a token to a call.
pub(super) fn binding(words: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for word in words {
        hasher.update(word.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A token as clients see it.
pub(super) fn seal<T: Serialize>(token: &T) -> String {
    let text = json!(token).to_string();
    let guard = &blake3::hash(text.as_bytes()).to_hex()[..8];
    URL_SAFE_NO_PAD.encode(format!("{guard}{text}"))
}

/// What a token says, if it is ours.
pub(super) fn open<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let (guard, text) = text.split_at_checked(8)?;
    (guard == &blake3::hash(text.as_bytes()).to_hex()[..8])
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

impl SyncToken {
    pub(super) fn seal(&self) -> String {
        seal(self)
    }

    /// Reads a token and refuses it if it is not ours, belongs to another call, or is too old.
    pub(super) fn open(
        text: &str,
        binding: &str,
        epoch: u64,
        now: i64,
        settings: &Settings,
    ) -> Result<Self, GoogleError> {
        let token: Self = open(text)
            .ok_or_else(|| GoogleError::invalid("Request contains an invalid sync token."))?;
        if token.binding != binding {
            return Err(GoogleError::invalid(
                "Request parameters must match the call that provided the sync token.",
            ));
        }
        let life = i64::try_from(settings.sync_token_seconds)
            .unwrap_or(i64::MAX)
            .saturating_mul(1000);
        if token.epoch < epoch || now - token.full_sync_at >= life {
            return Err(expired(settings));
        }
        Ok(token)
    }
}

impl PageToken {
    pub(super) fn seal(&self) -> String {
        seal(self)
    }

    pub(super) fn open(text: &str, binding: &str, epoch: u64) -> Result<Self, GoogleError> {
        open(text)
            .filter(|token: &Self| token.binding == binding && token.epoch >= epoch)
            .ok_or_else(|| {
                GoogleError::invalid(
                    "Request contains an invalid page token, or its parameters differ from the first page's.",
                )
            })
    }
}

fn expired(settings: &Settings) -> GoogleError {
    let code = if settings.expired_token_is_failed_precondition {
        Code::FailedPrecondition
    } else {
        Code::InvalidArgument
    };
    GoogleError::new(
        code,
        "Sync token is expired. Clear local cache and retry call without the sync token.",
    )
    .with(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "EXPIRED_SYNC_TOKEN",
        "domain": "people.googleapis.com",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> SyncToken {
        SyncToken {
            binding: binding(&["a", "b"]),
            sequence: 5,
            full_sync_at: 1_000,
            epoch: 0,
        }
    }

    fn opened(text: &str, binding: &str, epoch: u64, now: i64) -> Result<SyncToken, GoogleError> {
        SyncToken::open(text, binding, epoch, now, &Settings::unkind())
    }

    #[test]
    fn a_token_opens_for_its_own_call_within_seven_days() {
        let week = 7 * 24 * 3600 * 1000;
        let sealed = token().seal();
        let bound = binding(&["a", "b"]);
        assert_eq!(opened(&sealed, &bound, 0, 2_000).unwrap(), token());
        assert!(opened(&sealed, &binding(&["ab", ""]), 0, 2_000).is_err());
        assert!(opened(&sealed, &bound, 0, 1_000 + week).is_err());
        assert!(opened(&sealed, &bound, 1, 2_000).is_err());
    }

    #[test]
    fn a_forged_or_damaged_token_is_refused() {
        let sealed = token().seal();
        let bound = binding(&["a", "b"]);
        for wrong in ["", "hello", "é", &sealed[1..], &sealed[..sealed.len() - 2]] {
            assert!(opened(wrong, &bound, 0, 2_000).is_err(), "{wrong}");
        }
    }
}
