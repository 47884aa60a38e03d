//! What a provider makes of what it is given.

use model::{Fields, SIMPLE_PART, Value};

use super::Kind;
use crate::values::{LIST, path};

/// How many addresses a CRM holds; it quietly drops what is too much.
pub const MOST_EMAILS: usize = 3;
/// What a CRM that wants a family name fills in.
pub const FILLED_IN: &str = "Not Provided";
/// How much of a note a CRM keeps.
const NOTE: usize = 24;

/// Rewrites a record's values.
pub(super) fn rewrite(kind: Kind, fields: &mut Fields) {
    match kind {
        Kind::View => crm(fields),
        Kind::Group => address_book(fields),
    }
}

fn crm(fields: &mut Fields) {
    for value in fields.values_mut() {
        if let Value::Text(text) = value {
            *text = text.trim().to_owned();
        }
    }
    if let Some(Value::Text(note)) = fields.get_mut(&path("note")) {
        note.truncate(NOTE);
        *note = note.trim_end().to_owned();
    }
    if let Some(Value::Elements(emails)) = fields.get_mut(&path(LIST)) {
        emails.truncate(MOST_EMAILS);
        for address in emails
            .iter_mut()
            .filter_map(|element| element.parts.get_mut(SIMPLE_PART))
        {
            *address = address.to_lowercase();
        }
    }
    fields
        .entry(path("name.family"))
        .or_insert_with(|| Value::Text(FILLED_IN.to_owned()));
    fields.retain(|_, value| !value.is_empty());
}

fn address_book(fields: &mut Fields) {
    if let Some(Value::Elements(phones)) = fields.get_mut(&path("phones")) {
        for number in phones
            .iter_mut()
            .filter_map(|element| element.parts.get_mut(SIMPLE_PART))
        {
            *number = grouped(number);
        }
    }
    fields.retain(|_, value| !value.is_empty());
}

/// `+49301001234` as `+49 30 100 1234`.
fn grouped(number: &str) -> String {
    let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    if !digits.is_ascii() || digits.len() < 9 {
        return number.to_owned();
    }
    format!(
        "{} {} {} {}",
        &digits[..3],
        &digits[3..5],
        &digits[5..8],
        &digits[8..]
    )
}

/// What a CRM would show on a path if it were given this value.
pub fn crm_would_show(name: &str, value: Option<&Value>) -> Option<Value> {
    let mut fields = Fields::new();
    crate::values::set(&mut fields, name, None, value.cloned());
    crm(&mut fields);
    crate::values::shown(&fields, name)
}
