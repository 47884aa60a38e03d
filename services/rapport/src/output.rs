//! What commands print: tables for people, JSON for programs, always on standard output.

use std::io::Write as _;

use comfy_table::{Cell, CellAlignment, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

/// Prints a line. A reader that has gone away ends the output, not the command.
pub(crate) fn line(text: impl AsRef<str>) {
    let _reader_gone = writeln!(std::io::stdout().lock(), "{}", text.as_ref());
}

/// Prints a JSON value on a line of its own.
pub(crate) fn json(value: &Value) {
    line(value.to_string());
}

/// A table of these columns.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(
        columns
            .iter()
            .map(|column| Cell::new(column.to_uppercase())),
    );
    table
}

/// A number, aligned to the right.
pub(crate) fn number(value: u64) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// Prints a table, or a line in place of an empty one.
pub(crate) fn show(table: &Table, if_empty: &str) {
    if table.is_empty() {
        line(if_empty);
    } else {
        line(trimmed(&table.to_string()));
    }
}

/// Without the blanks that fill the last column.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// How long ago something was, in its largest unit.
pub(crate) fn ago(micros: Option<i64>, now: Timestamp) -> String {
    let Some(at) = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()) else {
        return "never".to_owned();
    };
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A time in UTC, to the second.
pub(crate) fn time(micros: i64) -> String {
    let Ok(at) = Timestamp::from_microsecond(micros) else {
        return "unknown".to_owned();
    };
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let age = |seconds| {
            ago(
                Some((now - SignedDuration::from_secs(seconds)).as_microsecond()),
                now,
            )
        };
        assert_eq!(age(0), "0 s ago");
        assert_eq!(age(59), "59 s ago");
        assert_eq!(age(61), "1 min ago");
        assert_eq!(age(7200), "2 h ago");
        assert_eq!(age(200_000), "2 d ago");
        assert_eq!(age(-5), "0 s ago");
        assert_eq!(ago(None, now), "never");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(time(0), "1970-01-01 00:00:00Z");
    }
}
