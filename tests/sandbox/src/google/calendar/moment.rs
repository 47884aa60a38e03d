//! A start or an end: a day, or an instant with the zone that it was planned in.

use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::error::CalendarError;

/// When an event starts or ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::google) enum Moment {
    /// An all-day event; the end is the day after the last one.
    Day(Date),
    /// Whole seconds; the zone is an IANA name, as sent.
    Time { at: Timestamp, zone: Option<String> },
}

impl Moment {
    /// Reads `start`, `end` or `originalStartTime`. `which` is the word in the messages.
    pub(super) fn parse(value: &Value, which: &str) -> Result<Self, CalendarError> {
        let invalid = || CalendarError::invalid(format!("Invalid {which} time."));
        let Value::Object(sent) = value else {
            return Err(CalendarError::required(&format!("Missing {which} time.")));
        };
        let text = |name: &str| sent.get(name).filter(|value| !value.is_null());
        let zone = match text("timeZone") {
            None => None,
            Some(zone) => Some(zone.as_str().and_then(named_zone).ok_or_else(|| {
                CalendarError::invalid(format!("Invalid time zone definition for {which} time."))
            })?),
        };
        match (text("date"), text("dateTime")) {
            (None, None) => Err(CalendarError::required(&format!("Missing {which} time."))),
            (Some(_), Some(_)) => Err(invalid()),
            (Some(date), None) => {
                let date = date.as_str().filter(|text| text.len() == 10);
                let date = date.and_then(|text| text.parse().ok());
                Ok(Self::Day(date.ok_or_else(invalid)?))
            }
            (None, Some(time)) => {
                let text = time.as_str().ok_or_else(invalid)?;
                let at = instant(text, zone.as_ref().map(|(_, zone)| zone)).ok_or_else(invalid)?;
                Ok(Self::Time {
                    at,
                    zone: zone.map(|(name, _)| name),
                })
            }
        }
    }

