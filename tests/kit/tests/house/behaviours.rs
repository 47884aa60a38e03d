//! `docs/behaviours.md` tells the truth about what is tested, and the README about what is promised.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::tree::{Text, none, root, texts};

const PAGE: &str = "docs/behaviours.md";

/// Shows the promises, each with its state.
const README: &str = "README.md";

/// What a mark looks like. In two halves, so that this line is none.
const MARK: &str = concat!("proves", ": ");

/// One comment names at most so many ids.
const AT_MOST: usize = 3;

/// A row of the page.
struct Row {
    id: String,
    state: String,
    /// What the last column says.
    tests: String,
}

/// A mark in a test.
struct Mark {
    id: String,
    place: String,
    file: String,
    starts_services: bool,
}

#[test]
fn every_row_has_a_state_and_every_id_one_row() {
    let mut seen = BTreeSet::new();
    let mut complaints = Vec::new();
    for row in rows() {
        if !["done", "planned"].contains(&row.state.as_str()) {
            complaints.push(format!(
                "{}: its state is `{}`, not `done` or `planned`",
                row.id, row.state
            ));
        }
        if !seen.insert(row.id.clone()) {
            complaints.push(format!("{} has two rows", row.id));
        }
    }
    none(&complaints);
    for (prefix, count) in [
        ("P", 9),
        ("ZGC-", 12),
        ("ZGE-", 13),
        ("ZMU-", 6),
        ("ZME-", 7),
        ("ZMC-", 5),
        ("SXC-", 10),
        ("SXE-", 1),
        ("BEY-", 21),
        ("R-", 35),
    ] {
        let expected = (1..=count).map(|number| {
            if prefix == "P" {
                format!("P{number}")
            } else {
                format!("{prefix}{number:02}")
            }
        });
        let missing: Vec<String> = expected
            .filter(|id| !seen.contains(id))
            .map(|id| format!("{id} has no row"))
            .collect();
        none(&missing);
    }
}

#[test]
fn what_is_done_has_a_test() {
    let marks = marks();
    let complaints: Vec<String> = rows()
        .iter()
        .filter(|row| row.state == "done" && !marks.iter().any(|mark| mark.id == row.id))
        .map(|row| format!("{} is done, but no test says `{MARK}{}`", row.id, row.id))
        .collect();
    none(&complaints);
}

#[test]
fn every_mark_names_a_known_id_and_few_of_them() {
    let known: BTreeSet<String> = rows().into_iter().map(|row| row.id).collect();
    let mut complaints = Vec::new();
    let mut by_place: BTreeMap<String, usize> = BTreeMap::new();
    for mark in marks() {
        if !known.contains(&mark.id) {
            complaints.push(format!("{}: `{}` is no id of {PAGE}", mark.place, mark.id));
        }
        *by_place.entry(mark.place).or_default() += 1;
    }
    for (place, count) in by_place.into_iter().filter(|(_, count)| *count > AT_MOST) {
        complaints.push(format!(
            "{place}: names {count} ids; a test shows {AT_MOST} at most"
        ));
    }
    none(&complaints);
}

#[test]
fn a_test_that_starts_no_service_proves_only_rules() {
    let complaints: Vec<String> = marks()
        .iter()
        .filter(|mark| !mark.starts_services && !mark.id.starts_with("R-"))
        .map(|mark| {
            format!(
                "{}: starts no service, so it cannot prove {}",
                mark.place, mark.id
            )
        })
        .collect();
    none(&complaints);
}

