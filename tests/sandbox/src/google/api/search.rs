//! `people:searchContacts`: by the beginnings of words, over a cache that a call with an empty query fills.

use serde_json::{Value, json};

use super::{Call, Reply};
use crate::google::error::GoogleError;
use crate::google::masks::{Mask, READABLE};
use crate::google::person::{Contact, Sources, View, person};

const MOST: usize = 30;
const DEFAULT: usize = 10;

/// What is searched; neither `clientData` nor `externalIds`.
const SEARCHED: &[(&str, &[&str])] = &[
    ("names", &["displayName"]),
    ("nicknames", &["value"]),
    ("emailAddresses", &["value"]),
    ("phoneNumbers", &["value", "canonicalForm"]),
    ("organizations", &["name", "title", "department"]),
];

/// Searches the caller's contacts.
pub(super) fn contacts(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = Mask::required(
        call.query.text("readMask"),
        "readMask",
        "people/searchContacts",
        READABLE,
    )?;
    let sources = Sources::parse(call.query.all("sources"))?;
    let size = call
        .query
        .number("pageSize", DEFAULT, usize::MAX)?
        .min(MOST);
    let Some(wanted) = call.query.text("query").map(str::to_lowercase) else {
        let horizon = call.account.contacts.horizon(call.list_moment());
        call.account.search_horizon = Some(horizon);
        return Ok(Reply::read(json!({})));
    };
    let view = View::of(mask, sources);
    let horizon = call.account.search_horizon.unwrap_or(0);
    let found: Vec<Value> = call
        .account
        .contacts
        .live(horizon)
        .filter(|version| matches(&version.value, &wanted))
        .take(size)
        .filter_map(|version| {
            let key = call.account.contact_key(&version.value.resource_name())?;
            Some(json!({ "person": person(key, version, &view) }))
        })
        .collect();
    Ok(Reply::read(if found.is_empty() {
        json!({})
    } else {
        json!({ "results": found })
    }))
}

fn matches(contact: &Contact, wanted: &str) -> bool {
    SEARCHED.iter().any(|(field, properties)| {
        contact
            .fields
            .get(*field)
            .into_iter()
            .flatten()
            .any(|item| {
                properties
                    .iter()
                    .filter_map(|property| item.get(*property)?.as_str())
                    .any(|value| starts_a_word(&value.to_lowercase(), wanted))
            })
    })
}

fn starts_a_word(value: &str, wanted: &str) -> bool {
    value.starts_with(wanted)
        || value
            .split([' ', '-', '.', '@'])
            .any(|word| word.starts_with(wanted))
}
