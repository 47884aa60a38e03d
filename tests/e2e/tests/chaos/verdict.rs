//! What must be true in the end, whatever happened: read through the providers' own list calls and from the sandbox's
//! journal.

use std::collections::BTreeSet;

use agreement::{Accounts, Book, Entry, Reader, Report, compare};
use e2e::Sandbox;
use proto::reconcile::{HistoryEntry, StateReason, StatusResponse, SyncRecord};
use serde_json::{Value, json};

use crate::{
    crowd::{At, Removed, Typed},
    kind::{Kind, Row, Written},
    stage::Stage,
};

type Ids = BTreeSet<String>;

/// Both accounts before the sync was made. Ids are the sync's.
#[derive(Debug, Default)]
pub struct Before {
    pub zoho_inside: Ids,
    pub google_inside: Ids,
    pub zoho_outside: Ids,
    /// Those that nobody of the CRM's collection has a key in common with; the others may be adopted.
    pub google_outside: Ids,
    /// Every record of either account.
    pub known: Ids,
}

impl Before {
    pub async fn look(kind: Kind, sandbox: &Sandbox) -> Self {
        let [zoho, google] = kind.rows(sandbox).await;
        let is_inside = |row: &&Row| row.inside;
        let keys: Ids = zoho
            .iter()
            .filter(is_inside)
            .flat_map(|row| row.keys.clone())
            .collect();
        let stranger = |row: &&Row| row.keys.is_disjoint(&keys);
        let ids = |rows: Vec<&Row>| rows.into_iter().map(|row| row.id.clone()).collect();
        Self {
            zoho_inside: ids(zoho.iter().filter(is_inside).collect()),
            google_inside: ids(google.iter().filter(is_inside).collect()),
            zoho_outside: ids(zoho.iter().filter(|row| !row.inside).collect()),
            google_outside: ids(google
                .iter()
                .filter(|row| !row.inside)
                .filter(stranger)
                .collect()),
            known: ids(zoho.iter().chain(&google).collect()),
        }
    }
}

/// How everything is in the end.
pub struct End {
    pub status: StatusResponse,
    pub records: Vec<SyncRecord>,
    pub report: Report,
    books: (Book, Book),
    history: Vec<HistoryEntry>,
    /// Ids of all records that were written through the providers' APIs, with how often.
    pub written: Written,
    kind: Kind,
}

impl End {
    /// Records that the sync does not keep equal.
    pub fn left_out(&self) -> Ids {
        left_out(self.kind, &self.records)
    }
}

fn left_out(kind: Kind, records: &[SyncRecord]) -> Ids {
    let is_aside =
        |record: &SyncRecord| record.state == "set aside" && !kind.may_refuse(&record.reason);
    records
        .iter()
        .filter(|record| record.state == "excluded" || is_aside(record))
        .flat_map(|record| [record.left_id.clone(), record.right_id.clone()])
        .filter(|id| !id.is_empty())
        .collect()
}

/// Why records are set aside, but for what the providers may refuse.
fn aside(kind: Kind, status: &StatusResponse) -> Vec<&StateReason> {
    let is_aside = |one: &&StateReason| one.state == "set aside" && !kind.may_refuse(&one.reason);
    status.reasons.iter().filter(is_aside).collect()
}

/// Calls that remove a record.
pub const DELETES: [&str; 7] = [
    "people.deleteContact",
    "people.batchDeleteContacts",
    "Contacts.deleteRecord",
    "Contacts.deleteRecords",
    "calendar.events.delete",
    "Events.deleteRecord",
    "Events.deleteRecords",
];

impl Stage {
    /// Waits for rest, watches a quiet period, and looks at everything; asserts what holds in every scenario.
    pub async fn ends_well(&mut self) -> End {
        let kind = self.kind;
        let end = self.end_once(|status| aside(kind, status).is_empty()).await;
        assert!(
            end.report.agrees(),
            "the sides differ\n{}",
            end.report.text(true)
        );
        assert!(end.report.equal > 0, "nothing was compared");
        let aside = aside(kind, &end.status);
        assert!(aside.is_empty(), "set aside: {aside:?}");
        self.nobody_is_left_out_that_is_new(&end);
        end
    }

