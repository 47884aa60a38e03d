//! One act on the calendars, by a client through the API or by a person through control, and what it entailed.

use std::collections::BTreeSet;

use super::calendar::{Calendar, Role};
use super::error::CalendarError;
use super::event::Event;
use super::settings::CalendarSettings;
use super::sight::Seen;
use super::store::Calendars;
use crate::dice::Dice;
use crate::journal::Letter;

/// Who is told of a change by mail (`sendUpdates`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::google) enum Notify {
    All,
    /// Guests of another domain than the calendar's; the documentation says "non-Google Calendar guests", live probes
    /// saw the domain decide.
    ExternalOnly,
    #[default]
    Nobody,
}

impl Notify {
    /// Reads the word on the wire.
    pub(in crate::google) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "all" => Self::All,
            "externalOnly" => Self::ExternalOnly,
            "none" => Self::Nobody,
            _ => return None,
        })
    }
}

/// An act under way.
pub(in crate::google) struct Act<'a> {
    pub(super) calendars: &'a mut Calendars,
    /// Who acts.
    pub(super) account: &'a str,
    pub(super) settings: &'a CalendarSettings,
    pub(super) dice: &'a Dice,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Cursors of another epoch are expired.
    pub(super) epoch: u64,
    /// The token covers calendars made through the API alone.
    pub(super) app_only: bool,
    /// Past the limits of the API, as in the web interface.
    pub(super) by_people: bool,
    /// Mails that this causes.
    pub(super) letters: Vec<Letter>,
    /// Calendars whose events changed.
    pub(super) touched: BTreeSet<String>,
    /// Ids of the events that the caller wrote.
    pub(super) written: Vec<String>,
    /// What happened besides, by the names of the marks that count it.
    pub(super) marks: Vec<&'static str>,
}

impl Act<'_> {
    /// A calendar of which the caller may see something.
    pub(super) fn readable(&self, id: &str) -> Result<(&Calendar, Role), CalendarError> {
        let (calendar, role) = self.calendars.visible(self.account, id)?;
        if self.app_only && !calendar.app_created {
            return Err(CalendarError::not_found());
        }
        Ok((calendar, role))
    }

    /// The id of a calendar whose events the caller may change.
    pub(super) fn writable(&self, id: &str) -> Result<String, CalendarError> {
        let (calendar, role) = self.readable(id)?;
        if role.writes() {
            Ok(calendar.id.clone())
        } else {
            Err(CalendarError::access_level())
        }
    }

    /// An event as it truly is. What was deleted long ago is not found.
    pub(super) fn find(&self, calendar: &str, id: &str) -> Result<Seen, CalendarError> {
        let found = self.calendars.by_id.get(calendar);
        found
            .and_then(|calendar| calendar.truth().find(id))
            .filter(|seen| !self.is_forgotten(seen))
            .ok_or_else(CalendarError::not_found)
    }

    /// Whether a deleted event has aged out. Cancelled instances live as long as their series.
    pub(super) fn is_forgotten(&self, seen: &Seen) -> bool {
        let life = i64::try_from(self.settings.tombstone_seconds).unwrap_or(i64::MAX / 1000) * 1000;
        let event = &seen.event;
        event.content.is_cancelled() && event.place.is_none() && self.now - seen.at >= life
    }

    /// Stores an event and answers it as it is now.
    pub(super) fn put(&mut self, calendar: &str, event: Event) -> Result<Seen, CalendarError> {
        let id = event.id.clone();
        let now = self.now;
        self.calendars.calendar_mut(calendar)?.put(event, now);
        self.touched.insert(calendar.to_owned());
        self.find(calendar, &id)
    }
}
