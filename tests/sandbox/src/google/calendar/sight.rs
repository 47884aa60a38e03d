//! A calendar's events as seen from one point of its past, instances of series included.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar::Calendar;
use super::event::Event;
use super::moment::Moment;
use super::recurrence;
use crate::google::ledger::Version;

/// An event with what its etag is made of.
#[derive(Debug, Clone)]
pub(in crate::google) struct Seen {
    pub(super) event: Event,
    /// Sequence number and time of the write that made it so; of its series for an instance that nobody touched.
    pub(super) sequence: u64,
    pub(super) at: i64,
}

impl Seen {
    fn of(version: &Version<Event>) -> Self {
        Self {
            event: version.value.as_ref().clone(),
            sequence: version.sequence,
            at: version.at,
        }
    }

    /// The etag with its quotes.
    pub(super) fn etag(&self) -> String {
        format!("\"{}{:04}\"", self.at, self.sequence % 10_000)
    }
}

/// A bound in time.
pub(super) type Window = (Option<Timestamp>, Option<Timestamp>);

/// The view.
#[derive(Clone, Copy)]
pub(in crate::google) struct Sight<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) horizon: u64,
}

impl<'a> Sight<'a> {
    pub(super) fn new(calendar: &'a Calendar, horizon: u64) -> Self {
        Self { calendar, horizon }
    }

    /// What is stored under an id, cancelled or not.
    pub(super) fn stored(&self, id: &str) -> Option<&'a Version<Event>> {
        self.calendar
            .events
            .seen(self.calendar.key(id)?, self.horizon)
    }

    /// An event by id: stored, or an instance of a series that nobody touched yet. An instance of a cancelled series is
    /// cancelled, too.
    pub(super) fn find(&self, id: &str) -> Option<Seen> {
        if let Some(version) = self.stored(id) {
            let mut seen = Seen::of(version);
            if self.series_is_gone(&seen.event) {
                "cancelled".clone_into(&mut seen.event.content.status);
            }
            return Some(seen);
        }
        let (series, _) = id.rsplit_once('_')?;
        let series = self.stored(series)?;
        let zone = self.calendar.zone();
        let original = occurrence(&series.value, id, &zone)?;
        Some(instance(series, &original))
    }

    /// Whether an exception has outlived its series. An exception without a series in this calendar (a guest who is
    /// invited to one instance) has not.
    fn series_is_gone(&self, event: &Event) -> bool {
        let place = event.place.as_ref();
        place
            .and_then(|place| self.stored(&place.series))
            .is_some_and(|series| series.deleted)
    }

    /// Stored exceptions of a series, cancelled ones included.
    pub(super) fn exceptions(&self, series: &str) -> Vec<Seen> {
        self.calendar
            .exception_ids(series)
            .filter_map(|id| self.find(id))
            .collect()
    }

    /// Every instance of a series that overlaps the window: exceptions where they moved to, the others by the rule.
    pub(super) fn instances(&self, series: &Version<Event>, window: Window) -> Vec<Seen> {
        let zone = self.calendar.zone();
        let exceptions = self.exceptions(&series.value.id);
        let touched: HashSet<&str> = exceptions
            .iter()
            .map(|seen| seen.event.id.as_str())
            .collect();
        let content = &series.value.content;
        let untouched: Vec<Seen> =
            recurrence::occurrences(&content.recurrence, &content.start, &zone, window.1)
                .iter()
                .map(|original| instance(series, original))
                .filter(|seen| !touched.contains(seen.event.id.as_str()))
                .collect();
        let mut all: Vec<Seen> = exceptions.into_iter().chain(untouched).collect();
        // A cancelled instance has no time of its own.
        all.retain(|seen| {
            seen.event.content.is_cancelled() || seen.event.within(window.0, window.1, &zone)
        });
        all.sort_by_key(|seen| {
            let start = &seen.event.content.start;
            (start.instant(&zone), seen.event.id.clone())
        });
        all
    }

    /// What was written after `after`, each event once, in its newest visible state.
    pub(super) fn changes(&self, after: u64) -> impl Iterator<Item = &'a Version<Event>> + use<'a> {
        self.calendar.events.changes(after, self.horizon)
    }

    /// A version as it is shown.
    pub(super) fn shown(&self, version: &Version<Event>) -> Seen {
        let mut seen = Seen::of(version);
        if self.series_is_gone(&seen.event) {
            "cancelled".clone_into(&mut seen.event.content.status);
        }
        seen
    }
}

fn instance(series: &Version<Event>, original: &Moment) -> Seen {
    Seen {
        event: series.value.instance(original),
        sequence: series.sequence,
        at: series.at,
    }
}

/// The original start that an id of an instance names, if the series has one there.
fn occurrence(series: &Event, id: &str, zone: &TimeZone) -> Option<Moment> {
    let (_, suffix) = id.rsplit_once('_')?;
    let start = &series.content.start;
    let original = match start {
        Moment::Day(_) if suffix.len() == 8 => {
            Moment::Day(jiff::civil::Date::strptime("%Y%m%d", suffix).ok()?)
        }
        Moment::Time { zone, .. } => {
            let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", suffix).ok()?;
            Moment::Time {
                at: TimeZone::UTC.to_timestamp(civil).ok()?,
                zone: zone.clone(),
            }
        }
        Moment::Day(_) => return None,
    };
    recurrence::includes(&series.content.recurrence, start, zone, &original).then_some(original)
}