#[test]
fn the_last_column_names_tests_that_carry_the_mark() {
    let mut complaints = Vec::new();
    let marks = marks();
    for row in rows() {
        for file in row
            .tests
            .split(", ")
            .map(|file| file.trim_matches('`'))
            .filter(|file| !file.is_empty())
        {
            if !marks
                .iter()
                .any(|mark| mark.id == row.id && mark.file == file)
            {
                complaints.push(format!(
                    "{}: {file} carries no mark; run `make behaviours`",
                    row.id
                ));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_readme_shows_each_promise_in_its_state() {
    let readme = std::fs::read_to_string(root().join(README)).unwrap();
    let shown: Vec<_> = readme.lines().filter_map(promise).collect();
    let promises: Vec<_> = rows()
        .into_iter()
        .filter(|row| row.id.starts_with('P'))
        .map(|row| (row.id, row.state))
        .collect();
    assert_eq!(shown, promises, "run `make behaviours`");
}

/// Fills in the last column, and the states of the README; `make behaviours` runs it.
#[test]
#[ignore = "writes the page; run by `make behaviours`"]
fn write_the_last_column() {
    let marks = marks();
    let files = |id: &str| {
        let files: BTreeSet<String> = marks
            .iter()
            .filter(|mark| mark.id == id)
            .map(|mark| format!("`{}`", mark.file))
            .collect();
        files.into_iter().collect::<Vec<_>>().join(", ")
    };
    let path = root().join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let mut written = String::new();
    for line in page.lines() {
        match row(line) {
            Some(row) => {
                let cells: Vec<&str> = line.split('|').collect();
                let files = files(&row.id);
                let last = if files.is_empty() {
                    " ".to_owned()
                } else {
                    format!(" {files} ")
                };
                write!(written, "|{}|{}|{}|{last}|", cells[1], cells[2], cells[3]).unwrap();
            }
            None => written.push_str(line),
        }
        written.push('\n');
    }
    std::fs::write(&path, written).unwrap();
    write_the_states_of_the_readme();
}

fn write_the_states_of_the_readme() {
    let states: BTreeMap<String, String> =
        rows().into_iter().map(|row| (row.id, row.state)).collect();
    let path = root().join(README);
    let readme = std::fs::read_to_string(&path).unwrap();
    let mut written = String::new();
    for line in readme.lines() {
        match promise(line) {
            Some((id, _)) => {
                let text = line.split('|').nth(2).unwrap();
                write!(written, "| {id} |{text}| {} |", states[&id]).unwrap();
            }
            None => written.push_str(line),
        }
        written.push('\n');
    }
    std::fs::write(&path, written).unwrap();
}

/// `| id | promise | state |`
fn promise(line: &str) -> Option<(String, String)> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, id, _, state, _] = cells.as_slice() else {
        return None;
    };
    is_id(id).then(|| ((*id).to_owned(), (*state).to_owned()))
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    page.lines().filter_map(row).collect()
}

/// `| id | behaviour | state | test |`
fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, id, _, state, tests, _] = cells.as_slice() else {
        return None;
    };
    is_id(id).then(|| Row {
        id: (*id).to_owned(),
        state: (*state).to_owned(),
        tests: (*tests).to_owned(),
    })
}

/// `R-07`, `BEY-02`, `P3`.
fn is_id(word: &str) -> bool {
    let letters = word.chars().take_while(char::is_ascii_uppercase).count();
    let digits = word[letters..].trim_start_matches('-');
    letters > 0 && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

fn marks() -> Vec<Mark> {
    let files = texts(&["services", "tests"], &["rs", "py", "ts", "tsx", "sh"]);
    files.iter().flat_map(marks_in).collect()
}

fn marks_in(file: &Text) -> Vec<Mark> {
    let comment =
        |line: &str| line.starts_with("//") || line.starts_with('#') || line.starts_with('*');
    let mut found = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim_start();
        let Some((_, ids)) = line.split_once(MARK).filter(|_| comment(line)) else {
            continue;
        };
        for id in ids
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|id| !id.is_empty())
        {
            found.push(Mark {
                id: id.trim_end_matches('.').to_owned(),
                place: format!("{}:{}", file.path.display(), index + 1),
                file: file.path.display().to_string(),
                starts_services: starts_services(file),
            });
        }
    }
    found
}

/// Unit tests and the tests of the pure crates start nothing.
fn starts_services(file: &Text) -> bool {
    let pure = ["services/lib/model", "services/lib/merge"]
        .iter()
        .any(|folder| file.is_under(folder));
    let unit = file.path.components().any(|part| part.as_os_str() == "src");
    let end_to_end = file.is_under("tests/e2e");
    end_to_end || (!pure && !unit)
}
