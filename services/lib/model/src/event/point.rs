//! Where an event begins or ends.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    fmt::temporal::{DateTimePrinter, Pieces},
    tz::{AmbiguousOffset, Offset},
};

use super::{EventError, Zone};

/// Where an event begins or ends, to the second.
///
/// As a text:
///
/// | | |
/// |---|---|
/// | a day | `2026-12-01` |
/// | wall time in a zone | `2026-12-01T09:00:00[Europe/Vienna]` |
/// | the later of two equal wall times, when clocks are set back | `2026-10-25T02:30:00+01:00[Europe/Vienna]` |
/// | wall time of which only the offset is known | `2026-12-01T09:00:00+01:00` |
/// | wall time wherever one is | `2026-12-01T09:00:00` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// A day.
    Day(Date),
    /// The same wall time wherever one is.
    Floating(DateTime),
    /// Wall time of which only the offset is known: from a provider that keeps instants. It is no zone, and a series
    /// cannot recur in it.
    Offset(DateTime, Offset),
    /// Wall time in a zone.
    Zoned {
        /// What the clock on the wall shows. A time that the clock skips is kept as it is written; it means the
        /// instant that the clock would have shown it at, had it not been set forward (RFC 5545, section 3.3.5).
        clock: DateTime,
        /// The zone.
        zone: Zone,
        /// Whether it is the later one, where the clock shows this time twice; otherwise the earlier one is meant.
        later: bool,
    },
}

impl Point {
    /// What a provider says: a date, or a date and time with an offset, a zone's name, both or neither.
    ///
    /// With both, the offset tells the instant and the zone in which to show it. A time of 24:00 is the next midnight;
    /// what is shorter than a second is dropped.
    pub fn read(text: &str, zone: Option<&str>) -> Result<Self, EventError> {
        let wrong = || EventError::Time {
            text: text.chars().take(64).collect(),
        };
        let (normal, next_day) = midnight(text);
        let pieces = Pieces::parse(&normal).map_err(|_| wrong())?;
        let Some(time) = pieces.time() else {
            return Ok(Self::Day(pieces.date()));
        };
        let zone = zone.map(Zone::named).transpose()?;
        let mut clock = pieces.date().to_datetime(time);
        clock = clock
            .with()
            .subsec_nanosecond(0)
            .build()
            .map_err(|_| wrong())?;
        if next_day {
            clock = clock.checked_add(1.day()).map_err(|_| wrong())?;
        }
        Ok(match (pieces.to_numeric_offset(), zone) {
            (None, None) => Self::Floating(clock),
            (None, Some(zone)) => Self::in_zone(clock, zone),
            (Some(offset), None) => Self::Offset(clock, offset),
            (Some(offset), Some(zone)) => {
                let at = offset.to_timestamp(clock).map_err(|_| wrong())?;
                Self::at(at, &zone)
            }
        })
    }

    /// Wall time in a zone; of two equal ones the earlier.
    pub fn in_zone(clock: DateTime, zone: Zone) -> Self {
        Self::Zoned {
            clock,
            zone,
            later: false,
        }
    }

    /// An instant as the clock of a zone shows it.
    pub fn at(instant: Timestamp, zone: &Zone) -> Self {
        let clock = zone.rules().to_datetime(instant);
        let ambiguous = zone.rules().to_ambiguous_timestamp(clock).offset();
        let later = matches!(ambiguous, AmbiguousOffset::Fold { after, .. }
            if after == zone.rules().to_offset(instant));
        Self::Zoned {
            clock,
            zone: zone.clone(),
            later,
        }
    }

    /// Whether it is a day and no time.
    pub fn is_day(&self) -> bool {
        matches!(self, Self::Day(_))
    }

    /// What the clock on the wall shows; midnight for a day.
    pub fn clock(&self) -> DateTime {
        match self {
            Self::Day(day) => day.at(0, 0, 0, 0),
            Self::Floating(clock) | Self::Offset(clock, _) | Self::Zoned { clock, .. } => *clock,
        }
    }

    /// Its zone, if it has one.
    pub fn zone(&self) -> Option<&Zone> {
        match self {
            Self::Zoned { zone, .. } => Some(zone),
            Self::Day(_) | Self::Floating(_) | Self::Offset(..) => None,
        }
    }

    /// The instant; a day and a floating time have none. It is the same for every way of writing it.
    pub fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Day(_) | Self::Floating(_) => None,
            Self::Offset(clock, offset) => offset.to_timestamp(*clock).ok(),
            Self::Zoned { clock, zone, later } => {
                let ambiguous = zone.rules().to_ambiguous_timestamp(*clock);
                let folded = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
                if *later && folded {
                    ambiguous.later().ok()
                } else {
                    ambiguous.compatible().ok()
                }
            }
        }
    }

    /// The instant with the offset that holds at it, as RFC 3339 writes it; none for a day and a floating time.
    pub fn with_offset(&self) -> Option<String> {
        let instant = self.instant()?;
        let offset = match self {
            Self::Offset(_, offset) => *offset,
            Self::Zoned { zone, .. } => zone.rules().to_offset(instant),
            Self::Day(_) | Self::Floating(_) => return None,
        };
        Some(DateTimePrinter::new().timestamp_with_offset_to_string(&instant, offset))
    }

    /// Whether two mean the same: the same day, the same floating time, or the same instant. Where both have a zone it
    /// must be one zone; a time with an offset only says nothing about the zone.
    pub fn same(&self, other: &Self) -> bool {
        match (self.instant(), other.instant()) {
            (Some(one), Some(two)) => {
                one == two
                    && match (self.zone(), other.zone()) {
                        (Some(one), Some(two)) => one.same(two),
                        _ => true,
                    }
            }
            (None, None) => self == other,
            _ => false,
        }
    }

    /// A form that is equal for all that may be the [`same`](Self::same): days and floating times as they are,
    /// instants in UTC.
    pub fn normal(&self) -> String {
        match self.instant() {
            Some(instant) => instant.to_string(),
            None => self.to_string(),
        }
    }
}

/// The text of a day's end as the next day's beginning, and whether it was one.
fn midnight(text: &str) -> (String, bool) {
    const END: &str = "T24:00";
    match text.find(END) {
        Some(at) => {
            let rest = &text[at + END.len()..];
            (format!("{}T00:00{rest}", &text[..at]), true)
        }
        None => (text.to_owned(), false),
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Floating(clock) => write!(f, "{clock}"),
            Self::Offset(..) => f.write_str(&self.with_offset().ok_or(fmt::Error)?),
            Self::Zoned { clock, zone, later } => {
                let twice = zone.rules().to_ambiguous_timestamp(*clock).offset();
                match self.with_offset() {
                    Some(text) if *later && matches!(twice, AmbiguousOffset::Fold { .. }) => {
                        f.write_str(&text)?;
                    }
                    _ => write!(f, "{clock}")?,
                }
                write!(f, "[{}]", zone.name())
            }
        }
    }
}

impl FromStr for Point {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            Some((text, zone)) => Self::read(text, Some(zone)),
            None => Self::read(text, None),
        }
    }
}
