//! Each verdict fails when what it promises is broken.

use agreement::{Difference, Duplicate};
use proto::record::{Value, value};

use super::*;
use crate::demo::{
    meetings::MeetingEdits,
    people::{Edits, Person},
};

/// A record with one value.
fn entry(id: &str, zoho: &str, text: &str) -> Entry {
    let mut entry = Entry::new(id);
    let place = MAPPING.iter().position(|pairing| pairing.zoho == zoho);
    entry.values[place.unwrap()].push(text.to_owned());
    entry
}

fn book(entries: Vec<Entry>) -> Book {
    Book {
        listed: entries.len(),
        entries,
        ..Book::default()
    }
}

pub(super) fn before(left: Vec<Entry>, outside: &[&str]) -> Before {
    let outside: BTreeSet<String> = outside.iter().map(|id| (*id).to_owned()).collect();
    let inside = left.iter().map(|entry| entry.id.clone());
    Before {
        known: outside.iter().cloned().chain(inside).collect(),
        books: (book(left), Book::default()),
        listed: [[0; 2]; 2],
        meetings: BTreeSet::new(),
        outside,
    }
}

/// An end at which everything holds that concerns nobody in particular.
pub(super) fn end() -> End {
    End {
        calendars: Calendars::default(),
        books: (Book::default(), Book::default()),
        records: Vec::new(),
        history: Vec::new(),
        report: Report {
            equal: 1,
            ..Report::default()
        },
        written: BTreeSet::new(),
        written_in_quiet: 0,
        mails: 0,
    }
}

pub(super) fn record(state: &str, left: &str, right: &str) -> SyncRecord {
    SyncRecord {
        state: state.to_owned(),
        left_id: left.to_owned(),
        right_id: right.to_owned(),
        ..SyncRecord::default()
    }
}

fn history(remote_id: &str, cause: &str, before: &str) -> HistoryEntry {
    HistoryEntry {
        link: remote_id.to_owned(),
        remote_id: remote_id.to_owned(),
        side: Side::Left.into(),
        cause: cause.to_owned(),
        before: Some(Value {
            value: Some(value::Value::Text(before.to_owned())),
        }),
        ..HistoryEntry::default()
    }
}

fn person(left: &str, right: &str) -> Person {
    Person {
        left: left.to_owned(),
        right: right.to_owned(),
        link: left.to_owned(),
    }
}

/// Ten people, each edited as the demo does it.
pub(super) fn crash() -> Crash {
    let people: Vec<Person> = (0..10)
        .map(|number| person(&number.to_string(), &format!("people/c{number}")))
        .collect();
    Crash {
        edits: Edits::plan(&people).unwrap(),
        meetings: MeetingEdits(Vec::new()),
        open: 1,
        written_meanwhile: 1,
    }
}

/// Both books with what people typed, but for one edit if so wanted.
pub(super) fn books_after(crash: &Crash, without: Option<usize>) -> (Book, Book) {
    let (mut left, mut right) = (Book::default(), Book::default());
    for (number, edit) in crash.edits.lasting().enumerate() {
        let field = edit.field.zoho();
        let text = if without == Some(number) {
            "old"
        } else {
            &edit.value
        };
        merge(&mut left, entry(&edit.person.left, field, &edit.value));
        merge(&mut right, entry(&edit.person.right, field, text));
    }
    (left, right)
}

/// Adds values to the record with this id.
fn merge(book: &mut Book, more: Entry) {
    match book.entries.iter_mut().find(|entry| entry.id == more.id) {
        Some(entry) => {
            for (values, more) in entry.values.iter_mut().zip(more.values) {
                values.extend(more);
            }
        }
        None => book.entries.push(more),
    }
}

#[test]
fn books_that_differ_or_are_empty_are_not_equal() {
    assert!(equal(&end()).holds);
    let mut empty = end();
    empty.report.equal = 0;
    assert!(!equal(&empty).holds);
    let mut differing = end();
    differing.report.differing.push(Difference {
        left: "1".to_owned(),
        right: "people/c1".to_owned(),
        paths: Vec::new(),
    });
    assert!(!equal(&differing).holds);
}

