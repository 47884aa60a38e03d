//! What both sides' meetings have in common: when they are, and until when they can be reminded of.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::book::{Entry, Kind};

/// How far back meetings are compared: less than a sync looks back.
const PAST: SignedDuration = SignedDuration::from_hours(85 * 24);
/// How far ahead: less than either provider tells of a series without an end.
const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);
/// A reminder that is due within this time may be due when it is written.
const DUE: SignedDuration = SignedDuration::from_mins(30);

/// When the meetings are that are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) now: Timestamp,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Window {
    pub(crate) fn around(now: Timestamp) -> Self {
        Self {
            now,
            from: now - PAST,
            until: now + AHEAD,
        }
    }
}

/// When an occurrence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Its beginning and its end.
    Times(Timestamp, Timestamp),
    /// Its first day and its last.
    Days(Date, Date),
}

impl When {
    /// From the first day until before that one.
    pub(crate) fn until_before(first: Date, end: Date) -> Option<Self> {
        Some(Self::Days(first, end.checked_sub(1.day()).ok()?))
    }

    fn start(self) -> Option<Timestamp> {
        match self {
            Self::Times(start, _) => Some(start),
            Self::Days(first, _) => TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok(),
        }
    }

    /// Whether it begins within the window.
    pub(crate) fn is_within(self, window: Window) -> bool {
        let start = self.start();
        start.is_some_and(|start| (window.from..window.until).contains(&start))
    }

    /// Whether somebody can still be reminded so many minutes before.
    pub(crate) fn reminds(self, minutes: i64, window: Window) -> bool {
        let before = SignedDuration::from_mins(minutes);
        let at = self
            .start()
            .and_then(|start| start.checked_sub(before).ok());
        // What lasts days begins by the clock of who looks at it.
        let slack = match self {
            Self::Times(..) => DUE,
            Self::Days(..) => SignedDuration::from_hours(24),
        };
        at.is_some_and(|at| at > window.now + slack)
    }

    /// Puts it into an occurrence.
    pub(crate) fn put(self, entry: &mut Entry) {
        let (start, end) = match self {
            Self::Times(start, end) => (start.to_string(), end.to_string()),
            Self::Days(first, last) => (first.to_string(), last.to_string()),
        };
        put(entry, "Start_DateTime", Some(start));
        put(entry, "End_DateTime", Some(end));
    }
}

/// Puts values into a field of Zoho CRM's name.
pub(crate) fn put(entry: &mut Entry, zoho: &str, values: impl IntoIterator<Item = String>) {
    if let Some(place) = Kind::Meeting.place(zoho) {
        entry.values[place].extend(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_reminder_counts_until_it_is_due() {
        let window = Window::around(at("2026-12-01T09:00:00Z"));
        let hour = |start: &str| When::Times(at(start), at(start) + SignedDuration::from_hours(1));
        assert!(hour("2026-12-01T12:00:00Z").reminds(60, window));
        assert!(!hour("2026-12-01T12:00:00Z").reminds(180, window));
        assert!(!hour("2026-11-30T12:00:00Z").reminds(0, window));
    }

    #[test]
    fn googles_last_day_is_the_one_before_its_end() {
        let (first, end) = ("2026-12-01".parse().unwrap(), "2026-12-03".parse().unwrap());
        let when = When::until_before(first, end).unwrap();
        let mut entry = Entry::of_kind(Kind::Meeting, "1");
        when.put(&mut entry);
        assert_eq!(entry.values[1], ["2026-12-01"]);
        assert_eq!(entry.values[2], ["2026-12-02"]);
        assert!(when.is_within(Window::around(at("2026-12-01T09:00:00Z"))));
        assert!(!when.is_within(Window::around(at("2027-12-01T09:00:00Z"))));
    }
}
