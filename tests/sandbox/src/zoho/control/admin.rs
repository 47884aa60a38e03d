//! What an administrator does: fields, rights, workflow rules.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Who;
use crate::control::{ControlError, ControlResult};
use crate::zoho::field::{self, Permission};
use crate::zoho::id::Id;
use crate::zoho::metadata::people::PERMISSIONS;
use crate::zoho::org::Org;
use crate::zoho::refusal::Refusal;
use crate::zoho::state::Zoho;
use crate::zoho::workflow::Workflow;

/// What is to become of a user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    time_zone: String,
}

/// Changes a user's time zone, to a name that nobody knows as well.
pub(super) async fn change_user(
    State(zoho): State<Arc<Zoho>>,
    Path(email): Path<String>,
    Json(UserChange { time_zone }): Json<UserChange>,
) -> ControlResult {
    let mut state = zoho.state();
    let found = state.find_user(Some(&email));
    let (index, id) = found.ok_or_else(|| ControlError::not_found(format!("user {email}")))?;
    let users = &mut state.orgs[index].users;
    if let Some(user) = users.iter_mut().find(|user| user.id == id) {
        user.time_zone = time_zone;
    }
    Ok(Json(json!({})))
}

/// A custom field to be added.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewField {
    api_name: String,
    label: Option<String>,
    length: Option<usize>,
}

/// Adds a custom text field.
pub(super) async fn add_field(
    State(zoho): State<Arc<Zoho>>,
    Path(module): Path<String>,
    Query(who): Query<Who>,
    Json(wanted): Json<NewField>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &mut state.orgs[index];
    let label = wanted
        .label
        .unwrap_or_else(|| wanted.api_name.replace('_', " "));
    let field = field::custom_text(
        &mut org.ids,
        &wanted.api_name,
        &label,
        wanted.length.unwrap_or(255),
    );
    let module = org.module_mut(&module).ok_or_else(Refusal::module)?;
    if module.field(&wanted.api_name).is_some() {
        return Err(ControlError::bad_request("there is a field of this name"));
    }
    let answer = json!({"id": field.id});
    module.fields.push(field);
    Ok(Json(answer))
}

/// What is to become of a field; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldChange {
    /// `read_write`, `read_only` or `hidden`.
    permission: Option<Permission>,
    /// Name of the profile that `permission` is for; absent means all.
    profile: Option<String>,
    unique: Option<bool>,
    mandatory: Option<bool>,
    length: Option<usize>,
}

/// Changes a field.
pub(super) async fn change_field(
    State(zoho): State<Arc<Zoho>>,
    Path((module, api_name)): Path<(String, String)>,
    Query(who): Query<Who>,
    Json(change): Json<FieldChange>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &mut state.orgs[index];
    let profiles = profiles(org, change.profile.as_deref())?;
    let module = org.module_mut(&module).ok_or_else(Refusal::module)?;
    let field = module
        .field_mut(&api_name)
        .ok_or_else(|| ControlError::not_found(format!("field {api_name}")))?;
    if let Some(permission) = change.permission {
        field
            .permissions
            .extend(profiles.into_iter().map(|profile| (profile, permission)));
    }
    field.unique = change.unique.unwrap_or(field.unique);
    field.mandatory = change.mandatory.unwrap_or(field.mandatory);
    field.length = change.length.unwrap_or(field.length);
    Ok(Json(json!({})))
}

/// Removes a custom field; the values in it are gone.
pub(super) async fn remove_field(
    State(zoho): State<Arc<Zoho>>,
    Path((module, api_name)): Path<(String, String)>,
    Query(who): Query<Who>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let module = state.orgs[index]
        .module_mut(&module)
        .ok_or_else(Refusal::module)?;
    let custom = module.field(&api_name).map(|field| field.custom);
    match custom {
        None => Err(ControlError::not_found(format!("field {api_name}"))),
        Some(false) => Err(ControlError::bad_request(
            "only custom fields can be removed",
        )),
        Some(true) => {
            module.fields.retain(|field| field.api_name != api_name);
            Ok(Json(json!({})))
        }
    }
}

/// Every permission of every profile.
pub(super) async fn permissions(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    let profiles: Vec<Value> = state.orgs[index]
        .profiles
        .iter()
        .map(|profile| {
            let names = PERMISSIONS.iter().map(|(name, _, _)| *name);
            let (denied, allowed): (Vec<&str>, Vec<&str>) =
                names.partition(|name| profile.denied.contains(*name));
            json!({"profile": profile.name, "allowed": allowed, "denied": denied})
        })
        .collect();
    Ok(Json(json!({"profiles": profiles})))
}

/// A right to be given or taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permit {
    allowed: bool,
    /// Name of the profile; absent means all.
    profile: Option<String>,
}

/// Switches a permission.
pub(super) async fn permit(
    State(zoho): State<Arc<Zoho>>,
    Path(name): Path<String>,
    Query(who): Query<Who>,
    Json(permit): Json<Permit>,
) -> ControlResult {
    if !PERMISSIONS.iter().any(|(known, _, _)| *known == name) {
        return Err(ControlError::not_found(format!("permission {name}")));
    }
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &mut state.orgs[index];
    let wanted = profiles(org, permit.profile.as_deref())?;
    for profile in org
        .profiles
        .iter_mut()
        .filter(|profile| wanted.contains(&profile.id))
    {
        if permit.allowed {
            profile.denied.remove(&name);
        } else {
            profile.denied.insert(name.clone());
        }
    }
    Ok(Json(json!({})))
}

fn profiles(org: &Org, name: Option<&str>) -> Result<Vec<Id>, ControlError> {
    let found: Vec<Id> = org
        .profiles
        .iter()
        .filter(|profile| name.is_none_or(|name| profile.name == name))
        .map(|profile| profile.id)
        .collect();
    if found.is_empty() {
        return Err(ControlError::not_found("profile of this name"));
    }
    Ok(found)
}

/// The workflow rules.
pub(super) async fn workflows(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    Ok(Json(json!({"workflows": state.orgs[index].workflows})))
}

/// Replaces the workflow rules.
pub(super) async fn set_workflows(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
    Json(rules): Json<Vec<Workflow>>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &mut state.orgs[index];
    for rule in &rules {
        let module = org.module(&rule.module).ok_or_else(Refusal::module)?;
        if let Some(unknown) = rule.set.keys().find(|name| module.field(name).is_none()) {
            return Err(ControlError::not_found(format!("field {unknown}")));
        }
    }
    org.workflows = rules;
    Ok(Json(json!({})))
}
