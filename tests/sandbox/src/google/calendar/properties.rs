//! Extended properties and reminders, with their limits.

use serde_json::{Map, Value, json};

use super::error::CalendarError;

/// Characters of a key; longer ones are dropped without a word ("Extended properties").
const KEY_LENGTH: usize = 44;
/// Characters of a value; longer ones are cut without a word.
const VALUE_LENGTH: usize = 1024;
/// Properties of one event.
const MOST_PROPERTIES: usize = 300;
/// Bytes of all keys and values of one event.
const MOST_BYTES: usize = 32 * 1024;
/// Reminders of one event.
const MOST_REMINDERS: usize = 5;
/// Four weeks.
const MOST_MINUTES: i64 = 40_320;

type Properties = Map<String, Value>;

/// Private and shared properties.
pub(super) fn extended(value: &Value) -> Result<(Properties, Properties), CalendarError> {
    let private = side(&value["private"])?;
    let shared = side(&value["shared"])?;
    let bytes: usize = private
        .iter()
        .chain(&shared)
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    // The status of this refusal is unverified.
    if private.len() + shared.len() > MOST_PROPERTIES || bytes > MOST_BYTES {
        return Err(CalendarError::invalid("Extended properties are too large."));
    }
    Ok((private, shared))
}

fn side(value: &Value) -> Result<Properties, CalendarError> {
    let sent = match value {
        Value::Null => return Ok(Map::new()),
        Value::Object(sent) => sent,
        _ => {
            return Err(CalendarError::invalid(
                "Invalid value for: extendedProperties",
            ));
        }
    };
    let mut kept = Map::new();
    for (key, value) in sent {
        let Some(text) = value.as_str() else {
            return Err(CalendarError::invalid(
                "Invalid value for: extendedProperties",
            ));
        };
        if key.chars().count() <= KEY_LENGTH {
            let cut: String = text.chars().take(VALUE_LENGTH).collect();
            kept.insert(key.clone(), json!(cut));
        }
    }
    Ok(kept)
}

/// Reminders as they are kept, or the first thing that is wrong with them.
pub(super) fn reminders(value: &Value) -> Result<Value, CalendarError> {
    let default = json!({"useDefault": true});
    let sent = match value {
        Value::Null => return Ok(default),
        Value::Object(sent) => sent,
        _ => return Err(CalendarError::invalid("Invalid value for: reminders")),
    };
    let by_default = sent.get("useDefault") == Some(&json!(true));
    let overrides = match sent.get("overrides") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(overrides)) => overrides.clone(),
        Some(_) => return Err(CalendarError::invalid("Invalid value for: reminders")),
    };
    if by_default && !overrides.is_empty() {
        return Err(CalendarError::new(
            400,
            "calendar",
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ));
    }
    if by_default {
        return Ok(default);
    }
    if overrides.len() > MOST_REMINDERS {
        return Err(CalendarError::invalid("Too many reminder overrides."));
    }
    let kept: Result<Vec<Value>, CalendarError> = overrides.iter().map(reminder).collect();
    let kept = kept?;
    Ok(if kept.is_empty() {
        json!({"useDefault": false})
    } else {
        json!({"useDefault": false, "overrides": kept})
    })
}

/// One reminder: a pop-up or a mail, up to four weeks ahead.
pub(super) fn reminder(sent: &Value) -> Result<Value, CalendarError> {
    let method = sent["method"].as_str();
    let minutes = sent["minutes"].as_i64();
    match (method, minutes) {
        (Some(method @ ("popup" | "email")), Some(minutes @ 0..=MOST_MINUTES)) => {
            Ok(json!({"method": method, "minutes": minutes}))
        }
        _ => Err(CalendarError::invalid("Invalid reminder.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_dropped_and_long_values_cut() {
        let long = "k".repeat(45);
        let sent = json!({"private": {long: "v", "own": "v".repeat(2000)}});
        let (private, shared) = extended(&sent).unwrap();
        assert_eq!(private.len(), 1);
        assert_eq!(private["own"].as_str().unwrap().len(), VALUE_LENGTH);
        assert!(shared.is_empty());
        assert!(extended(&json!({"shared": {"a": 1}})).is_err());
        assert!(extended(&json!({"shared": "a"})).is_err());
    }

    #[test]
    fn reminders_have_limits() {
        let popup = |minutes: i64| json!({"method": "popup", "minutes": minutes});
        let own = |overrides: Vec<Value>| {
            reminders(&json!({"useDefault": false, "overrides": overrides}))
        };
        assert!(own(vec![popup(0); 5]).is_ok());
        assert!(own(vec![popup(0); 6]).is_err());
        assert!(own(vec![popup(40_321)]).is_err());
        assert!(own(vec![json!({"method": "sms", "minutes": 5})]).is_err());
        assert!(reminders(&json!({"useDefault": true, "overrides": [popup(5)]})).is_err());
        assert_eq!(
            reminders(&Value::Null).unwrap(),
            json!({"useDefault": true})
        );
    }
}
