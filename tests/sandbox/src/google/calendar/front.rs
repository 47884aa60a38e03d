//! From an HTTP request to a method of the Calendar API and back.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::act::Act;
use super::api::{self, Reply, Request};
use super::error::CalendarError;
use super::methods::Method;
use super::partial;
use super::push::State as Said;
use super::store::Calendars;
use crate::google::Google;
use crate::google::oauth::Access;
use crate::google::query::Query;
use crate::journal::{Effect, Letter};

/// Where the scopes begin.
const SCOPE: &str = "https://www.googleapis.com/auth/";

/// What an act caused beside its answer.
#[derive(Debug, Default)]
pub(in crate::google) struct Caused {
    pub(in crate::google) letters: Vec<Letter>,
    pub(in crate::google) written: Vec<String>,
    touched: BTreeSet<String>,
}

impl Google {
    /// Answers one call of the Calendar API.
    pub(in crate::google) fn calendar(
        &self,
        method: &'static Method,
        segments: &[String],
        parts: &Parts,
        query: &Query,
        body: &Bytes,
    ) -> Response {
        let access = match self.authenticate(&parts.headers) {
            Ok(access) => access,
            Err(error) => return CalendarError::from(error).into_response(),
        };
        let mut caused = Caused::default();
        let outcome = self.performed(method, segments, &access, parts, query, body, &mut caused);
        let mut response = match outcome {
            Ok(reply) => answered(reply, &parts.headers),
            Err(error) => error.into_response(),
        };
        response.extensions_mut().insert(Effect {
            account: Some(access.account),
            written: caused.written,
            letters: caused.letters,
        });
        response
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "what an HTTP request consists of"
    )]
    fn performed(
        &self,
        method: &'static Method,
        segments: &[String],
        access: &Access,
        parts: &Parts,
        query: &Query,
        body: &Bytes,
        caused: &mut Caused,
    ) -> Result<Reply, CalendarError> {
        let covers = |name: &&str| access.scopes.contains(&format!("{SCOPE}{name}"));
        let scopes: Vec<&&str> = method
            .scopes()
            .iter()
            .filter(|scope| covers(scope))
            .collect();
        if scopes.is_empty() {
            return Err(CalendarError::scopes(method.id));
        }
        let app_only = scopes
            .iter()
            .all(|scope| ***scope == *"calendar.app.created");
        self.charge_calendar(method, segments, access, query)?;
        let body = json_body(body)?;
        if let Some(fields) = query.text("fields") {
            // Refused before anything is written.
            partial::selected(&Value::Null, fields)?;
        }
        let base_url = self.state().base_url.clone();
        let request = Request {
            segments,
            query,
            body: &body,
            if_match: header(&parts.headers, &header::IF_MATCH),
            base_url: &base_url,
        };
        let (reply, told) = self.act(&access.account, app_only, false, |act| {
            api::perform(method, act, &request)
        });
        *caused = told;
        let mut reply = reply?;
        if let (Some(body), Some(fields)) = (&reply.body, query.text("fields")) {
            reply.body = Some(partial::selected(body, fields)?);
        }
        if let Some(id) = &reply.opened {
            self.greet(id);
        }
        Ok(reply)
    }

    /// Runs an act on the calendars, and tells the channels what changed, even if a later part of it was refused.
    pub(in crate::google) fn act<T>(
        &self,
        account: &str,
        app_only: bool,
        by_people: bool,
        work: impl FnOnce(&mut Act<'_>) -> T,
    ) -> (T, Caused) {
        self.act_at(self.now(), account, app_only, by_people, work)
    }

    /// The same as if it were another time.
    pub(in crate::google) fn act_at<T>(
        &self,
        now: i64,
        account: &str,
        app_only: bool,
        by_people: bool,
        work: impl FnOnce(&mut Act<'_>) -> T,
    ) -> (T, Caused) {
        let mut state = self.state();
        let settings = state.settings.calendar.clone();
        let epoch = state.epoch;
        let mut act = Act {
            calendars: &mut state.calendars,
            account,
            settings: &settings,
            dice: &self.shared.dice,
            now,
            epoch,
            app_only,
            by_people,
            letters: Vec::new(),
            touched: BTreeSet::new(),
            written: Vec::new(),
            marks: Vec::new(),
        };
        let outcome = work(&mut act);
        for mark in std::mem::take(&mut act.marks) {
            self.shared.journal.mark(mark);
        }
        let caused = Caused {
            letters: act.letters,
            written: act.written,
            touched: act.touched,
        };
        let heard = state.calendars.channels.heard(caused.touched.iter(), now);
        drop(state);
        self.notify(heard, Said::Exists, &settings);
        (outcome, caused)
    }

    /// The first message of a channel.
    fn greet(&self, id: &str) {
        let mut state = self.state();
        let settings = state.settings.calendar.clone();
        let channel = state.calendars.channels.open.get_mut(id).map(|channel| {
            channel.messages = 1;
            channel.clone()
        });
        drop(state);
        self.notify(channel.into_iter().collect(), Said::Sync, &settings);
    }

    fn charge_calendar(
        &self,
        method: &Method,
        segments: &[String],
        access: &Access,
        query: &Query,
    ) -> Result<(), CalendarError> {
        let user = query.text("quotaUser").unwrap_or(&access.account);
        let written = segments
            .first()
            .filter(|_| method.writes_events())
            .map(|id| Calendars::resolved(&access.account, id));
        let now = self.now();
        let mut state = self.state();
        let quota = state.settings.calendar.quota.clone();
        let meter = &mut state.calendars.meter;
        meter.charge(user, written, &quota, &self.shared.dice, now)
    }
}

/// The answer over HTTP; a reader who has this version already gets nothing.
fn answered(reply: Reply, headers: &HeaderMap) -> Response {
    let Some(body) = reply.body else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let etag = reply
        .etag
        .and_then(|etag| HeaderValue::from_str(&etag).ok());
    let known = etag.is_some() && headers.get(header::IF_NONE_MATCH) == etag.as_ref();
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(body).into_response()
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn header<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn json_body(body: &Bytes) -> Result<Value, CalendarError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|_| CalendarError::new(400, "global", "parseError", "Parse Error"))
}
