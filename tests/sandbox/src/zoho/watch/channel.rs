//! A channel: what a client wants to be told, where, and until when.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::event;
use crate::zoho::edit::{Change, Operation};
use crate::zoho::id::Id;
use crate::zoho::org::Org;
use crate::zoho::refusal::Refusal;
use crate::zoho::render::Lens;

/// Longest life of a channel.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What it silently becomes when none, or a longer one, was asked for.
const FALLBACK: SignedDuration = SignedDuration::from_hours(1);
/// Characters of a token.
const TOKEN_LENGTH: usize = 50;

/// What a channel listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::zoho) struct Event {
    pub(in crate::zoho) module: String,
    /// `create`, `edit`, `delete` or `all`.
    pub(in crate::zoho) operation: String,
}

/// What counts when a channel is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) https: bool,
    pub(super) now: Timestamp,
}

/// A channel.
#[derive(Debug, Clone)]
pub(in crate::zoho) struct Channel {
    pub(in crate::zoho) id: String,
    pub(in crate::zoho) user: Id,
    pub(in crate::zoho) events: Vec<Event>,
    pub(in crate::zoho) expiry: Timestamp,
    pub(in crate::zoho) token: Option<String>,
    pub(in crate::zoho) notify_url: Url,
    pub(in crate::zoho) return_values: bool,
    /// Whether an edit of a linked company counts as an edit of the contact.
    pub(in crate::zoho) related: bool,
    condition: Option<Value>,
}

/// The channel id, chosen by the client: a number.
pub(super) fn id(sent: &Value, path: &str) -> Result<String, Refusal> {
    let path = format!("{path}.channel_id");
    let id = match &sent["channel_id"] {
        Value::Null => return Err(Refusal::mandatory("channel_id", &path)),
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => String::new(),
    };
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::value_type("channel_id", &path, "bigint"));
    }
    Ok(id)
}

impl Channel {
    pub(super) fn parse(
        id: String,
        user: Id,
        org: &Org,
        sent: &Value,
        path: &str,
        rules: Rules,
    ) -> Result<Self, Refusal> {
        let mandatory = |name: &str| Refusal::mandatory(name, &format!("{path}.{name}"));
        let mut channel = Self {
            id,
            user,
            events: events(org, sent, path)?.ok_or_else(|| mandatory("events"))?,
            expiry: rules.now + FALLBACK,
            token: None,
            notify_url: notify_url(sent, path, rules)?.ok_or_else(|| mandatory("notify_url"))?,
            return_values: false,
            related: true,
            condition: None,
        };
        channel.change(org, sent, path, rules)?;
        Ok(channel)
    }

    /// Takes over what `sent` names. True when it named events to be removed.
    pub(super) fn change(
        &mut self,
        org: &Org,
        sent: &Value,
        path: &str,
        rules: Rules,
    ) -> Result<bool, Refusal> {
        let named = events(org, sent, path)?;
        let removing = sent["_delete_events"].as_bool() == Some(true);
        match named {
            Some(named) if removing => self.events.retain(|event| !named.contains(event)),
            Some(named) => self.events = named,
            None if removing => self.events.clear(),
            None => {}
        }
        if let Some(url) = notify_url(sent, path, rules)? {
            self.notify_url = url;
        }
        if let Some(expiry) = expiry(sent, path, rules)? {
            self.expiry = expiry;
        }
        match &sent["token"] {
            Value::Null => {}
            Value::String(token) if token.chars().count() > TOKEN_LENGTH => {
                return Err(Refusal::too_long(
                    "token",
                    &format!("{path}.token"),
                    TOKEN_LENGTH,
                ));
            }
            Value::String(token) => self.token = Some(token.clone()),
            _ => {
                return Err(Refusal::value_type(
                    "token",
                    &format!("{path}.token"),
                    "text",
                ));
            }
        }
        self.return_values = sent["return_affected_field_values"]
            .as_bool()
            .unwrap_or(self.return_values);
        self.related = sent["notify_on_related_action"]
            .as_bool()
            .unwrap_or(self.related);
        if sent["notification_condition"].is_array() {
            self.condition = Some(sent["notification_condition"].clone());
        }
        Ok(removing)
    }

    /// The modules it listens to.
    pub(super) fn modules(&self) -> Vec<&str> {
        let mut modules: Vec<&str> = self
            .events
            .iter()
            .map(|event| event.module.as_str())
            .collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    }

    /// What a write of the channel answers, by module.
    pub(super) fn summaries(&self, org: &Org, lens: &Lens<'_>, base_url: &str) -> Vec<Value> {
        self.modules()
            .into_iter()
            .map(|module| {
                json!({
                    "channel_id": self.id, "channel_expiry": lens.instant(self.expiry),
                    "resource_uri": format!("{base_url}/crm/v8/{module}"),
                    "resource_id": org.module(module).map(|module| module.id), "resource_name": module,
                })
            })
            .collect()
    }

