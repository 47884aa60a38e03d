//! "Other contacts": people the owner has written to but not saved.

use serde_json::{Value, json};

use super::pages::{self, Plan};
use super::people::shown;
use super::{Call, Reply, check_members, names};
use crate::google::error::GoogleError;
use crate::google::ledger::Version;
use crate::google::masks::{Mask, OTHER_READABLE, READABLE};
use crate::google::person::{Contact, Draft, Sources, View, deleted_person, field_name, person};

const MOST: usize = 1000;
const DEFAULT: usize = 100;
const COPYABLE: &[&str] = &["emailAddresses", "names", "phoneNumbers"];

/// `otherContacts.list`.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = Mask::required(
        call.query.text("readMask"),
        "readMask",
        "otherContacts/list",
        OTHER_READABLE,
    )?;
    let sources = call.query.all("sources").collect::<Vec<_>>().join(",");
    let plan = Plan {
        collection: "otherContacts",
        parameters: &[&mask.canonical(), &sources],
        size: call.query.number("pageSize", DEFAULT, MOST)?,
        wants_sync: call.query.flag("requestSyncToken")?,
    };
    let page = pages::read(call, &call.account.others, &plan)?;
    let view = View::of(
        mask,
        Sources {
            contact: true,
            profile: false,
        },
    );
    let people: Vec<Value> = page
        .items
        .iter()
        .map(|version| other(version, &view))
        .collect();
    let mut answer = json!({});
    if !people.is_empty() {
        answer["otherContacts"] = json!(people);
    }
    if !page.delta {
        answer["totalSize"] = json!(call.account.others.live(page.horizon).count());
    }
    if let Some(token) = page.next {
        answer["nextPageToken"] = json!(token);
    }
    if let Some(token) = page.next_sync {
        answer["nextSyncToken"] = json!(token);
    }
    Ok(Reply::read(answer))
}

/// `otherContacts.copyOtherContactToMyContactsGroup`: a contact with the fields of the copy mask.
pub(super) fn copy(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["copyMask", "readMask", "sources"])?;
    let copy_mask = Mask::required(
        call.body["copyMask"].as_str(),
        "copyMask",
        "otherContacts/copyOtherContactToMyContactsGroup",
        COPYABLE,
    )?;
    let mask = Mask::or_everything(
        call.body["readMask"].as_str(),
        "readMask",
        "otherContacts/copyOtherContactToMyContactsGroup",
        READABLE,
    )?;
    let sources = names(call.body, "sources")?;
    let sources = Sources::parse(sources.iter().map(String::as_str))?;
    let original = call
        .account
        .others
        .all()
        .find(|version| !version.deleted && version.value.source_id == call.segment)
        .ok_or_else(GoogleError::not_found)?;
    let mut draft = Draft::default();
    for field in copy_mask.paths().filter_map(field_name) {
        if let Some(items) = original.value.fields.get(field) {
            draft.fields.insert(field, items.clone());
        }
    }
    let key = call
        .account
        .create_contact(draft, call.settings.contact_cap, call.now)?;
    let person = shown(call, key, &View::of(mask, sources)).unwrap_or_default();
    let written = person["resourceName"].as_str().map(str::to_owned);
    Ok(Reply::wrote(person, written.into_iter().collect()))
}

/// The same shape as a contact, under `otherContacts/` and with another source type.
fn other(version: &Version<Contact>, view: &View) -> Value {
    let mut shown = if version.deleted {
        deleted_person(0, version, view)
    } else {
        person(0, version, view)
    };
    shown["resourceName"] = json!(format!("otherContacts/{}", version.value.source_id));
    let sources = shown.pointer_mut("/metadata/sources");
    for source in sources.and_then(Value::as_array_mut).into_iter().flatten() {
        source["type"] = json!("OTHER_CONTACT");
    }
    shown
}
