//! Calendars, as people make, share, list and drop them; notification channels, as nobody sees them.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Controlled, Whose};
use crate::control::{ControlError, ControlResult};
use crate::google::Google;
use crate::google::calendar::{Act, CalendarError, Role, control as on_calendars};
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

/// Acts on calendars as a person; answers what the act answers.
pub(super) fn acting(
    google: &Google,
    whose: &Whose,
    work: impl FnOnce(&mut Act<'_>) -> Result<Value, CalendarError>,
) -> ControlResult {
    let email = whose.email(&google.state())?;
    let (answer, _) = google.act(&email, false, true, work);
    Ok(Json(answer?))
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
    acting(&google, &whose, |act| {
        let id = on_calendars::create(act, &new.summary, new.time_zone.as_deref())?;
        Ok(json!({ "id": id }))
    })
}

/// The calendars in an account's list.
pub(super) async fn list(
    State(Controlled(google)): State<Controlled>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    acting(&google, &whose, |act| {
        Ok(json!({ "calendars": on_calendars::listed(act) }))
    })
}

/// Deletes a secondary calendar.
pub(super) async fn delete(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    acting(&google, &whose, |act| {
        on_calendars::delete(act, &id).map(nothing)
    })
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
    acting(&google, &whose, |act| {
        on_calendars::share(act, &id, &account, role).map(nothing)
    })
}

/// Puts a calendar that was shared into the account's list, or changes its entry.
pub(super) async fn put_entry(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
    Json(entry): Json<Value>,
) -> ControlResult {
    acting(&google, &whose, |act| {
        on_calendars::put_entry(act, &id, &entry).map(nothing)
    })
}

/// Takes a calendar off the account's list.
pub(super) async fn drop_entry(
    State(Controlled(google)): State<Controlled>,
    Path(id): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    acting(&google, &whose, |act| {
        on_calendars::drop_entry(act, &id).map(nothing)
    })
}

fn nothing((): ()) -> Value {
    json!({})
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
