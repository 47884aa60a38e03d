//! An entry of somebody's calendar list.

use serde_json::{Map, Value, json};

use super::calendar::Calendar;
use super::error::CalendarError;
use super::properties;

/// How an account has put a calendar into its list.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct Entry {
    /// Id of the calendar.
    pub(super) calendar: String,
    /// What people set: `summaryOverride`, `colorId`, colours, `hidden`, `selected`.
    pub(super) own: Map<String, Value>,
    pub(super) default_reminders: Vec<Value>,
}

/// What may be written.
const WRITABLE: &[&str] = &[
    "summaryOverride",
    "colorId",
    "backgroundColor",
    "foregroundColor",
    "hidden",
    "selected",
    "notificationSettings",
];

impl Entry {
    /// A new entry: a calendar of one's own reminds half an hour ahead.
    pub(super) fn new(calendar: &Calendar, account: &str) -> Self {
        let own = calendar.owner == account;
        Self {
            calendar: calendar.id.clone(),
            own: Map::from_iter([("selected".to_owned(), json!(true))]),
            default_reminders: if own {
                vec![json!({"method": "popup", "minutes": 30})]
            } else {
                Vec::new()
            },
        }
    }

    /// Lays a patch over the entry.
    pub(super) fn change(&mut self, body: &Value) -> Result<(), CalendarError> {
        for name in WRITABLE {
            match body.get(*name) {
                None => {}
                Some(Value::Null) => {
                    self.own.remove(*name);
                }
                Some(value) => {
                    self.own.insert((*name).to_owned(), value.clone());
                }
            }
        }
        match &body["defaultReminders"] {
            Value::Null => {}
            Value::Array(list) if list.len() <= 5 => {
                self.default_reminders = list
                    .iter()
                    .map(properties::reminder)
                    .collect::<Result<_, _>>()?;
            }
            _ => {
                return Err(CalendarError::invalid(
                    "Invalid value for: defaultReminders",
                ));
            }
        }
        Ok(())
    }

    /// Whether people have taken it off their screens.
    pub(super) fn is_hidden(&self) -> bool {
        self.own.get("hidden") == Some(&json!(true))
    }

    /// As the API shows it to this account.
    pub(super) fn json(&self, calendar: &Calendar, account: &str, etag: &str, gone: bool) -> Value {
        let role = calendar.role(account);
        let mut entry = json!({
            "kind": "calendar#calendarListEntry", "etag": etag, "id": self.calendar,
        });
        let Some(role) = role.filter(|_| !gone) else {
            entry["deleted"] = json!(true);
            return entry;
        };
        entry["summary"] = json!(calendar.summary);
        entry["timeZone"] = json!(calendar.time_zone);
        entry["accessRole"] = json!(role.word());
        entry["dataOwner"] = json!(calendar.owner);
        entry["defaultReminders"] = json!(self.default_reminders);
        entry["colorId"] = json!("14");
        entry["backgroundColor"] = json!("#9fe1e7");
        entry["foregroundColor"] = json!("#000000");
        entry["conferenceProperties"] = json!({"allowedConferenceSolutionTypes": ["hangoutsMeet"]});
        if let Some(description) = &calendar.description {
            entry["description"] = json!(description);
        }
        if calendar.is_primary() && calendar.owner == account {
            entry["primary"] = json!(true);
        }
        for (name, value) in &self.own {
            if value != &json!(false) {
                entry[name] = value.clone();
            }
        }
        entry
    }
}
