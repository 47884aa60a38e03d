//! `rapport history`: what a sync changed.

use std::fmt::Write as _;

use proto::{
    reconcile::{HistoryEntry, HistoryRequest},
    record::{Date, Elements, Side, Value, value},
};
use serde_json::json;

use crate::{
    caller::{Caller, named},
    cli::HistoryArgs,
    failure::Failure,
    output,
};

/// Entries that are asked for at a time.
const PAGE: u32 = 500;
/// The longest value in a table, in characters.
const SHOWN: usize = 40;

pub(crate) async fn run(caller: &Caller, json: bool, args: &HistoryArgs) -> Result<(), Failure> {
    let columns = [
        "entry", "at", "run", "cause", "side", "link", "path", "before", "after",
    ];
    let mut table = output::table(&columns);
    let mut shown = 0;
    let mut after = String::new();
    while args.limit == 0 || shown < args.limit {
        let limit = if args.limit == 0 {
            PAGE
        } else {
            PAGE.min(args.limit - shown)
        };
        let request = HistoryRequest {
            sync: Some(named(&args.sync)),
            record: args.record.clone(),
            limit,
            after: after.clone(),
            run: args.run,
        };
        let entries = caller.history(request).await?.entries;
        let Some(last) = entries.last() else { break };
        after.clone_from(&last.id);
        shown += u32::try_from(entries.len()).unwrap_or(u32::MAX);
        for entry in entries {
            if json {
                output::json(&entry_json(&entry));
            } else {
                table.add_row(row(entry));
            }
        }
    }
    if !json {
        output::show(&table, "nothing was changed");
    }
    Ok(())
}

fn row(entry: HistoryEntry) -> [String; 9] {
    let side = side(&entry);
    [
        entry.id,
        output::time(entry.at_micros),
        entry.run.to_string(),
        entry.cause,
        side.to_owned(),
        entry.link,
        entry.path,
        shortened(&text(entry.before.as_ref())),
        shortened(&text(entry.after.as_ref())),
    ]
}

fn entry_json(entry: &HistoryEntry) -> serde_json::Value {
    json!({
        "id": entry.id, "link": entry.link, "side": side(entry), "remote_id": entry.remote_id, "path": entry.path,
        "before": value_json(entry.before.as_ref()), "after": value_json(entry.after.as_ref()),
        "cause": entry.cause, "at_micros": entry.at_micros, "run": entry.run, "trace_id": entry.trace_id,
    })
}

fn side(entry: &HistoryEntry) -> &'static str {
    match entry.side() {
        Side::Left => "left",
        Side::Right => "right",
        Side::Unspecified => "",
    }
}

/// A value as one line.
fn text(value: Option<&Value>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None => String::new(),
        Some(value::Value::Text(text)) => text.replace(['\n', '\r'], " "),
        Some(value::Value::Date(date)) => date_text(*date),
        Some(value::Value::Elements(elements)) => elements_text(elements),
    }
}

/// As in RFC 9553, with what is unknown left as `--`.
fn date_text(date: Date) -> String {
    let mut text = if date.year == 0 {
        "----".to_owned()
    } else {
        format!("{:04}", date.year)
    };
    for part in [date.month, date.day] {
        let _infallible = if part == 0 {
            write!(text, "---")
        } else {
            write!(text, "-{part:02}")
        };
    }
    text
}

fn elements_text(elements: &Elements) -> String {
    let shown = elements.elements.iter().map(|element| {
        let mut parts: Vec<(&String, &String)> = element.parts.iter().collect();
        parts.sort();
        let parts: Vec<&str> = parts.into_iter().map(|(_, value)| value.as_str()).collect();
        let label = if element.label.is_empty() {
            String::new()
        } else {
            format!(" [{}]", element.label)
        };
        format!("{}{label}", parts.join(" "))
    });
    shown.collect::<Vec<_>>().join("; ")
}

fn value_json(value: Option<&Value>) -> serde_json::Value {
    match value.and_then(|value| value.value.as_ref()) {
        None => serde_json::Value::Null,
        Some(value::Value::Text(text)) => json!(text),
        Some(value::Value::Date(date)) => json!(date_text(*date)),
        Some(value::Value::Elements(elements)) => elements
            .elements
            .iter()
            .map(|element| json!({ "label": element.label, "parts": element.parts }))
            .collect(),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proto::record::Element;

    use super::*;

    #[test]
    fn values_are_one_line() {
        let value = |value| Value { value: Some(value) };
        assert_eq!(text(None), "");
        assert_eq!(
            text(Some(&value(value::Value::Text("a\nb".to_owned())))),
            "a b"
        );
        let date = Date {
            year: 0,
            month: 4,
            day: 9,
        };
        assert_eq!(text(Some(&value(value::Value::Date(date)))), "-----04-09");
        let element = |label: &str, address: &str| Element {
            label: label.to_owned(),
            parts: HashMap::from([("value".to_owned(), address.to_owned())]),
        };
        let elements = Elements {
            elements: vec![
                element("work", "a@example.com"),
                element("", "b@example.com"),
            ],
        };
        let shown = text(Some(&value(value::Value::Elements(elements))));
        assert_eq!(shown, "a@example.com [work]; b@example.com");
    }

    #[test]
    fn long_values_are_shortened_at_a_character() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"ä".repeat(100));
        assert_eq!(long.chars().count(), SHOWN);
        assert!(long.ends_with('…'));
    }
}
