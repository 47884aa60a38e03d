//! `people:batchCreateContacts`, `people:batchUpdateContacts`, `people:batchDeleteContacts`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::people::{create_draft, shown};
use super::{Call, Reply, check_members, names, too_many};
use crate::google::error::GoogleError;
use crate::google::masks::Mask;
use crate::google::person::{Draft, Sources, View};

const MOST_WRITES: usize = 200;
const MOST_DELETES: usize = 500;

/// Creates up to 200 contacts. One bad item fails the call.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["contacts", "readMask", "sources"])?;
    let view = read_back(call, "people/batchCreateContacts")?;
    let Some(items) = call.body["contacts"]
        .as_array()
        .filter(|items| !items.is_empty())
    else {
        return Err(GoogleError::bad_field(
            "contacts",
            "contacts must not be empty.",
        ));
    };
    if items.len() > MOST_WRITES {
        return Err(too_many("contacts", MOST_WRITES));
    }
    let mut drafts = Vec::new();
    let mut errors = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let draft = check_members(item, &["contactPerson"]).and_then(|()| {
            create_draft(
                call,
                &item["contactPerson"],
                &format!("contacts[{index}].contact_person"),
            )
        });
        match draft {
            Ok(draft) => drafts.push(draft),
            Err(error) => {
                errors.insert(index.to_string(), error.status_message());
            }
        }
    }
    let refusal = refused("Create", &errors);
    if let Some(error) = &refusal
        && !call.settings.failed_batch_applies_rest
    {
        return Err(error.clone());
    }
    let mut keys = Vec::new();
    for draft in drafts {
        keys.push(
            call.account
                .create_contact(draft, call.settings.contact_cap, call.now)?,
        );
    }
    if let Some(error) = refusal {
        return Err(error);
    }
    let written = resource_names(call, &keys);
    let mut body = json!({});
    if let Some(view) = view {
        let mut created: Vec<Value> = keys
            .iter()
            .zip(&written)
            .map(|(key, name)| person_response(call, *key, name, &view))
            .collect();
        if call.settings.reorder {
            call.dice.shuffle(&mut created);
        }
        body["createdPeople"] = json!(created);
    }
    Ok(Reply::wrote(body, written))
}

/// Updates up to 200 contacts under one mask. One stale item fails the call.
pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(
        call.body,
        &["contacts", "readMask", "sources", "updateMask"],
    )?;
    let mask = Mask::update(
        call.body["updateMask"].as_str(),
        "updateMask",
        "people/batchUpdateContacts",
    )?;
    let view = read_back(call, "people/batchUpdateContacts")?;
    let Some(items) = call.body["contacts"]
        .as_object()
        .filter(|items| !items.is_empty())
    else {
        return Err(GoogleError::bad_field(
            "contacts",
            "contacts must not be empty.",
        ));
    };
    if items.len() > MOST_WRITES {
        return Err(too_many("contacts", MOST_WRITES));
    }
    let mut drafts = Vec::new();
    let mut errors = BTreeMap::new();
    for (name, item) in items {
        let checked = Draft::parse(item, &format!("contacts[{name}]")).and_then(|draft| {
            call.account.check_update(name, &draft, &mask)?;
            Ok(draft)
        });
        match checked {
            Ok(draft) => drafts.push((name, draft)),
            Err(error) => {
                errors.insert(name.clone(), error.status_message());
            }
        }
    }
    let refusal = refused("Update", &errors);
    if let Some(error) = &refusal
        && !call.settings.failed_batch_applies_rest
    {
        return Err(error.clone());
    }
    let mut result = Map::new();
    let mut written = Vec::new();
    for (name, draft) in drafts {
        let key = call.account.update_contact(name, &draft, &mask, call.now)?;
        written.push(name.clone());
        if let Some(view) = &view {
            result.insert(name.clone(), person_response(call, key, name, view));
        }
    }
    if let Some(error) = refusal {
        return Err(error);
    }
    let body = match view {
        Some(_) => json!({ "updateResult": result }),
        None => json!({}),
    };
    Ok(Reply::wrote(body, written))
}

/// Deletes up to 500 contacts; an unknown one fails the call.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["resourceNames"])?;
    let mut names = names(call.body, "resourceNames")?;
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(GoogleError::bad_field(
            "resource_names",
            "resourceNames must not be empty.",
        ));
    }
    if names.len() > MOST_DELETES {
        return Err(too_many("resource_names", MOST_DELETES));
    }
    for name in &names {
        call.account.contact(name)?;
    }
    for name in &names {
        call.account.delete_contact(name, call.now)?;
    }
    Ok(Reply::wrote(json!({}), names))
}

/// What the answer shows of each person; nothing where `readMask` is empty.
fn read_back(call: &Call<'_>, page: &str) -> Result<Option<View>, GoogleError> {
    let mask = Mask::or_nothing(call.body["readMask"].as_str(), "readMask", page)?;
    let sources = names(call.body, "sources")?;
    let sources = Sources::parse(sources.iter().map(String::as_str))?;
    Ok(mask.map(|mask| View::of(mask, sources)))
}

fn person_response(call: &Call<'_>, key: u64, name: &str, view: &View) -> Value {
    json!({
        "httpStatusCode": 200,
        "person": shown(call, key, view),
        "requestedResourceName": name,
        "status": {},
    })
}

fn resource_names(call: &Call<'_>, keys: &[u64]) -> Vec<String> {
    keys.iter()
        .filter_map(|key| call.account.contacts.truth(*key))
        .map(|version| version.value.resource_name())
        .collect()
}

/// The refusal of a batch: what each bad item did wrong, by index or resource name.
fn refused(verb: &str, errors: &BTreeMap<String, Value>) -> Option<GoogleError> {
    let first = errors.values().next()?["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let stale = errors.values().all(|status| status["code"] == 9);
    let error = if stale {
        GoogleError::new(crate::google::error::Code::FailedPrecondition, first)
    } else {
        GoogleError::invalid(first)
    };
    Some(error.with(json!({
        "@type": format!("type.googleapis.com/google.people.v1.Batch{verb}ContactsErrorDetails"),
        "contactErrors": errors,
    })))
}
