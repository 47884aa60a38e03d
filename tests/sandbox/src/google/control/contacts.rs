//! Contacts, as people type, edit, copy, merge and delete them.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Whose, contact_key, group_name, refused, typed_groups};
use crate::control::{ControlError, ControlResult};
use crate::google::account::Account;
use crate::google::group::MY_CONTACTS;
use crate::google::masks::{Mask, READABLE};
use crate::google::person::{Draft, Profile, Sources, View, field_name, person};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewContact {
    person: Value,
    /// Titles, ids or resource names.
    #[serde(default)]
    groups: Vec<String>,
}

pub(super) async fn create(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
    Json(new): Json<NewContact>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let mut draft = Draft::parse(&new.person, "person").map_err(refused)?;
    draft.groups = Some(typed_groups(account, &new.groups)?);
    let key = account
        .create_contact(draft, usize::MAX, now)
        .map_err(refused)?;
    shown(account, key)
}

pub(super) async fn show(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let key = contact_key(account, &id)?;
    shown(account, key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The fields to replace; an empty list clears one.
    person: serde_json::Map<String, Value>,
}

pub(super) async fn edit(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(edit): Json<Edit>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let key = contact_key(account, &id)?;
    replace(account, key, edit.person, now)?;
    shown(account, key)
}

/// One of many edits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneOfMany {
    /// Address of the account; absent means the first one.
    account: Option<String>,
    id: String,
    /// The fields to replace; an empty list clears one.
    person: serde_json::Map<String, Value>,
}

/// Edits contacts of many accounts.
pub(super) async fn edit_many(
    State(Controlled(google)): State<Controlled>,
    Json(edits): Json<Vec<OneOfMany>>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let edited = edits.len();
    for edit in edits {
        let whose = Whose {
            account: edit.account,
        };
        let account = whose.account(&mut state)?;
        let key = contact_key(account, &edit.id)?;
        replace(account, key, edit.person, now)?;
    }
    Ok(Json(json!({ "edited": edited })))
}

