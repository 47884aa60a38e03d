//! When an event is: one value, so that no meeting is made of two.

use std::{fmt, str::FromStr};

use jiff::SignedDuration;

use super::{EventError, Point, Zone};

/// When an event is: its beginning and its end, which is no part of it.
///
/// Beginning, end, zones and whether it is of days are *one* value of the record. Were they several, an event moved to
/// the afternoon on one side and made an hour longer on the other could end before it begins, or a day could get a
/// time; as one value either edit stays whole, and the other is a conflict of that value.
///
/// As a text it is both [points](Point) with a slash between, as in
/// `2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]` or `2026-12-01/2026-12-02`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    start: Point,
    end: Point,
}

impl When {
    /// From beginning to end. An event of days ends on the day after its last.
    pub fn new(start: Point, end: Point) -> Result<Self, EventError> {
        let ends_in_time = match (&start, &end) {
            (Point::Day(start), Point::Day(end)) => start < end,
            (Point::Floating(start), Point::Floating(end)) => start <= end,
            _ => match (start.instant(), end.instant()) {
                (Some(start), Some(end)) => start <= end,
                _ => return Err(EventError::Mixed),
            },
        };
        if ends_in_time {
            Ok(Self { start, end })
        } else {
            Err(EventError::EndsBeforeStart)
        }
    }

    /// Where it begins.
    pub fn start(&self) -> &Point {
        &self.start
    }

    /// Where it ends; no part of it.
    pub fn end(&self) -> &Point {
        &self.end
    }

    /// Whether it is of whole days.
    pub fn is_days(&self) -> bool {
        self.start.is_day()
    }

    /// The zone in which it begins, and recurs.
    pub fn zone(&self) -> Option<&Zone> {
        self.start.zone()
    }

    /// How long it takes; for days as if each had 24 hours.
    pub fn duration(&self) -> SignedDuration {
        match (self.start.instant(), self.end.instant()) {
            (Some(start), Some(end)) => end.duration_since(start),
            _ => self.end.clock().duration_since(self.start.clock()),
        }
    }

    /// Whether two mean the same, point by point ([`Point::same`]).
    pub fn same(&self, other: &Self) -> bool {
        self.start.same(&other.start) && self.end.same(&other.end)
    }

    /// Whether two take place at the same time, whatever the clocks by which they were planned.
    pub fn coincides(&self, other: &Self) -> bool {
        let instants = |when: &Self| Some((when.start.instant()?, when.end.instant()?));
        let known = instants(self).filter(|own| instants(other).as_ref() == Some(own));
        known.is_some() || self.same(other)
    }

    /// A form that is equal for all that may be the [`same`](Self::same).
    pub fn normal(&self) -> String {
        format!("{}/{}", self.start.normal(), self.end.normal())
    }

    /// Its beginning as a match key: to the minute, since some accounts keep no seconds.
    pub(crate) fn key(&self) -> String {
        let to_the_minute = "%Y-%m-%dT%H:%M";
        match (self.start.instant(), &self.start) {
            (Some(instant), _) => format!("{}Z", instant.strftime(to_the_minute)),
            (None, Point::Day(day)) => day.to_string(),
            (None, start) => start.clock().strftime(to_the_minute).to_string(),
        }
    }

    /// The same instants as the clocks of a zone show them, where only offsets are known: for a writer whose record
    /// has a zone, when the plan comes from a provider that keeps instants.
    #[must_use]
    pub fn shown_in(&self, zone: &Zone) -> Self {
        let shown = |point: &Point| match (point, point.instant()) {
            (Point::Offset(..), Some(instant)) => Point::at(instant, zone),
            _ => point.clone(),
        };
        Self {
            start: shown(&self.start),
            end: shown(&self.end),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.start, self.end)
    }
}

impl FromStr for When {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        // Names of zones have slashes as well, but only in brackets.
        let mut inside = false;
        let slash = text.char_indices().find(|(_, c)| {
            match c {
                '[' => inside = true,
                ']' => inside = false,
                _ => {}
            }
            *c == '/' && !inside
        });
        let Some((at, _)) = slash else {
            return Err(EventError::Time {
                text: text.chars().take(64).collect(),
            });
        };
        Self::new(text[..at].parse()?, text[at + 1..].parse()?)
    }
}
