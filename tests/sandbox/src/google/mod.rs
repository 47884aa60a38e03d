//! Google: OAuth 2.0, the People API v1 and the Calendar API v3.
//!
//! Written from Google's public documentation ("People API reference", "Read and Manage Contacts", "Using OAuth 2.0")
//! and from what public issue trackers report. What no source settles is a switch in [`settings::Settings`] and
//! says "unverified" there.

mod account;
mod api;
mod batch;
mod calendar;
mod control;
mod cursor;
mod error;
mod front;
mod group;
mod lane;
mod ledger;
mod masks;
mod methods;
mod oauth;
mod person;
mod query;
mod quota;
mod seeding;
mod settings;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::control::ControlError;
use crate::emulator::{Emulator, Shared, Strike};
use crate::seed::{TwoAddressBooks, TwoCalendars};
use crate::settings::patched;
use error::GoogleError;
use lane::Lanes;
use settings::Settings;
use state::State;

/// The emulator, for the list in `lib.rs`.
pub(crate) fn emulator(shared: Shared) -> Arc<dyn Emulator> {
    let settings = default_settings(shared.kind);
    let state = State::new(settings, shared.dice.seed());
    Arc::new(Google {
        shared,
        http: http_client(),
        state: Arc::new(Mutex::new(state)),
        lanes: Lanes::default(),
    })
}

fn http_client() -> reqwest::Client {
    // Notifications may go to https; the first provider that is installed stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap_or_default()
}

fn default_settings(kind: bool) -> Settings {
    if kind {
        Settings::kind()
    } else {
        Settings::unkind()
    }
}

/// The emulator; clones share their state.
#[derive(Clone)]
struct Google {
    shared: Shared,
    /// Sends the notifications.
    http: reqwest::Client,
    state: Arc<Mutex<State>>,
    lanes: Lanes,
}

impl Google {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.shared.clock.now_milliseconds()
    }
}

impl From<GoogleError> for ControlError {
    fn from(error: GoogleError) -> Self {
        Self::bad_request(error.status_message()["message"].to_string())
    }
}

impl Emulator for Google {
    fn provider(&self) -> &'static str {
        "google"
    }

    fn router(&self) -> Router {
        let google = self.clone();
        Router::new().fallback(move |request: Request| async move { google.answer(request).await })
    }

    fn control_router(&self) -> Router {
        control::router(self.clone())
    }

    fn method_of(&self, verb: &Method, path: &str) -> String {
        front::name(verb, path).to_owned()
    }

    fn verb_of(&self, verb: &Method, headers: &HeaderMap) -> Method {
        front::verb(verb, headers)
    }

    fn credentials(&self, base_url: &str) -> Value {
        let accounts = self.state().account_credentials();
        json!({
            "base_url": base_url,
            "authorize_url": format!("{base_url}/o/oauth2/v2/auth"),
            "token_url": format!("{base_url}/token"),
            "revoke_url": format!("{base_url}/revoke"),
            "token_information_url": format!("{base_url}/tokeninfo"),
            "client_id": oauth::CLIENT_ID,
            "client_secret": oauth::CLIENT_SECRET,
            "scopes": oauth::DEFAULT_SCOPES,
            "refresh_token": accounts[0]["refresh_token"],
            "group": seeding::GROUP,
            "accounts": accounts,
        })
    }

    fn bound(&self, base_url: &str) {
        base_url.clone_into(&mut self.state().base_url);
    }

    fn failure(&self, status: StatusCode, method: &str) -> Response {
        if method.starts_with("calendar.") {
            return calendar::for_status(status);
        }
        error::for_status(status)
    }

    fn strike(&self, strike: Strike) {
        self.state().strike(strike);
    }

    fn seed(&self, books: &TwoAddressBooks, owner: Option<&str>) -> Result<Value, ControlError> {
        seeding::seed(&mut self.state(), books, owner, self.now())
    }

    fn seed_calendar(
        &self,
        diaries: &TwoCalendars,
        owner: Option<&str>,
    ) -> Result<Value, ControlError> {
        let email = owner.unwrap_or(State::default_account());
        if !self.state().accounts.contains_key(email) {
            return Err(ControlError::not_found(email));
        }
        // Seeded events look a day old, so that no lag hides them.
        let then = self.now() - seeding::AGE_MILLISECONDS;
        let (seeded, _) = self.act_at(then, email, false, true, |act| {
            calendar::seed(act, &diaries.office)
        });
        let mut answer = seeded?;
        let colleague = State::colleague_of(email);
        let (added, _) = self.act_at(then, colleague, false, true, |act| {
            calendar::seed_colleague(act, email, &diaries.office)
        });
        let (shared, told) = added?;
        let (entered, _) = self.act_at(then, email, false, true, |act| {
            calendar::seed_entry(act, &shared)
        });
        entered?;
        for (name, value) in told.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        answer["special"]["invitation"] = answer["second_mailbox"]["invitation"].clone();
        Ok(answer)
    }

    fn settings(&self) -> Value {
        json!(self.state().settings)
    }

    fn preset(&self, kind: bool) {
        self.state().settings = default_settings(kind);
    }

    fn configure(&self, patch: &Value) -> Result<(), ControlError> {
        let mut state = self.state();
        state.settings = patched(&state.settings, patch)?;
        Ok(())
    }

    fn truth(&self) -> Value {
        self.state().truth(self.now())
    }

    fn reset(&self) {
        let mut state = self.state();
        let base_url = state.base_url.clone();
        let epoch = state.epoch + 1;
        *state = State::new(default_settings(self.shared.kind), self.shared.dice.seed());
        state.base_url = base_url;
        state.epoch = epoch;
    }
}
