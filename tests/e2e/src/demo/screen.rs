//! What the demo says.

use std::io::Write as _;

use comfy_table::{Cell, CellAlignment, Table, presets};

/// A line on standard output. A reader that has gone away ends nothing.
pub(super) fn line(text: impl AsRef<str>) {
    let _reader_gone = writeln!(std::io::stdout().lock(), "{}", text.as_ref());
}

/// A heading.
pub(super) fn heading(text: &str) {
    line(format!("\n== {text}"));
}

/// What went wrong, on standard error.
pub(super) fn complain(text: &str) {
    let _reader_gone = writeln!(std::io::stderr().lock(), "{text}");
}

/// A table with these columns.
pub(super) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(columns.iter().map(|column| Cell::new(*column)));
    table
}

/// A number, aligned to the right.
pub(super) fn number(value: u64) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

/// A table under a title, unless it is empty.
pub(super) fn show(title: &str, table: &Table) {
    if !table.is_empty() {
        line(format!("\n{title}"));
        line(table.to_string());
    }
}
