//! What a sync asks of meetings beyond their list view: the options of its scope.

use jiff::{SignedDuration, Timestamp};
use provider::{Fault, Scope};

/// The longest window, in days: a hundred years.
const LONGEST: u32 = 36_525;

/// The options of a scope of meetings. What nobody asked for is as it is without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `past_days`: what ended longer ago is outside the scope; 0 for every meeting.
    past_days: u32,
    /// `recurrence: skip`: series are set aside (ZGE-10).
    pub(crate) skips_series: bool,
    /// `guests`: what becomes of those who are invited by address (ZGE-03).
    pub(crate) guests: Guests,
}

/// What becomes of those who are invited by address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Guests {
    /// `ignore`: they are invited by address.
    #[default]
    Ignore,
    /// `link`: whom the CRM knows is invited as that contact.
    Link,
    /// `add`: whom the CRM does not know becomes a contact first.
    Add,
}

impl Options {
    /// Reads the options of a scope.
    pub(crate) fn of(scope: &Scope) -> Result<Self, Fault> {
        let option = |name: &str| scope.options.get(name).map(String::as_str);
        let past_days = option("past_days").map_or(Some(0), |days| {
            days.parse().ok().filter(|days| *days <= LONGEST)
        });
        let skips_series = match option("recurrence") {
            None | Some("sync") => false,
            Some("skip") => true,
            Some(_) => return Err(refused("the option recurrence is skip or sync")),
        };
        let guests = match option("guests") {
            None | Some("ignore") => Guests::Ignore,
            Some("link") => Guests::Link,
            Some("add") => Guests::Add,
            Some(_) => return Err(refused("the option guests is add, link or ignore")),
        };
        Ok(Self {
            past_days: past_days
                .ok_or_else(|| refused("the option past_days is a number of days"))?,
            skips_series,
            guests,
        })
    }

    /// What ended before this time is outside the scope; none if everything is inside.
    pub(crate) fn since(self, now: Timestamp) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * i64::from(self.past_days));
        let since = now.checked_sub(days).ok();
        since.filter(|_| self.past_days > 0)
    }
}

fn refused(reason: &str) -> Fault {
    Fault::Refused {
        path: None,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(asked: &[(&str, &str)]) -> Result<Options, Fault> {
        let mut scope = crate::map::tests::scope(&[]);
        for (name, word) in asked {
            scope.options.insert((*name).to_owned(), (*word).to_owned());
        }
        Options::of(&scope)
    }

    #[test]
    fn nothing_is_left_out_or_looked_up_unless_somebody_asks() {
        assert_eq!(options(&[]).unwrap(), Options::default());
        let now: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        assert_eq!(Options::default().since(now), None);
        let some = options(&[("past_days", "90"), ("guests", "add")]).unwrap();
        assert_eq!(some.guests, Guests::Add);
        assert_eq!(some.since(now), "2026-08-25T00:00:00Z".parse().ok());
    }

    #[test]
    fn an_option_that_says_nothing_is_refused() {
        for (name, word) in [
            ("past_days", "-1"),
            ("past_days", "three months"),
            ("past_days", "4000000000"),
            ("past_days", ""),
            ("recurrence", "sometimes"),
            ("guests", "invite"),
            ("guests", ""),
        ] {
            assert!(options(&[(name, word)]).is_err(), "{name} {word}");
        }
    }
}