    /// As [`Stage::ends_well`], where records may be set aside and books may differ for good reason.
    pub async fn end(&mut self) -> End {
        self.end_once(|_| true).await
    }

    /// What was shown half may be set aside until it is read again.
    async fn end_once(&mut self, is_settled: impl Fn(&StatusResponse) -> bool) -> End {
        self.no_faults().await;
        let mut status = self.quiet().await;
        if !is_settled(&status) {
            self.until("nobody is set aside any more", is_settled).await;
            status = self.quiet().await;
        }
        let rest = self.system.sandbox.newest_entry().await.unwrap();
        self.quiet().await;
        let echoes = self.written(rest).await;
        assert!(echoes.is_empty(), "written without a cause: {echoes:?}");
        let records = self.records().await;
        let books = self.read_books().await;
        let end = End {
            report: compare(&books.0, &books.1, &left_out(self.kind, &records)),
            written: self.written(0).await,
            history: self.history().await,
            kind: self.kind,
            status,
            records,
            books,
        };
        self.outside_is_untouched(&end);
        self.created_once(&end).await;
        self.typed_is_kept(&end);
        self.removed_is_gone(&end);
        self.nobody_is_mailed().await;
        end
    }

    /// Both collections through the providers' own list calls.
    pub async fn read_books(&self) -> (Book, Book) {
        let credentials = &self.system.sandbox.credentials;
        let accounts = json!({ "zoho": credentials.zoho, "google": credentials.google });
        let accounts: Accounts = serde_json::from_value(accounts).unwrap();
        self.kind.read(&mut Reader::new(accounts)).await
    }

    /// How often each record was written through the providers' APIs since an entry of the journal.
    pub async fn written(&self, since: u64) -> Written {
        let sandbox = &self.system.sandbox;
        let mut written = sandbox.written_records("zoho", since).await.unwrap();
        let mut google = sandbox.written_records("google", since).await.unwrap();
        self.kind.keep_own(sandbox, &mut written, &mut google).await;
        written.extend(google);
        written
    }

    /// what is outside the collections is never written, unless it is the counterpart of somebody inside.
    fn outside_is_untouched(&self, end: &End) {
        let before = &self.before;
        let outside = before.zoho_outside.union(&before.google_outside);
        let touched: Vec<_> = outside.filter(|id| end.written.contains_key(*id)).collect();
        assert!(touched.is_empty(), "outside the scope: {touched:?}");
    }

    /// P2: whatever we ever created is a record's only counterpart.
    async fn created_once(&self, end: &End) {
        let [zoho, google] = self.kind.rows(&self.system.sandbox).await;
        let there = zoho.iter().chain(&google).map(|row| row.id.clone());
        let is_new = |id: &String| !self.before.known.contains(id) && !self.crowd.new.contains(id);
        // What is made anew has been another record before.
        let lasting = end.written.keys().filter(|_| !self.kind.is_made_anew());
        let created: Ids = there.chain(lasting.cloned()).filter(is_new).collect();
        let linked: Ids = end
            .records
            .iter()
            .filter(|record| !record.left_id.is_empty() && !record.right_id.is_empty())
            .flat_map(|record| [record.left_id.clone(), record.right_id.clone()])
            .filter(is_new)
            .collect();
        pretty_assertions::assert_eq!(created, linked, "created, and linked");
        let totals = &end.status.totals;
        let counted = ["created_left", "created_right"].map(|name| totals.get(name).copied());
        let counted: u64 = counted.into_iter().flatten().sum();
        // One whose answer was lost, and which a look-up found, is not counted as created.
        let possible = created.len() + self.crowd.removed.len();
        assert!(counted <= possible as u64, "creates: {totals:?}");
    }

