//! Every field of an event, both ways, in every state: the table is `event_table.md`.

use std::collections::{BTreeMap, BTreeSet};

use model::{Edit, Element, Record, SIMPLE_PART, Value};
use provider::{Answer, Applied, Create, Live, Operation, Provider, Scope, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, path, update},
    diary::{events_of, hour, with, with_option},
};

const TABLE: &str = include_str!("event_table.md");
const STATES: [&str; 6] = ["absent", "empty", "default", "set", "changed", "cleared"];
/// Whole series, of which one instance has values of its own.
const OF_SERIES: &str = "overrides";
const THURSDAY: &str = "2027-04-08";

/// One field in one state.
#[derive(Clone, Copy)]
struct Row {
    field: &'static str,
    state: &'static str,
    typed: &'static str,
    read_as: &'static str,
    wanted: &'static str,
    stored: &'static str,
    read_back: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| "));
    let row = |line: &'static str| {
        let cells = line.trim_matches('|').split('|');
        let cells: Vec<&str> = cells.map(str::trim).collect();
        let [field, state, typed, read_as, wanted, stored, read_back] = cells[..] else {
            panic!("{line}")
        };
        Row {
            field,
            state,
            typed: typed.trim_matches('`'),
            read_as,
            wanted,
            stored,
            read_back,
        }
    };
    lines.skip(1).map(row).collect()
}

/// What is not as the table has it.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn expect(&mut self, row: &Row, what: &str, expected: &str, found: &str) {
        if expected != found {
            let Row { field, state, .. } = row;
            let told = format!("{field}, {state}, {what}: {found}\n    instead of {expected}");
            self.0.push(told);
        }
    }
}

/// A value as the table writes it.
fn shown(record: &Record, field: &str) -> String {
    match record.fields.get(&path(field)) {
        None => "-".to_owned(),
        Some(Value::Text(text)) => text.replace('\n', "\\n"),
        Some(Value::Date(date)) => date.to_string(),
        Some(Value::Elements(elements)) => {
            let elements: Vec<String> = elements.iter().map(element).collect();
            elements.join(" / ")
        }
    }
}

