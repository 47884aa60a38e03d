//! Calendars, as people make, share, list and drop them; notification channels, as nobody sees them.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Whose};
use crate::control::{ControlError, ControlResult};
use crate::google::calendar::{CalendarError, Role, control as on_calendars};
use crate::google::state::State as Stored;

impl From<CalendarError> for ControlError {
    fn from(error: CalendarError) -> Self {
        Self::new(error.status(), error.message())
    }
}

impl Whose {
    /// The address of the account, if there is one.
    pub(super) fn email(&self, state: &Stored) -> Result<String, ControlError> {
        let email = self.account.as_deref().unwrap_or(Stored::default_account());
        if state.accounts.contains_key(email) {
            Ok(email.to_owned())
        } else {
            Err(ControlError::not_found(format!("account {email}")))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCalendar {
    summary: String,
    /// IANA name; absent means that of the primary calendar.
    time_zone: Option<String>,
}

/// Makes a secondary calendar.
pub(super) async fn create(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
    Json(new): Json<NewCalendar>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (made, _) = google.act(&email, false, true, |act| {
        on_calendars::create(act, &new.summary, new.time_zone.as_deref())
    });
    Ok(Json(json!({ "id": made? })))
}

/// The calendars in an account's list.
pub(super) async fn list(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (listed, _) = google.act(&email, false, true, |act| on_calendars::listed(act));
    Ok(Json(json!({ "calendars": listed })))
}

/// Deletes a secondary calendar.
pub(super) async fn delete(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (deleted, _) = google.act(&email, false, true, |act| on_calendars::delete(act, &id));
    deleted?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    /// Null takes the right away.
    role: Option<Role>,
}

/// Gives an account a role, or takes it away. Every sync token of the calendar dies.
pub(super) async fn share(
    State(Controlled(google)): State<Controlled>,
    Path((id, account)): Path<(String, String)>,
    Query(whose): Query<Whose>,
    Json(Share { role }): Json<Share>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (shared, _) = google.act(&email, false, true, |act| {
        on_calendars::share(act, &id, &account, role)
    });
    shared?;
    Ok(Json(json!({})))
}

/// Puts a calendar that was shared into the account's list, or changes its entry.
pub(super) async fn put_entry(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(entry): Json<Value>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (put, _) = google.act(&email, false, true, |act| {
        on_calendars::put_entry(act, &id, &entry)
    });
    put?;
    Ok(Json(json!({})))
}

/// Takes a calendar off the account's list.
pub(super) async fn drop_entry(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (dropped, _) = google.act(&email, false, true, |act| {
        on_calendars::drop_entry(act, &id)
    });
    dropped?;
    Ok(Json(json!({})))
}

/// The channels that are open.
pub(super) async fn channels(State(Controlled(google)): State<Controlled>) -> Json<Value> {
    let now = google.now();
    Json(json!({ "channels": google.state().calendars.open_channels(now) }))
}

/// Every channel is gone without a word.
pub(super) async fn expire_channels(State(Controlled(google)): State<Controlled>) -> Json<Value> {
    google.state().calendars.expire_channels();
    Json(json!({}))
}

/// The notifications that were sent, oldest first.
pub(super) async fn notifications(State(Controlled(google)): State<Controlled>) -> Json<Value> {
    Json(json!({ "notifications": google.state().calendars.notifications() }))
}