#[test]
fn a_twin_that_was_not_there_before_was_made_by_the_sync() {
    let before = before(vec![Entry::new("1")], &["2"]);
    let mut end = end();
    end.records = vec![record("excluded", "1", ""), record("excluded", "2", "")];
    assert!(nothing_twice(&before, &end).holds);
    end.records.push(record("excluded", "3", ""));
    assert!(!nothing_twice(&before, &end).holds);
}

#[test]
fn a_duplicate_is_found() {
    let mut end = end();
    end.report.duplicates.push(Duplicate {
        side: "left",
        ids: vec!["1".to_owned(), "2".to_owned()],
        common: "same address and name",
    });
    assert!(!nothing_twice(&before(Vec::new(), &[]), &end).holds);
}

#[test]
fn an_edit_that_is_on_one_side_alone_is_lost() {
    let crash = crash();
    let mut end = end();
    end.books = books_after(&crash, None);
    assert!(nothing_lost(&crash, &end).holds && both_stay(&crash, &end).holds);
    end.books = books_after(&crash, Some(0));
    assert!(!nothing_lost(&crash, &end).holds);
    assert!(!both_stay(&crash, &end).holds);
}

#[test]
fn a_reconciler_that_was_idle_when_it_was_killed_shows_nothing() {
    let mut crash = crash();
    let mut end = end();
    end.books = books_after(&crash, None);
    crash.open = 0;
    assert!(!nothing_lost(&crash, &end).holds);
}

#[test]
fn the_loser_of_a_conflict_must_be_in_the_history() {
    let crash = crash();
    let mut end = end();
    end.books = books_after(&crash, None);
    assert!(!conflict(&crash, &end).holds);
    let loser = &crash.edits.against[1];
    end.history = vec![history(&loser.person.link, "edit", &loser.value)];
    assert!(!conflict(&crash, &end).holds, "it was no edit of one side");
    end.history = vec![history(&loser.person.link, "conflict", &loser.value)];
    assert!(conflict(&crash, &end).holds);
}

#[test]
fn an_overwritten_value_must_be_in_the_history_of_its_record() {
    let before = before(
        vec![
            entry("1", "Title", "Buyer"),
            entry("2", "Email", "Ana@example.com"),
        ],
        &[],
    );
    let mut first = Joined {
        books: (
            book(vec![
                entry("1", "Title", "Partner"),
                entry("2", "Email", "ana@example.com"),
            ]),
            Book::default(),
        ),
        history: vec![history("2", "first contact", "Buyer")],
        standing: Vec::new(),
    };
    assert!(!overwritten(&before, &first).holds, "of another record");
    first.history = vec![history("1", "first contact", "Buyer")];
    let verdict = overwritten(&before, &first);
    assert!(
        verdict.holds && verdict.found == "1 of 1 values",
        "{}",
        verdict.found
    );
}

#[test]
fn what_is_outside_may_be_written_only_when_it_is_adopted() {
    let before = before(Vec::new(), &["people/c1", "7"]);
    let mut end = end();
    end.written = BTreeSet::from(["people/c1".to_owned(), "people/new".to_owned()]);
    end.records = vec![record("in sync", "1", "people/c1")];
    let verdict = scope(&before, &end);
    assert!(verdict.holds && verdict.found.contains("people/c1"));
    end.records = vec![record("excluded", "1", "people/c1")];
    assert!(!scope(&before, &end).holds);
    end.records = Vec::new();
    assert!(!scope(&before, &end).holds);
}

#[test]
fn one_write_in_the_quiet_or_one_mail_is_too_many() {
    assert!(quiet(&end()).holds && nobody_notified(&end()).holds);
    let noisy = End {
        written_in_quiet: 1,
        mails: 1,
        ..end()
    };
    assert!(!quiet(&noisy).holds && !nobody_notified(&noisy).holds);
}
