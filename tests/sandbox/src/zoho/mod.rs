//! Zoho CRM: the accounts server and the REST API v8 as far as contacts, companies and meetings reach.
//!
//! What the public documentation leaves open is decided here for the unkind case, and the comment says "unverified".

mod caller;
mod control;
mod coql;
mod criteria;
mod deleted;
mod edit;
mod field;
mod id;
mod list;
mod meeting;
mod metadata;
mod method;
mod module;
mod oauth;
mod org;
mod paging;
mod params;
mod quota;
mod record;
mod refusal;
mod render;
mod replica;
mod search;
mod seed;
mod settings;
mod start;
mod state;
mod value;
mod view;
mod watch;
mod workflow;
mod write;

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::ControlError;
use crate::emulator::{Emulator, Shared, Strike};
use crate::seed::{TwoAddressBooks, TwoCalendars};

use refusal::Refusal;
use render::Lens;
use state::Zoho;

/// The emulator, for the list in `lib.rs`.
pub(crate) fn emulator(shared: Shared) -> Arc<dyn Emulator> {
    // Callbacks may go to https; the first provider that is installed stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap_or_default();
    Arc::new(Mounted(Arc::new(Zoho::new(shared, http))))
}

struct Mounted(Arc<Zoho>);

impl Emulator for Mounted {
    fn provider(&self) -> &'static str {
        "zoho"
    }

    fn router(&self) -> Router {
        router(&self.0)
    }

    fn control_router(&self) -> Router {
        control::router().with_state(Arc::clone(&self.0))
    }

    fn method_of(&self, verb: &Method, path: &str) -> String {
        method::name(verb, path)
    }

    fn credentials(&self, base_url: &str) -> Value {
        let state = self.0.state();
        let users: Vec<Value> = start::refresh_tokens(&state.orgs)
            .into_iter()
            .map(|(refresh_token, org, user)| {
                let email = state.orgs[org].user(user).map(|user| user.email.clone());
                json!({"email": email, "refresh_token": refresh_token, "org": state.orgs[org].zgid})
            })
            .collect();
        json!({
            "base_url": base_url, "accounts_url": base_url, "client_id": start::CLIENT_ID,
            "client_secret": start::CLIENT_SECRET, "refresh_token": users[0]["refresh_token"],
            "scope": start::SCOPE, "list_view": start::KEY_ACCOUNTS, "users": users,
        })
    }

    fn bound(&self, base_url: &str) {
        self.0.bound(base_url);
    }

    fn failure(&self, status: StatusCode, _method: &str) -> Response {
        if status == StatusCode::TOO_MANY_REQUESTS {
            return quota::Limit::Concurrency.response(self.0.state().settings.legacy_429);
        }
        let code = match status {
            StatusCode::UNAUTHORIZED => "INVALID_TOKEN",
            StatusCode::FORBIDDEN => "NO_PERMISSION",
            status if status.is_server_error() => "INTERNAL_ERROR",
            _ => "INVALID_REQUEST",
        };
        Refusal::new(status, code, "ordered by the fault script", json!({})).into_response()
    }

    fn strike(&self, strike: Strike) {
        let mut state = self.0.state();
        match strike {
            Strike::ExpireCursors => state.page_tokens.expire_all(),
            Strike::RevokeGrants => state.grants.revoke_all(),
            Strike::ExpireAccessTokens => state.grants.expire_access(),
        }
    }

    fn seed(&self, books: &TwoAddressBooks, owner: Option<&str>) -> Result<Value, ControlError> {
        let now = self.0.shared.clock.now();
        let mut state = self.0.state();
        let (org, _) = state
            .find_user(owner)
            .ok_or_else(|| ControlError::not_found("user of this address"))?;
        seed::plant(&mut state.orgs[org], books, now)
    }

    fn seed_calendar(
        &self,
        diaries: &TwoCalendars,
        owner: Option<&str>,
    ) -> Result<Value, ControlError> {
        let now = self.0.shared.clock.now();
        let mut state = self.0.state();
        let (org, _) = state
            .find_user(owner)
            .ok_or_else(|| ControlError::not_found("user of this address"))?;
        seed::plant_meetings(&mut state.orgs[org], diaries, now)
    }

    fn settings(&self) -> Value {
        json!(self.0.state().settings)
    }

    fn preset(&self, kind: bool) {
        self.0.state().settings = if kind {
            settings::Settings::kind()
        } else {
            settings::Settings::unkind()
        };
    }

    fn configure(&self, patch: &Value) -> Result<(), ControlError> {
        let mut state = self.0.state();
        state.settings = crate::settings::patched(&state.settings, patch)?;
        Ok(())
    }

    fn truth(&self) -> Value {
        let state = self.0.state();
        let organisations: Vec<Value> = state.orgs.iter().map(truth_of).collect();
        json!({"organisations": organisations})
    }

    fn reset(&self) {
        self.0.reset();
    }
}

fn truth_of(org: &org::Org) -> Value {
    let lens = Lens::all_seeing(org);
    let mut truth = json!({"zgid": org.zgid, "company": org.company});
    for module in &org.modules {
        let rows: Vec<Value> = module
            .records
            .values()
            .map(|record| lens.whole(module, record))
            .collect();
        let gone: Vec<&id::Id> = module.deleted.keys().collect();
        truth[module.api_name] = json!({"records": rows, "deleted": gone});
    }
    truth
}

fn router(zoho: &Arc<Zoho>) -> Router {
    let admit = middleware::from_fn_with_state(Arc::clone(zoho), caller::admit);
    // A wrong verb or path is refused before the token is looked at.
    let crm = crm()
        .route_layer(admit)
        .method_not_allowed_fallback(async || Refusal::verb());
    Router::new()
        .nest("/crm/v8", crm)
        .merge(oauth::router())
        .fallback(async || Refusal::url())
        .with_state(Arc::clone(zoho))
}

fn crm() -> Router<Arc<Zoho>> {
    Router::new()
        .route("/coql", post(coql::query))
        .route("/org", get(metadata::people::org))
        .route("/users", get(metadata::people::users))
        .route("/users/{id}", get(metadata::people::user))
        .route("/settings/modules", get(metadata::modules::list))
        .route("/settings/modules/{api_name}", get(metadata::modules::one))
        .route("/settings/fields", get(metadata::fields::list))
        .route("/settings/fields/{id}", get(metadata::fields::one))
        .route("/settings/custom_views", get(metadata::views::list))
        .route("/settings/custom_views/{id}", get(metadata::views::one))
        .route("/settings/roles", get(metadata::people::roles))
        .route("/settings/profiles", get(metadata::people::profiles))
        .route("/settings/profiles/{id}", get(metadata::people::profile))
        .route(
            "/actions/watch",
            get(watch::details)
                .post(watch::enable)
                .put(watch::replace)
                .patch(watch::change)
                .delete(watch::disable),
        )
        .route(
            "/{module}",
            get(list::records)
                .post(write::insert)
                .put(write::update)
                .delete(write::delete::many),
        )
        .route("/{module}/search", get(search::search))
        .route("/{module}/deleted", get(deleted::records))
        .route("/{module}/upsert", post(write::upsert))
        .route("/{module}/actions/count", get(search::count))
        .route(
            "/{module}/{id}/actions/cancel",
            post(meeting::cancel::cancel),
        )
        .route(
            "/{module}/{id}",
            get(list::record)
                .put(write::update_one)
                .delete(write::delete::one),
        )
}
