//! Each verdict on calendars fails when what it promises is broken.

use std::collections::BTreeSet;

use agreement::{Difference, Duplicate, Entry};

use super::{
    super::{
        nothing_lost, nothing_twice,
        tests::{before, books_after, crash, end, record},
    },
    *,
};
use crate::demo::meetings::MeetingEdits;

fn occurrence(id: &str, title: &str, field: &str, value: &str) -> Entry {
    let mut entry = Entry::of_kind(Kind::Meeting, id);
    for (field, value) in [("Event_Title", title), (field, value)] {
        entry.values[Kind::Meeting.place(field).unwrap()].push(value.to_owned());
    }
    entry
}

fn calendar(entries: Vec<Entry>) -> Book {
    Book {
        kind: Kind::Meeting,
        listed: entries.len(),
        entries,
    }
}

#[test]
fn calendars_that_differ_or_are_empty_are_not_equal() {
    assert!(!equal(&end()).holds, "nothing was compared");
    let mut same = end();
    same.calendars.report.equal = 1;
    assert!(equal(&same).holds);
    same.calendars.report.differing.push(Difference {
        left: "1".to_owned(),
        right: "e1".to_owned(),
        paths: Vec::new(),
    });
    assert!(!equal(&same).holds);
}

#[test]
fn what_is_left_out_is_not_compared_and_all_else_is() {
    let at = |id: &str| occurrence(id, "Board", "Start_DateTime", "2026-12-01T07:00:00Z");
    let books = || (calendar(vec![at("1"), at("2")]), calendar(vec![at("e1")]));
    let calendars = Calendars::new(books(), vec![record("set aside", "2", "")]);
    assert!(calendars.report.is_equal() && calendars.report.equal == 1);
    let calendars = Calendars::new(books(), vec![record("in sync", "2", "")]);
    assert!(!calendars.report.is_equal());
}

#[test]
fn a_meeting_that_is_there_twice_or_left_out_and_new_was_created_twice() {
    let mut before = before(Vec::new(), &[]);
    before.meetings = BTreeSet::from(["1".to_owned()]);
    let mut end = end();
    end.calendars.records = vec![record("excluded", "1", "")];
    assert!(nothing_twice(&before, &end).holds);
    end.calendars.records.push(record("excluded", "2", ""));
    assert!(!nothing_twice(&before, &end).holds);
    end.calendars.records.clear();
    end.calendars.report.duplicates.push(Duplicate {
        side: "left",
        ids: vec!["1".to_owned(), "2".to_owned()],
        common: "same title and time",
    });
    assert!(!nothing_twice(&before, &end).holds);
}

#[test]
fn an_edit_of_a_meeting_that_is_on_one_side_alone_is_lost() {
    let mut crash = crash();
    crash.meetings = MeetingEdits(vec![MeetingEdit::made("Call", "Venue", "Room 7")]);
    let mut end = end();
    end.books = books_after(&crash, None);
    let (old, new) = ("Room 1", "Room 7");
    let sides = |left: &[&str], right: &[&str]| {
        [left, right].map(|values| {
            let each = values
                .iter()
                .map(|value| occurrence("1", "Call", "Venue", value));
            calendar(each.collect())
        })
    };
    for (left, right, found) in [
        (&[new][..], &[new][..], true),
        (&[new], &[old], false),
        (&[new], &[], false),
        (&[old, new], &[new, old], true),
    ] {
        end.calendars.books = sides(left, right).into();
        assert_eq!(
            nothing_lost(&crash, &end).holds,
            found,
            "{left:?} {right:?}"
        );
    }
    end.calendars.books = sides(&[new], &[new]).into();
    crash.meetings = MeetingEdits(vec![MeetingEdit::made("Board", "Venue", new)]);
    assert!(!nothing_lost(&crash, &end).holds, "of another meeting");
}

#[test]
fn nothing_stands_where_nothing_was_looked_at() {
    let mut first = Joined {
        books: (Book::default(), Book::default()),
        history: Vec::new(),
        standing: Vec::new(),
    };
    assert!(!hard_ones_stand(&first).holds);
    first.standing = crate::demo::meetings::standing_of(true);
    assert!(hard_ones_stand(&first).holds);
    first
        .standing
        .extend(crate::demo::meetings::standing_of(false));
    assert!(!hard_ones_stand(&first).holds);
}
