//! How both accounts were before the sync touched them.

use std::collections::BTreeSet;

use agreement::{Book, Reader};
use anyhow::Context as _;
use serde_json::Value;

use super::{meetings, people::At, screen, stage::Stage};

/// The address book that the scenario fills.
const GOOGLE_ACCOUNT: &str = "ana@example.com";

/// How both accounts were before.
pub(super) struct Before {
    /// The records in scope, as the providers' lists show them.
    pub(super) books: (Book, Book),
    /// People, and meetings, in each account, in scope or not: left, right.
    pub(super) listed: [[u64; 2]; 2],
    /// Ids of all meetings.
    pub(super) meetings: BTreeSet<String>,
    /// Ids of what was outside the scope: contacts of both accounts, and the CRM's companies.
    pub(super) outside: BTreeSet<String>,
    /// Ids of everything that there was.
    pub(super) known: BTreeSet<String>,
}

impl Before {
    /// Looks at both accounts, and forgets that it did: from now on the sandbox's journal is about the sync.
    pub(super) async fn look(stage: &Stage, reader: &mut Reader) -> anyhow::Result<Self> {
        let books = reader.read().await?;
        let sandbox = &stage.system.sandbox;
        let contacts = ids(
            &sandbox.get("zoho/records/Contacts").await?["records"],
            "id",
        )?;
        let companies = ids(
            &sandbox.get("zoho/records/Accounts").await?["records"],
            "id",
        )?;
        let truth = sandbox.get("google/truth").await?;
        let people = ids(
            &truth["accounts"][GOOGLE_ACCOUNT]["contacts"],
            "resourceName",
        )?;
        let calendars = meetings::known(sandbox).await?;
        let listed = [
            [contacts.len() as u64, people.len() as u64],
            [calendars[0].len() as u64, calendars[1].len() as u64],
        ];
        let known: BTreeSet<String> = [contacts, companies, people].concat().into_iter().collect();
        let mut outside = known.clone();
        for entry in books.0.entries.iter().chain(&books.1.entries) {
            outside.remove(&entry.id);
        }
        sandbox.delete("journal").await?;
        Ok(Self {
            books,
            listed,
            meetings: calendars.into_iter().flatten().collect(),
            outside,
            known,
        })
    }
}

/// Says how both accounts disagree, as the sandbox tells it.
pub(super) fn tell([books, calendars]: &[Value; 2]) {
    let figure = |name: &str| books[name].as_u64().unwrap_or_default();
    screen::line(format!(
        "  each side: {} people in scope and {} outside; {} are on both sides, {} of them with other values",
        figure("inside_each"),
        figure("outside_each"),
        figure("on_both"),
        figure("on_both_differing"),
    ));
    screen::line(format!(
        "  on each side {} twins, {} shared mailboxes, {} people outside who are in scope on the other; \
             {} without a surname on Google",
        figure("twins_each"),
        figure("shared_mailboxes_each"),
        figure("outside_matches_each"),
        figure("office_without_surname"),
    ));
    let figure = |name: &str| calendars[name].as_u64().unwrap_or_default();
    screen::line(format!(
        "  in the calendars: {} meetings on both sides, {} in Zoho CRM alone, {} in Google alone; series, whole days, \
             other zones, guests",
        figure("on_both"),
        figure("crm_only") + meetings::typed_in(At::Left),
        // But for the one that was cancelled.
        figure("office_only") + meetings::typed_in(At::Right) - 1,
    ));
}

fn ids(records: &Value, name: &str) -> anyhow::Result<Vec<String>> {
    let records = records
        .as_array()
        .context("the sandbox shows no list of records")?;
    records
        .iter()
        .map(|record| {
            Ok(record[name]
                .as_str()
                .context("a record without an id")?
                .to_owned())
        })
        .collect()
}
