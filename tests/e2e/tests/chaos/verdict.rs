//! What must be true in the end, whatever happened: read through the providers' own list calls and from the sandbox's
//! journal.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Accounts, Book, MAPPING, Reader, Report, compare};
use e2e::Sandbox;
use proto::reconcile::{HistoryEntry, StatusResponse, SyncRecord};
use serde_json::{Value, json};

use crate::{
    crowd::{At, Typed, items},
    stage::Stage,
};

type Ids = BTreeSet<String>;

/// Both accounts before the sync was made. Ids are the sync's: Google's begin with `people/`.
#[derive(Debug, Default)]
pub struct Before {
    pub zoho_inside: Ids,
    pub google_inside: Ids,
    pub zoho_outside: Ids,
    /// Those that nobody of the list view has an address in common with; the others may be adopted.
    pub google_outside: Ids,
    /// Every contact of either account.
    pub known: Ids,
}

impl Before {
    pub async fn look(sandbox: &Sandbox) -> Self {
        let (zoho, google) = (Rows::zoho(sandbox).await, Rows::google(sandbox).await);
        let addresses: Ids = zoho
            .inside()
            .flat_map(|row| row.addresses.clone())
            .collect();
        let stranger = |row: &&Row| row.addresses.is_disjoint(&addresses);
        let ids = |rows: Vec<&Row>| rows.into_iter().map(|row| row.id.clone()).collect();
        let known = zoho.0.iter().chain(&google.0).collect();
        Self {
            zoho_inside: ids(zoho.inside().collect()),
            google_inside: ids(google.inside().collect()),
            zoho_outside: ids(zoho.outside().collect()),
            google_outside: ids(google.outside().filter(stranger).collect()),
            known: ids(known),
        }
    }
}

/// A contact, as far as its place is concerned.
struct Row {
    id: String,
    inside: bool,
    addresses: Ids,
}

struct Rows(Vec<Row>);

impl Rows {
    fn inside(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(|row| row.inside)
    }

    fn outside(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(|row| !row.inside)
    }

    async fn zoho(sandbox: &Sandbox) -> Self {
        let records = sandbox.get("zoho/records/Contacts").await.unwrap();
        let rows = items(&records["records"]).map(|record| Row {
            id: text(&record["id"]),
            inside: record["Tier"] != "Regular",
            addresses: ["Email", "Secondary_Email"]
                .iter()
                .map(|field| text(&record[*field]).to_lowercase())
                .filter(|address| !address.is_empty())
                .collect(),
        });
        Self(rows.collect())
    }

