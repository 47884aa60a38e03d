//! The body of a write: `{"data":[…],"trigger":[…],"duplicate_check_fields":[…]}`.

use serde_json::{Value, json};

use super::MOST_RECORDS;
use crate::zoho::refusal::Refusal;

/// A parsed body.
#[derive(Debug, PartialEq)]
pub(super) struct Body {
    pub(super) data: Vec<Value>,
    /// Whether workflow rules run. Without `trigger` everything runs; with it, what it names.
    pub(super) workflows: bool,
    /// Fields that upsert looks for duplicates by.
    pub(super) duplicate_check_fields: Option<Vec<String>>,
}

/// Automations that `trigger` may name.
const TRIGGERS: &[&str] = &[
    "workflow",
    "approval",
    "blueprint",
    "pathfinder",
    "orchestration",
];

impl Body {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let no_object = || {
            Refusal::bad(
                "INVALID_DATA",
                "body",
                json!({"expected_data_type": "jsonobject"}),
            )
        };
        let body: Value = serde_json::from_slice(bytes).map_err(|_| no_object())?;
        let body = body.as_object().ok_or_else(no_object)?;
        let data = body
            .get("data")
            .ok_or_else(|| Refusal::mandatory("data", "$.data"))?;
        let data = data
            .as_array()
            .ok_or_else(|| Refusal::value_type("data", "$.data", "jsonarray"))?;
        if data.is_empty() {
            return Err(Refusal::mandatory("data", "$.data"));
        }
        if data.len() > MOST_RECORDS {
            return Err(Refusal::too_long("data", "$.data", MOST_RECORDS));
        }
        Ok(Self {
            data: data.clone(),
            workflows: match body.get("trigger") {
                None => true,
                Some(trigger) => triggers(trigger)?.iter().any(|word| word == "workflow"),
            },
            duplicate_check_fields: body
                .get("duplicate_check_fields")
                .map(|fields| words(fields, "duplicate_check_fields"))
                .transpose()?,
        })
    }
}

fn triggers(trigger: &Value) -> Result<Vec<String>, Refusal> {
    let named = words(trigger, "trigger")?;
    if named.iter().any(|word| !TRIGGERS.contains(&word.as_str())) {
        return Err(Refusal::bad(
            "INVALID_DATA",
            "invalid data",
            json!({"api_name": "trigger", "json_path": "$.trigger", "supported_values": TRIGGERS}),
        ));
    }
    Ok(named)
}

fn words(value: &Value, name: &str) -> Result<Vec<String>, Refusal> {
    let words: Option<Vec<String>> = value.as_array().and_then(|words| {
        words
            .iter()
            .map(|word| word.as_str().map(str::to_owned))
            .collect()
    });
    words.ok_or_else(|| Refusal::value_type(name, &format!("$.{name}"), "jsonarray"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &Value) -> Result<Body, Refusal> {
        Body::parse(body.to_string().as_bytes())
    }

    #[test]
    fn workflows_run_unless_trigger_leaves_them_out() {
        let runs = |body: Value| parse(&body).unwrap().workflows;
        assert!(runs(json!({"data": [{}]})));
        assert!(runs(json!({"data": [{}], "trigger": ["workflow"]})));
        assert!(!runs(json!({"data": [{}], "trigger": []})));
        assert!(!runs(json!({"data": [{}], "trigger": ["approval"]})));
    }

    #[test]
    fn malformed_bodies_are_refused() {
        assert_eq!(Body::parse(b"{").unwrap_err().code, "INVALID_DATA");
        assert_eq!(parse(&json!([])).unwrap_err().code, "INVALID_DATA");
        assert_eq!(parse(&json!({})).unwrap_err().code, "MANDATORY_NOT_FOUND");
        assert_eq!(
            parse(&json!({"data": {}})).unwrap_err().code,
            "INVALID_DATA"
        );
        assert_eq!(
            parse(&json!({"data": []})).unwrap_err().code,
            "MANDATORY_NOT_FOUND"
        );
        let refusal = parse(&json!({"data": vec![json!({}); 101]})).unwrap_err();
        assert_eq!(refusal.details["maximum_length"], 100);
        assert_eq!(
            parse(&json!({"data": [{}], "trigger": ["x"]}))
                .unwrap_err()
                .code,
            "INVALID_DATA"
        );
    }
}
