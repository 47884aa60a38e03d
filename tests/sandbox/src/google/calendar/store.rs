//! Every calendar, everybody's list of them, and the channels that listen.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::calendar::{Calendar, Role};
use super::channel::Channels;
use super::entry::Entry;
use super::error::CalendarError;
use super::quota::Meter;
use crate::google::ledger::Ledger;

/// One account's calendar list.
#[derive(Debug, Default)]
pub(in crate::google) struct CalendarList {
    pub(super) entries: Ledger<Entry>,
    keys: HashMap<String, u64>,
}

impl CalendarList {
    /// Stores an entry, or takes it off the list.
    pub(super) fn put(&mut self, entry: Entry, gone: bool, now: i64) -> u64 {
        let next = self.keys.len() as u64 + 1;
        let key = *self.keys.entry(entry.calendar.clone()).or_insert(next);
        self.entries.write(key, entry, gone, now)
    }

    /// The entry of a calendar, with its sequence number, unless it was taken off.
    pub(super) fn find(&self, calendar: &str) -> Option<(&Entry, u64)> {
        let version = self.entries.truth(*self.keys.get(calendar)?)?;
        (!version.deleted).then(|| (version.value.as_ref(), version.sequence))
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(in crate::google) struct Calendars {
    /// By id.
    pub(super) by_id: BTreeMap<String, Calendar>,
    /// By account.
    pub(super) lists: BTreeMap<String, CalendarList>,
    pub(super) channels: Channels,
    pub(super) meter: Meter,
}

impl Calendars {
    /// A new account gets its primary calendar.
    pub(in crate::google) fn open(&mut self, account: &str, time_zone: &str) {
        let calendar = Calendar::new(account, account, account, time_zone);
        self.add(calendar, 0);
    }

    /// Adds a calendar to the store and to its owner's list.
    pub(super) fn add(&mut self, calendar: Calendar, now: i64) {
        let owner = calendar.owner.clone();
        let entry = Entry::new(&calendar, &owner);
        self.by_id.insert(calendar.id.clone(), calendar);
        self.lists.entry(owner).or_default().put(entry, false, now);
    }

    /// The id that `primary` stands for.
    pub(super) fn resolved<'a>(account: &'a str, id: &'a str) -> &'a str {
        if id == "primary" { account } else { id }
    }

    /// A calendar that the account may see something of.
    pub(super) fn visible(
        &self,
        account: &str,
        id: &str,
    ) -> Result<(&Calendar, Role), CalendarError> {
        let calendar = self.by_id.get(Self::resolved(account, id));
        calendar
            .and_then(|calendar| Some((calendar, calendar.role(account)?)))
            .ok_or_else(CalendarError::not_found)
    }

    /// A calendar that exists, to change it.
    pub(super) fn calendar_mut(&mut self, id: &str) -> Result<&mut Calendar, CalendarError> {
        self.by_id
            .get_mut(id)
            .filter(|calendar| !calendar.deleted)
            .ok_or_else(CalendarError::not_found)
    }

    /// An account's list.
    pub(super) fn list(&mut self, account: &str) -> &mut CalendarList {
        self.lists.entry(account.to_owned()).or_default()
    }

    /// A calendar is gone, for everybody.
    pub(super) fn drop_calendar(&mut self, id: &str, now: i64) -> Result<(), CalendarError> {
        self.calendar_mut(id)?.deleted = true;
        for list in self.lists.values_mut() {
            if let Some((entry, _)) = list.find(id) {
                let entry = entry.clone();
                list.put(entry, true, now);
            }
        }
        Ok(())
    }

    /// Whether somebody keeps their calendars here.
    pub(super) fn is_account(&self, email: &str) -> bool {
        self.by_id.get(email).is_some_and(Calendar::is_primary)
    }

    /// Default reminders of an account on a calendar.
    pub(super) fn default_reminders(&self, account: &str, calendar: &str) -> Vec<Value> {
        let list = self.lists.get(account);
        list.and_then(|list| list.find(calendar))
            .map_or_else(Vec::new, |(entry, _)| entry.default_reminders.clone())
    }

    /// Everything as it truly is: by calendar, events with every account's reminders.
    pub(in crate::google) fn truth(&self) -> Value {
        let calendars: Map<String, Value> = self
            .by_id
            .values()
            .filter(|calendar| !calendar.deleted)
            .map(|calendar| (calendar.id.clone(), super::view::truth(calendar)))
            .collect();
        let lists: Map<String, Value> = self
            .lists
            .iter()
            .map(|(account, list)| {
                let ids: Vec<&str> = list
                    .entries
                    .all()
                    .filter(|version| !version.deleted)
                    .map(|version| version.value.calendar.as_str())
                    .collect();
                (account.clone(), json!(ids))
            })
            .collect();
        json!({ "calendars": calendars, "lists": lists })
    }
}
