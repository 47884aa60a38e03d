//! A Person as a client sent it: checked against the schema, cleaned of what the server computes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::derive;
use super::schema::{self, Field, Kind};
use crate::google::error::GoogleError;

/// Characters that one property may hold; notes are exempt.
const PROPERTY_LIMIT: usize = 1024;
/// Items that one contact may hold.
const ITEM_LIMIT: usize = 500;
/// Bytes that one contact may take as JSON.
const CONTACT_LIMIT: usize = 128 * 1024;

/// The items of one contact by field. A field without items has no entry.
pub(in crate::google) type Fields = BTreeMap<&'static str, Vec<Map<String, Value>>>;

/// What a body says.
#[derive(Debug, Clone, Default)]
pub(in crate::google) struct Draft {
    /// `person.etag`.
    pub(in crate::google) etag: Option<String>,
    /// `person.metadata.sources[type=CONTACT].etag`.
    pub(in crate::google) source_etag: Option<String>,
    /// Items by field.
    pub(in crate::google) fields: Fields,
    /// Resource names of groups; absent where the body has no `memberships`.
    pub(in crate::google) groups: Option<Vec<String>>,
}

impl Draft {
    /// Reads a Person. `at` is where it stands in the request, for error messages.
    pub(in crate::google) fn parse(body: &Value, at: &str) -> Result<Self, GoogleError> {
        let Value::Object(person) = body else {
            return Err(GoogleError::wrong_type(at, "Person", body));
        };
        let mut draft = Self::default();
        for (name, value) in person {
            let place = format!("{at}.{}", snake(name));
            match name.as_str() {
                "etag" => draft.etag = text(value, &place)?,
                "metadata" => draft.source_etag = source_etag(value),
                "memberships" => draft.groups = Some(memberships(value, &place)?),
                name if schema::IGNORED.contains(&name) => {}
                name => {
                    let field =
                        schema::named(name).ok_or_else(|| GoogleError::unknown_name(name, at))?;
                    let items = items(field, value, &place)?;
                    if !items.is_empty() {
                        draft.fields.insert(field.name, items);
                    }
                }
            }
        }
        check_size(&draft.fields, at)?;
        Ok(draft)
    }

    /// The items of a field, empty where the body has none.
    pub(in crate::google) fn items(&self, field: &str) -> Vec<Map<String, Value>> {
        self.fields.get(field).cloned().unwrap_or_default()
    }
}

/// The name that a mask path has in [`Fields`].
pub(in crate::google) fn field_name(path: &str) -> Option<&'static str> {
    schema::named(path).map(|field| field.name)
}

fn items(
    field: &'static Field,
    value: &Value,
    at: &str,
) -> Result<Vec<Map<String, Value>>, GoogleError> {
    let mut kept: Vec<(bool, Map<String, Value>)> = Vec::new();
    for (index, value) in list(value, at)?.iter().enumerate() {
        let place = format!("{at}[{index}]");
        let (primary, item) = item(field, value, &place)?;
        if field.essential.iter().any(|name| item.contains_key(*name)) {
            kept.push((primary, item));
        }
    }
    if field.singleton && kept.len() > 1 {
        return Err(GoogleError::bad_field(
            at,
            format!(
                "Contact sources may have at most one value for '{}'.",
                field.name
            ),
        ));
    }
    // The first item is the primary one, unless the client names another.
    kept.sort_by_key(|(primary, _)| !primary);
    Ok(kept
        .into_iter()
        .map(|(_, item)| derive::completed(field.name, item))
        .collect())
}

fn item(field: &Field, value: &Value, at: &str) -> Result<(bool, Map<String, Value>), GoogleError> {
    let Value::Object(sent) = value else {
        return Err(GoogleError::wrong_type(at, field.name, value));
    };
    let mut item = Map::new();
    for (name, value) in sent {
        if name == "metadata" {
            continue;
        }
        let kind = field
            .properties
            .iter()
            .find_map(|(property, kind)| (property == name).then_some(*kind))
            .ok_or_else(|| GoogleError::unknown_name(name, at))?;
        let place = format!("{at}.{}", snake(name));
        if let Some(value) = property(kind, value, &place)? {
            item.insert(name.clone(), value);
        }
    }
    let primary = sent
        .get("metadata")
        .is_some_and(|metadata| metadata["primary"] == true);
    Ok((primary, item))
}

/// A property as it is stored; nothing for what is empty or computed.
fn property(kind: Kind, value: &Value, at: &str) -> Result<Option<Value>, GoogleError> {
    match kind {
        Kind::Derived => Ok(None),
        _ if value.is_null() => Ok(None),
        Kind::Flag => match value {
            Value::Bool(_) => Ok(Some(value.clone())),
            _ => Err(GoogleError::wrong_type(at, "TYPE_BOOL", value)),
        },
        Kind::Number => match value.as_i64() {
            Some(_) => Ok(Some(value.clone())),
            None => Err(GoogleError::wrong_type(at, "TYPE_INT32", value)),
        },
        Kind::Date => date(value, at),
        Kind::Choice(choices) => match value.as_str() {
            Some(choice) if choices.contains(&choice) => Ok(Some(value.clone())),
            _ => Err(GoogleError::wrong_type(at, "TYPE_ENUM", value)),
        },
        Kind::Text | Kind::LongText => {
            let stored = text(value, at)?;
            let length = stored.as_deref().map_or(0, |text| text.chars().count());
            if kind == Kind::Text && length > PROPERTY_LIMIT {
                return Err(GoogleError::bad_field(
                    at,
                    format!("'{at}' must be at most {PROPERTY_LIMIT} characters."),
                ));
            }
            Ok(stored.map(Value::String))
        }
    }
}

