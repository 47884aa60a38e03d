//! What is asked of both calendars.

use agreement::{Book, Kind, Report, compare};
use proto::reconcile::SyncRecord;

use super::{super::Joined, super::meetings::MeetingEdit, End, Verdict, left_out};

/// How both calendars are in the end.
#[derive(Default)]
pub(super) struct Calendars {
    pub(super) books: (Book, Book),
    pub(super) records: Vec<SyncRecord>,
    pub(super) report: Report,
}

impl Calendars {
    pub(super) fn new(books: (Book, Book), records: Vec<SyncRecord>) -> Self {
        Self {
            report: compare(&books.0, &books.1, &left_out(&records)),
            books,
            records,
        }
    }

    /// Whether both sides show what somebody did to a meeting.
    pub(super) fn shows(&self, edit: &MeetingEdit) -> bool {
        let places = Kind::Meeting
            .place("Event_Title")
            .zip(Kind::Meeting.place(edit.field));
        let Some((title, place)) = places else {
            return false;
        };
        [&self.books.0, &self.books.1].into_iter().all(|book| {
            let mut named = book.entries.iter();
            named.any(|entry| {
                entry.normal(title).concat() == edit.title
                    && entry.normal(place).contains(&edit.value)
            })
        })
    }
}

/// Occurrence by occurrence, but for what the sync leaves out.
pub(super) fn equal(end: &End) -> Verdict {
    let report = &end.calendars.report;
    Verdict {
        promise: "Both calendars are equal under the mapping",
        holds: report.is_equal() && report.equal > 0,
        found: format!(
            "{} times equal, {} differ, {} only left, {} only right",
            report.equal,
            report.differing.len(),
            report.only_left.len(),
            report.only_right.len()
        ),
    }
}

/// After the first sync, before anybody edits them.
pub(super) fn hard_ones_stand(first: &Joined) -> Verdict {
    let whole = first.standing.iter().filter(|one| one.is_whole()).count();
    Verdict {
        promise: "Moved instances, whole days and another zone stand on the other side",
        holds: whole == first.standing.len() && whole > 0,
        found: format!("{whole} of {} meetings do", first.standing.len()),
    }
}

#[cfg(test)]
mod tests;
