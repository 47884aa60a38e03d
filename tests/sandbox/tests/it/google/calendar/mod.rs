//! The Calendar API: what its checklist promises, row by row.

mod control;
mod entries;
mod errors;
mod events;
mod free_busy;
mod guests;
mod lists;
mod push;
mod reminders;
mod series;
mod sync;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::peer::{Peer, text};
use crate::client::{Answer, send};

/// A client of the Calendar API that knows nothing but the documentation.
pub(crate) struct Diary {
    pub(crate) peer: Peer,
}

pub(crate) const EVENTS: &str = "/calendar/v3/calendars/primary/events";

impl Diary {
    pub(crate) async fn kind() -> Self {
        Self {
            peer: Peer::kind().await,
        }
    }

    pub(crate) async fn unkind() -> Self {
        Self {
            peer: Peer::unkind().await,
        }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.peer.call(method, path, body).await
    }

    /// A call on the events of the first account, below their collection.
    pub(crate) async fn on(&self, method: Method, rest: &str, body: Value) -> Answer {
        self.call(method, &format!("{EVENTS}{rest}"), body).await
    }

    /// Such a call that must succeed.
    pub(crate) async fn ok(&self, method: Method, rest: &str, body: Value) -> Value {
        let answer = self.on(method, rest, body).await;
        assert!(
            answer.status < 300,
            "{rest}: {} {}",
            answer.status,
            answer.text
        );
        answer.body
    }

    pub(crate) async fn get(&self, rest: &str) -> Value {
        self.ok(Method::GET, rest, Value::Null).await
    }

    pub(crate) async fn insert(&self, event: Value) -> Value {
        self.ok(Method::POST, "", event).await
    }

    /// A call with `If-Match`.
    pub(crate) async fn matching(
        &self,
        method: Method,
        rest: &str,
        etag: &str,
        body: Value,
    ) -> Answer {
        let request = self
            .peer
            .lab
            .request("google", method, &format!("{EVENTS}{rest}"))
            .bearer_auth(&self.peer.token)
            .header("if-match", etag);
        send(if body.is_null() {
            request
        } else {
            request.json(&body)
        })
        .await
    }

    /// Reads every page of a list; answers the items and the last page.
    pub(crate) async fn pages(&self, rest: &str) -> (Vec<Value>, Value) {
        let path = format!("{EVENTS}{rest}");
        let mut path_and_query = path.clone();
        let mut found = Vec::new();
        loop {
            let answer = self.call(Method::GET, &path_and_query, Value::Null).await;
            assert_eq!(answer.status, 200, "{path_and_query}: {}", answer.text);
            let page = answer.body;
            found.extend(page["items"].as_array().cloned().unwrap_or_default());
            let Some(token) = page["nextPageToken"].as_str() else {
                return (found, page);
            };
            assert!(page.get("nextSyncToken").is_none(), "never both tokens");
            let sign = if path.contains('?') { '&' } else { '?' };
            path_and_query = format!("{path}{sign}pageToken={token}");
        }
    }

    /// A full read; answers the events and the sync token.
    pub(crate) async fn full(&self) -> (Vec<Value>, String) {
        let (found, last) = self.pages("?maxResults=2500").await;
        (found, text(&last, "nextSyncToken"))
    }

    /// A delta; answers the changes and the next token.
    pub(crate) async fn delta(&self, token: &str) -> (Vec<Value>, String) {
        let (found, last) = self.pages(&format!("?syncToken={token}")).await;
        (found, text(&last, "nextSyncToken"))
    }

    /// A control call below `/control/google` that must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let path = format!("/google{path}");
        self.peer.lab.control(method, &path, body).await
    }

    /// Mails that calls have caused so far: recipient and kind.
    pub(crate) async fn mails(&self) -> Vec<(String, String)> {
        self.peer.lab.mails("google").await
    }

    pub(crate) async fn settings(&self, patch: Value) {
        let patch = json!({ "calendar": patch });
        self.peer.lab.settings("google", patch).await;
    }
}

/// Status, reason and message of a refusal.
pub(crate) fn reason(answer: &Answer) -> (u16, String) {
    let error = &answer.body["error"];
    assert_eq!(error["code"], answer.status, "{}", answer.text);
    assert!(StatusCode::from_u16(answer.status).is_ok());
    (answer.status, text(&error["errors"][0], "reason"))
}

/// An hour in Vienna, on a day in December 2026 that is not summer time anywhere near.
pub(crate) fn meeting(summary: &str, day: u8) -> Value {
    json!({
        "summary": summary,
        "start": {"dateTime": format!("2026-12-{day:02}T09:00:00"), "timeZone": "Europe/Vienna"},
        "end": {"dateTime": format!("2026-12-{day:02}T10:00:00"), "timeZone": "Europe/Vienna"},
    })
}

/// The same, every week for four weeks.
pub(crate) fn weekly(summary: &str, day: u8) -> Value {
    let mut event = meeting(summary, day);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    event
}

pub(crate) fn ids(events: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> = events.iter().map(|event| text(event, "id")).collect();
    ids.sort();
    ids
}
