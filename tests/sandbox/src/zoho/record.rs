//! One record, and what its fields read as.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::id::Id;

/// A record as stored. Stamps have whole seconds, as the provider's have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) id: Id,
    pub(super) owner: Id,
    pub(super) created: Timestamp,
    pub(super) created_by: Id,
    pub(super) modified: Timestamp,
    pub(super) modified_by: Id,
    /// By API name; an empty field is absent. Lookups are `{"id": …}`.
    pub(super) values: Map<String, Value>,
}

impl Record {
    /// The text in a field, if it is one.
    pub(super) fn text(&self, api_name: &str) -> Option<&str> {
        self.values.get(api_name).and_then(Value::as_str)
    }

    /// The id in a lookup field.
    pub(super) fn lookup(&self, api_name: &str) -> Option<Id> {
        lookup_id(self.values.get(api_name)?)
    }

    /// Given and family name, as `Full_Name` shows them.
    pub(super) fn full_name(&self) -> String {
        let names = ["First_Name", "Last_Name"].map(|name| self.text(name).unwrap_or_default());
        names.join(" ").trim().to_owned()
    }

    /// Names of the tags.
    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.values.get("Tag").and_then(Value::as_array);
        tags.into_iter()
            .flatten()
            .filter_map(|tag| tag["name"].as_str().map(str::to_owned))
            .collect()
    }

    /// API names of the fields whose values differ.
    pub(super) fn changed_fields(&self, before: &Self) -> Vec<String> {
        let mut names: Vec<String> = self
            .values
            .keys()
            .chain(before.values.keys())
            .filter(|name| self.values.get(*name) != before.values.get(*name))
            .cloned()
            .collect();
        if self.owner != before.owner {
            names.push("Owner".to_owned());
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The id in a lookup value, stored or sent: `{"id": "…"}`. Zoho's own client sends it as a number.
pub(super) fn lookup_id(value: &Value) -> Option<Id> {
    match &value["id"] {
        Value::String(id) => id.parse().ok(),
        Value::Number(id) => id.to_string().parse().ok(),
        _ => None,
    }
}

/// A record that was deleted.
#[derive(Debug, Clone)]
pub(super) struct Deleted {
    pub(super) record: std::sync::Arc<Record>,
    pub(super) display_name: String,
    pub(super) at: Timestamp,
    pub(super) by: Id,
    /// Removed from the recycle bin, or merged into another record: cannot come back.
    pub(super) permanent: bool,
    /// From when the deleted feed shows it.
    pub(super) visible_at: Timestamp,
}

/// How long the recycle bin keeps a record, in seconds.
const BIN_SECONDS: i64 = 60 * 24 * 3600;

impl Deleted {
    /// Whether it is past restoring at `now`.
    pub(super) fn is_permanent(&self, now: Timestamp) -> bool {
        self.permanent || now.as_second() - self.at.as_second() >= BIN_SECONDS
    }
}

/// The instant without fractions of a second.
pub(super) fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(values: &Value) -> Record {
        let id: Id = "1".parse().unwrap();
        Record {
            id,
            owner: id,
            created: Timestamp::UNIX_EPOCH,
            created_by: id,
            modified: Timestamp::UNIX_EPOCH,
            modified_by: id,
            values: values.as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn a_surname_alone_is_the_full_name() {
        assert_eq!(record(&json!({"Last_Name": "Xu"})).full_name(), "Xu");
        assert_eq!(
            record(&json!({"Last_Name": "Xu", "First_Name": "Zoe"})).full_name(),
            "Zoe Xu"
        );
    }

    #[test]
    fn set_cleared_and_changed_fields_are_told() {
        let before = record(&json!({"Phone": "1", "Fax": "2", "Title": "x"}));
        let after = record(&json!({"Phone": "3", "Title": "x", "Mobile": "4"}));
        assert_eq!(after.changed_fields(&before), ["Fax", "Mobile", "Phone"]);
    }
}
