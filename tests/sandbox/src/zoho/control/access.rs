//! Organisations, grants, channels, credits.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Who;
use crate::control::{ControlError, ControlResult};
use crate::zoho::oauth::grants::Consent;
use crate::zoho::start;
use crate::zoho::state::Zoho;

/// The organisations with their users.
pub(super) async fn organisations(State(zoho): State<Arc<Zoho>>) -> Json<Value> {
    let state = zoho.state();
    let rows: Vec<Value> = state
        .orgs
        .iter()
        .map(|org| {
            let users: Vec<Value> = org
                .users
                .iter()
                .map(
                    |user| json!({"id": user.id, "email": user.email, "time_zone": user.time_zone}),
                )
                .collect();
            json!({"zgid": org.zgid, "company": org.company, "users": users})
        })
        .collect();
    Json(json!({"organisations": rows}))
}

/// A user of an organisation that is to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganisation {
    email: String,
}

/// Opens an organisation; answers its administrator's credentials.
pub(super) async fn open(
    State(zoho): State<Arc<Zoho>>,
    Json(NewOrganisation { email }): Json<NewOrganisation>,
) -> ControlResult {
    let mut state = zoho.state();
    if state.find_user(Some(&email)).is_some() {
        return Err(ControlError::bad_request("there is a user of this address"));
    }
    let (org, refresh_token) = state.open(&email);
    Ok(Json(
        json!({"email": email, "org": org, "refresh_token": refresh_token}),
    ))
}

/// From where a list goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// Callbacks that were sent, oldest first: when, for which records, and what the client answered.
pub(super) async fn callbacks(
    State(zoho): State<Arc<Zoho>>,
    Query(After { after }): Query<After>,
) -> Json<Value> {
    Json(json!({"callbacks": zoho.sent().after(after)}))
}

/// Live and expired channels that were not removed.
pub(super) async fn channels(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    let rows: Vec<Value> = state.orgs[index]
        .channels
        .values()
        .map(|channel| {
            let events: Vec<String> = channel
                .events
                .iter()
                .map(|event| format!("{}.{}", event.module, event.operation))
                .collect();
            json!({
                "channel_id": channel.id, "notify_url": channel.notify_url.as_str(), "expiry": channel.expiry,
                "events": events, "token": channel.token,
            })
        })
        .collect();
    Ok(Json(json!({"channels": rows})))
}

/// Every channel expires at once, without a word to its client.
pub(super) async fn expire_channels(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    state.orgs[index].channels.clear();
    Ok(Json(json!({})))
}

/// Refresh tokens, oldest first.
pub(super) async fn grants(State(zoho): State<Arc<Zoho>>) -> Json<Value> {
    let state = zoho.state();
    let rows: Vec<Value> = state
        .grants
        .list()
        .map(|(refresh_token, consent)| {
            let user = state.orgs[consent.org].user(consent.user);
            json!({
                "refresh_token": refresh_token, "scope": consent.scope, "org": consent.org,
                "user": user.map(|user| user.email.clone()),
            })
        })
        .collect();
    Json(json!({"grants": rows}))
}

/// A consent that is given without a browser.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// E-mail address; absent means the default user.
    user: Option<String>,
    /// Absent means every scope.
    scope: Option<String>,
}

/// A refresh token without the consent page.
pub(super) async fn grant(
    State(zoho): State<Arc<Zoho>>,
    Json(wanted): Json<NewGrant>,
) -> ControlResult {
    let refresh_token = format!("1000.{}", zoho.shared.dice.token());
    let mut state = zoho.state();
    let found = state.find_user(wanted.user.as_deref());
    let (org, user) = found.ok_or_else(|| ControlError::not_found("user of this address"))?;
    let consent = Consent {
        client_id: start::CLIENT_ID.to_owned(),
        org,
        user,
        scope: wanted.scope.unwrap_or_else(|| start::SCOPE.to_owned()),
    };
    state.grants.install(refresh_token.clone(), consent);
    Ok(Json(json!({"refresh_token": refresh_token})))
}

/// Withdraws one refresh token with its access tokens.
pub(super) async fn revoke(
    State(zoho): State<Arc<Zoho>>,
    Path(token): Path<String>,
) -> ControlResult {
    if zoho.state().grants.revoke(&token) {
        Ok(Json(json!({})))
    } else {
        Err(ControlError::not_found("grant of this token"))
    }
}

/// Credits spent within the last day.
pub(super) async fn credits(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let spent = state.orgs[index].credits.spent(zoho.shared.clock.now());
    Ok(Json(
        json!({"spent": spent, "ceiling": state.settings.credits_per_day}),
    ))
}
