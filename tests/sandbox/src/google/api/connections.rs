//! `people.connections.list`.

use serde_json::json;

use super::pages::{self, Page, Plan};
use super::{Call, Reply};
use crate::google::error::GoogleError;
use crate::google::ledger::Version;
use crate::google::masks::{Mask, READABLE};
use crate::google::person::{Contact, Sources, View, deleted_person, person};

const MOST: usize = 1000;
const DEFAULT: usize = 100;

/// Lists contacts, or what changed since a sync token.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = Mask::required(
        call.query.text("personFields"),
        "personFields",
        "people.connections/list",
        READABLE,
    )?;
    let sources = Sources::parse(call.query.all("sources"))?;
    let wants_sync = call.query.flag("requestSyncToken")?;
    let order = call
        .query
        .text("sortOrder")
        .unwrap_or("LAST_MODIFIED_ASCENDING");
    let plan = Plan {
        collection: "connections",
        parameters: &[&mask.canonical(), &format!("{sources:?}"), order],
        size: call.query.number("pageSize", DEFAULT, MOST)?,
        wants_sync,
    };
    let syncing = wants_sync || call.query.text("syncToken").is_some();
    let page = if syncing || order == "LAST_MODIFIED_ASCENDING" {
        check_order(order)?;
        pages::read(call, &call.account.contacts, &plan)?
    } else {
        sorted(call, &plan, order)?
    };
    let view = View {
        list: true,
        sync: page.delta,
        rotation: call.rotation(),
        ..View::of(mask, sources)
    };
    Ok(Reply::read(answer(call, &page, &view)))
}

fn answer(call: &Call<'_>, page: &Page<Contact>, view: &View) -> serde_json::Value {
    let mut answer = json!({});
    let connections: Vec<_> = page
        .items
        .iter()
        .map(|version| {
            let key = call
                .account
                .contact_key(&version.value.resource_name())
                .unwrap_or_default();
            if version.deleted {
                deleted_person(key, version, view)
            } else {
                person(key, version, view)
            }
        })
        .collect();
    if !connections.is_empty() {
        answer["connections"] = json!(connections);
    }
    if !page.delta {
        let total = call.account.contacts.live(page.horizon).count();
        answer["totalPeople"] = json!(total);
        answer["totalItems"] = json!(total);
    }
    if let Some(token) = &page.next {
        answer["nextPageToken"] = json!(token);
    }
    if let Some(token) = &page.next_sync {
        answer["nextSyncToken"] = json!(token);
    }
    answer
}

fn check_order(order: &str) -> Result<(), GoogleError> {
    let known = [
        "LAST_MODIFIED_ASCENDING",
        "LAST_MODIFIED_DESCENDING",
        "FIRST_NAME_ASCENDING",
        "LAST_NAME_ASCENDING",
    ];
    if known.contains(&order) {
        return Ok(());
    }
    Err(GoogleError::bad_field(
        "sort_order",
        format!(
            "Invalid value at 'sort_order' (type.googleapis.com/google.people.v1.SortOrder), \"{order}\""
        ),
    ))
}

/// A page in an order that is not that of the writes.
fn sorted(call: &Call<'_>, plan: &Plan<'_>, order: &str) -> Result<Page<Contact>, GoogleError> {
    check_order(order)?;
    let ledger = &call.account.contacts;
    let visible = ledger.horizon(call.list_moment());
    let sort = |horizon: u64| {
        let mut all: Vec<Version<Contact>> = ledger
            .live(horizon)
            .map(|version| Version {
                sequence: version.sequence,
                at: version.at,
                deleted: false,
                value: version.value.clone(),
            })
            .collect();
        match order {
            "LAST_MODIFIED_DESCENDING" => all.reverse(),
            "FIRST_NAME_ASCENDING" => all.sort_by_cached_key(|version| name(version, "givenName")),
            _ => all.sort_by_cached_key(|version| name(version, "familyName")),
        }
        all
    };
    pages::slice(call, plan, sort, visible)
}

fn name(version: &Version<Contact>, part: &str) -> String {
    version
        .value
        .fields
        .get("names")
        .and_then(|names| names.first()?.get(part)?.as_str())
        .unwrap_or_default()
        .to_lowercase()
}
