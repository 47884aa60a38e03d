//! Accounts, grants, service accounts.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::Controlled;
use crate::control::{ControlError, ControlResult};
use crate::google::calendar::TIME_ZONE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    email: String,
    name: String,
    /// IANA name; of the primary calendar.
    time_zone: Option<String>,
}

/// Adds an account; answers its credentials.
pub(super) async fn add_account(
    State(Controlled(google)): State<Controlled>,
    Json(new): Json<NewAccount>,
) -> ControlResult {
    let mut state = google.state();
    let zone = new.time_zone.as_deref().unwrap_or(TIME_ZONE);
    state.add_account(&new.email, &new.name, zone);
    let found = state
        .account_credentials()
        .into_iter()
        .find(|account| account["email"] == new.email.as_str());
    Ok(Json(json!(found)))
}

/// The owner withdraws every grant of one account.
pub(super) async fn revoke(
    State(Controlled(google)): State<Controlled>,
    Path(email): Path<String>,
) -> ControlResult {
    let mut state = google.state();
    if !state.accounts.contains_key(&email) {
        return Err(ControlError::not_found(format!("account {email}")));
    }
    state.grants.revoke_account(&email);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewServiceAccount {
    /// Scopes that the administrator delegates; none leaves the account unauthorised.
    #[serde(default)]
    scopes: BTreeSet<String>,
}

/// Makes a service account; answers its key file.
pub(super) async fn add_service_account(
    State(Controlled(google)): State<Controlled>,
    Json(new): Json<NewServiceAccount>,
) -> ControlResult {
    let mut state = google.state();
    let token_uri = format!("{}/token", state.base_url);
    state
        .service_accounts
        .create(new.scopes, &token_uri)
        .map(Json)
        .map_err(ControlError::internal)
}
