//! `contactGroups.members.modify`: what cannot be done is named in a 200.

use serde_json::json;

use super::{Call, Reply, check_members, names, too_many};
use crate::google::error::GoogleError;
use crate::google::group::can_be_added_to;

const MOST: usize = 1000;

/// Adds contacts to a group and removes others from it.
pub(super) fn modify(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["resourceNamesToAdd", "resourceNamesToRemove"])?;
    let to_add = names(call.body, "resourceNamesToAdd")?;
    let to_remove = names(call.body, "resourceNamesToRemove")?;
    if to_add.len() + to_remove.len() > MOST {
        return Err(too_many("resource_names", MOST));
    }
    let group = call.group_name();
    call.account.group(&group)?;
    if !to_add.is_empty() && !can_be_added_to(&group) {
        return Err(GoogleError::invalid(
            "Contacts cannot be added to this system contact group.",
        ));
    }
    let mut outcome = Outcome::default();
    for name in to_add {
        add(call, &group, name, &mut outcome)?;
    }
    for name in to_remove {
        remove(call, &group, name, &mut outcome)?;
    }
    let mut body = json!({});
    if !outcome.not_found.is_empty() {
        body["notFoundResourceNames"] = json!(outcome.not_found);
    }
    if !outcome.last_group.is_empty() {
        body["canNotRemoveLastContactGroupResourceNames"] = json!(outcome.last_group);
    }
    Ok(Reply::wrote(body, outcome.written))
}

#[derive(Default)]
struct Outcome {
    written: Vec<String>,
    not_found: Vec<String>,
    last_group: Vec<String>,
}

fn add(
    call: &mut Call<'_>,
    group: &str,
    name: String,
    outcome: &mut Outcome,
) -> Result<(), GoogleError> {
    let Ok((key, version)) = call.account.contact(&name) else {
        outcome.not_found.push(name);
        return Ok(());
    };
    if !version.value.groups.contains(group) {
        call.account.edit_contact(key, call.now, |contact| {
            contact.groups.insert(group.to_owned());
        })?;
        outcome.written.push(name);
    }
    Ok(())
}

fn remove(
    call: &mut Call<'_>,
    group: &str,
    name: String,
    outcome: &mut Outcome,
) -> Result<(), GoogleError> {
    let Ok((key, version)) = call.account.contact(&name) else {
        outcome.not_found.push(name);
        return Ok(());
    };
    if !version.value.groups.contains(group) {
        return Ok(());
    }
    if version.value.groups.len() == 1 {
        outcome.last_group.push(name);
        return Ok(());
    }
    call.account.edit_contact(key, call.now, |contact| {
        contact.groups.remove(group);
    })?;
    outcome.written.push(name);
    Ok(())
}