    /// What a read of the channels shows, by module.
    pub(super) fn rows(&self, org: &Org, lens: &Lens<'_>, base_url: &str) -> Vec<Value> {
        let mut rows = self.summaries(org, lens, base_url);
        for row in &mut rows {
            let events: Vec<String> = self
                .events
                .iter()
                .filter(|event| row["resource_name"] == event.module)
                .map(|event| format!("{}.{}", event.module, event.operation))
                .collect();
            row["events"] = json!(events);
            row["token"] = json!(self.token);
            row["notify_url"] = json!(self.notify_url.as_str());
            row["return_affected_field_values"] = json!(self.return_values);
            row["notify_on_related_action"] = json!(self.related);
            row["notification_condition"] = json!(self.condition);
            row["fields"] = Value::Null;
        }
        rows
    }

    /// Whether it listens to this operation on this module.
    pub(super) fn hears(&self, module: &str, operation: Operation) -> bool {
        let word = match operation {
            Operation::Insert => "create",
            Operation::Update => "edit",
            Operation::Delete => "delete",
        };
        self.events.iter().any(|event| {
            event.module == module && (event.operation == word || event.operation == "all")
        })
    }

    /// Whether a change passes the field condition, which only edits are held against.
    pub(super) fn concerns(&self, change: &Change) -> bool {
        let conditions = self.condition.as_ref().and_then(Value::as_array);
        if change.operation != Operation::Update {
            return true;
        }
        conditions
            .into_iter()
            .flatten()
            .filter(|condition| condition["module"]["api_name"] == change.module)
            .all(|condition| selected(&condition["field_selection"], &change.fields))
    }
}

/// A tree of `{"field":{"api_name"}}` under `{"group_operator","group":[…]}`.
fn selected(node: &Value, changed: &[String]) -> bool {
    if let Some(group) = node["group"].as_array() {
        let mut parts = group.iter().map(|part| selected(part, changed));
        return match node["group_operator"].as_str() {
            Some("and") => parts.all(|holds| holds),
            _ => parts.any(|holds| holds),
        };
    }
    node["field"]["api_name"]
        .as_str()
        .is_some_and(|name| changed.iter().any(|field| field == name))
}

fn events(org: &Org, sent: &Value, path: &str) -> Result<Option<Vec<Event>>, Refusal> {
    let path = format!("{path}.events");
    let named = match &sent["events"] {
        Value::Null => return Ok(None),
        Value::Array(named) if named.is_empty() => return Err(Refusal::mandatory("events", &path)),
        Value::Array(named) => named,
        _ => return Err(Refusal::value_type("events", &path, "jsonarray")),
    };
    named
        .iter()
        .enumerate()
        .map(|(position, text)| {
            let event = text.as_str().and_then(|text| event(org, text));
            event.ok_or_else(|| Refusal::value("events", &format!("{path}[{position}]")))
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// Longer than the longest, or past: one hour, without a word.
fn expiry(sent: &Value, path: &str, rules: Rules) -> Result<Option<Timestamp>, Refusal> {
    let asked = match &sent["channel_expiry"] {
        Value::Null => return Ok(None),
        Value::String(text) => text.parse::<Timestamp>().ok(),
        _ => None,
    };
    let wrong = || {
        Refusal::value_type(
            "channel_expiry",
            &format!("{path}.channel_expiry"),
            "datetime",
        )
    };
    let asked = asked.ok_or_else(wrong)?;
    let life = asked.duration_since(rules.now);
    // A few seconds of grace: clients compute the week by their own clocks.
    let fits = life > SignedDuration::ZERO && life <= LONGEST + SignedDuration::from_secs(5);
    Ok(Some(if fits { asked } else { rules.now + FALLBACK }))
}

fn notify_url(sent: &Value, path: &str, rules: Rules) -> Result<Option<Url>, Refusal> {
    let wrong = || Refusal::value("notify_url", &format!("{path}.notify_url"));
    let url = match &sent["notify_url"] {
        Value::Null => return Ok(None),
        Value::String(text) => Url::parse(text).map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    let good = match url.scheme() {
        "https" => true,
        "http" => !rules.https || is_loopback(&url),
        _ => false,
    };
    if good { Ok(Some(url)) } else { Err(wrong()) }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_tree_of_fields() {
        let tree = json!({"group_operator": "or", "group": [
            {"field": {"api_name": "Email"}},
            {"group_operator": "and", "group": [
                {"field": {"api_name": "Phone"}}, {"field": {"api_name": "Fax"}},
            ]},
        ]});
        let changed = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            selected(&tree, &names)
        };
        assert!(changed(&["Email"]));
        assert!(changed(&["Fax", "Phone"]));
        assert!(!changed(&["Phone"]));
    }

    #[test]
    fn loopback_addresses_need_no_https() {
        let url = |text: &str| Url::parse(text).unwrap();
        for loopback in [
            "http://127.0.0.1:9/x",
            "http://localhost/",
            "http://[::1]:80/",
        ] {
            assert!(is_loopback(&url(loopback)), "{loopback}");
        }
        assert!(!is_loopback(&url("http://example.com/")));
    }
}
