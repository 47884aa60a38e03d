//! What a sync asks of a calendar beyond its id: the options of its scope.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use provider::{Fault, Scope};

use crate::fault::refused;

/// The longest window, in days: a hundred years.
const LONGEST: u32 = 36_525;

/// The options of a scope of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// `past_days`: events that ended longer ago are outside the scope; `None` for every event.
    pub(super) past_days: Option<u32>,
    /// `private`: what becomes of private events.
    pub(super) private: Private,
    /// `notify`: who gets mail of what we write.
    pub(super) notify: Notify,
    /// `recurrence: skip`: series are outside the scope (ZGE-10).
    pub(super) skips_series: bool,
}

/// Who gets mail of what a sync writes (BEY-13). It is sent with every write, as `sendUpdates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Notify {
    /// `none`: nobody. What holds if nobody says otherwise.
    #[default]
    Nobody,
    /// `all`: every guest.
    All,
}

impl Notify {
    /// Google's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nobody => "none",
            Self::All => "all",
        }
    }
}

/// What becomes of private events (BEY-17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Private {
    /// `skip`: they are outside the scope, and nothing but their UID is known. What holds if nobody says otherwise.
    #[default]
    Skip,
    /// `busy`: when they are, and nothing else.
    Busy,
    /// `full`: like any other event.
    Full,
}

impl Options {
    /// Reads the options of a scope.
    pub(super) fn of(scope: &Scope) -> Result<Self, Fault> {
        let past_days = scope.options.get("past_days").map(|days| {
            let days = days
                .parse()
                .ok()
                .filter(|days| (1..=LONGEST).contains(days));
            days.ok_or_else(|| refused(None, "the option past_days is a number of days from 1"))
        });
        let private = scope
            .options
            .get("private")
            .map(|word| word.parse::<Private>());
        let notify = match scope.options.get("notify").map(String::as_str) {
            None | Some("none") => Notify::Nobody,
            Some("all") => Notify::All,
            Some(_) => return Err(refused(None, "the option notify is none or all")),
        };
        let skips_series = match scope.options.get("recurrence").map(String::as_str) {
            None | Some("sync") => false,
            Some("skip") => true,
            Some(_) => return Err(refused(None, "the option recurrence is skip or sync")),
        };
        Ok(Self {
            past_days: past_days.transpose()?,
            private: private.transpose()?.unwrap_or_default(),
            notify,
            skips_series,
        })
    }

    /// What ends before this time is outside the scope.
    pub(super) fn since(self, now: Timestamp) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * i64::from(self.past_days?));
        now.checked_sub(days).ok()
    }
}

impl FromStr for Private {
    type Err = Fault;

    fn from_str(word: &str) -> Result<Self, Fault> {
        match word {
            "skip" => Ok(Self::Skip),
            "busy" => Ok(Self::Busy),
            "full" => Ok(Self::Full),
            _ => Err(refused(None, "the option private is skip, busy or full")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::scope;

    fn options(given: &[(&str, &str)]) -> Result<Options, Fault> {
        let mut scope = scope("primary");
        let given = given.iter().map(|(name, value)| (*name, *value));
        scope.options = given
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Options::of(&scope)
    }

    #[test]
    fn nothing_said_means_every_event_and_no_private_one() {
        let none = options(&[]).unwrap();
        assert_eq!((none.past_days, none.private), (None, Private::Skip));
        assert_eq!(none.since(Timestamp::now()), None);
        assert_eq!(none.notify.word(), "none");
        let some = options(&[("past_days", "90"), ("private", "busy")]).unwrap();
        assert_eq!((some.past_days, some.private), (Some(90), Private::Busy));
        let now = "2026-11-23T00:00:00Z".parse().unwrap();
        assert_eq!(some.since(now), "2026-08-25T00:00:00Z".parse().ok());
    }

    #[test]
    fn an_option_that_cannot_be_read_is_named() {
        for (name, value) in [
            ("past_days", "0"),
            ("past_days", "-1"),
            ("past_days", "three months"),
            ("past_days", "4000000000"),
            ("private", "hide"),
            ("private", ""),
            ("notify", "external"),
            ("notify", ""),
            ("recurrence", "once"),
        ] {
            let fault = options(&[(name, value)]).unwrap_err();
            assert_eq!(fault.word(), "refused");
            assert!(fault.to_string().contains(name), "{fault}");
        }
    }
}
