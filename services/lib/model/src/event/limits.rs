//! What an account can hold of a series.

use std::{collections::BTreeSet, fmt, str::FromStr};

use super::{EventError, Override, Point, Rule, When, Zone, value};
use crate::{record::Record, value::Value};

/// So many beginnings of a series are compared by two clocks.
const COMPARED: usize = 500;

/// What an account can hold of a series: one that it cannot hold is synced as single events, or set aside.
///
/// As a text it is lists of words: `FREQ=DAILY,WEEKLY;PARTS=BYDAY,COUNT;RDATE=FALSE;TZID=Europe/Vienna`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesLimits {
    /// How often a series can recur: values of `FREQ`.
    pub frequencies: BTreeSet<String>,
    /// Parts of a rule beside `FREQ` that the account knows (RFC 5545, section 3.3.10).
    pub parts: BTreeSet<String>,
    /// Whether there can be dates beside those of the rule.
    pub added_dates: bool,
    /// By whose clock every series recurs; none if the account does not tell.
    pub zone: Option<Zone>,
}

/// Why an account cannot hold a series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unholdable {
    /// The rule has a part, or a frequency, that the account does not know.
    #[error("there is no recurrence with {name}={value}")]
    Part {
        /// The part.
        name: String,
        /// What it says.
        value: String,
    },
    /// There are dates beside those of the rule.
    #[error("it takes place on dates beside those of its rule")]
    AddedDates,
    /// By whose clock the account's series recur is not known.
    #[error("the time zone of this account is not known")]
    UnknownClock,
    /// It recurs by another clock than the account's series: occurrences would shift with the seasons, and their names
    /// would differ between the sides.
    #[error("it recurs by the clock of {own}, and meetings of this account by that of {account}")]
    Clock {
        /// The series' zone.
        own: String,
        /// The account's zone.
        account: String,
    },
    /// It is no series at all.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl SeriesLimits {
    /// Whether the account can hold a record: one that does not recur, or a series with its rule and its dates.
    pub fn check(&self, event: &Record) -> Result<(), Unholdable> {
        let Some(rule) = super::rule(event)? else {
            return Ok(());
        };
        if !self.added_dates {
            let overrides = value(event, "overrides").map_or(&[][..], Value::as_elements);
            for element in overrides {
                if let (_, Override::Changed { included: true, .. }) = Override::read(element)? {
                    return Err(Unholdable::AddedDates);
                }
            }
        }
        self.check_rule(&rule, &super::when(event)?)
    }

    /// Whether the account can hold a rule of a series whose first instance is known.
    pub fn check_rule(&self, rule: &Rule, first: &When) -> Result<(), Unholdable> {
        self.check_clock(rule, first)?;
        for part in rule.to_rfc5545(first).split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let known = match name {
                "FREQ" => self.frequencies.contains(value),
                name => self.parts.contains(name),
            };
            if !known {
                return Err(Unholdable::Part {
                    name: name.to_owned(),
                    value: value.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A series of another zone fits only if both clocks go alike on all its days.
    fn check_clock(&self, rule: &Rule, first: &When) -> Result<(), Unholdable> {
        let Some(own) = first.zone() else {
            return Ok(());
        };
        let zone = self.zone.as_ref().ok_or(Unholdable::UnknownClock)?;
        if own.same(zone) {
            return Ok(());
        }
        let at = |clock, zone: &Zone| Point::in_zone(clock, zone.clone()).instant();
        let starts = rule.starts(first, COMPARED)?;
        let alike = |clock| at(clock, own) == at(clock, zone);
        if starts.into_iter().all(alike) {
            return Ok(());
        }
        Err(Unholdable::Clock {
            own: own.name().to_owned(),
            account: zone.name().to_owned(),
        })
    }
}

impl fmt::Display for SeriesLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |words: &BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(",");
        let (frequencies, parts) = (list(&self.frequencies), list(&self.parts));
        let added = if self.added_dates { "TRUE" } else { "FALSE" };
        write!(f, "FREQ={frequencies};PARTS={parts};RDATE={added}")?;
        match &self.zone {
            Some(zone) => write!(f, ";TZID={}", zone.name()),
            None => Ok(()),
        }
    }
}

impl FromStr for SeriesLimits {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let mut limits = Self {
            frequencies: BTreeSet::new(),
            parts: BTreeSet::new(),
            added_dates: false,
            zone: None,
        };
        for part in text.split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let words = || value.split(',').map(str::to_owned).collect();
            match name {
                "FREQ" => limits.frequencies = words(),
                "PARTS" => limits.parts = words(),
                "RDATE" => limits.added_dates = value == "TRUE",
                "TZID" => limits.zone = Some(Zone::named(value)?),
                // What a newer program says beside it.
                _ => {}
            }
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{path::Path, value::Element};

    fn limits(zone: &str) -> SeriesLimits {
        let text = format!("FREQ=DAILY,WEEKLY;PARTS=BYDAY,COUNT,INTERVAL,UNTIL;RDATE=FALSE;{zone}");
        text.parse().unwrap()
    }

    fn series(zone: &str, rule: &str, added: bool) -> Record {
        let when = format!("2027-03-01T09:00:00[{zone}]/2027-03-01T10:00:00[{zone}]");
        let mut record = Record::new(super::super::KIND);
        for (field, text) in [("when", when.as_str()), ("recurrence", rule)] {
            record.set(Path::field_only(field), Value::text(text));
        }
        let date = Override::Changed {
            values: Vec::new(),
            cleared: Vec::new(),
            included: added,
        };
        let date: Element = date.element("2027-03-02T09:00:00".parse().unwrap());
        record.set(Path::field_only("overrides"), Value::elements([date]));
        record
    }

    /// What is wrong with it for an account by Vienna's clock.
    fn wrong(zone: &str, rule: &str, added: bool) -> Option<Unholdable> {
        let checked = limits("TZID=Europe/Vienna").check(&series(zone, rule, added));
        checked.err()
    }

    #[test]
    fn a_rule_is_held_by_its_frequency_its_parts_and_its_dates() {
        let here = "Europe/Vienna";
        for rule in [
            "FREQ=WEEKLY;COUNT=4",
            "FREQ=DAILY;INTERVAL=3",
            "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270401",
        ] {
            assert_eq!(wrong(here, rule, false), None, "{rule}");
        }
        for (rule, part) in [
            ("FREQ=HOURLY;COUNT=4", "FREQ=HOURLY"),
            ("FREQ=WEEKLY;BYHOUR=9,15", "BYHOUR=9,15"),
            ("FREQ=DAILY;BYSETPOS=1;BYDAY=MO", "BYSETPOS=1"),
        ] {
            let said = wrong(here, rule, false).unwrap().to_string();
            assert_eq!(said, format!("there is no recurrence with {part}"));
        }
        let added = wrong(here, "FREQ=WEEKLY;COUNT=4", true);
        assert_eq!(added, Some(Unholdable::AddedDates));
        let once = Record::new(super::super::KIND);
        assert_eq!(limits("").check(&once), Ok(()));
    }

    #[test]
    fn another_clock_is_held_as_long_as_both_go_alike() {
        let weekly = "FREQ=WEEKLY;COUNT=4";
        assert_eq!(wrong("Europe/Berlin", weekly, false), None);
        assert_eq!(wrong("Europe/London", "FREQ=WEEKLY;COUNT=1", false), {
            let (own, account) = ("Europe/London".into(), "Europe/Vienna".into());
            Some(Unholdable::Clock { own, account })
        });
        assert!(matches!(
            wrong("America/New_York", weekly, false),
            Some(Unholdable::Clock { .. })
        ));
        let unknown = limits("").check(&series("Europe/Vienna", weekly, false));
        assert_eq!(unknown, Err(Unholdable::UnknownClock));
    }

    #[test]
    fn limits_are_read_as_they_are_written() {
        for zone in ["", "TZID=America/New_York"] {
            let one = limits(zone);
            assert_eq!(one.to_string().parse(), Ok(one.clone()), "{one}");
        }
        let unknown = "FREQ=DAILY;TZID=Nowhere/Here".parse::<SeriesLimits>();
        assert!(unknown.is_err());
    }
}