fn element(element: &Element) -> String {
    let parts = element.parts.iter();
    let parts = parts.filter_map(|(part, text)| match part.as_str() {
        SIMPLE_PART if *text == element.label => None,
        SIMPLE_PART => Some(text.clone()),
        part => Some(format!("{part}={text}")),
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        element.label.clone()
    } else {
        format!("{}: {}", element.label, parts.join(", "))
    }
}

/// What a cell says is wanted.
fn wanted(row: &Row) -> Option<Value> {
    let is_list = ["overrides", "participants", "alerts"].contains(&row.field);
    let read = |text: &str| {
        let (label, parts) = text.split_once(": ").unwrap_or((text, ""));
        let mut element = Element {
            label: label.to_owned(),
            ..Element::default()
        };
        if row.field == "participants" {
            element.parts.insert(SIMPLE_PART.into(), label.into());
        }
        for part in parts.split(", ").filter(|part| !part.is_empty()) {
            let (name, text) = part.split_once('=').unwrap_or((SIMPLE_PART, part));
            element.parts.insert(name.into(), text.into());
        }
        element
    };
    match row.wanted {
        "-" | "(unmapped)" => None,
        "''" => Some(Value::Text(String::new())),
        "[]" => Some(Value::Elements(Vec::new())),
        list if is_list => Some(Value::Elements(list.split(" / ").map(read).collect())),
        text => Some(Value::Text(text.replace("\\n", "\n"))),
    }
}

/// The edits that make one value of another: of a list one for each element.
fn edits(field: &str, before: Option<Value>, after: Option<Value>) -> Vec<Edit> {
    let is_list = [&before, &after]
        .iter()
        .any(|value| matches!(value, Some(Value::Elements(_))));
    if !is_list {
        let path = path(field);
        return vec![Edit {
            path,
            before,
            after,
        }];
    }
    let of = |value: Option<Value>| {
        let elements = value.map_or_else(Vec::new, |value| value.as_elements().to_vec());
        let elements = elements.into_iter();
        elements
            .map(|element| (element.label.clone(), element))
            .collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (of(before), of(after));
    let labels: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let edit =
        |label: &String| crate::diary::element_edit(field, before.get(label), after.get(label));
    labels.into_iter().map(edit).collect()
}

/// The event of which a row tells one field, without that.
fn base(field: &str) -> Json {
    let mut event = hour(THURSDAY, 9);
    if field == OF_SERIES {
        event["summary"] = json!("Weekly");
        event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    }
    event
}

/// The same as a record.
fn base_record(field: &str) -> Record {
    let nine = "2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]";
    let mut values = vec![("when", nine)];
    if field == OF_SERIES {
        values.extend([("title", "Weekly"), ("recurrence", "FREQ=WEEKLY;COUNT=4")]);
    }
    crate::diary::record(&values)
}

/// Members of the event itself, and of single instances by the end of their ids.
fn members(text: &str, id: &str) -> (Json, BTreeMap<String, Json>) {
    let all: BTreeMap<String, Json> = serde_json::from_str(&text.replace("{id}", id)).unwrap();
    let (mut own, mut instances) = (json!({}), BTreeMap::new());
    for (name, value) in all {
        match name.strip_prefix('@') {
            Some(suffix) => {
                instances.insert(suffix.to_owned(), value);
            }
            None => own[name] = value,
        }
    }
    (own, instances)
}

/// A write that creates what a row wants.
fn creation(row: &Row) -> Operation {
    let mut record = base_record(row.field);
    record.fields.remove(&path(row.field));
    let value = wanted(row);
    let value = value.map(|value| (path(row.field), value));
    record.fields.extend(value);
    Operation::Create(Create {
        record,
        marker: Some(format!("{} {}", row.field, row.state)),
        look_up: false,
        match_paths: Vec::new(),
        known_until: None,
    })
}

/// The calendar of the table, and what is not as it says.
struct Calendar {
    account: Account,
    scope: Scope,
    found: Found,
}

impl Calendar {
    async fn type_in(&self, path: &str, method: Method, event: &Json) -> Result<Json, String> {
        let body = json!({ "event": event });
        self.account.attempt(method, path, body).await
    }

    /// A person makes an event, or changes one, as a row says; its id, unless Google refuses it.
    async fn typed(&self, row: &Row, id: Option<&str>) -> Option<String> {
        let events = "google/calendars/primary/events";
        let (own, instances) = members(row.typed, id.unwrap_or_default());
        let done = match id {
            None => {
                let event = with(base(row.field), &own);
                self.type_in(events, Method::POST, &event).await
            }
            Some(id) => {
                let path = format!("{events}/{id}");
                self.type_in(&path, Method::PATCH, &own).await
            }
        };
        let id = done.ok()?["id"].as_str().unwrap().to_owned();
        for (suffix, members) in instances {
            let path = format!("{events}/{id}_{suffix}");
            let done = self.type_in(&path, Method::PATCH, &members).await;
            done.unwrap();
        }
        Some(id)
    }

    /// What people type is read.
    async fn read(&mut self, rows: &[Row]) {
        let mut cursor: Option<String> = None;
        let mut set: BTreeMap<&str, String> = BTreeMap::new();
        for states in [&STATES[..4], &STATES[4..5], &STATES[5..]] {
            let mut typed = Vec::new();
            let of_state = |row: &&Row| states.contains(&row.state) && row.typed != "none";
            for row in rows.iter().filter(of_state) {
                let is_new = STATES[..4].contains(&row.state);
                let known = set.get(row.field).filter(|_| !is_new);
                let id = self.typed(row, known.map(String::as_str)).await;
                match &id {
                    Some(id) if row.state == "set" => {
                        set.insert(row.field, id.clone());
                    }
                    Some(_) => {}
                    None => self.found.expect(row, "read as", row.read_as, "refused"),
                }
                typed.extend(id.map(|id| (row, id)));
            }
            self.account.settle().await;
            let round = self.account.round(&self.scope, cursor.as_deref()).await;
            assert_eq!(round.seen.len(), typed.len(), "{states:?}");
            for (row, id) in typed {
                let expected = row.read_as.replace("{id}", &id);
                let told = match &round.seen[&id].what {
                    What::Inside(record) => shown(record, row.field),
                    other => format!("{other:?}"),
                };
                self.found.expect(row, "read as", &expected, &told);
            }
            cursor = Some(round.cursor);
        }
    }

    /// What is wanted is stored, and read back.
    async fn write(&mut self, rows: &[Row]) {
        let mut last: Option<(Live, Option<Value>)> = None;
        for row in rows.iter().filter(|row| row.wanted != "none") {
            let operation = match &last {
                Some((live, before)) if STATES[4..].contains(&row.state) => {
                    let edits = edits(row.field, before.clone(), wanted(row));
                    update(&live.remote_id, &live.version, edits)
                }
                _ => creation(row),
            };
            let unmapped = with_option(events_of("primary"), "private", "full");
            let scope = if row.wanted == "(unmapped)" {
                &unmapped
            } else {
                &self.scope
            };
            let answer = self.account.write(scope, operation).await.answer;
            self.account.settle().await;
            let (refused, id) = match &answer {
                Answer::Applied(Applied {
                    refused, remote_id, ..
                }) => (
                    refused
                        .iter()
                        .any(|one| path(&one.path).field() == row.field),
                    Some(remote_id.clone()),
                ),
                Answer::Refused { .. } if STATES[4..].contains(&row.state) => {
                    let live = last.as_ref().map(|(live, _)| live.remote_id.clone());
                    (true, live)
                }
                Answer::Refused { .. } => (true, None),
                other => panic!("{} {}: {other:?}", row.field, row.state),
            };
            let Some(id) = id else {
                self.found.expect(row, "stored", row.stored, "refused");
                self.found
                    .expect(row, "read back", row.read_back, "nothing");
                continue;
            };
            self.stored(row, &id, refused).await;
            let live = self.account.live(&self.scope, &id).await;
            let expected = row.read_back.replace("{id}", &id);
            let told = shown(&live.record, row.field);
            self.found.expect(row, "read back", &expected, &told);
            last = Some((live, wanted(row)));
        }
    }

    /// Compares the members that a row names with what Google truly has.
    async fn stored(&mut self, row: &Row, id: &str, refused: bool) {
        let cell = row.stored.strip_prefix("refused ");
        let expects = if cell.is_some() { "refused" } else { "taken" };
        let told = if refused { "refused" } else { "taken" };
        self.found.expect(row, "stored", expects, told);
        let cell = cell.unwrap_or(row.stored).trim_matches('`');
        let (own, instances) = members(cell, id);
        let mut all = vec![(id.to_owned(), own)];
        let named = instances.into_iter();
        all.extend(named.map(|(suffix, members)| (format!("{id}_{suffix}"), members)));
        for (id, members) in all {
            let truth = self.account.event_truth(&id).await;
            for (name, expected) in members.as_object().unwrap() {
                let (expected, told) = (expected.to_string(), truth[name].to_string());
                self.found.expect(row, name, &expected, &told);
            }
        }
    }
}

// proves
#[tokio::test]
async fn every_field_goes_both_ways_in_every_state() {
    let account = Account::unkind().await;
    let fields = account.google.fields(account.session(), "event").await;
    let fields = fields.unwrap().0;
    let fields: Vec<_> = fields.iter().map(|entry| entry.path.clone()).collect();
    let rows = rows();
    for field in &fields {
        let of_field = rows.iter().filter(|row| path(row.field) == *field);
        let states: Vec<&str> = of_field.map(|row| row.state).collect();
        assert_eq!(states, STATES, "{field}");
    }
    assert_eq!(rows.len(), fields.len() * STATES.len());
    let quota = json!({"calendar": {"quota": {"user_requests": 100_000}}});
    account.configure(quota).await;
    let mut calendar = Calendar {
        scope: Scope {
            paths: fields.clone(),
            ..with_option(events_of("primary"), "private", "full")
        },
        account,
        found: Found::default(),
    };
    calendar.read(&rows).await;
    for of_field in rows.chunks(STATES.len()) {
        calendar.write(of_field).await;
    }
    calendar.account.is_quiet().await;
    let found = calendar.found.0;
    assert!(
        found.is_empty(),
        "not as the table says:\n{}",
        found.join("\n")
    );
}
