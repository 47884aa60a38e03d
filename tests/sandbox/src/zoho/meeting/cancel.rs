//! `POST /Events/{id}/actions/cancel`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{MODULE, mail};
use crate::zoho::caller::Caller;
use crate::zoho::edit::Edit;
use crate::zoho::id::Id;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::record::Record;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;
use crate::zoho::value::Draft;
use crate::zoho::watch;

/// Calls a meeting off: it stays, marked by `$event_cancelled`, and whoever was invited is told if the body says so. Only
/// a meeting to which somebody was invited and that is not over can be called off ("Cancel a Meeting").
pub(in crate::zoho) async fn cancel(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path((module, id)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    if module != MODULE {
        return Err(Refusal::module());
    }
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let body: Value = serde_json::from_slice(&body)
        .map_err(|_| Refusal::value_type("body", "$", "jsonobject"))?;
    let path = "$.data[0].send_cancelling_mail";
    let tell = body["data"][0]["send_cancelling_mail"].as_bool();
    let tell = tell.ok_or_else(|| Refusal::mandatory("send_cancelling_mail", path))?;
    let mut state = zoho.state();
    let settings = state.settings.clone();
    let org = &mut state.orgs[caller.org];
    caller.may(org, MODULE, Operation::Update)?;
    let meeting = org
        .module(MODULE)
        .and_then(|module| module.records.get(&id));
    let meeting = Arc::clone(meeting.ok_or_else(Refusal::path_id)?);
    if let Some(reason) = hindrance(&meeting, zoho.shared.clock.now()) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "INVALID_DATA",
            "the meeting cannot be cancelled",
            json!({"reason": reason, "id": id}),
        ));
    }
    let letters = if tell {
        mail::called_off(org, &meeting)
    } else {
        Vec::new()
    };
    let mut edit = Edit::new(org, &settings, &zoho.shared, caller.user, false);
    let mut draft = Draft::default();
    draft
        .values
        .insert("$event_cancelled".to_owned(), json!(true));
    edit.update(MODULE, id, draft)?;
    let changes = edit.changes;
    let callbacks =
        watch::callback::for_changes(org, &zoho.base_url(), &changes, zoho.shared.clock.now());
    drop(state);
    watch::callback::send(&zoho, callbacks, &settings);
    let item = json!({
        "code": "SUCCESS", "status": "success", "message": "The event is successfully cancelled", "details": {"id": id},
    });
    let mut response: Response = Json(json!({"data": [item]})).into_response();
    let mut effect = caller.wrote([id]);
    effect.letters = letters;
    response.extensions_mut().insert(effect);
    Ok(response)
}

/// Why a meeting cannot be called off. The first word is unverified.
fn hindrance(meeting: &Record, now: Timestamp) -> Option<&'static str> {
    let values = &meeting.values;
    let participants = values.get("Participants").and_then(Value::as_array);
    let invited = |one: &Value| one["invited"] == true;
    let end = meeting.text("End_DateTime");
    let end = end.and_then(|text| text.parse::<Timestamp>().ok());
    if values.get("$event_cancelled") == Some(&json!(true)) {
        Some("already_cancelled")
    } else if !participants.is_some_and(|list| list.iter().any(invited)) {
        Some("no_participants_invited")
    } else if end.is_some_and(|end| end <= now) {
        Some("completed_meeting")
    } else {
        None
    }
}
