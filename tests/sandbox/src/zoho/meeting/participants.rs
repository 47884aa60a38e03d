//! Who is invited to a meeting.

use serde_json::{Map, Value, json};

use crate::zoho::id::Id;
use crate::zoho::org::Org;
use crate::zoho::refusal::Refusal;
use crate::zoho::value::is_email;

/// Participants of one meeting.
pub(in crate::zoho) const MOST: usize = 50;

/// Checks the list that a client sends: `{"type","participant"}` each. Everything else in it is ignored, so that what
/// was read can be sent back.
pub(in crate::zoho) fn checked(org: &Org, value: &Value, path: &str) -> Result<Value, Refusal> {
    let sent = value
        .as_array()
        .ok_or_else(|| Refusal::value_type("Participants", path, "jsonarray"))?;
    if sent.len() > MOST {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "limit exceeded",
            json!({"api_name": "Participants", "json_path": path, "limit": MOST}),
        ));
    }
    let mut kept: Vec<Value> = Vec::new();
    for (position, sent) in sent.iter().enumerate() {
        let at = format!("{path}[{position}]");
        let one = participant(org, sent, &at)?;
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    Ok(if kept.is_empty() {
        Value::Null
    } else {
        json!(kept)
    })
}

fn participant(org: &Org, sent: &Value, path: &str) -> Result<Value, Refusal> {
    let kind = sent["type"].as_str();
    let kind = kind.ok_or_else(|| Refusal::mandatory("type", &format!("{path}.type")))?;
    let at = format!("{path}.participant");
    let given = match &sent["participant"] {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Refusal::mandatory("participant", &at)),
    };
    let known = match kind {
        "email" => is_email(&given),
        "user" => id(&given).is_some_and(|id| org.user(id).is_some()),
        "contact" => has(org, "Contacts", &given),
        "lead" => has(org, "Leads", &given),
        _ => {
            return Err(Refusal::bad(
                "INVALID_DATA",
                "invalid data",
                json!({
                    "api_name": "type", "json_path": format!("{path}.type"),
                    "supported_values": ["user", "contact", "lead", "email"],
                }),
            ));
        }
    };
    if known {
        Ok(json!({"type": kind, "participant": given}))
    } else {
        Err(Refusal::value("participant", &at))
    }
}

fn id(text: &str) -> Option<Id> {
    text.parse().ok()
}

fn has(org: &Org, module: &str, given: &str) -> bool {
    let module = org.module(module);
    id(given).is_some_and(|id| module.is_some_and(|module| module.records.contains_key(&id)))
}

/// Name and address of a participant, as far as they are known.
fn person(org: &Org, participant: &Value) -> (Option<String>, Option<String>) {
    let given = participant["participant"].as_str().unwrap_or_default();
    let module = match participant["type"].as_str() {
        Some("email") => return (None, Some(given.to_owned())),
        Some("user") => {
            let user = id(given).and_then(|id| org.user(id));
            return user.map_or((None, None), |user| {
                (Some(user.full_name()), Some(user.email.clone()))
            });
        }
        Some("lead") => "Leads",
        _ => "Contacts",
    };
    let module = org.module(module);
    let record = module.and_then(|module| module.records.get(&id(given)?));
    record.map_or((None, None), |record| {
        let email = record.text("Email").map(str::to_owned);
        (Some(record.full_name()), email)
    })
}

/// The address of a participant.
pub(in crate::zoho) fn address(org: &Org, participant: &Value) -> Option<String> {
    person(org, participant).1
}

/// The participants as a read shows them.
pub(in crate::zoho) fn shown(org: &Org, meeting: Id, stored: &Value) -> Value {
    let stored = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<Value> = stored
        .iter()
        .enumerate()
        .map(|(position, one)| {
            let (name, email) = person(org, one);
            json!({
                "type": one["type"], "participant": one["participant"],
                "name": name.or_else(|| email.clone()), "Email": email,
                "invited": one["invited"].as_bool().unwrap_or(false),
                "status": one["status"].as_str().unwrap_or("not_known"),
                "id": format!("{meeting}{position:02}"),
            })
        })
        .collect();
    json!(shown)
}

/// Carries over what is known of participants who stay: whether they were invited, and what they answered.
pub(in crate::zoho) fn kept(before: Option<&Value>, after: &mut Map<String, Value>) {
    let before = before.and_then(Value::as_array);
    let Some(Value::Array(after)) = after.get_mut("Participants") else {
        return;
    };
    for one in after {
        let same = before
            .into_iter()
            .flatten()
            .find(|old| old["type"] == one["type"] && old["participant"] == one["participant"]);
        if let Some(same) = same {
            *one = same.clone();
        }
    }
}