    /// P1 and P4: what was typed is on both sides, or in the history.
    fn typed_is_kept(&self, end: &End) {
        let lost: Vec<&Typed> = self
            .crowd
            .typed
            .iter()
            .filter(|typed| !end.shows(typed) && !end.remembers(typed))
            .collect();
        let records: Vec<&SyncRecord> = end
            .records
            .iter()
            .filter(|record| lost.iter().any(|typed| is_about(record, typed)))
            .collect();
        assert!(
            lost.is_empty(),
            "{} of {} values are lost: {lost:?}\nof {records:?}\n{}",
            lost.len(),
            self.crowd.typed.len(),
            end.report.text(true)
        );
    }

    /// P1: what somebody removed is gone on both sides, or on both sides again.
    fn removed_is_gone(&self, end: &End) {
        let there: Vec<&Removed> = self
            .crowd
            .removed
            .iter()
            .filter(|removed| removed.goes && end.has(removed))
            .collect();
        assert!(there.is_empty(), "removed, and there: {there:?}");
    }

    /// P9: no provider would have sent a mail because of us.
    async fn nobody_is_mailed(&self) {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        let mails = counts["mails"].as_object().cloned().unwrap_or_default();
        let mails: u64 = mails.values().filter_map(Value::as_u64).sum();
        assert_eq!(mails, 0, "{}", counts["mails"]);
    }

    /// P5: no record was removed through the providers' APIs.
    pub async fn delete_calls_are_none(&self) {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        let called = format!("{}", counts["methods"]);
        for method in DELETES {
            assert!(
                !called.contains(&format!("\"{method}\"")),
                "{method} was called: {called}"
            );
        }
    }

    fn nobody_is_left_out_that_is_new(&self, end: &End) {
        let left_out = end.left_out();
        let new: Vec<_> = left_out.difference(&self.before.known).collect();
        assert!(new.is_empty(), "left out although new: {new:?}");
    }
}

impl End {
    /// Whether both sides show it; a record that is left out shows it where it was typed.
    pub fn shows(&self, typed: &Typed) -> bool {
        let record = self.records.iter().find(|record| is_about(record, typed));
        let says = |book: &Book, id: Option<&str>| {
            let entries = book.entries.iter();
            let mut own = entries.filter(|entry| id.is_none_or(|id| entry.is_of(id)));
            own.any(|entry| is(entry, typed.field, &typed.value))
        };
        let Some(record) = record else {
            // What was made anew has another id, and nothing else has the value.
            let both = || says(&self.books.0, None) && says(&self.books.1, None);
            return self.kind.is_made_anew() && both();
        };
        let (left, right) = (
            says(&self.books.0, Some(&record.left_id)),
            says(&self.books.1, Some(&record.right_id)),
        );
        if record.state == "excluded" {
            return match typed.at {
                At::Zoho => left,
                At::Google => right,
            };
        }
        left && right
    }

    /// Whether the history has it as a value that was replaced.
    pub fn remembers(&self, typed: &Typed) -> bool {
        let mut before = self
            .history
            .iter()
            .filter_map(|entry| entry.before.as_ref());
        before.any(|value| self.kind.says(value, &typed.value))
    }

    /// Whether either side has it.
    fn has(&self, removed: &Removed) -> bool {
        let mut entries = self.books.0.entries.iter().chain(&self.books.1.entries);
        let was = &removed.was;
        entries.any(|entry| was.iter().all(|(field, value)| is(entry, field, value)))
    }
}

/// Whether somebody typed something into this record.
fn is_about(record: &SyncRecord, typed: &Typed) -> bool {
    record.left_id == typed.id || record.right_id == typed.id
}

/// Whether a record shows a value in a field of Zoho CRM's name.
fn is(entry: &Entry, field: &str, value: &str) -> bool {
    let place = entry.kind.place(field).expect("a mapped field");
    let wanted = entry.kind.mapping()[place].sameness.normal(value);
    entry.normal(place).contains(&wanted)
}
