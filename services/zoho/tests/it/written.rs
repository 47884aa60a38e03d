//! Meetings that are written, and what came of it.

use http::Method;
use model::{Element, Record, Value};
use provider::{Answer, Applied, Create, Live, Operation, Outcome, Scope};
use serde_json::Value as Json;

use crate::{
    events::{by_id, meetings},
    lab::{Lab, path, text},
};

/// Every path that a meeting can be written on.
pub(crate) fn everything() -> Scope {
    let paths = [
        "title",
        "when",
        "recurrence",
        "overrides",
        "location",
        "description",
        "participants",
        "alerts",
    ];
    Scope {
        paths: paths.map(path).to_vec(),
        match_paths: vec![path("uid"), path("titleAndStart")],
        ..meetings("")
    }
}

/// An event of single fields.
pub(crate) fn event(fields: &[(&str, &str)]) -> Record {
    let mut record = Record::new("event");
    for (at, value) in fields {
        record.set(path(at), Some(text(value)));
    }
    record
}

pub(crate) fn set(record: &mut Record, at: &str, elements: Vec<Element>) {
    record.set(path(at), Value::elements(elements));
}

pub(crate) fn create(record: Record, look_up: bool) -> Operation {
    Operation::Create(Create {
        record,
        marker: None,
        look_up,
        match_paths: vec![path("uid"), path("titleAndStart")],
        known_until: None,
    })
}

pub(crate) fn applied(outcome: &Outcome) -> &Applied {
    match &outcome.answer {
        Answer::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn refused(outcome: &Outcome) -> (Option<&str>, &str) {
    match &outcome.answer {
        Answer::Refused { path, reason } => (path.as_deref(), reason),
        other => panic!("{other:?}"),
    }
}

/// A record as a writer reads it.
pub(crate) async fn live(lab: &Lab, id: &str) -> Live {
    match lab.one(&everything(), by_id(id)).await.answer {
        Answer::Found(live) => *live,
        other => panic!("{other:?}"),
    }
}

/// One meeting as it really is.
pub(crate) async fn truth(lab: &Lab, id: &str) -> Json {
    let path = format!("/zoho/records/Events/{id}");
    lab.control(Method::GET, &path, Json::Null).await
}

/// How many mails the CRM has sent, or would have.
pub(crate) async fn mails(lab: &Lab) -> u64 {
    let counts = lab.control(Method::GET, "/counts", Json::Null).await;
    counts["mails"]["zoho"].as_u64().unwrap_or_default()
}
