//! One module (Contacts, Accounts, Leads, Events): its fields, its records, its recycle bin.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::field::{self, Field};
use super::id::{Id, Sequence};
use super::record::{Deleted, Record};
use super::replica::Replica;

/// When a write shows up where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visibility {
    /// In lists, counts, COQL and the deleted feed.
    pub(super) lists: Timestamp,
    /// In `/search`.
    pub(super) search: Timestamp,
}

/// A module.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) id: Id,
    pub(super) api_name: &'static str,
    pub(super) singular: &'static str,
    pub(super) fields: Vec<Field>,
    /// The truth, without lag.
    pub(super) records: BTreeMap<Id, Arc<Record>>,
    /// Recycle bin and what was removed for good.
    pub(super) deleted: BTreeMap<Id, Deleted>,
    /// What lists, counts and COQL see.
    pub(super) lists: Replica,
    /// What `/search` sees.
    pub(super) search: Replica,
}

impl Module {
    /// The module of people.
    pub(super) fn contacts(ids: &mut Sequence) -> Self {
        let fields = field::contacts(ids);
        Self::new(ids.next(), "Contacts", "Contact", fields)
    }

    /// The module of companies.
    pub(super) fn accounts(ids: &mut Sequence) -> Self {
        let fields = field::accounts(ids);
        Self::new(ids.next(), "Accounts", "Account", fields)
    }

    /// The module of people who are no contacts yet.
    pub(super) fn leads(ids: &mut Sequence) -> Self {
        let fields = field::leads(ids);
        Self::new(ids.next(), "Leads", "Lead", fields)
    }

    /// The module of meetings.
    pub(super) fn events(ids: &mut Sequence) -> Self {
        let fields = field::events(ids);
        Self::new(ids.next(), "Events", "Event", fields)
    }

    fn new(id: Id, api_name: &'static str, singular: &'static str, fields: Vec<Field>) -> Self {
        Self {
            id,
            api_name,
            singular,
            fields,
            records: BTreeMap::new(),
            deleted: BTreeMap::new(),
            lists: Replica::default(),
            search: Replica::default(),
        }
    }

    /// A field by API name.
    pub(super) fn field(&self, api_name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.api_name == api_name)
    }

    /// A field by API name, to change it.
    pub(super) fn field_mut(&mut self, api_name: &str) -> Option<&mut Field> {
        self.fields
            .iter_mut()
            .find(|field| field.api_name == api_name)
    }

    /// What the record is called in lookups and in the deleted feed.
    pub(super) fn display_name(&self, record: &Record) -> String {
        match self.api_name {
            "Events" => record.text("Event_Title").unwrap_or_default().to_owned(),
            "Accounts" => record.text("Account_Name").unwrap_or_default().to_owned(),
            _ => record.full_name(),
        }
    }

    /// Stores a new state of a record.
    pub(super) fn put(&mut self, record: Record, visible: Visibility) -> Arc<Record> {
        let record = Arc::new(record);
        self.records.insert(record.id, Arc::clone(&record));
        self.lists
            .note(record.id, Some(Arc::clone(&record)), visible.lists);
        self.search
            .note(record.id, Some(Arc::clone(&record)), visible.search);
        record
    }

    /// Deletes a record into the recycle bin, or for good.
    pub(super) fn remove(
        &mut self,
        id: Id,
        by: Id,
        now: Timestamp,
        permanent: bool,
        visible: Visibility,
    ) -> Option<Arc<Record>> {
        let record = self.records.remove(&id)?;
        self.lists.note(id, None, visible.lists);
        self.search.note(id, None, visible.search);
        let deleted = Deleted {
            display_name: self.display_name(&record),
            record: Arc::clone(&record),
            at: super::record::whole_seconds(now),
            by,
            permanent,
            visible_at: visible.lists,
        };
        self.deleted.insert(id, deleted);
        Some(record)
    }

    /// Applies to the copies what has become visible.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.lists.settle(now);
        self.search.settle(now);
    }
}
