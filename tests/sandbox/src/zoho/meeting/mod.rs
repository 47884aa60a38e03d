//! Meetings (module `Events`): what their values must fit, beyond what any field checks for itself.

pub(super) mod cancel;
pub(super) mod fields;
pub(super) mod mail;
pub(super) mod participants;
pub(super) mod seed;
pub(super) mod series;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::org::Org;
use super::record::Record;
use super::refusal::Refusal;
use super::value::Draft;

/// API name of the module.
pub(super) const MODULE: &str = "Events";

/// Names under which a client asks for mails to the participants.
const NOTIFY: [&str; 2] = ["$send_notification", "send_notification"];

/// Checks a draft of a meeting and completes it. `existing` is the record as it is, for an update.
pub(super) fn check(
    org: &Org,
    existing: Option<&Record>,
    sent: &Map<String, Value>,
    draft: &mut Draft,
    path: &str,
) -> Result<(), Refusal> {
    for name in NOTIFY {
        match sent.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Bool(notify)) => draft.notify = *notify,
            Some(_) => {
                return Err(Refusal::value_type(
                    name,
                    &format!("{path}.{name}"),
                    "boolean",
                ));
            }
        }
    }
    // Only the product's own pages can change a rule.
    if existing.is_some() && sent.contains_key("Recurring_Activity") {
        let at = format!("{path}.Recurring_Activity");
        return Err(Refusal::value("Recurring_Activity", &at));
    }
    related(org, sent, draft, path)?;
    times(existing, sent, draft, path)
}

/// `What_Id` needs the module that it points into.
fn related(
    org: &Org,
    sent: &Map<String, Value>,
    draft: &mut Draft,
    path: &str,
) -> Result<(), Refusal> {
    let Some(what) = sent.get("What_Id") else {
        return Ok(());
    };
    if what.is_null() {
        draft.values.insert("$se_module".to_owned(), Value::Null);
        return Ok(());
    }
    let at = format!("{path}.What_Id");
    let Some(module) = sent.get("$se_module").and_then(Value::as_str) else {
        return Err(Refusal::bad(
            "DEPENDENT_FIELD_MISSING",
            "Dependent field missing",
            json!({
                "api_name": "$se_module", "json_path": format!("{path}.$se_module"),
                "dependee": {"api_name": "What_Id", "json_path": at},
            }),
        ));
    };
    let known = org
        .module(module)
        .filter(|module| module.api_name != MODULE);
    let known = known.ok_or_else(|| Refusal::value("$se_module", &format!("{path}.$se_module")))?;
    let id = super::record::lookup_id(what)
        .or_else(|| what.as_str().and_then(|id| id.parse().ok()))
        .filter(|id| known.records.contains_key(id))
        .ok_or_else(|| {
            Refusal::bad(
                "INVALID_DATA",
                "the related id given seems to be invalid",
                json!({"api_name": "id", "json_path": at, "expected_data_type": "bigint"}),
            )
        })?;
    draft.values.insert("What_Id".to_owned(), json!({"id": id}));
    draft.values.insert("$se_module".to_owned(), json!(module));
    Ok(())
}

/// Start and end as they will be; an all-day meeting lasts from the first second of a day to the last, in UTC.
fn times(
    existing: Option<&Record>,
    sent: &Map<String, Value>,
    draft: &mut Draft,
    path: &str,
) -> Result<(), Refusal> {
    let current = |draft: &Draft, name: &str| match draft.values.get(name) {
        Some(value) => value.clone(),
        None => existing
            .and_then(|record| record.values.get(name).cloned())
            .unwrap_or_default(),
    };
    if current(draft, "All_day") == json!(true) {
        for (name, time) in [("Start_DateTime", "00:00:00"), ("End_DateTime", "23:59:59")] {
            // The day as it is written, whatever its offset (unverified).
            let written = sent.get(name).and_then(Value::as_str).map(str::to_owned);
            let stored = current(draft, name);
            let text = written.or_else(|| stored.as_str().map(str::to_owned));
            let day = text.and_then(|text| text.get(..10)?.parse::<Date>().ok());
            if let Some(day) = day {
                let at = format!("{day}T{time}Z");
                draft.values.insert(name.to_owned(), json!(at));
            }
        }
    }
    let at = |name: &str| {
        let value = current(draft, name);
        value
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    match (at("Start_DateTime"), at("End_DateTime")) {
        (Some(start), Some(end)) if end < start => Err(Refusal::value(
            "End_DateTime",
            &format!("{path}.End_DateTime"),
        )),
        _ => Ok(()),
    }
}
