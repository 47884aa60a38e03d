//! The control API: everything that is not the client under test.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::emulator::{Emulator, Shared, Strike};
use crate::faults::Rule;
use crate::journal::{Filter, MailFilter};
use crate::seed;

/// A refused control request; answered as `{"error": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    /// An error with the status to answer.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// 400 with a reason.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 404 naming what does not exist.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// 500 with the cause.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

/// What a control handler answers.
pub(crate) type ControlResult = Result<Json<Value>, ControlError>;

/// What control works on.
#[derive(Clone)]
pub(crate) struct Controlled {
    /// Clock, faults, journal.
    pub(crate) shared: Shared,
    /// The emulators.
    pub(crate) emulators: Arc<[Arc<dyn Emulator>]>,
    /// The line printed at start.
    pub(crate) credentials: Value,
}

/// Every control route.
pub(crate) fn router(controlled: Controlled) -> Router {
    let mut router = Router::new();
    for emulator in controlled.emulators.iter() {
        let routes = provider_router(Arc::clone(emulator)).merge(emulator.control_router());
        router = router.nest(&format!("/control/{}", emulator.provider()), routes);
    }
    router.merge(shared_router(controlled))
}

fn shared_router(controlled: Controlled) -> Router {
    Router::new()
        .route("/control/credentials", get(credentials))
        .route("/control/clock", get(clock))
        .route("/control/clock/advance", post(advance))
        .route(
            "/control/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/control/faults/{id}", delete(remove_fault))
        .route("/control/journal", get(journal).delete(clear_journal))
        .route("/control/counts", get(counts))
        .route("/control/mails", get(mails))
        .route("/control/truth", get(truth))
        .route("/control/seed", post(seed_scenario))
        .route("/control/kind", post(preset))
        .route("/control/reset", post(reset))
        .with_state(controlled)
}

/// The routes that every provider has.
fn provider_router(emulator: Arc<dyn Emulator>) -> Router {
    Router::new()
        .route("/truth", get(provider_truth))
        .route("/settings", get(settings).patch(configure))
        .route("/cursors/expire", strikes(Strike::ExpireCursors))
        .route("/grants/revoke", strikes(Strike::RevokeGrants))
        .route("/access-tokens/expire", strikes(Strike::ExpireAccessTokens))
        .with_state(emulator)
}

async fn provider_truth(State(emulator): State<Arc<dyn Emulator>>) -> Json<Value> {
    Json(emulator.truth())
}

async fn settings(State(emulator): State<Arc<dyn Emulator>>) -> Json<Value> {
    Json(emulator.settings())
}

async fn configure(
    State(emulator): State<Arc<dyn Emulator>>,
    Json(patch): Json<Value>,
) -> ControlResult {
    emulator.configure(&patch)?;
    Ok(Json(emulator.settings()))
}

/// A handler that deals one kind of blow.
fn strikes(strike: Strike) -> MethodRouter<Arc<dyn Emulator>> {
    post(async move |State(emulator): State<Arc<dyn Emulator>>| {
        emulator.strike(strike);
        Json(json!({}))
    })
}

async fn credentials(State(controlled): State<Controlled>) -> Json<Value> {
    Json(controlled.credentials)
}

async fn clock(State(controlled): State<Controlled>) -> Json<Value> {
    let clock = &controlled.shared.clock;
    Json(json!({ "now": clock.now(), "ahead_seconds": clock.ahead_seconds() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

async fn advance(
    State(controlled): State<Controlled>,
    Json(Advance { seconds }): Json<Advance>,
) -> ControlResult {
    if seconds < 0 {
        return Err(ControlError::bad_request("the clock only goes forward"));
    }
    controlled
        .shared
        .clock
        .advance(SignedDuration::from_secs(seconds));
    Ok(clock(State(controlled)).await)
}

async fn list_faults(State(controlled): State<Controlled>) -> Json<Value> {
    Json(json!({ "rules": controlled.shared.faults.list() }))
}

async fn add_fault(State(controlled): State<Controlled>, Json(rule): Json<Rule>) -> Json<Value> {
    Json(json!({ "id": controlled.shared.faults.add(rule) }))
}

async fn clear_faults(State(controlled): State<Controlled>) -> Json<Value> {
    controlled.shared.faults.clear();
    Json(json!({}))
}

async fn remove_fault(State(controlled): State<Controlled>, Path(id): Path<u64>) -> ControlResult {
    if controlled.shared.faults.remove(id) {
        Ok(Json(json!({})))
    } else {
        Err(ControlError::not_found(format!("fault rule {id}")))
    }
}

async fn journal(
    State(controlled): State<Controlled>,
    Query(filter): Query<Filter>,
) -> Json<Value> {
    Json(json!({ "entries": controlled.shared.journal.entries(&filter) }))
}

async fn clear_journal(State(controlled): State<Controlled>) -> Json<Value> {
    controlled.shared.journal.clear();
    Json(json!({}))
}

async fn counts(State(controlled): State<Controlled>) -> Json<Value> {
    Json(json!(controlled.shared.journal.counts()))
}

async fn mails(
    State(controlled): State<Controlled>,
    Query(filter): Query<MailFilter>,
) -> Json<Value> {
    Json(json!({ "mails": controlled.shared.journal.mails(&filter) }))
}

async fn truth(State(controlled): State<Controlled>) -> Json<Value> {
    let all: Map<String, Value> = controlled
        .emulators
        .iter()
        .map(|emulator| (emulator.provider().to_owned(), emulator.truth()))
        .collect();
    Json(Value::Object(all))
}

async fn seed_scenario(
    State(controlled): State<Controlled>,
    Json(scenario): Json<Value>,
) -> ControlResult {
    let unfit = |error: serde_json::Error| {
        ControlError::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    };
    if scenario["scenario"] == "two-calendars" {
        let scenario = serde_json::from_value(scenario).map_err(unfit)?;
        return seed_calendars(&controlled, &scenario);
    }
    let scenario: seed::Scenario = serde_json::from_value(scenario).map_err(unfit)?;
    let books = seed::two_address_books(&scenario)
        .map_err(|error| ControlError::bad_request(error.to_string()))?;
    let mut answer = json!({ "figures": books.figures });
    for emulator in controlled.emulators.iter() {
        let owner = scenario.owners.get(emulator.provider());
        answer[emulator.provider()] = emulator.seed(&books, owner.map(String::as_str))?;
    }
    Ok(Json(answer))
}

fn seed_calendars(controlled: &Controlled, scenario: &seed::DiaryScenario) -> ControlResult {
    let today = TimeZone::UTC
        .to_datetime(controlled.shared.clock.now())
        .date();
    let diaries = seed::two_calendars(scenario, today)
        .map_err(|error| ControlError::bad_request(error.to_string()))?;
    let mut answer = json!({ "figures": diaries.figures });
    for emulator in controlled.emulators.iter() {
        let owner = scenario.owners.get(emulator.provider());
        answer[emulator.provider()] =
            emulator.seed_calendar(&diaries, owner.map(String::as_str))?;
    }
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    kind: bool,
}

async fn preset(
    State(controlled): State<Controlled>,
    Json(Kind { kind }): Json<Kind>,
) -> Json<Value> {
    for emulator in controlled.emulators.iter() {
        emulator.preset(kind);
    }
    Json(json!({}))
}

async fn reset(State(controlled): State<Controlled>) -> Json<Value> {
    for emulator in controlled.emulators.iter() {
        emulator.reset();
    }
    controlled.shared.faults.clear();
    controlled.shared.journal.clear();
    Json(json!({}))
}
