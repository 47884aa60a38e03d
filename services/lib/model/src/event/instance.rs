//! Exceptions of a series: instances that are changed, left out or added.

use std::{fmt, str::FromStr};

use jiff::civil::DateTime;

use super::{EventError, Point, Rule, When};
use crate::value::Element;

const EXCLUDED: &str = "excluded";
const INCLUDED: &str = "included";
const CLEARED: &str = "cleared";
const YES: &str = "true";

/// The fields that an instance may have of its own, as parts of an element of `overrides`.
pub(crate) const PARTS: [&str; 11] = [
    "title",
    "when",
    "location",
    "description",
    "status",
    "privacy",
    "freeBusy",
    "conference",
    EXCLUDED,
    INCLUDED,
    CLEARED,
];

/// Where an instance would begin if it were no exception: it names the instance within its series, wherever it was
/// moved to.
///
/// As a text it is a day, or a wall time by the clock of the series: `2026-12-08T09:00:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Original {
    /// Of a series of days.
    Day(jiff::civil::Date),
    /// Of a series of times.
    Clock(DateTime),
}

impl Original {
    /// What a provider says of an instance, by the clock of its series. An instance whose time the clock skips is named
    /// by that time, though it begins later.
    pub fn of(start: &Point, series: &When) -> Self {
        if series.is_days() {
            return Self::Day(start.clock().date());
        }
        let Some((instant, zone)) = start.instant().zip(series.zone()) else {
            return Self::Clock(start.clock());
        };
        let shown = zone.rules().to_datetime(instant);
        let time = series.start().clock().time();
        let days = [Some(shown.date()), shown.date().yesterday().ok()];
        let usual = days.into_iter().flatten().map(|day| day.to_datetime(time));
        let means =
            |clock: &DateTime| Point::in_zone(*clock, zone.clone()).instant() == Some(instant);
        Self::Clock(usual.clone().find(means).unwrap_or(shown))
    }

    /// Where it begins, by the clock of its series.
    pub fn start(self, series: &When) -> Point {
        match (self, series.zone()) {
            (Self::Day(day), _) => Point::Day(day),
            (Self::Clock(clock), Some(zone)) => Point::in_zone(clock, zone.clone()),
            (Self::Clock(clock), None) => Point::Floating(clock),
        }
    }

    /// By the clock of its series; midnight for a day.
    pub fn clock(self) -> DateTime {
        match self {
            Self::Day(day) => day.at(0, 0, 0, 0),
            Self::Clock(clock) => clock,
        }
    }
}

impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Clock(clock) => write!(f, "{clock}"),
        }
    }
}

impl FromStr for Original {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        match Point::read(text, None)? {
            Point::Day(day) => Ok(Self::Day(day)),
            Point::Floating(clock) => Ok(Self::Clock(clock)),
            Point::Offset(..) | Point::Zoned { .. } => Err(EventError::Time {
                text: text.chars().take(64).collect(),
            }),
        }
    }
}

/// One instance's exception: an element of `overrides`, labelled with the [`Original`] that it concerns.
///
/// Elements with one label are one element, so that different instances may be changed on both sides at a time. What
/// an instance does not state it has from the series; what it states to be empty is in `cleared`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Override {
    /// The instance does not take place.
    Excluded,
    /// The instance has values of its own.
    Changed {
        /// The values, by field, for example `title`, or `when` as [`When`] writes it.
        values: Vec<(&'static str, String)>,
        /// Fields that the series has and the instance has not.
        cleared: Vec<&'static str>,
        /// Whether the rule of the series does not have it: an additional date.
        included: bool,
    },
}

impl Override {
    /// The element of `overrides` that says this of an instance.
    pub fn element(&self, original: Original) -> Element {
        let mut element = Element {
            label: original.to_string(),
            ..Element::default()
        };
        let mut set = |part: &str, text: &str| {
            element.parts.insert(part.to_owned(), text.to_owned());
        };
        match self {
            Self::Excluded => set(EXCLUDED, YES),
            Self::Changed {
                values,
                cleared,
                included,
            } => {
                for (part, text) in values {
                    set(part, text);
                }
                let mut cleared = cleared.clone();
                cleared.sort_unstable();
                cleared.dedup();
                if !cleared.is_empty() {
                    set(CLEARED, &cleared.join(" "));
                }
                if *included {
                    set(INCLUDED, YES);
                }
            }
        }
        element
    }

    /// What an element of `overrides` says, and of which instance.
    pub fn read(element: &Element) -> Result<(Original, Self), EventError> {
        let original = element.label.parse()?;
        if element.part(EXCLUDED) == Some(YES) {
            return Ok((original, Self::Excluded));
        }
        let fields = || {
            PARTS
                .into_iter()
                .filter(|part| ![EXCLUDED, INCLUDED, CLEARED].contains(part))
        };
        let values: Vec<_> = fields()
            .filter_map(|part| Some((part, element.part(part)?.to_owned())))
            .collect();
        for (part, text) in &values {
            if *part == "when" {
                text.parse::<When>()?;
            }
        }
        let cleared = element.part(CLEARED).unwrap_or_default();
        let cleared = fields()
            .filter(|part| cleared.split(' ').any(|word| word == *part))
            .collect();
        Ok((
            original,
            Self::Changed {
                values,
                cleared,
                included: element.part(INCLUDED) == Some(YES),
            },
        ))
    }

    /// Checks that the series has the instance; one that is added needs not.
    pub fn check(&self, original: Original, rule: &Rule, series: &When) -> Result<(), EventError> {
        let added = matches!(self, Self::Changed { included: true, .. });
        if added || rule.has(series, original.clock())? {
            return Ok(());
        }
        Err(EventError::NoInstance {
            original: original.to_string(),
        })
    }
}
