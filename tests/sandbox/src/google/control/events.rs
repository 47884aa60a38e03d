//! Events, as people type, move, cancel, split and answer them in the web interface.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Controlled, Whose};
use crate::control::{ControlError, ControlResult};
use crate::google::Google;
use crate::google::calendar::{Act, CalendarError, Notify, Seen, control as on_events};

type At = Path<(String, String)>;

/// What people do to an event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    /// The event as the API takes it; for an edit, the members to change.
    #[serde(default)]
    event: Map<String, Value>,
    /// Who gets mail: `all`, `externalOnly`, `none`; absent means nobody.
    notify: Option<String>,
}

impl Typed {
    fn notify(&self) -> Option<&str> {
        self.notify.as_deref()
    }
}

/// Everything stored in a calendar, without lag.
pub(super) async fn list(
    State(Controlled(google)): State<Controlled>,
    Path(calendar): Path<String>,
    Query(whose): Query<Whose>,
) -> ControlResult {
    super::calendars::acting(&google, &whose, |act| {
        Ok(json!({ "events": on_events::events(act, &calendar)? }))
    })
}

/// One event or instance, without lag.
pub(super) async fn show(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(whose): Query<Whose>,
) -> ControlResult {
    acting(&google, &whose, &calendar, None, |act, _| {
        act.shown(&calendar, &id)
    })
}

/// Types in an event.
pub(super) async fn create(
    State(Controlled(google)): State<Controlled>,
    Path(calendar): Path<String>,
    Query(whose): Query<Whose>,
    Json(typed): Json<Typed>,
) -> ControlResult {
    acting(&google, &whose, &calendar, typed.notify(), |act, notify| {
        on_events::insert(act, &calendar, &typed.event, notify)
    })
}

/// Edits an event, a whole series, or one instance.
pub(super) async fn edit(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(whose): Query<Whose>,
    Json(typed): Json<Typed>,
) -> ControlResult {
    acting(&google, &whose, &calendar, typed.notify(), |act, notify| {
        on_events::edit(act, &calendar, &id, &typed.event, notify)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    account: Option<String>,
    notify: Option<String>,
}

/// Cancels an event, a whole series, or one instance.
pub(super) async fn cancel(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(cancel): Query<Cancel>,
) -> ControlResult {
    let Cancel { account, notify } = cancel;
    let whose = Whose { account };
    acting(
        &google,
        &whose,
        &calendar,
        notify.as_deref(),
        |act, notify| on_events::cancel(act, &calendar, &id, notify),
    )
}

/// Changes an instance and all that follow: the series ends before it, another begins there.
pub(super) async fn split(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(whose): Query<Whose>,
    Json(typed): Json<Typed>,
) -> ControlResult {
    acting(&google, &whose, &calendar, typed.notify(), |act, notify| {
        on_events::split(act, &calendar, &id, &typed.event, notify)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// `accepted`, `tentative`, `declined`, `needsAction`.
    response: String,
    comment: Option<String>,
    notify: Option<String>,
}

/// Answers an invitation that lies in the account's own calendar.
pub(super) async fn respond(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(whose): Query<Whose>,
    Json(answer): Json<Answer>,
) -> ControlResult {
    let told = answer.notify.as_deref();
    acting(&google, &whose, &calendar, told, |act, notify| {
        let comment = answer.comment.as_deref();
        on_events::respond(act, &calendar, &id, &answer.response, comment, notify)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Destination {
    to: String,
}

/// Moves an event to another calendar.
pub(super) async fn relocate(
    State(Controlled(google)): State<Controlled>,
    Path((calendar, id)): At,
    Query(whose): Query<Whose>,
    Json(Destination { to }): Json<Destination>,
) -> ControlResult {
    acting(&google, &whose, &to, None, |act, _| {
        on_events::relocate(act, &calendar, &id, &to)
    })
}

/// Acts as a person who asks for mails by a word, or for none; answers the event as it is afterwards.
fn acting(
    google: &Google,
    whose: &Whose,
    calendar: &str,
    notify: Option<&str>,
    work: impl FnOnce(&mut Act<'_>, Notify) -> Result<Seen, CalendarError>,
) -> ControlResult {
    let notify = match notify {
        None => Notify::default(),
        Some(word) => Notify::from_word(word)
            .ok_or_else(|| ControlError::bad_request("notify is all, externalOnly or none"))?,
    };
    let email = whose.email(&google.state())?;
    let (outcome, caused) = google.act(&email, false, true, |act| {
        let seen = work(act, notify)?;
        on_events::json(act, calendar, &seen)
    });
    let journal = &google.shared.journal;
    journal.mailed_by_people(google.shared.clock.now(), "google", &email, caused.letters);
    Ok(Json(outcome?))
}
