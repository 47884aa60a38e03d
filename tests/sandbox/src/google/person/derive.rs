//! What the server computes: display names, canonical phone numbers, formatted types.

use serde_json::{Map, Value, json};

/// A cleaned item with its computed properties.
pub(super) fn completed(field: &str, mut item: Map<String, Value>) -> Map<String, Value> {
    match field {
        "names" => name(&mut item),
        "phoneNumbers" => set(&mut item, "canonicalForm", |item| {
            item["value"].as_str().and_then(canonical_phone)
        }),
        "addresses" => address(&mut item),
        "biographies" => {
            item.entry("contentType")
                .or_insert_with(|| json!("TEXT_PLAIN"));
        }
        "genders" => set(&mut item, "formattedValue", |item| {
            item.get("value").and_then(Value::as_str).map(words)
        }),
        "imClients" => set(&mut item, "formattedProtocol", |item| {
            item.get("protocol").and_then(Value::as_str).map(words)
        }),
        _ => {}
    }
    if !matches!(field, "nicknames" | "locations") {
        set(&mut item, "formattedType", |item| {
            item.get("type").and_then(Value::as_str).map(words)
        });
    }
    item
}

fn set(
    item: &mut Map<String, Value>,
    property: &str,
    compute: impl FnOnce(&Map<String, Value>) -> Option<String>,
) {
    if let Some(value) = compute(item) {
        item.insert(property.to_owned(), Value::String(value));
    }
}

fn name(item: &mut Map<String, Value>) {
    let parts = [
        "honorificPrefix",
        "givenName",
        "middleName",
        "familyName",
        "honorificSuffix",
    ];
    let has_parts = parts.iter().any(|part| item.contains_key(*part));
    if !has_parts && let Some(text) = item.get("unstructuredName").and_then(Value::as_str) {
        let text = text.to_owned();
        match text.rsplit_once(' ') {
            Some((given, family)) => {
                item.insert("givenName".to_owned(), json!(given.trim()));
                item.insert("familyName".to_owned(), json!(family));
            }
            None => {
                item.insert("givenName".to_owned(), json!(text));
            }
        }
    }
    let part = |name: &str| item.get(name).and_then(Value::as_str);
    let joined = |names: &[&str]| {
        let found: Vec<&str> = names.iter().filter_map(|name| part(name)).collect();
        found.join(" ")
    };
    let display = joined(&parts);
    let first = joined(&["givenName", "middleName"]);
    let last_first = match (part("familyName"), first.as_str()) {
        (Some(family), "") => family.to_owned(),
        (Some(family), first) => format!("{family}, {first}"),
        (None, first) => first.to_owned(),
    };
    if !display.is_empty() {
        item.insert("displayName".to_owned(), json!(display));
        item.insert("displayNameLastFirst".to_owned(), json!(last_first));
        item.insert("unstructuredName".to_owned(), json!(display));
    }
}

fn address(item: &mut Map<String, Value>) {
    let part = |name: &str| item.get(name).and_then(Value::as_str);
    let town: Vec<&str> = ["postalCode", "city", "region"]
        .iter()
        .filter_map(|name| part(name))
        .collect();
    let town = town.join(" ");
    let lines: Vec<&str> = [
        part("streetAddress"),
        part("extendedAddress"),
        part("poBox"),
        Some(town.as_str()).filter(|town| !town.is_empty()),
        part("country"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !lines.is_empty() {
        let formatted = lines.join("\n");
        item.insert("formattedValue".to_owned(), json!(formatted));
    }
}

/// E.164, for numbers that say their country.
fn canonical_phone(value: &str) -> Option<String> {
    let rest = value.strip_prefix('+')?;
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let only_punctuation = rest
        .chars()
        .all(|c| c.is_ascii_digit() || " -.()/".contains(c));
    (only_punctuation && (7..=15).contains(&digits.len())).then(|| format!("+{digits}"))
}

/// `homeFax` as `Home Fax`.
fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    for (index, letter) in name.chars().enumerate() {
        if index == 0 {
            out.extend(letter.to_uppercase());
        } else {
            if letter.is_uppercase() {
                out.push(' ');
            }
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(item) => item,
            _ => panic!("not an object"),
        }
    }

    #[test]
    fn a_display_name_follows_from_the_parts() {
        let name = completed(
            "names",
            item(json!({"givenName": "Ana", "familyName": "Petrov"})),
        );
        assert_eq!(name["displayName"], "Ana Petrov");
        assert_eq!(name["displayNameLastFirst"], "Petrov, Ana");
    }

    #[test]
    fn a_free_form_name_is_taken_apart() {
        let name = completed(
            "names",
            item(json!({"unstructuredName": "Ana Maria Petrov"})),
        );
        assert_eq!(name["givenName"], "Ana Maria");
        assert_eq!(name["familyName"], "Petrov");
        let name = completed("names", item(json!({"unstructuredName": "Ana"})));
        assert_eq!(name["givenName"], "Ana");
        assert!(!name.contains_key("familyName"));
    }

    #[test]
    fn only_numbers_with_a_country_get_a_canonical_form() {
        assert_eq!(
            canonical_phone("+43 1 5550-12").as_deref(),
            Some("+431555012")
        );
        for other in ["01 5550", "+43 ext. 5", "+1", "call me"] {
            assert_eq!(canonical_phone(other), None, "{other}");
        }
    }

    #[test]
    fn types_are_formatted_as_words() {
        let phone = completed(
            "phoneNumbers",
            item(json!({"value": "1", "type": "homeFax"})),
        );
        assert_eq!(phone["formattedType"], "Home Fax");
    }
}
