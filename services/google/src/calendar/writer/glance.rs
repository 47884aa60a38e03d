//! What writes to a calendar share for half a minute: a look at the calendar, and for the creates of a baseline one at
//! the events that are younger than it.

use std::{collections::BTreeSet, time::Instant};

use jiff::{SignedDuration, Timestamp};
use provider::{Fault, Glances};

use super::{Writer, create::closed};
use crate::{calendar::wire::ListEntry, client::Dated};

/// Match keys: rank and hash.
pub(super) type Keys = BTreeSet<(u32, [u8; 32])>;

/// What was seen a moment ago.
#[derive(Debug, Default)]
pub(crate) struct AtAGlance {
    /// Calendars that take writes.
    calendars: Glances<Calendar>,
    /// The keys of what is younger than a baseline; none where a list does not tell.
    pub(super) events: Glances<Option<Keys>>,
}

/// A calendar, as it stood in the account's list.
#[derive(Debug)]
struct Calendar {
    entry: ListEntry,
    /// Google's clock, and when it showed this.
    at: Timestamp,
    read: Instant,
}

/// How old a look at the calendar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It is looked at.
    Now,
    /// A look of the last half minute will do: for what the reminders of the calendar's own are, and that it was there
    /// when many events are created. Whether it is there still the write itself tells.
    AMoment,
}

impl Writer<'_> {
    /// The calendar as it stands in the account's list, and Google's clock.
    pub(super) async fn entry(&mut self, freshness: Freshness) -> Result<Dated<ListEntry>, Fault> {
        let of = self.calendar_of_account();
        let always = Timestamp::MIN;
        if freshness == Freshness::AMoment
            && let Some(calendar) = self.glances.calendars.recent(&of, always)
        {
            let passed = SignedDuration::try_from(calendar.read.elapsed()).unwrap_or_default();
            return Ok(Dated {
                body: calendar.entry.clone(),
                at: calendar.at.checked_add(passed).unwrap_or(calendar.at),
            });
        }
        self.calls += 1;
        let began = Instant::now();
        let entry = self.client.calendar(self.calendar).await?;
        if closed(&entry.body).is_none() {
            let calendar = Calendar {
                entry: entry.body.clone(),
                at: entry.at,
                read: Instant::now(),
            };
            let glances = &self.glances.calendars;
            glances.remember(&of, always, began, calendar);
        }
        Ok(entry)
    }

    /// The calendar, in whosever hands it is.
    pub(super) fn calendar_of_account(&self) -> String {
        [self.client.account_id(), self.calendar].join(" ")
    }
}