/// Replaces fields of a contact; an empty list clears one.
fn replace(
    account: &mut Account,
    key: u64,
    person: serde_json::Map<String, Value>,
    now: i64,
) -> Result<(), ControlError> {
    let named: Vec<&'static str> = person.keys().filter_map(|name| field_name(name)).collect();
    let draft = Draft::parse(&Value::Object(person), "person").map_err(refused)?;
    account
        .edit_contact(key, now, |contact| {
            for field in named {
                match draft.items(field) {
                    items if items.is_empty() => contact.fields.remove(field),
                    items => contact.fields.insert(field, items),
                };
            }
        })
        .map_err(refused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    account: Option<String>,
    /// Out of the trash as well.
    #[serde(default)]
    purge: bool,
}

pub(super) async fn remove(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(removal): Query<Removal>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let whose = Whose {
        account: removal.account,
    };
    let account = whose.account(&mut state)?;
    let key = contact_key(account, &id)?;
    let name = format!("people/{id}");
    if account.contact(&name).is_ok() {
        account.delete_contact(&name, now).map_err(refused)?;
    }
    if removal.purge {
        account.purge_contact(key).map_err(refused)?;
    }
    Ok(Json(json!({})))
}

pub(super) async fn restore(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let key = contact_key(account, &id)?;
    account.restore_contact(key, now).map_err(refused)?;
    shown(account, key)
}

/// Duplicates a contact with everything in it, application data included.
pub(super) async fn copy(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let (_, version) = account.contact(&format!("people/{id}")).map_err(refused)?;
    let draft = Draft {
        fields: version.value.fields.clone(),
        groups: Some(version.value.groups.iter().cloned().collect()),
        ..Draft::default()
    };
    let key = account
        .create_contact(draft, usize::MAX, now)
        .map_err(refused)?;
    shown(account, key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// Id of the contact that stays.
    into: String,
}

/// "Merge duplicates": the survivor gets the other's items and groups, the other leaves a tombstone and is not in
/// the trash.
pub(super) async fn merge(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(merge): Json<Merge>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    if id == merge.into {
        return Err(ControlError::bad_request(
            "a contact cannot be merged with itself",
        ));
    }
    let name = format!("people/{id}");
    let (loser_key, version) = account.contact(&name).map_err(refused)?;
    let loser = version.value.as_ref().clone();
    let survivor = format!("people/{}", merge.into);
    let (key, _) = account.contact(&survivor).map_err(refused)?;
    account.delete_contact(&name, now).map_err(refused)?;
    account.purge_contact(loser_key).map_err(refused)?;
    account
        .edit_contact(key, now, |contact| {
            for (field, items) in loser.fields {
                let own = contact.fields.entry(field).or_default();
                let singleton = matches!(field, "names" | "birthdays" | "biographies" | "genders");
                for item in items {
                    let room = own.is_empty() || !singleton;
                    if room && !own.contains(&item) {
                        own.push(item);
                    }
                }
            }
            contact.groups.extend(loser.groups);
            contact.previous_names.push(name);
        })
        .map_err(refused)?;
    shown(account, key)
}

/// Gives a contact another resource name.
pub(super) async fn rekey(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let (key, _) = account.contact(&format!("people/{id}")).map_err(refused)?;
    account.rekey_contact(key, now).map_err(refused)?;
    shown(account, key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Linked {
    /// What the profile shows.
    person: Value,
}

/// Links a contact with a profile, whose items are merged into what reads show.
pub(super) async fn link_profile(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(linked): Json<Linked>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let (key, _) = account.contact(&format!("people/{id}")).map_err(refused)?;
    let fields = Draft::parse(&linked.person, "person")
        .map_err(refused)?
        .fields;
    let profile = Profile {
        id: format!("1{key:020}"),
        fields,
    };
    account
        .edit_contact(key, now, |contact| contact.profile = Some(profile))
        .map_err(refused)?;
    shown(account, key)
}

pub(super) async fn unlink_profile(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let (key, _) = account.contact(&format!("people/{id}")).map_err(refused)?;
    account
        .edit_contact(key, now, |contact| contact.profile = None)
        .map_err(refused)?;
    shown(account, key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regroup {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// Puts a contact into groups and takes it out of others. Whoever is in no group is in My Contacts.
pub(super) async fn regroup(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(regroup): Json<Regroup>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let (key, _) = account.contact(&format!("people/{id}")).map_err(refused)?;
    let names = |account: &Account, wanted: &[String]| -> Result<Vec<String>, ControlError> {
        wanted
            .iter()
            .map(|name| group_name(account, name))
            .collect()
    };
    let add = names(account, &regroup.add)?;
    let remove = names(account, &regroup.remove)?;
    account
        .edit_contact(key, now, |contact| {
            contact.groups.extend(add);
            contact.groups.retain(|name| !remove.contains(name));
            if contact.groups.is_empty() {
                contact.groups.insert(MY_CONTACTS.to_owned());
            }
        })
        .map_err(refused)?;
    shown(account, key)
}

/// Adds somebody the owner has written to but not saved.
pub(super) async fn create_other(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
    Json(linked): Json<Linked>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let fields = Draft::parse(&linked.person, "person")
        .map_err(refused)?
        .fields;
    let id = account.add_other(fields, now);
    Ok(Json(
        json!({ "resource_name": format!("otherContacts/{id}") }),
    ))
}

/// The true state of a contact.
fn shown(account: &Account, key: u64) -> ControlResult {
    let everything = View::of(
        Mask::all(READABLE),
        Sources {
            contact: true,
            profile: false,
        },
    );
    let version = account
        .contacts
        .truth(key)
        .ok_or_else(|| ControlError::not_found("such contact"))?;
    let mut contact = person(key, version, &everything);
    contact["deleted"] = json!(version.deleted);
    Ok(Json(contact))
}
