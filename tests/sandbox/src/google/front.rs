//! From an HTTP request to a method and back.

use std::time::Duration;

use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, StatusCode, header};
use jiff::fmt::rfc2822;
use serde_json::{Value, json};

use super::Google;
use super::api::{self, Call, Reply};
use super::calendar;
use super::error::{self, Code, GoogleError};
use super::methods::{self, Method};
use super::oauth::{self, Access};
use super::query::Query;
use crate::journal::Effect;

/// Largest body that is read.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// Paths outside of the People API and the names they have in the journal.
const PLAIN: [(Verb, &str, &str); 5] = [
    (Verb::GET, "/o/oauth2/v2/auth", "oauth2.authorize"),
    (Verb::POST, "/token", "oauth2.token"),
    (Verb::POST, "/revoke", "oauth2.revoke"),
    (Verb::GET, "/tokeninfo", "oauth2.tokeninfo"),
    (Verb::POST, "/tokeninfo", "oauth2.tokeninfo"),
];

/// The HTTP method that a request stands for: Google's client libraries send a GET with more than 2048 characters as
/// a POST with `X-HTTP-Method-Override`.
pub(super) fn verb(verb: &Verb, headers: &HeaderMap) -> Verb {
    match headers.get("x-http-method-override") {
        Some(value) if verb == Verb::POST && value == "GET" => Verb::GET,
        _ => verb.clone(),
    }
}

/// The name of a call in the journal.
pub(super) fn name(verb: &Verb, path: &str) -> &'static str {
    if verb == Verb::POST && ["/batch", "/batch/calendar/v3"].contains(&path) {
        return "batch";
    }
    if let Some((method, _)) = calendar::resolve(verb, path) {
        return method.id;
    }
    PLAIN
        .iter()
        .find(|(own, place, _)| own == verb && *place == path)
        .map(|(_, _, name)| *name)
        .or_else(|| methods::resolve(verb, path).map(|(method, _)| method.id))
        .unwrap_or("unknown")
}

impl Google {
    /// Answers one request, with the sandbox's time in the `Date` header.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let now = self.shared.clock.now();
        let mut response = self.answer_undated(request).await;
        let date = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
        if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }

    async fn answer_undated(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
            return error::for_status(StatusCode::PAYLOAD_TOO_LARGE);
        };
        let verb = verb(&parts.method, &parts.headers);
        let path = parts.uri.path();
        // An overridden GET brings its parameters as a form.
        let (query, body) = if verb == parts.method {
            (Query::parse(parts.uri.query().unwrap_or_default()), body)
        } else {
            (form(&body), Bytes::new())
        };
        match name(&verb, path) {
            "oauth2.authorize" => {
                oauth::authorize(&mut self.state(), &self.shared.dice, &query, self.now())
            }
            "oauth2.token" => {
                let form = form(&body);
                let mut state = self.state();
                oauth::token(
                    &mut state,
                    &self.shared.dice,
                    &parts.headers,
                    &form,
                    self.now(),
                )
            }
            "oauth2.revoke" => oauth::revoke(&mut self.state(), &query, &form(&body)),
            "oauth2.tokeninfo" => {
                oauth::information(&self.state(), &query, &form(&body), self.now())
            }
            "batch" => self.batch(&parts.headers, body).await,
            id if id.starts_with("calendar.") => match calendar::resolve(&verb, path) {
                Some((method, segments)) => self.calendar(method, &segments, &parts, &query, &body),
                None => error::no_such_page(path),
            },
            _ => match methods::resolve(&verb, path) {
                Some((method, segment)) => self.call(method, segment, &parts, &query, &body).await,
                None => error::no_such_page(path),
            },
        }
    }

    async fn call(
        &self,
        method: &'static Method,
        segment: &str,
        parts: &Parts,
        query: &Query,
        body: &Bytes,
    ) -> Response {
        let access = match self.authenticate(&parts.headers) {
            Ok(access) => access,
            Err(error) => return error.into_response(),
        };
        let outcome = self.authorised(method, segment, &access, query, body).await;
        let (mut response, written) = match outcome {
            Ok(reply) => (Json(reply.body).into_response(), reply.written),
            Err(error) => (error.into_response(), Vec::new()),
        };
        response.extensions_mut().insert(Effect {
            account: Some(access.account),
            written,
            ..Effect::default()
        });
        response
    }

    async fn authorised(
        &self,
        method: &'static Method,
        segment: &str,
        access: &Access,
        query: &Query,
        body: &Bytes,
    ) -> Result<Reply, GoogleError> {
        let scopes = method.scopes();
        if !scopes.iter().any(|scope| access.scopes.contains(*scope)) {
            return Err(GoogleError::insufficient_scopes(method.id, scopes[0]));
        }
        query.check(method.parameters)?;
        let body = json_body(body)?;
        self.charge(method, access, query, &body)?;
        let _turn = if method.mutates() {
            Some(self.take_turn(&access.account).await?)
        } else {
            None
        };
        let now = self.now();
        let mut state = self.state();
        let settings = state.settings.clone();
        let epoch = state.epoch;
        let account = state
            .accounts
            .get_mut(&access.account)
            .ok_or_else(GoogleError::unauthenticated)?;
        let mut call = Call {
            account,
            settings: &settings,
            dice: &self.shared.dice,
            now,
            epoch,
            query,
            body: &body,
            segment,
        };
        api::perform(method, &mut call)
    }

    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<Access, GoogleError> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(GoogleError::unauthenticated)?;
        self.state()
            .grants
            .access(token, self.now())
            .cloned()
            .ok_or_else(GoogleError::unauthenticated)
    }

    fn charge(
        &self,
        method: &Method,
        access: &Access,
        query: &Query,
        body: &Value,
    ) -> Result<(), GoogleError> {
        let costs = method.costs(query, body);
        let mut state = self.state();
        let quota = state.settings.quota.clone();
        state
            .meter
            .charge(&access.account, &costs, &quota, self.now())
    }

    /// Waits as long as a mutation takes; one that runs into another of the same user is counted, and refused if the
    /// settings say so.
    async fn take_turn(&self, account: &str) -> Result<super::lane::Turn, GoogleError> {
        let (milliseconds, status) = {
            let settings = &self.state().settings;
            (
                settings.mutation_milliseconds,
                settings.parallel_mutation_status,
            )
        };
        let turn = self.lanes.enter(account);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        if !turn.collided {
            return Ok(turn);
        }
        self.shared.journal.mark("google.parallel_mutations");
        match status {
            0 => Ok(turn),
            status => Err(GoogleError::new(
                Code::Aborted,
                "The operation was aborted: another mutation for the same user is in progress.",
            )
            .under_status(status)),
        }
    }
}

fn form(body: &Bytes) -> Query {
    Query::parse(&String::from_utf8_lossy(body))
}

fn json_body(body: &Bytes) -> Result<Value, GoogleError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|_| GoogleError::invalid("Invalid JSON payload received. Unexpected token."))
}
