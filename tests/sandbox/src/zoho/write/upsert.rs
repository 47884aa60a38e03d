//! Upsert: finds a record that shares a value and overwrites it, whoever it belongs to. It merges strangers who share
//! an address, which is why a sync must not use it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::body::Body;
use super::{Call, Outcome, insert, outcomes, unique, update};
use crate::zoho::edit::holders;
use crate::zoho::id::Id;
use crate::zoho::refusal::Refusal;

/// Inserts or updates the records of a body.
pub(super) fn all(
    call: &mut Call<'_>,
    body: &Body,
    unmodified_since: Option<Timestamp>,
) -> Result<Vec<Outcome>, Refusal> {
    let mut matcher = Matcher::new(call, body)?;
    Ok(outcomes(body, |sent, path| {
        let draft = call.draft(sent, path, None)?;
        let keys = unique::keys(&draft);
        let found = if sent["id"].is_null() {
            matcher.find(&draft.values)
        } else {
            Some((call.target(sent, path)?, "id".to_owned()))
        };
        let outcome = match &found {
            Some((id, _)) => {
                update::fresh(call, *id, unmodified_since)?;
                update::drafted(call, *id, draft, path)?
            }
            None => insert::drafted(call, draft, path)?,
        };
        Ok(match outcome {
            Outcome::Done {
                record, message, ..
            } => {
                matcher.learn(record.id, &keys);
                let action = if found.is_some() { "update" } else { "insert" };
                Outcome::Done {
                    record,
                    message,
                    upserted: Some((action, found.map(|(_, field)| field))),
                }
            }
            refused @ Outcome::Refused(_) => refused,
        })
    }))
}

/// Finds the record to overwrite. Named fields come first, in their order; then the other unique ones. The system's own
/// field, Email, counts only if it is named or nothing is. Of several matches the oldest record is taken (unverified).
struct Matcher {
    fields: Vec<(String, HashMap<String, Id>)>,
}

impl Matcher {
    fn new(call: &Call<'_>, body: &Body) -> Result<Self, Refusal> {
        let module = call
            .edit
            .org
            .module(call.module)
            .ok_or_else(Refusal::module)?;
        let system_field = if call.module == "Contacts" {
            "Email"
        } else {
            "Account_Name"
        };
        let named = body.duplicate_check_fields.clone().unwrap_or_default();
        let mut names = if named.is_empty() {
            vec![system_field.to_owned()]
        } else {
            named
        };
        for unique in call.taken.fields() {
            if !names.iter().any(|name| name == unique) && unique != system_field {
                names.push(unique.to_owned());
            }
        }
        if let Some(unknown) = names.iter().find(|name| module.field(name).is_none()) {
            return Err(Refusal::value(unknown, "$.duplicate_check_fields"));
        }
        let fields = names
            .into_iter()
            .map(|name| {
                let holders = holders(module, &name);
                (name, holders)
            })
            .collect();
        Ok(Self { fields })
    }

    fn find(&self, values: &serde_json::Map<String, Value>) -> Option<(Id, String)> {
        self.fields.iter().find_map(|(name, holders)| {
            let key = values.get(name)?.as_str()?.to_lowercase();
            Some((*holders.get(&key)?, name.clone()))
        })
    }

    fn learn(&mut self, id: Id, keys: &std::collections::BTreeMap<String, String>) {
        for (name, holders) in &mut self.fields {
            if let Some(key) = keys.get(name) {
                holders.entry(key.clone()).or_insert(id);
            }
        }
    }
}
