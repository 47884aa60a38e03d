//! Groups, as people make, rename and remove them.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::json;

use super::{Controlled, Whose, group_name, refused};
use crate::control::ControlResult;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Title {
    name: String,
}

pub(super) async fn create(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
    Json(title): Json<Title>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let name = whose
        .account(&mut state)?
        .create_group(&title.name, now)
        .map_err(refused)?;
    Ok(Json(json!({ "resource_name": name })))
}

pub(super) async fn rename(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(title): Json<Title>,
) -> ControlResult {
    let now = google.now();
    let mut state = google.state();
    let account = whose.account(&mut state)?;
    let name = group_name(account, &id)?;
    let (key, version) = account.group(&name).map_err(refused)?;
    let mut group = version.value.as_ref().clone();
    group.title = title.name;
    account.put_group(key, group, now);
    Ok(Json(json!({ "resource_name": name })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    account: Option<String>,
    /// Whether the contacts go with the group.
    #[serde(default)]
    contacts: bool,
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
    let name = group_name(account, &id)?;
    let touched = account
        .delete_group(&name, removal.contacts, now)
        .map_err(refused)?;
    Ok(Json(json!({ "resource_name": name, "contacts": touched })))
}
