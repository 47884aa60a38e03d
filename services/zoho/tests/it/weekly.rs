//! Series that people make, and their occurrences.

use http::Method;
use model::{
    Edit, Element, Record, Value,
    event::{Original, Override},
};
use provider::{Outcome, What};
use serde_json::{Value as Json, json};

use crate::{
    events::{made, meeting},
    lab::{Lab, Round, path, update},
    written::{everything, live, truth},
};

pub(crate) const MORNING: &str =
    "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]";
pub(crate) const WEEKLY: &str = "FREQ=WEEKLY;COUNT=4";
pub(crate) const EVE: &str = "eve@example.net";

/// Four Mondays, made by a person.
pub(crate) async fn weekly(lab: &Lab) -> String {
    weekly_with(lab, json!({})).await
}

pub(crate) async fn weekly_with(lab: &Lab, mut values: Json) -> String {
    values["Recurring_Activity"] =
        json!({ "RRULE": "FREQ=WEEKLY;BYDAY=MO;COUNT=4;DTSTART=2027-03-01" });
    let first = made(lab, &meeting("Weekly", &values)).await;
    lab.later(600).await;
    series_of(lab, &first).await
}

pub(crate) async fn series_of(lab: &Lab, occurrence: &str) -> String {
    let row = truth(lab, occurrence).await;
    format!("series:{}", row["$recurrence_id"].as_str().unwrap())
}

/// The occurrences by when they begin, as they really are.
pub(crate) async fn occurrences(lab: &Lab, series: &str) -> Vec<Json> {
    let all = lab
        .control(Method::GET, "/zoho/records/Events", Json::Null)
        .await;
    let of = series.strip_prefix("series:").unwrap();
    let rows = all["records"].as_array().unwrap().iter();
    let mut rows: Vec<Json> = rows
        .filter(|row| row["$recurrence_id"] == of)
        .cloned()
        .collect();
    rows.sort_by_key(|row| row["Start_DateTime"].as_str().unwrap().to_owned());
    rows
}

pub(crate) fn id(row: &Json) -> &str {
    row["id"].as_str().unwrap()
}

pub(crate) fn days(rows: &[Json]) -> Vec<&str> {
    rows.iter()
        .map(|row| &row["Start_DateTime"].as_str().unwrap()[..10])
        .collect()
}

pub(crate) fn overrides(record: &Record) -> Vec<(String, Override)> {
    let elements = record.elements(&path("overrides")).iter();
    elements
        .map(|element| Override::read(element).unwrap())
        .map(|(original, exception)| (original.to_string(), exception))
        .collect()
}

pub(crate) fn original(day: &str) -> Original {
    format!("{day}T12:00:00").parse().unwrap()
}

pub(crate) fn excluded(day: &str) -> Element {
    Override::Excluded.element(original(day))
}

pub(crate) fn renamed(day: &str, title: &str) -> Element {
    let exception = Override::Changed {
        values: vec![("title", title.to_owned())],
        cleared: Vec::new(),
        included: false,
    };
    exception.element(original(day))
}

pub(crate) fn exception(before: Option<Element>, after: Option<Element>) -> Edit {
    let value = |element: Element| Value::Elements(vec![element]);
    Edit {
        path: path("overrides"),
        before: before.map(value),
        after: after.map(value),
    }
}

pub(crate) async fn changed(lab: &Lab, id: &str, edits: Vec<Edit>) -> Outcome {
    lab.later(60).await;
    let version = live(lab, id).await.version;
    lab.one(&everything(), update(id, version, edits)).await
}

pub(crate) fn seen<'r>(round: &'r Round, id: &str) -> Vec<&'r What> {
    let seen = round.seen().filter(|seen| seen.remote_id == id);
    seen.map(|seen| &seen.what).collect()
}
