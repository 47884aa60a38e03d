//! Contact groups.

use serde_json::{Value, json};

use super::pages::{self, Plan};
use super::{Call, Reply, check_members, too_many};
use crate::google::error::GoogleError;
use crate::google::group;
use crate::google::masks::{GROUP_READABLE, Mask};

const MOST: usize = 1000;
const DEFAULT: usize = 30;
const BATCH_GET: usize = 200;
/// Ceiling of `maxMembers`; none is published.
const MOST_MEMBERS: usize = 1_000_000;

/// `contactGroups.list`: the next sync token comes without being asked for.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = mask(call)?;
    let plan = Plan {
        collection: "contactGroups",
        parameters: &[&mask.canonical()],
        size: call.query.number("pageSize", DEFAULT, MOST)?,
        wants_sync: true,
    };
    let page = pages::read(call, &call.account.groups, &plan)?;
    let groups: Vec<Value> = page
        .items
        .iter()
        .map(|version| {
            let name = version.value.resource_name();
            let key = call.account.group_key(&name).unwrap_or_default();
            if version.deleted {
                group::tombstone(key, version)
            } else {
                group::view(key, version, call.account.member_count(&name), &mask)
            }
        })
        .collect();
    let mut answer = json!({});
    if !groups.is_empty() {
        answer["contactGroups"] = json!(groups);
    }
    if !page.delta {
        answer["totalItems"] = json!(call.account.groups.live(page.horizon).count());
    }
    if let Some(token) = page.next {
        answer["nextPageToken"] = json!(token);
    }
    if let Some(token) = page.next_sync {
        answer["nextSyncToken"] = json!(token);
    }
    Ok(Reply::read(answer))
}

/// `contactGroups.get`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = mask(call)?;
    let members = call.query.number("maxMembers", 0, MOST_MEMBERS)?;
    let name = call.group_name();
    found(call, &name, &mask, members)
        .map(Reply::read)
        .ok_or_else(GoogleError::not_found)
}

/// `contactGroups.batchGet`.
pub(super) fn batch_get(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let mask = mask(call)?;
    let members = call.query.number("maxMembers", 0, MOST_MEMBERS)?;
    let names: Vec<&str> = call.query.all("resourceNames").collect();
    if names.is_empty() || names.len() > BATCH_GET {
        return Err(too_many("resource_names", BATCH_GET));
    }
    let responses: Vec<Value> = names
        .iter()
        .map(|name| match found(call, name, &mask, members) {
            Some(group) => json!({
                "contactGroup": group, "requestedResourceName": name, "status": {},
            }),
            None => json!({
                "requestedResourceName": name, "status": GoogleError::not_found().status_message(),
            }),
        })
        .collect();
    Ok(Reply::read(json!({ "responses": responses })))
}

/// `contactGroups.create`; a title that is taken is a 409.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["contactGroup", "readGroupFields"])?;
    let mask = body_mask(call)?;
    let title = title(call.body)?;
    let name = call.account.create_group(&title, call.now)?;
    if let Some(entries) = call.body["contactGroup"]["clientData"].as_array() {
        let entries = entries.clone();
        change(call, &name, |group| group.client_data = entries)?;
    }
    written(call, name, &mask)
}

/// `contactGroups.update`: the title, and application data if the mask says so.
pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(
        call.body,
        &["contactGroup", "readGroupFields", "updateGroupFields"],
    )?;
    let mask = body_mask(call)?;
    let fields = Mask::or_everything(
        call.body["updateGroupFields"].as_str(),
        "updateGroupFields",
        "contactGroups/update",
        &["name", "clientData"],
    )?;
    let name = call.group_name();
    call.account.group(&name)?.1.value.check_user_owned()?;
    if fields.has("name") {
        let title = title(call.body)?;
        if !call.account.group(&name)?.1.value.is_titled(&title) {
            call.account.check_title(&title)?;
        }
        change(call, &name, |group| group.title = title)?;
    }
    if let Some(entries) = call.body["contactGroup"]["clientData"].as_array()
        && fields.has("clientData")
    {
        let entries = entries.clone();
        change(call, &name, |group| group.client_data = entries)?;
    }
    written(call, name, &mask)
}

/// `contactGroups.delete`, with or without the contacts in it.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let with_contacts = call.query.flag("deleteContacts")?;
    let name = call.group_name();
    call.account.group(&name)?.1.value.check_user_owned()?;
    let mut written = call.account.delete_group(&name, with_contacts, call.now)?;
    written.push(name);
    Ok(Reply::wrote(json!({}), written))
}

fn change(
    call: &mut Call<'_>,
    name: &str,
    edit: impl FnOnce(&mut group::Group),
) -> Result<(), GoogleError> {
    let (key, version) = call.account.group(name)?;
    let mut group = version.value.as_ref().clone();
    edit(&mut group);
    call.account.put_group(key, group, call.now);
    Ok(())
}

fn written(call: &Call<'_>, name: String, mask: &Mask) -> Result<Reply, GoogleError> {
    let (key, version) = call.account.group(&name)?;
    let view = group::view(key, version, call.account.member_count(&name), mask);
    Ok(Reply::wrote(view, vec![name]))
}

/// A group as reads see it now.
fn found(call: &Call<'_>, name: &str, mask: &Mask, members: usize) -> Option<Value> {
    let account = &call.account;
    let key = account.group_key(name)?;
    let horizon = account.groups.horizon(call.get_moment());
    let version = account.groups.seen(key, horizon)?;
    if version.deleted {
        return None;
    }
    let mut view = group::view(key, version, account.member_count(name), mask);
    let names: Vec<String> = account
        .members(name)
        .take(members)
        .filter_map(|key| account.contacts.truth(key))
        .map(|contact| contact.value.resource_name())
        .collect();
    if !names.is_empty() {
        view["memberResourceNames"] = json!(names);
    }
    Some(view)
}

fn mask(call: &Call<'_>) -> Result<Mask, GoogleError> {
    Mask::or_everything(
        call.query.text("groupFields"),
        "groupFields",
        "contactGroups/list",
        GROUP_READABLE,
    )
}

fn body_mask(call: &Call<'_>) -> Result<Mask, GoogleError> {
    Mask::or_everything(
        call.body["readGroupFields"].as_str(),
        "readGroupFields",
        "contactGroups/create",
        GROUP_READABLE,
    )
}

fn title(body: &Value) -> Result<String, GoogleError> {
    body["contactGroup"]["name"]
        .as_str()
        .map(str::trim)
        .filter(|title| !title.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| {
            GoogleError::bad_field(
                "contact_group.name",
                "Contact group name must not be empty.",
            )
        })
}
