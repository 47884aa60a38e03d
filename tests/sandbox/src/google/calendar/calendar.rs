//! One calendar: who may do what with it, and its events with their past.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::event::{Event, Organizer};
use super::sight::Sight;
use crate::google::ledger::{Ledger, Version};

/// What somebody may do with a calendar, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::google) enum Role {
    FreeBusyReader,
    Reader,
    WriterWithoutPrivateAccess,
    Writer,
    Owner,
}

impl Role {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::WriterWithoutPrivateAccess => "writerWithoutPrivateAccess",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }

    /// Whether it may change events.
    pub(super) fn writes(self) -> bool {
        self >= Self::WriterWithoutPrivateAccess
    }

    /// Whether it sees what private events are about.
    pub(super) fn sees_private(self) -> bool {
        self >= Self::Writer
    }
}

/// A calendar.
#[derive(Debug)]
pub(in crate::google) struct Calendar {
    /// For a primary calendar, its owner's address.
    pub(super) id: String,
    /// Account of the data owner.
    pub(super) owner: String,
    pub(super) summary: String,
    pub(super) description: Option<String>,
    pub(super) location: Option<String>,
    /// IANA name.
    pub(super) time_zone: String,
    /// Made through the API, so that the scope `calendar.app.created` covers it.
    pub(super) app_created: bool,
    pub(super) deleted: bool,
    /// By account.
    roles: BTreeMap<String, Role>,
    /// Sync tokens of an earlier revision are refused.
    pub(super) revision: u64,
    /// Events, cancelled ones included.
    pub(super) events: Ledger<Event>,
    keys: HashMap<String, u64>,
    uids: HashMap<String, BTreeSet<String>>,
    exceptions: HashMap<String, BTreeSet<String>>,
}

impl Calendar {
    pub(super) fn new(id: &str, owner: &str, summary: &str, time_zone: &str) -> Self {
        Self {
            id: id.to_owned(),
            owner: owner.to_owned(),
            summary: summary.to_owned(),
            description: None,
            location: None,
            time_zone: time_zone.to_owned(),
            app_created: false,
            deleted: false,
            roles: BTreeMap::from([(owner.to_owned(), Role::Owner)]),
            revision: 0,
            events: Ledger::default(),
            keys: HashMap::new(),
            uids: HashMap::new(),
            exceptions: HashMap::new(),
        }
    }

    /// Whether it is its owner's first calendar.
    pub(super) fn is_primary(&self) -> bool {
        self.id == self.owner
    }

    pub(super) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Who organizes the events that are made here. On a secondary calendar it is the calendar itself.
    pub(super) fn organizer(&self) -> Organizer {
        Organizer {
            email: self.id.clone(),
            display_name: (!self.is_primary()).then(|| self.summary.clone()),
        }
    }

    /// What an account may do here.
    pub(super) fn role(&self, account: &str) -> Option<Role> {
        self.roles.get(account).copied().filter(|_| !self.deleted)
    }

    /// Everybody with a role.
    pub(super) fn roles(&self) -> impl Iterator<Item = (&String, &Role)> {
        self.roles.iter()
    }

    /// Gives or takes a role. Sync tokens die with it, whoever holds them.
    pub(super) fn share(&mut self, account: &str, role: Option<Role>) {
        match role {
            Some(role) => self.roles.insert(account.to_owned(), role),
            None => self.roles.remove(account),
        };
        self.revision += 1;
    }

    /// The events as they truly are.
    pub(super) fn truth(&self) -> Sight<'_> {
        Sight::new(self, u64::MAX)
    }

    /// The events as a reader sees them who lags behind.
    pub(super) fn seen(&self, moment: i64) -> Sight<'_> {
        Sight::new(self, self.events.horizon(moment))
    }

    /// The key of an event that is or was stored under this id.
    pub(super) fn key(&self, id: &str) -> Option<u64> {
        self.keys.get(id).copied()
    }

    /// Ids of the exceptions that a series has or had.
    pub(super) fn exception_ids(&self, series: &str) -> impl Iterator<Item = &str> {
        self.exceptions
            .get(series)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Whether an event with this UID is or was here.
    pub(super) fn ids_of_uid(&self, uid: &str) -> impl Iterator<Item = &str> {
        self.uids.get(uid).into_iter().flatten().map(String::as_str)
    }

    /// The stored state of an event.
    pub(super) fn stored(&self, id: &str) -> Option<&Version<Event>> {
        self.events.truth(self.key(id)?)
    }

    /// Stores a version of an event.
    pub(super) fn put(&mut self, event: Event, now: i64) -> u64 {
        let next = self.keys.len() as u64 + 1;
        let key = *self.keys.entry(event.id.clone()).or_insert(next);
        self.uids
            .entry(event.ical_uid.clone())
            .or_default()
            .insert(event.id.clone());
        if let Some(place) = &event.place {
            self.exceptions
                .entry(place.series.clone())
                .or_default()
                .insert(event.id.clone());
        }
        let cancelled = event.content.is_cancelled();
        self.events.write(key, event, cancelled, now)
    }
}
