//! Sync tokens and page tokens of calendars: opaque, bound to a calendar, a caller and a request.

use serde::{Deserialize, Serialize};

use super::error::CalendarError;
use crate::google::cursor::{open, seal};

/// Where a delta starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SyncToken {
    /// Hash of calendar and caller.
    pub(super) binding: String,
    /// Hash of the parameters that must not change.
    pub(super) parameters: String,
    /// Everything up to this write has been read.
    pub(super) sequence: u64,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_at: i64,
    /// Tokens of another epoch are expired.
    pub(super) epoch: u64,
    /// Tokens of another revision of the calendar's sharing are expired.
    pub(super) revision: u64,
}

/// Where a page starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageToken {
    /// Hash of calendar, caller and all parameters, sync token included.
    pub(super) binding: String,
    /// All pages look from the same horizon.
    pub(super) horizon: u64,
    /// Sequence number or offset of what was read last.
    pub(super) after: u64,
    /// 1, 2, 3 …: several pages may start at one place, since some are empty.
    pub(super) page: u64,
    /// Tokens of another epoch are refused.
    pub(super) epoch: u64,
}

/// What a sync token must fit.
pub(super) struct Fit<'a> {
    pub(super) binding: &'a str,
    pub(super) parameters: &'a str,
    pub(super) epoch: u64,
    pub(super) revision: u64,
    pub(super) now: i64,
    pub(super) life_seconds: u64,
}

impl SyncToken {
    pub(super) fn seal(&self) -> String {
        seal(self)
    }

    /// Reads a token: 400 if it is none of this calendar, 410 if it is too old, if the calendar was shared differently
    /// since, or if the request changed in another way (unverified: Google only calls that undefined).
    pub(super) fn open(text: &str, fit: &Fit<'_>) -> Result<Self, CalendarError> {
        let token: Self = open(text).ok_or_else(CalendarError::bad_sync_token)?;
        if token.binding != fit.binding {
            return Err(CalendarError::bad_sync_token());
        }
        let life = i64::try_from(fit.life_seconds).unwrap_or(i64::MAX);
        let too_old = fit.now - token.made_at >= life.saturating_mul(1000);
        if too_old
            || token.epoch != fit.epoch
            || token.revision != fit.revision
            || token.parameters != fit.parameters
        {
            return Err(CalendarError::full_sync());
        }
        Ok(token)
    }
}

impl PageToken {
    pub(super) fn seal(&self) -> String {
        seal(self)
    }

    pub(super) fn open(text: &str, binding: &str, epoch: u64) -> Result<Self, CalendarError> {
        open(text)
            .filter(|token: &Self| token.binding == binding && token.epoch == epoch)
            .ok_or_else(CalendarError::bad_page_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_answer() {
        let token = SyncToken {
            binding: "b".to_owned(),
            parameters: "p".to_owned(),
            sequence: 5,
            made_at: 0,
            epoch: 0,
            revision: 0,
        };
        let fit = || Fit {
            binding: "b",
            parameters: "p",
            epoch: 0,
            revision: 0,
            now: 1_000,
            life_seconds: 10,
        };
        let sealed = token.seal();
        assert_eq!(SyncToken::open(&sealed, &fit()).unwrap(), token);
        let refused = |fit: Fit<'_>| SyncToken::open(&sealed, &fit).unwrap_err();
        assert_eq!(
            refused(Fit {
                binding: "x",
                ..fit()
            }),
            CalendarError::bad_sync_token()
        );
        for expired in [
            Fit {
                parameters: "q",
                ..fit()
            },
            Fit { epoch: 1, ..fit() },
            Fit {
                revision: 1,
                ..fit()
            },
            Fit {
                now: 10_000,
                ..fit()
            },
        ] {
            assert_eq!(refused(expired), CalendarError::full_sync());
        }
        assert!(SyncToken::open("made-up", &fit()).is_err());
    }
}
