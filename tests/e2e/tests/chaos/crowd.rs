//! The people who go on using both accounts while everything breaks, and what they typed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{kind::Kind, stage::Stage};

/// Where somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Zoho,
    Google,
}

/// What somebody typed; no value is typed twice.
#[derive(Debug, Clone)]
pub struct Typed {
    pub at: At,
    /// The record's id at that provider, as the sync calls it.
    pub id: String,
    /// The field, by its name in Zoho CRM.
    pub field: &'static str,
    pub value: String,
}

/// What somebody removed.
#[derive(Debug, Clone)]
pub struct Removed {
    /// What is known of it, by fields of Zoho CRM's names; nothing else has the same.
    pub was: Vec<(&'static str, String)>,
    /// Whether both sides agreed on it before, so that it has to go on the other one as well.
    pub goes: bool,
}

/// Everything that people did.
#[derive(Debug, Default)]
pub struct Crowd {
    pub typed: Vec<Typed>,
    pub removed: Vec<Removed>,
    /// Ids of records that somebody typed in.
    pub new: BTreeSet<String>,
    /// What is in use, so that nobody types over what another has typed.
    pub taken: BTreeSet<String>,
}

impl Crowd {
    /// A number that nothing has been called by.
    pub fn next(&self) -> usize {
        self.typed.len() + self.new.len() + self.removed.len() + 1
    }
}

impl Stage {
    /// So many people type: half of them on each side, each into another record that is in scope or into a new one.
    pub async fn people_type(&mut self, times: usize) {
        for time in 0..times {
            let at = if time % 2 == 0 { At::Zoho } else { At::Google };
            match self.kind {
                Kind::Contacts => self.somebody_uses_the_book(at).await,
                Kind::Meetings => self.somebody_uses_the_calendar(at).await,
            }
        }
    }

    /// Somebody types a new record in on Zoho CRM, which is to be created at Google.
    pub async fn somebody_adds_to_zoho(&mut self) {
        match self.kind {
            Kind::Contacts => self.somebody_adds_a_person(At::Zoho).await,
            Kind::Meetings => self.somebody_adds_a_meeting(At::Zoho).await,
        }
    }
}

/// The items of a list, none if it is no list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}

/// A text, trimmed; empty if it is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}
