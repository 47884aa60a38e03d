//! The fewest provider calls that a first sync can take, by the providers' documented sizes.

mod meetings;

use std::collections::{BTreeMap, BTreeSet};

use proto::{
    control::control_client::ControlClient,
    reconcile::{HistoryRequest, SyncRef},
    record::Side,
};
use serde::Serialize;
use tonic::transport::Channel;

use crate::accounts::TENANT;

pub(crate) use meetings::Meetings;

/// Google: contacts of a page, of a batch, members of a change to a group.
const GOOGLE: [u64; 3] = [1_000, 200, 1_000];
/// Zoho CRM: rows of a page, of a write.
const ZOHO: [u64; 2] = [200, 100];
/// Entries of the history that are asked for at a time.
const PAGE: u32 = 1_000;

/// What a first sync had to do.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Work {
    /// Records on both sides before it.
    pub(crate) records: u64,
    /// Created in Google.
    pub(crate) created_right: u64,
    /// Created in Zoho CRM.
    pub(crate) created_left: u64,
    /// Updated in Zoho CRM.
    pub(crate) updated_left: u64,
    /// Updated in Google, by the fields that one call names.
    pub(crate) masks_right: BTreeMap<String, u64>,
    /// Companies made in Zoho CRM.
    pub(crate) companies: u64,
}

/// One part of the sum, and what it is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Term {
    /// Which calls.
    pub(crate) what: String,
    /// How many.
    pub(crate) calls: u64,
}

impl Work {
    /// Everything that must be called: each side is read, written in full batches, and read once more, because a
    /// write shows up in the next delta.
    pub(crate) fn terms(&self) -> Vec<Term> {
        let mut terms = self.google();
        terms.extend(self.zoho());
        terms.retain(|term| term.calls > 0);
        terms
    }

    fn google(&self) -> Vec<Term> {
        let [page, batch, members] = GOOGLE;
        let written = self.created_right + self.masks_right.values().sum::<u64>();
        let batches: u64 = self
            .masks_right
            .values()
            .map(|records| records.div_ceil(batch))
            .sum();
        vec![
            term("Google: groups, to find the collection", 1),
            term("Google: pages", self.records.div_ceil(page).max(1)),
            term(
                "Google: the group before and after each of two rounds (membership)",
                4,
            ),
            term(
                "Google: a look before creating",
                u64::from(self.created_right > 0),
            ),
            term(
                "Google: batches of creates",
                self.created_right.div_ceil(batch),
            ),
            term(
                "Google: new members of the group",
                self.created_right.div_ceil(members),
            ),
            term(
                &format!(
                    "Google: reads before updates, by {} masks",
                    self.masks_right.len()
                ),
                batches,
            ),
            term(
                &format!(
                    "Google: batches of updates, by {} masks",
                    self.masks_right.len()
                ),
                batches,
            ),
            term("Google: pages of the echo", written.div_ceil(page).max(1)),
        ]
    }

    fn zoho(&self) -> Vec<Term> {
        let [page, batch] = ZOHO;
        let created = self.created_left;
        let written = created + self.updated_left;
        vec![
            term(
                "Zoho CRM: user, fields, list views, to find the collection",
                3,
            ),
            term("Zoho CRM: fields and rights before writing", 2),
            term("Zoho CRM: a channel for pushes", 1),
            term("Zoho CRM: the view before and after each of two rounds", 4),
            term(
                "Zoho CRM: pages of ids in the view",
                self.records.div_ceil(page).max(1),
            ),
            term("Zoho CRM: pages", self.records.div_ceil(page).max(1)),
            term("Zoho CRM: a look before creating", u64::from(created > 0)),
            term(
                "Zoho CRM: a look for companies",
                u64::from(self.companies > 0),
            ),
            term(
                "Zoho CRM: batches of companies",
                self.companies.div_ceil(batch),
            ),
            term("Zoho CRM: batches of creates", created.div_ceil(batch)),
            term(
                "Zoho CRM: reads before updates",
                self.updated_left.div_ceil(batch),
            ),
            term(
                "Zoho CRM: batches of updates",
                self.updated_left.div_ceil(batch),
            ),
            term(
                "Zoho CRM: pages of ids in the view, echo",
                (self.records + created).div_ceil(page).max(1),
            ),
            term("Zoho CRM: pages of the echo", written.div_ceil(page).max(1)),
            term("Zoho CRM: deleted records, echo", 1),
        ]
    }
}

fn term(what: &str, calls: u64) -> Term {
    Term {
        what: what.to_owned(),
        calls,
    }
}

/// The fields of Google that a path of ours is written to.
fn field(path: &str) -> &'static str {
    let root = path.split(['.', '[']).next().unwrap_or_default();
    match root {
        "name" => "names",
        "emails" => "emailAddresses",
        "phones" => "phoneNumbers",
        "addresses" => "addresses",
        "birthday" => "birthdays",
        "note" => "biographies",
        _ => "organizations",
    }
}

/// How many records were updated on the right side, by the fields that were written, from the history.
pub(crate) async fn masks_right(
    control: &mut ControlClient<Channel>,
    sync: &str,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut fields: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let mut created: BTreeSet<String> = BTreeSet::new();
    let mut after = String::new();
    loop {
        let request = HistoryRequest {
            sync: Some(SyncRef {
                tenant: TENANT.to_owned(),
                sync: sync.to_owned(),
            }),
            limit: PAGE,
            after,
            ..HistoryRequest::default()
        };
        let page = control.history(request).await?.into_inner().entries;
        let end = page.len() < PAGE as usize;
        after = page.last().map(|last| last.id.clone()).unwrap_or_default();
        for entry in page.into_iter().filter(|entry| entry.side() == Side::Right) {
            if entry.cause == "create" {
                created.insert(entry.link);
            } else {
                fields
                    .entry(entry.link)
                    .or_default()
                    .insert(field(&entry.path));
            }
        }
        if end {
            break;
        }
    }
    let mut masks = BTreeMap::new();
    for (_, fields) in fields
        .into_iter()
        .filter(|(link, _)| !created.contains(link))
    {
        let mask: Vec<&str> = fields.into_iter().collect();
        *masks.entry(mask.join(",")).or_default() += 1;
    }
    Ok(masks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_sync_still_reads_both_sides() {
        let calls: u64 = Work::default().terms().iter().map(|term| term.calls).sum();
        assert_eq!(calls, 1 + 1 + 4 + 1 + 3 + 2 + 1 + 4 + 1 + 1 + 1 + 1 + 1);
    }

    #[test]
    fn batches_are_counted_for_each_mask() {
        let work = Work {
            masks_right: BTreeMap::from([("names".to_owned(), 201), ("birthdays".to_owned(), 1)]),
            ..Work::default()
        };
        let terms = work.terms();
        let updates = terms
            .iter()
            .find(|term| term.what.contains("batches of updates"));
        assert_eq!(updates.map(|term| term.calls), Some(3));
    }
}