    async fn google(sandbox: &Sandbox) -> Self {
        let truth = sandbox.get("google/truth").await.unwrap();
        let account = &truth["accounts"]["ana@example.com"];
        let group = items(&account["groups"]).find(|group| group["name"] == "Clients");
        let group = text(&group.expect("the group")["resourceName"]);
        let in_group =
            |item: &Value| item["contactGroupMembership"]["contactGroupResourceName"] == group;
        let rows = items(&account["contacts"]).map(|person| Row {
            id: text(&person["resourceName"]),
            inside: items(&person["memberships"]).any(in_group),
            addresses: items(&person["emailAddresses"])
                .map(|item| text(&item["value"]).to_lowercase())
                .collect(),
        });
        Self(rows.collect())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

/// How everything is in the end.
pub struct End {
    pub status: StatusResponse,
    pub records: Vec<SyncRecord>,
    pub report: Report,
    books: (Book, Book),
    history: Vec<HistoryEntry>,
    /// Ids of all contacts that were written through the providers' APIs, with how often.
    pub written: BTreeMap<String, u64>,
}

impl End {
    /// Records that the sync does not keep equal.
    pub fn left_out(&self) -> Ids {
        left_out(&self.records)
    }
}

fn left_out(records: &[SyncRecord]) -> Ids {
    records
        .iter()
        .filter(|record| ["excluded", "set aside"].contains(&record.state.as_str()))
        .flat_map(|record| [record.left_id.clone(), record.right_id.clone()])
        .filter(|id| !id.is_empty())
        .collect()
}

/// Calls that remove a record.
const DELETES: [&str; 4] = [
    "people.deleteContact",
    "people.batchDeleteContacts",
    "Contacts.deleteRecord",
    "Contacts.deleteRecords",
];

impl Stage {
    /// Waits for rest, watches a quiet period, and looks at everything; asserts what holds in every scenario.
    pub async fn ends_well(&mut self) -> End {
        let end = self.end().await;
        assert!(
            end.report.agrees(),
            "the books differ\n{}",
            end.report.text(true)
        );
        assert!(end.report.equal > 0, "nothing was compared");
        assert_eq!(end.status.counts.unwrap().set_aside, 0, "{:?}", end.status);
        self.nobody_is_left_out_that_is_new(&end);
        end
    }

    /// As [`Stage::ends_well`], where records may be set aside and books may differ for good reason.
    pub async fn end(&mut self) -> End {
        self.no_faults().await;
        let status = self.quiet().await;
        let rest = self.system.sandbox.newest_entry().await.unwrap();
        self.quiet().await;
        let echoes = self.written(rest).await;
        assert!(echoes.is_empty(), "written without a cause: {echoes:?}");
        let records = self.records().await;
        let books = self.read_books().await;
        let end = End {
            report: compare(&books.0, &books.1, &left_out(&records)),
            written: self.written(0).await,
            history: self.history().await,
            status,
            records,
            books,
        };
        self.outside_is_untouched(&end);
        self.created_once(&end).await;
        self.typed_is_kept(&end);
        end
    }

    /// Both collections through the providers' own list calls.
    pub async fn read_books(&self) -> (Book, Book) {
        let credentials = &self.system.sandbox.credentials;
        let accounts = json!({ "zoho": credentials.zoho, "google": credentials.google });
        let accounts: Accounts = serde_json::from_value(accounts).unwrap();
        Reader::new(accounts).read().await.unwrap()
    }

    /// How often each contact was written through the providers' APIs since an entry of the journal; companies are
    /// not counted.
    pub async fn written(&self, since: u64) -> BTreeMap<String, u64> {
        let sandbox = &self.system.sandbox;
        let companies = sandbox.get("zoho/records/Accounts").await.unwrap();
        let companies: Ids = items(&companies["records"])
            .map(|company| text(&company["id"]))
            .collect();
        let mut written = sandbox.written_records("zoho", since).await.unwrap();
        written.retain(|id, _| !companies.contains(id));
        let google = sandbox.written_records("google", since).await.unwrap();
        written.extend(
            google
                .into_iter()
                .filter(|(id, _)| id.starts_with("people/")),
        );
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
        let sandbox = &self.system.sandbox;
        let (zoho, google) = (Rows::zoho(sandbox).await, Rows::google(sandbox).await);
        let there = zoho.0.iter().chain(&google.0).map(|row| row.id.clone());
        let is_new = |id: &String| !self.before.known.contains(id) && !self.crowd.new.contains(id);
        let created: Ids = there
            .chain(end.written.keys().cloned())
            .filter(is_new)
            .collect();
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
        assert!(counted <= created.len() as u64, "creates: {totals:?}");
    }

    /// P1 and P4: what was typed is on both sides, or in the history.
    fn typed_is_kept(&self, end: &End) {
        let lost: Vec<&Typed> = self
            .crowd
            .typed
            .iter()
            .filter(|typed| !end.shows(typed) && !end.remembers(typed))
            .collect();
        assert!(
            lost.is_empty(),
            "{} of {} values are lost: {lost:?}",
            lost.len(),
            self.crowd.typed.len()
        );
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
        let record = self
            .records
            .iter()
            .find(|record| record.left_id == typed.id || record.right_id == typed.id);
        let Some(record) = record else { return false };
        let place = MAPPING
            .iter()
            .position(|pairing| pairing.zoho == typed.field.zoho())
            .expect("a mapped field");
        let wanted = MAPPING[place].sameness.normal(&typed.value);
        let says = |book: &Book, id: &str| {
            let entry = book.entries.iter().find(|entry| entry.id == id);
            entry.is_some_and(|entry| entry.normal(place).contains(&wanted))
        };
        let (left, right) = (
            says(&self.books.0, &record.left_id),
            says(&self.books.1, &record.right_id),
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
        let holds = |entry: &HistoryEntry| {
            format!("{:?}", entry.before).contains(&format!("{:?}", typed.value))
        };
        self.history.iter().any(holds)
    }
}
