//! Calendar dates of which the year or the day may be unknown.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A calendar date in the proleptic Gregorian calendar; a birthday often lacks its year.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Date {
    /// The year, 1 to 9999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// The month, 1 to 12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
    /// The day of the month, 1 to 31.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<u8>,
}

/// A text or a set of numbers that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date; write it as 1990-04-15, 1990-04, 1990, --04-15 or --04")]
pub struct DateError;

impl Date {
    /// A date of these numbers, if the calendar has it; 29 February exists when the year is unknown.
    pub fn new(year: Option<i16>, month: Option<u8>, day: Option<u8>) -> Result<Self, DateError> {
        let date = Self { year, month, day };
        if date.is_valid() {
            Ok(date)
        } else {
            Err(DateError)
        }
    }

    /// Whether the calendar has such a date; one that says nothing is valid and empty.
    pub fn is_valid(&self) -> bool {
        const LEAP: i16 = 2000;
        if self.day.is_some() && self.month.is_none() {
            return false;
        }
        let number = |n: Option<u8>, otherwise| n.map_or(Some(otherwise), |n| i8::try_from(n).ok());
        let (Some(month), Some(day)) = (number(self.month, 1), number(self.day, 1)) else {
            return false;
        };
        self.year.is_none_or(|year| (1..=9999).contains(&year))
            && jiff::civil::Date::new(self.year.unwrap_or(LEAP), month, day).is_ok()
    }

    /// Whether nothing of it is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// As in vCard 4.0 (RFC 6350 §4.3.1), with hyphens: `1990-04-15`, `1990-04`, `1990`, `--04-15`, `--04`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.year {
            Some(year) => write!(f, "{year:04}")?,
            None => f.write_str("-")?,
        }
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let (year, rest) = match text.strip_prefix("--") {
            Some(rest) => (None, Some(rest)),
            None => match text.split_once('-') {
                Some((year, rest)) => (Some(digits(year, 4)?), Some(rest)),
                None => (Some(digits(text, 4)?), None),
            },
        };
        let (month, day) = match rest {
            None => (None, None),
            Some(rest) => match rest.split_once('-') {
                Some((month, day)) => (Some(digits(month, 2)?), Some(digits(day, 2)?)),
                None => (Some(digits(rest, 2)?), None),
            },
        };
        Self::new(year, month, day)
    }
}

fn digits<T: FromStr>(text: &str, count: usize) -> Result<T, DateError> {
    if text.len() != count || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DateError);
    }
    text.parse().map_err(|_| DateError)
}