    /// The instant; a day begins at midnight in the calendar's zone.
    pub(super) fn instant(&self, calendar: &TimeZone) -> Timestamp {
        match self {
            Self::Time { at, .. } => *at,
            Self::Day(date) => calendar
                .to_timestamp(date.at(0, 0, 0, 0))
                .unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Whether it is a day.
    pub(super) fn is_day(&self) -> bool {
        matches!(self, Self::Day(_))
    }

    /// The zone that it was planned in, or the calendar's.
    pub(super) fn zone(&self, calendar: &TimeZone) -> TimeZone {
        match self {
            Self::Time {
                zone: Some(name), ..
            } => TimeZone::get(name).unwrap_or_else(|_| calendar.clone()),
            _ => calendar.clone(),
        }
    }

    /// Whether it names a zone; a day needs none.
    pub(super) fn has_zone(&self) -> bool {
        !matches!(self, Self::Time { zone: None, .. })
    }

    /// Wall-clock time in its own zone.
    pub(super) fn civil(&self, calendar: &TimeZone) -> DateTime {
        match self {
            Self::Day(date) => date.at(0, 0, 0, 0),
            Self::Time { at, .. } => self.zone(calendar).to_datetime(*at),
        }
    }

    /// The same kind of moment at another wall-clock time. In a gap or a fold the "compatible" instant is taken.
    pub(super) fn at_civil(&self, civil: DateTime, calendar: &TimeZone) -> Option<Self> {
        match self {
            Self::Day(_) => Some(Self::Day(civil.date())),
            Self::Time { zone, .. } => Some(Self::Time {
                at: self.zone(calendar).to_timestamp(civil).ok()?,
                zone: zone.clone(),
            }),
        }
    }

    /// As long after `start` as `end` is: days count as days, times as time that passes.
    pub(super) fn end_like(start: &Self, model: (&Self, &Self)) -> Self {
        match (start, model) {
            (Self::Day(date), (Self::Day(from), Self::Day(to))) => {
                let days = from.until(*to).map_or(1, |span| span.get_days());
                Self::Day(date.checked_add(days.days()).unwrap_or(*date))
            }
            (Self::Time { at, .. }, (Self::Time { at: from, .. }, Self::Time { at: to, zone })) => {
                let length: SignedDuration = to.duration_since(*from);
                Self::Time {
                    at: at.checked_add(length).unwrap_or(*at),
                    zone: zone.clone(),
                }
            }
            (_, (_, end)) => end.clone(),
        }
    }

    /// What the id of an instance ends in: the day, or the original start in UTC.
    pub(super) fn suffix(&self) -> String {
        match self {
            Self::Day(date) => date.strftime("%Y%m%d").to_string(),
            Self::Time { at, .. } => at.strftime("%Y%m%dT%H%M%SZ").to_string(),
        }
    }

    /// As the API shows it, in the zone `shown`.
    pub(super) fn json(&self, shown: &TimeZone) -> Value {
        match self {
            Self::Day(date) => json!({ "date": date.to_string() }),
            Self::Time { at, zone } => {
                let mut object = Map::new();
                object.insert("dateTime".to_owned(), json!(rendered(*at, shown)));
                if let Some(zone) = zone {
                    object.insert("timeZone".to_owned(), json!(zone));
                }
                Value::Object(object)
            }
        }
    }
}

/// An instant with an offset, or a wall-clock time in the zone beside it. Fractions of a second are dropped.
fn instant(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    let parser = DateTimeParser::new();
    let at = match parser.parse_timestamp(text) {
        Ok(at) => at,
        Err(_) => zone?.to_timestamp(parser.parse_datetime(text).ok()?).ok()?,
    };
    Timestamp::from_second(at.as_second()).ok()
}

/// A zone by its IANA name.
pub(super) fn named_zone(name: &str) -> Option<(String, TimeZone)> {
    let zone = TimeZone::get(name).ok()?;
    Some((name.to_owned(), zone))
}

/// `2026-12-01T09:00:00+01:00`, or with `Z` where the zone is UTC.
pub(super) fn rendered(at: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(at);
    if offset == Offset::UTC {
        return at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    DateTimePrinter::new().timestamp_with_offset_to_string(&at, offset)
}

/// An RFC 3339 time with an offset, as `timeMin` and `updatedMin` have to be.
pub(super) fn rfc3339(text: &str) -> Option<Timestamp> {
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    Timestamp::from_second(at.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vienna() -> TimeZone {
        TimeZone::get("Europe/Vienna").unwrap()
    }

    #[test]
    fn times_keep_their_zone_and_are_shown_in_another() {
        let sent = json!({"dateTime": "2026-12-01T09:00:00", "timeZone": "America/Vancouver"});
        let moment = Moment::parse(&sent, "start").unwrap();
        assert_eq!(
            moment.json(&vienna()),
            json!({"dateTime": "2026-12-01T17:00:00+01:00", "timeZone": "America/Vancouver"})
        );
        assert_eq!(moment.suffix(), "20261201T160000Z");
        assert_eq!(
            moment.json(&TimeZone::UTC)["dateTime"],
            "2026-12-01T16:00:00Z"
        );
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for sent in [
            json!({}),
            json!("2026-12-01"),
            json!({"date": "2026-02-30"}),
            json!({"date": "2026-12-01T00:00:00Z"}),
            json!({"date": "2026-12-01", "dateTime": "2026-12-01T09:00:00Z"}),
            json!({"dateTime": "2026-12-01T09:00:00"}),
            json!({"dateTime": "2026-12-01T09:00:00Z", "timeZone": "Europe/Atlantis"}),
            json!({"dateTime": 5}),
        ] {
            assert!(Moment::parse(&sent, "start").is_err(), "{sent}");
        }
    }

    #[test]
    fn an_instance_is_as_long_as_its_series() {
        let day = |text: &str| Moment::Day(text.parse().unwrap());
        let (from, to) = (day("2026-12-01"), day("2026-12-03"));
        assert_eq!(
            Moment::end_like(&day("2026-12-30"), (&from, &to)),
            day("2027-01-01")
        );
    }
}
