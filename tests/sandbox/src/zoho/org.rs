//! One organisation: its people, their rights, its modules and list views.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::criteria::{Cell, Criteria};
use super::field::Kind;
use super::id::{Id, Sequence};
use super::module::Module;
use super::quota::Credits;
use super::record::{Record, lookup_id};
use super::view::View;
use super::watch::channel::Channel;
use super::workflow::Workflow;

/// Someone who works in the organisation.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: Id,
    pub(super) zuid: String,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: String,
    /// IANA name; every date-time is rendered in it, in UTC if there is no such zone.
    pub(super) time_zone: String,
    pub(super) locale: &'static str,
    pub(super) role: Id,
    pub(super) profile: Id,
}

impl User {
    /// Given and family name.
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// The zone in which the user sees times.
    pub(super) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// A set of rights.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) id: Id,
    pub(super) name: &'static str,
    /// Names of the permissions that are switched off.
    pub(super) denied: BTreeSet<String>,
}

/// A place in the hierarchy.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) id: Id,
    pub(super) name: &'static str,
    pub(super) reporting_to: Option<Id>,
}

/// An organisation.
#[derive(Debug)]
pub(super) struct Org {
    pub(super) zgid: String,
    pub(super) company: &'static str,
    pub(super) time_zone: &'static str,
    pub(super) ids: Sequence,
    pub(super) users: Vec<User>,
    pub(super) profiles: Vec<Profile>,
    pub(super) roles: Vec<Role>,
    pub(super) modules: Vec<Module>,
    pub(super) views: Vec<View>,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) credits: Credits,
}

impl Org {
    /// A user by id.
    pub(super) fn user(&self, id: Id) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// A module by API name.
    pub(super) fn module(&self, api_name: &str) -> Option<&Module> {
        self.modules
            .iter()
            .find(|module| module.api_name == api_name)
    }

    /// A module by API name, to change it.
    pub(super) fn module_mut(&mut self, api_name: &str) -> Option<&mut Module> {
        self.modules
            .iter_mut()
            .find(|module| module.api_name == api_name)
    }

    /// A list view by id.
    pub(super) fn view(&self, id: Id) -> Option<&View> {
        self.views.iter().find(|view| view.id == id)
    }

    /// Whether a profile has a right.
    pub(super) fn allows(&self, profile: Id, permission: &str) -> bool {
        self.profiles
            .iter()
            .find(|candidate| candidate.id == profile)
            .is_some_and(|profile| !profile.denied.contains(permission))
    }

    /// `{"name","id"}` of a user, as it stands in stamps.
    pub(super) fn user_stamp(&self, id: Id) -> Value {
        json!({"name": self.user(id).map(User::full_name), "id": id})
    }

    /// Name of the record that a lookup points to.
    pub(super) fn lookup_name(&self, module: &str, id: Id) -> Option<String> {
        let module = self.module(module)?;
        let record = module.records.get(&id)?;
        Some(module.display_name(record))
    }

    /// What a field of a record reads as when it is compared. One dot follows a lookup: `Account_Name.id`,
    /// `Account_Name.Phone`.
    pub(super) fn cell(&self, module: &Module, record: &Record, name: &str) -> Cell {
        if let Some((lookup, rest)) = name.split_once('.') {
            return self.joined_cell(module, record, lookup, rest);
        }
        let Some(field) = module.field(name) else {
            return Cell::Empty;
        };
        let user = |id: Id| {
            let name = self.user(id).map(User::full_name);
            Cell::Any(std::iter::once(id.to_string()).chain(name).collect())
        };
        match name {
            "id" => return Cell::Text(record.id.to_string()),
            "Created_Time" => return Cell::Instant(record.created),
            "Modified_Time" => return Cell::Instant(record.modified),
            "Owner" => return user(record.owner),
            "Created_By" => return user(record.created_by),
            "Modified_By" => return user(record.modified_by),
            "Full_Name" => return Cell::Text(record.full_name()),
            "Tag" => {
                let tags = record.tags();
                return if tags.is_empty() {
                    Cell::Empty
                } else {
                    Cell::Any(tags)
                };
            }
            _ => {}
        }
        let value = record.values.get(name).unwrap_or(&Value::Null);
        match (field.kind, value) {
            (Kind::Lookup(target), value) => lookup_id(value).map_or(Cell::Empty, |id| {
                let name = self.lookup_name(target, id);
                Cell::Any(std::iter::once(id.to_string()).chain(name).collect())
            }),
            (Kind::Related, value) => lookup_id(value).map_or(Cell::Empty, |id| {
                let name = self.lookup_name(record.text("$se_module").unwrap_or_default(), id);
                Cell::Any(std::iter::once(id.to_string()).chain(name).collect())
            }),
            (Kind::DateTime, Value::String(text)) => {
                text.parse().map_or(Cell::Empty, Cell::Instant)
            }
            (Kind::Boolean, value) => Cell::Flag(value.as_bool().unwrap_or(false)),
            (_, Value::String(text)) => Cell::Text(text.clone()),
            _ => Cell::Empty,
        }
    }

    fn joined_cell(&self, module: &Module, record: &Record, lookup: &str, rest: &str) -> Cell {
        let Some(Kind::Lookup(target)) = module.field(lookup).map(|field| field.kind) else {
            return Cell::Empty;
        };
        let joined = self.module(target).and_then(|module| {
            let record = module.records.get(&record.lookup(lookup)?)?;
            Some((module, Arc::clone(record)))
        });
        joined.map_or(Cell::Empty, |(module, record)| {
            self.cell(module, &record, rest)
        })
    }

    /// Whether a record meets a condition.
    pub(super) fn meets(&self, module: &Module, record: &Record, criteria: &Criteria) -> bool {
        criteria.holds(&|name| self.cell(module, record, name))
    }

    /// Whether a record belongs to a list view, for this user.
    pub(super) fn in_view(&self, module: &Module, record: &Record, view: &View, user: Id) -> bool {
        view.shows(record.id)
            && (!view.own_only || record.owner == user)
            && view
                .criteria
                .as_ref()
                .is_none_or(|criteria| self.meets(module, record, criteria))
    }

    /// Applies to every module's copies what has become visible.
    pub(super) fn settle(&mut self, now: Timestamp) {
        for module in &mut self.modules {
            module.settle(now);
        }
    }
}