/// A string without the spaces around it; nothing if that leaves nothing.
fn text(value: &Value, at: &str) -> Result<Option<String>, GoogleError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        other => Err(GoogleError::wrong_type(at, "TYPE_STRING", other)),
    }
}

fn date(value: &Value, at: &str) -> Result<Option<Value>, GoogleError> {
    let Value::Object(sent) = value else {
        return Err(GoogleError::wrong_type(at, "google.type.Date", value));
    };
    let mut date = Map::new();
    for (name, number) in sent {
        let upper = match name.as_str() {
            "year" => 9999,
            "month" => 12,
            "day" => 31,
            other => return Err(GoogleError::unknown_name(other, at)),
        };
        match number.as_i64() {
            Some(number) if (0..=upper).contains(&number) => {
                if number > 0 {
                    date.insert(name.clone(), number.into());
                }
            }
            _ => {
                return Err(GoogleError::wrong_type(
                    &format!("{at}.{name}"),
                    "TYPE_INT32",
                    number,
                ));
            }
        }
    }
    Ok((!date.is_empty()).then_some(Value::Object(date)))
}

fn memberships(value: &Value, at: &str) -> Result<Vec<String>, GoogleError> {
    let mut groups = Vec::new();
    for (index, item) in list(value, at)?.iter().enumerate() {
        let membership = &item["contactGroupMembership"];
        if let Some(name) = membership["contactGroupResourceName"].as_str() {
            groups.push(name.to_owned());
        } else if item.get("domainMembership").is_none() {
            return Err(GoogleError::bad_field(
                &format!("{at}[{index}]"),
                "A membership must name a contact_group_resource_name.",
            ));
        }
    }
    Ok(groups)
}

fn list<'a>(value: &'a Value, at: &str) -> Result<&'a [Value], GoogleError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        other => Err(GoogleError::wrong_type(at, "repeated field", other)),
    }
}

fn source_etag(metadata: &Value) -> Option<String> {
    metadata["sources"]
        .as_array()?
        .iter()
        .find(|source| source["type"] == "CONTACT")
        .and_then(|source| source["etag"].as_str())
        .map(str::to_owned)
}

fn check_size(fields: &Fields, at: &str) -> Result<(), GoogleError> {
    let items: usize = fields.values().map(Vec::len).sum();
    let bytes = serde_json::to_string(fields).map_or(0, |json| json.len());
    if items > ITEM_LIMIT || bytes > CONTACT_LIMIT {
        return Err(GoogleError::bad_field(
            at,
            format!("A contact may hold {ITEM_LIMIT} fields and {CONTACT_LIMIT} bytes."),
        ));
    }
    Ok(())
}

/// `givenName` as `given_name`, the spelling of error messages.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(person: &Value) -> bool {
        Draft::parse(person, "person").is_err()
    }

    #[test]
    fn empty_items_are_dropped_and_spaces_trimmed() {
        let draft = Draft::parse(
            &json!({"emailAddresses": [{"value": "  "}, {"value": " a@example.com ", "type": "work"}]}),
            "person",
        )
        .unwrap();
        let emails = draft.items("emailAddresses");
        assert_eq!(emails.len(), 1);
        assert_eq!(emails[0]["value"], "a@example.com");
        assert_eq!(emails[0]["formattedType"], "Work");
    }

    #[test]
    fn names_that_the_message_does_not_have_are_refused() {
        assert!(refused(&json!({"emails": []})));
        assert!(refused(&json!({"names": [{"given": "Ana"}]})));
        assert!(refused(&json!({"birthdays": [{"date": {"weekday": 1}}]})));
    }

    #[test]
    fn wrong_types_are_refused() {
        assert!(refused(&json!([])));
        assert!(refused(&json!({"names": {"givenName": "Ana"}})));
        assert!(refused(&json!({"names": [{"givenName": 5}]})));
        assert!(refused(&json!({"birthdays": [{"date": {"month": 13}}]})));
        assert!(refused(
            &json!({"nicknames": [{"value": "A", "type": "default"}]})
        ));
    }

    #[test]
    fn a_second_name_is_refused_but_an_empty_one_is_not_counted() {
        assert!(refused(
            &json!({"names": [{"givenName": "A"}, {"givenName": "B"}]})
        ));
        assert!(!refused(
            &json!({"names": [{"givenName": "A"}, {"givenName": ""}]})
        ));
    }

    #[test]
    fn only_notes_may_be_long() {
        let long = "x".repeat(1025);
        assert!(refused(&json!({"names": [{"familyName": long}]})));
        assert!(!refused(&json!({"biographies": [{"value": long}]})));
        let huge = "x".repeat(200_000);
        assert!(refused(&json!({"biographies": [{"value": huge}]})));
    }

    #[test]
    fn the_primary_item_comes_first() {
        let draft = Draft::parse(
            &json!({"phoneNumbers": [{"value": "1"}, {"value": "2", "metadata": {"primary": true}}]}),
            "person",
        )
        .unwrap();
        assert_eq!(draft.items("phoneNumbers")[0]["value"], "2");
    }
}
