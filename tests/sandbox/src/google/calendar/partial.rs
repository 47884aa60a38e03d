//! Partial responses: `fields=items(id,start/dateTime),nextPageToken`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::CalendarError;

/// A selection: names, each with what is wanted below it; nothing below means everything.
#[derive(Debug, Default, PartialEq)]
struct Selection(BTreeMap<String, Selection>);

/// What of a body a selection asks for. Names that a resource does not have are left out without a word, where Google
/// refuses those that no resource of the kind has.
pub(super) fn selected(body: &Value, fields: &str) -> Result<Value, CalendarError> {
    let refused = || {
        CalendarError::new(
            400,
            "global",
            "invalidParameter",
            format!("Invalid field selection {fields}"),
        )
    };
    let mut rest = fields;
    let selection = list(&mut rest).ok_or_else(refused)?;
    if rest.is_empty() {
        Ok(selection.of(body))
    } else {
        Err(refused())
    }
}

/// Paths between commas, up to a closing bracket or the end.
fn list(rest: &mut &str) -> Option<Selection> {
    let mut selection = Selection::default();
    loop {
        path(rest, &mut selection)?;
        match rest.strip_prefix(',') {
            Some(more) => *rest = more,
            None => return Some(selection),
        }
    }
}

/// `name`, `name/path` or `name(list)`.
fn path(rest: &mut &str, into: &mut Selection) -> Option<()> {
    let end = rest.find(['(', ')', ',', '/']).unwrap_or(rest.len());
    let (name, more) = rest.split_at(end);
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    *rest = more;
    let below = into.0.entry(name.to_owned()).or_default();
    if let Some(more) = rest.strip_prefix('/') {
        *rest = more;
        return path(rest, below);
    }
    if let Some(more) = rest.strip_prefix('(') {
        *rest = more;
        *below = list(rest)?;
        *rest = rest.strip_prefix(')')?;
    }
    Some(())
}

impl Selection {
    fn of(&self, value: &Value) -> Value {
        if self.0.is_empty() {
            return value.clone();
        }
        match value {
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::Object(object) => {
                let mut kept = Map::new();
                for (name, value) in object {
                    if let Some(below) = self.0.get(name).or_else(|| self.0.get("*")) {
                        kept.insert(name.clone(), below.of(value));
                    }
                }
                Value::Object(kept)
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let body = json!({
            "items": [{"id": "a", "start": {"date": "d", "x": 1}, "end": {"date": "e"}}], "etag": "t", "summary": "s",
        });
        let of = |fields: &str| selected(&body, fields).unwrap();
        assert_eq!(of("etag"), json!({"etag": "t"}));
        assert_eq!(
            of("items(id,start/date),summary"),
            json!({"items": [{"id": "a", "start": {"date": "d"}}], "summary": "s"})
        );
        assert_eq!(of("items/id"), json!({"items": [{"id": "a"}]}));
        assert_eq!(of("*"), body);
        assert_eq!(of("nothing"), json!({}));
    }

    #[test]
    fn what_is_no_selection_is_refused() {
        for fields in [
            "", ",", "items(", "items(id", "items)", "items()", "a//b", "a,",
        ] {
            assert!(selected(&json!({}), fields).is_err(), "{fields}");
        }
    }
}
