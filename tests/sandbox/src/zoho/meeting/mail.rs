//! The mails that the CRM would send to the participants of a meeting.

use serde_json::{Map, Value, json};

use super::participants::address;
use crate::journal::Letter;
use crate::zoho::org::Org;
use crate::zoho::record::Record;

/// Values that participants do not see.
const UNSEEN: &[&str] = &["Remind_At", "Check_In_Status", "Tag", "$u_id"];

/// A write that asks for mails: new participants are invited, the others are told if something changed, those who were
/// invited and are not any more get a cancellation. `values` are those that will be stored; who gets an invitation is
/// marked in them.
pub(in crate::zoho) fn announce(
    org: &Org,
    before: Option<&Record>,
    values: &mut Map<String, Value>,
    record: &str,
) -> Vec<Letter> {
    let changed = before.is_some_and(|before| seen(&before.values) != seen(values));
    let old = before
        .map(|before| list(&before.values))
        .unwrap_or_default();
    let mut letters = Vec::new();
    let mut tell = |one: &Value, kind: &'static str| {
        letters.extend(address(org, one).map(|recipient| Letter {
            recipient,
            kind,
            record: record.to_owned(),
        }));
    };
    if let Some(Value::Array(after)) = values.get_mut("Participants") {
        for one in after.iter_mut() {
            if one["invited"] != true {
                tell(one, "invitation");
                one["invited"] = json!(true);
            } else if changed {
                tell(one, "update");
            }
        }
    }
    let new = list(values);
    for one in old.iter().filter(|one| one["invited"] == true) {
        let stays = new.iter().any(|other| {
            other["type"] == one["type"] && other["participant"] == one["participant"]
        });
        if !stays {
            tell(one, "cancellation");
        }
    }
    letters
}

/// Reminders that the participants of a meeting will get by mail, because a client's write stored `Remind_Participants`
/// (unverified: that the CRM mails them).
pub(in crate::zoho) fn reminders(
    org: &Org,
    before: Option<&Record>,
    values: &Map<String, Value>,
    record: &str,
) -> Vec<Letter> {
    let of = |values: &Map<String, Value>| values.get("Remind_Participants").cloned();
    let new = of(values).filter(|new| !new.is_null());
    if new.is_none() || new == before.and_then(|before| of(&before.values)) {
        return Vec::new();
    }
    list(values)
        .iter()
        .filter_map(|one| address(org, one))
        .map(|recipient| Letter {
            recipient,
            kind: "reminder",
            record: record.to_owned(),
        })
        .collect()
}

/// A meeting that is off: everybody who was invited is told.
pub(in crate::zoho) fn called_off(org: &Org, meeting: &Record) -> Vec<Letter> {
    list(&meeting.values)
        .iter()
        .filter(|one| one["invited"] == true)
        .filter_map(|one| address(org, one))
        .map(|recipient| Letter {
            recipient,
            kind: "cancellation",
            record: meeting.id.to_string(),
        })
        .collect()
}

fn list(values: &Map<String, Value>) -> Vec<Value> {
    let list = values.get("Participants").and_then(Value::as_array);
    list.cloned().unwrap_or_default()
}

fn seen(values: &Map<String, Value>) -> Map<String, Value> {
    let mut seen = values.clone();
    seen.retain(|name, _| name != "Participants" && !UNSEEN.contains(&name.as_str()));
    seen
}
