//! Values that people of the simulation type: each is there once, so that it is known wherever it turns up.

use model::{Edit, Element, Fields, Path, Record, SIMPLE_PART, Value, patch, project};

/// The kind of record.
pub(crate) const KIND: &str = "contact";
/// The path that says who a record is about. Nobody edits it.
pub(crate) const WHO: &str = "nickname";
/// The single-valued paths that people edit.
pub(crate) const PLACES: [&str; 5] = [
    "title",
    "note",
    "name.family",
    "phones[mobile]",
    "department",
];
/// The multi-valued path that people edit.
pub(crate) const LIST: &str = "emails";

/// A path from its text.
pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).expect("a path of the simulation")
}

/// What a record shows on a path.
pub(crate) fn shown(fields: &Fields, name: &str) -> Option<Value> {
    let record = Record {
        kind: KIND.to_owned(),
        fields: fields.clone(),
    };
    let path = path(name);
    project(&record, std::slice::from_ref(&path), &Fields::new()).remove(&path)
}

/// The text that a record shows on a single-valued path.
pub(crate) fn text_at(fields: &Fields, name: &str) -> Option<String> {
    shown(fields, name).and_then(|value| value.as_text().map(str::to_owned))
}

/// Changes a record on one path.
pub(crate) fn set(fields: &mut Fields, name: &str, before: Option<Value>, after: Option<Value>) {
    let edit = Edit {
        path: path(name),
        before,
        after,
    };
    apply(fields, std::slice::from_ref(&edit));
}

/// Applies edits to a record.
pub(crate) fn apply(fields: &mut Fields, edits: &[Edit]) {
    let mut record = Record {
        kind: KIND.to_owned(),
        fields: std::mem::take(fields),
    };
    patch(&mut record, edits);
    *fields = record.fields;
}

/// An e-mail address as an element.
pub(crate) fn email(label: &str, address: &str) -> Element {
    Element {
        label: label.to_owned(),
        parts: std::iter::once((SIMPLE_PART.to_owned(), address.to_owned())).collect(),
    }
}

/// A token as people type it on a path: with the habits that providers rewrite.
pub(crate) fn typed(token: &str, place: &str) -> Value {
    let digits = token.trim_start_matches('v');
    Value::Text(match place {
        "phones[mobile]" => format!("+4930100{digits}"),
        "note" => format!("{token} met at the fair, wants to hear from us in spring"),
        "title" => format!("{token}  Head of Sales "),
        _ => format!("{token} of old"),
    })
}

/// The tokens in a value, however it was rewritten.
pub(crate) fn tokens(value: &Value) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Value::Text(text) => vec![text],
        Value::Date(_) => Vec::new(),
        Value::Elements(elements) => elements
            .iter()
            .flat_map(|element| element.parts.values().map(String::as_str))
            .collect(),
    };
    texts.into_iter().filter_map(token).collect()
}

fn token(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.trim_start().starts_with('+') {
        return Some(format!("v{}", digits.strip_prefix("4930100")?));
    }
    let text = text.trim().to_lowercase();
    let rest = text.strip_prefix('v')?;
    let number = rest.get(..4)?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| format!("v{number}"))
}

/// All tokens of a record.
pub(crate) fn tokens_of(fields: &Fields) -> Vec<String> {
    fields.values().flat_map(tokens).collect()
}
