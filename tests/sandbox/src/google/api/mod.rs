//! What each method of the People API does.

mod batches;
mod connections;
mod groups;
mod members;
mod others;
mod pages;
mod people;
mod photos;
mod search;

use serde_json::Value;

use super::account::Account;
use super::error::GoogleError;
use super::methods::{Action, Method};
use super::query::Query;
use super::settings::Settings;
use crate::dice::Dice;

/// Everything a method works with.
pub(super) struct Call<'a> {
    /// The caller's account.
    pub(super) account: &'a mut Account,
    pub(super) settings: &'a Settings,
    pub(super) dice: &'a Dice,
    /// Milliseconds since 1970.
    pub(super) now: i64,
    /// Cursors of earlier epochs are expired.
    pub(super) epoch: u64,
    pub(super) query: &'a Query,
    pub(super) body: &'a Value,
    /// The segment of the path that names the resource.
    pub(super) segment: &'a str,
}

/// What a method answers, and what it wrote.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) body: Value,
    /// Resource names.
    pub(super) written: Vec<String>,
}

impl Reply {
    fn read(body: Value) -> Self {
        Self {
            body,
            written: Vec::new(),
        }
    }

    fn wrote(body: Value, written: Vec<String>) -> Self {
        Self { body, written }
    }
}

impl Call<'_> {
    /// What lists and syncs see.
    fn list_moment(&self) -> i64 {
        self.now - milliseconds(self.settings.list_lag_milliseconds)
    }

    /// What get and batchGet see.
    fn get_moment(&self) -> i64 {
        self.now - milliseconds(self.settings.get_lag_milliseconds)
    }

    /// By how much to rotate the items of a field this time.
    fn rotation(&self) -> usize {
        if self.settings.reorder {
            usize::from(self.dice.chance(0.5)) + usize::from(self.dice.chance(0.5))
        } else {
            0
        }
    }

    fn person_name(&self) -> String {
        format!("people/{}", self.segment)
    }

    fn group_name(&self) -> String {
        format!("contactGroups/{}", self.segment)
    }
}

fn milliseconds(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX / 2)
}

/// Performs a call.
pub(super) fn perform(method: &Method, call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    match method.action {
        Action::ListConnections => connections::list(call),
        Action::GetPerson => people::get(call),
        Action::BatchGet => people::batch_get(call),
        Action::Create => people::create(call),
        Action::Update => people::update(call),
        Action::Delete => people::delete(call),
        Action::BatchCreate => batches::create(call),
        Action::BatchUpdate => batches::update(call),
        Action::BatchDelete => batches::delete(call),
        Action::UpdatePhoto => photos::update(call),
        Action::DeletePhoto => photos::delete(call),
        Action::Search => search::contacts(call),
        Action::ListGroups => groups::list(call),
        Action::GetGroup => groups::get(call),
        Action::BatchGetGroups => groups::batch_get(call),
        Action::CreateGroup => groups::create(call),
        Action::UpdateGroup => groups::update(call),
        Action::DeleteGroup => groups::delete(call),
        Action::ModifyMembers => members::modify(call),
        Action::ListOthers => others::list(call),
        Action::CopyOther => others::copy(call),
    }
}

/// Refuses members that the request message does not have.
fn check_members(body: &Value, known: &[&str]) -> Result<(), GoogleError> {
    let Value::Object(body) = body else {
        return Err(GoogleError::invalid(
            "Invalid JSON payload received. A JSON object is expected.",
        ));
    };
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(GoogleError::invalid(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
        ))),
        None => Ok(()),
    }
}

/// A member that must be a list of strings, if it is there.
fn names(body: &Value, member: &str) -> Result<Vec<String>, GoogleError> {
    match &body[member] {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| GoogleError::wrong_type(member, "TYPE_STRING", item))
            })
            .collect(),
        other => Err(GoogleError::wrong_type(member, "repeated string", other)),
    }
}

/// More items than one call takes.
fn too_many(member: &str, most: usize) -> GoogleError {
    GoogleError::bad_field(
        member,
        format!("'{member}' must contain at most {most} items."),
    )
}
