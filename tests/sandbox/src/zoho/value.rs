//! Values that clients send: checked against the field, and rewritten the way the provider does.

use serde_json::{Map, Value, json};

use super::field::{Field, Kind};
use super::id::Id;
use super::meeting;
use super::module::Module;
use super::org::Org;
use super::record::{Record, whole_seconds};
use super::refusal::Refusal;

/// What a record in a request body asks for, checked.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// By API name; null clears.
    pub(super) values: Map<String, Value>,
    pub(super) owner: Option<Id>,
    /// Whether the participants of a meeting get mail.
    pub(super) notify: bool,
}

/// Checks one record of a request. `path` is its JSON path (`$.data[0]`).
///
/// Keys that are no field, that only the system writes, or that the profile may not write are ignored, as the
/// provider ignores them.
pub(super) struct Checker<'a> {
    pub(super) org: &'a Org,
    pub(super) module: &'a Module,
    pub(super) profile: Id,
    pub(super) rewrite: bool,
    /// The record that is updated.
    pub(super) existing: Option<&'a Record>,
}

impl Checker<'_> {
    /// The values that count, or the first thing that is wrong.
    pub(super) fn draft(&self, sent: &Map<String, Value>, path: &str) -> Result<Draft, Refusal> {
        let mut draft = Draft::default();
        for (name, value) in sent {
            let Some(field) = self.module.field(name).filter(|f| f.writable(self.profile)) else {
                continue;
            };
            let path = format!("{path}.{name}");
            let value = self.accepted(field, value, &path)?;
            if field.kind == Kind::User {
                draft.owner = super::record::lookup_id(&value);
            } else if value.is_null() && field.mandatory {
                return Err(Refusal::mandatory(name, &path));
            } else {
                draft.values.insert(name.clone(), value);
            }
        }
        if self.module.api_name == meeting::MODULE {
            meeting::check(self.org, self.existing, sent, &mut draft, path)?;
        }
        Ok(draft)
    }

    /// The value as it is stored; null when it is empty.
    fn accepted(&self, field: &Field, value: &Value, path: &str) -> Result<Value, Refusal> {
        if value.is_null() && field.kind != Kind::User {
            return Ok(Value::Null);
        }
        match field.kind {
            Kind::Boolean => match value {
                Value::Bool(_) => Ok(value.clone()),
                _ => Err(Refusal::value_type(&field.api_name, path, "boolean")),
            },
            Kind::Lookup(target) => self.lookup(field, target, value, path),
            Kind::User => self.user(field, value, path),
            Kind::Tags => tags(field, value, path),
            // Looked at together with the module that it points into.
            Kind::Related => Ok(value.clone()),
            Kind::Participants => meeting::participants::checked(self.org, value, path),
            Kind::Reminders => meeting::fields::reminders(&field.api_name, value, path),
            Kind::Recurrence => meeting::fields::rule(&field.api_name, value, path),
            _ => self.text(field, value, path),
        }
    }

    fn text(&self, field: &Field, value: &Value, path: &str) -> Result<Value, Refusal> {
        let wrong_type = || Refusal::value_type(&field.api_name, path, field.kind.data_type());
        let sent = value.as_str().ok_or_else(wrong_type)?;
        let text = if self.rewrite {
            rewritten(field.kind, sent)
        } else {
            sent.to_owned()
        };
        if text.is_empty() {
            return Ok(Value::Null);
        }
        if text.chars().count() > field.length {
            return Err(Refusal::too_long(&field.api_name, path, field.length));
        }
        match field.kind {
            Kind::Email if !is_email(&text) => Err(wrong_type()),
            Kind::Date if text.len() != 10 || text.parse::<jiff::civil::Date>().is_err() => {
                Err(wrong_type())
            }
            Kind::DateTime => {
                let at: jiff::Timestamp = text.parse().map_err(|_| wrong_type())?;
                Ok(json!(whole_seconds(at)))
            }
            Kind::Picklist if !field.choices.contains(&text) => Err(Refusal::bad(
                "INVALID_DATA",
                "invalid data",
                json!({
                    "api_name": field.api_name, "json_path": path, "supported_values": field.choices,
                }),
            )),
            _ => Ok(json!(text)),
        }
    }

    /// A lookup goes by id; a name alone finds nothing.
    fn lookup(
        &self,
        field: &Field,
        target: &str,
        value: &Value,
        path: &str,
    ) -> Result<Value, Refusal> {
        if !value.is_object() && !value.is_string() {
            return Err(Refusal::value_type(&field.api_name, path, "jsonobject"));
        }
        let id: Option<Id> = match value {
            Value::String(id) => id.parse().ok(),
            object => super::record::lookup_id(object),
        };
        let known = id.filter(|id| {
            let target = self.org.module(target);
            target.is_some_and(|module| module.records.contains_key(id))
        });
        known.map(|id| json!({"id": id})).ok_or_else(|| {
            let api_name = if value["id"].is_null() {
                field.api_name.as_str()
            } else {
                "id"
            };
            Refusal::bad(
                "INVALID_DATA",
                "the related id given seems to be invalid",
                json!({"api_name": api_name, "json_path": path, "expected_data_type": "bigint"}),
            )
        })
    }

    fn user(&self, field: &Field, value: &Value, path: &str) -> Result<Value, Refusal> {
        super::record::lookup_id(value)
            .filter(|id| self.org.user(*id).is_some())
            .map(|id| json!({"id": id}))
            .ok_or_else(|| Refusal::value(&field.api_name, path))
    }
}

fn tags(field: &Field, value: &Value, path: &str) -> Result<Value, Refusal> {
    let names: Option<Vec<&str>> = value
        .as_array()
        .and_then(|tags| tags.iter().map(|tag| tag["name"].as_str()).collect());
    let names = names.ok_or_else(|| Refusal::value_type(&field.api_name, path, "jsonarray"))?;
    if let Some(position) = names.iter().position(|name| name.chars().count() > 25) {
        return Err(Refusal::too_long(
            "name",
            &format!("{path}[{position}].name"),
            25,
        ));
    }
    let tags: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    Ok(json!(tags))
}

/// What the provider makes of a text: no outer white space, `\n` for line ends, e-mail domains in lower case.
fn rewritten(kind: Kind, text: &str) -> String {
    let text = text.trim().replace("\r\n", "\n");
    match (kind, text.rsplit_once('@')) {
        (Kind::Email, Some((local, domain))) => format!("{local}@{}", domain.to_lowercase()),
        _ => text,
    }
}

/// The provider's check is a plain pattern, not the RFC's grammar.
pub(super) fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| !c.is_whitespace() && !"@<>()[],;:\"\\".contains(c))
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        plain(local) && domain.contains('.') && domain.split('.').all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_only_domains_are_lowered() {
        assert_eq!(
            rewritten(Kind::Email, " Ana@Example.COM "),
            "Ana@example.com"
        );
        assert_eq!(rewritten(Kind::TextArea, "a\r\nb "), "a\nb");
        assert_eq!(rewritten(Kind::Text, "  ACME@Home"), "ACME@Home");
    }

    #[test]
    fn malformed_addresses_are_told_from_good_ones() {
        for good in [
            "a@b.co",
            "first.last+tag@sub.example.com",
            "o'brien@example.org",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "a@@b.co",
            "a b@c.de",
            "a@b..co",
            "a@.co",
            "Ana <a@b.co>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
