//! Reading and writing one person, and `people:batchGet`.

use serde_json::{Value, json};

use super::{Call, Reply, too_many};
use crate::google::error::GoogleError;
use crate::google::masks::{Mask, READABLE};
use crate::google::person::{Draft, Sources, View, own_profile, person};

const PAGE: &str = "people/get";
const BATCH_GET: usize = 200;

/// `people.get`; `people/me` is the owner's own profile.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let view = read_view(call)?;
    let name = call.person_name();
    found(call, &name, &view)
        .map(Reply::read)
        .ok_or_else(GoogleError::not_found)
}

/// `people.getBatchGet`: an answer per name, found or not.
pub(super) fn batch_get(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let view = read_view(call)?;
    let mut names: Vec<&str> = Vec::new();
    for name in call.query.all("resourceNames") {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Err(GoogleError::bad_field(
            "resource_names",
            "resourceNames must not be empty.",
        ));
    }
    if names.len() > BATCH_GET {
        return Err(too_many("resource_names", BATCH_GET));
    }
    let mut responses: Vec<Value> = names
        .iter()
        .map(|name| match found(call, name, &view) {
            Some(person) => json!({
                "httpStatusCode": 200, "person": person, "requestedResourceName": name, "status": {},
            }),
            None => json!({
                "httpStatusCode": 404, "requestedResourceName": name,
                "status": GoogleError::not_found().status_message(),
            }),
        })
        .collect();
    if call.settings.reorder {
        call.dice.shuffle(&mut responses);
    }
    Ok(Reply::read(json!({ "responses": responses })))
}

/// `people.createContact`: always a new contact, whoever is there already.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let view = write_view(call)?;
    let draft = create_draft(call, call.body, "person")?;
    let key = call
        .account
        .create_contact(draft, call.settings.contact_cap, call.now)?;
    Ok(written(call, key, &view))
}

/// `people.updateContact`.
pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = Mask::update(
        call.query.text("updatePersonFields"),
        "updatePersonFields",
        "people/updateContact",
    )?;
    let view = write_view(call)?;
    let draft = Draft::parse(call.body, "person")?;
    let name = call.person_name();
    let key = call
        .account
        .update_contact(&name, &draft, &mask, call.now)?;
    Ok(written(call, key, &view))
}

/// `people.deleteContact`; it takes no precondition.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let name = call.person_name();
    call.account.delete_contact(&name, call.now)?;
    Ok(Reply::wrote(json!({}), vec![name]))
}

/// A contact to create. Memberships are refused unless the settings accept them.
pub(super) fn create_draft(call: &Call<'_>, body: &Value, at: &str) -> Result<Draft, GoogleError> {
    let draft = Draft::parse(body, at)?;
    if draft.groups.is_some() && !call.settings.memberships_on_create {
        return Err(GoogleError::bad_field(
            &format!("{at}.memberships"),
            "Memberships cannot be set when a contact is created.",
        ));
    }
    Ok(draft)
}

/// The true state of a contact that was just written.
pub(super) fn shown(call: &Call<'_>, key: u64, view: &View) -> Option<Value> {
    let version = call.account.contacts.truth(key)?;
    Some(person(key, version, view))
}

fn written(call: &Call<'_>, key: u64, view: &View) -> Reply {
    let name = call
        .account
        .contacts
        .truth(key)
        .map(|version| version.value.resource_name());
    Reply::wrote(
        shown(call, key, view).unwrap_or_default(),
        name.into_iter().collect(),
    )
}

/// A person as reads see it now, by any name it has or had.
fn found(call: &Call<'_>, name: &str, view: &View) -> Option<Value> {
    let account = &call.account;
    if name == "people/me" || name == format!("people/{}", account.id) {
        return Some(own_profile(
            &account.id,
            &account.name,
            &account.email,
            &view.mask,
        ));
    }
    let key = account.contact_key(name)?;
    let horizon = account.contacts.horizon(call.get_moment());
    let version = account.contacts.seen(key, horizon)?;
    (!version.deleted).then(|| person(key, version, view))
}

fn read_view(call: &Call<'_>) -> Result<View, GoogleError> {
    let mask = Mask::required(
        call.query.text("personFields"),
        "personFields",
        PAGE,
        READABLE,
    )?;
    let sources = Sources::parse(call.query.all("sources"))?;
    Ok(View {
        rotation: call.rotation(),
        ..View::of(mask, sources)
    })
}

/// The view of an answer to a write: everything, unless the call says otherwise.
fn write_view(call: &Call<'_>) -> Result<View, GoogleError> {
    let mask = Mask::or_everything(
        call.query.text("personFields"),
        "personFields",
        PAGE,
        READABLE,
    )?;
    let sources = Sources::parse(call.query.all("sources"))?;
    Ok(View::of(mask, sources))
}
