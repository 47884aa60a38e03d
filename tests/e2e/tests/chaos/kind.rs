//! What differs between the kinds of records that scenarios are about: what is filled in, what people type, and how both
//! sides are compared.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Book, Reader};
use e2e::Sandbox;
use proto::record::Value;

use crate::{contacts, meetings};

/// A kind of records, with the recipe that syncs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `zoho-google-contacts`.
    Contacts,
    /// `zoho-google-calendar`.
    Meetings,
}

/// A record, as far as its place is concerned.
pub struct Row {
    /// The record's id, as the sync calls it.
    pub id: String,
    /// Whether it is in scope.
    pub inside: bool,
    /// What finds its counterpart on the other side, even outside the scope.
    pub keys: BTreeSet<String>,
}

impl Kind {
    /// The name of the sync.
    pub fn sync(self) -> &'static str {
        match self {
            Self::Contacts => contacts::SYNC,
            Self::Meetings => meetings::SYNC,
        }
    }

    /// The sync, read as often as it can be.
    pub fn yaml(self, policies: &str) -> String {
        match self {
            Self::Contacts => contacts::yaml(policies),
            Self::Meetings => meetings::yaml(policies),
        }
    }

    /// Fills both accounts with records that disagree, so many on each side.
    pub async fn fill(self, sandbox: &Sandbox, records: u32, seed: u64) {
        match self {
            Self::Contacts => contacts::fill(sandbox, records, seed).await,
            Self::Meetings => meetings::fill(sandbox, records, seed).await,
        }
    }

    /// Every record there is, without lag: Zoho CRM's, Google's.
    pub async fn rows(self, sandbox: &Sandbox) -> [Vec<Row>; 2] {
        match self {
            Self::Contacts => contacts::rows(sandbox).await,
            Self::Meetings => meetings::rows(sandbox).await,
        }
    }

    /// Both collections through the providers' own list calls.
    pub async fn read(self, reader: &mut Reader) -> (Book, Book) {
        let books = match self {
            Self::Contacts => reader.read().await,
            Self::Meetings => reader.read_meetings().await,
        };
        books.unwrap()
    }

    /// Of the ids that were written through the providers' APIs, those of records of this kind.
    pub async fn keep_own(self, sandbox: &Sandbox, zoho: &mut Written, google: &mut Written) {
        google.retain(|id, _| id.starts_with("people/") == (self == Self::Contacts));
        if self == Self::Contacts {
            contacts::leave_companies_out(sandbox, zoho).await;
        }
    }

    /// Whether a record may get another id, because it is made anew where a provider allows something only at creation.
    pub fn is_made_anew(self) -> bool {
        self == Self::Meetings
    }

    /// Whether a record may be set aside for this reason, which is a provider's own; it is compared all the same.
    pub fn may_refuse(self, reason: &str) -> bool {
        self == Self::Meetings && meetings::REFUSED.contains(&reason)
    }

    /// Whether a value of the history says what somebody typed.
    pub fn says(self, value: &Value, typed: &str) -> bool {
        let as_it_is = format!("{value:?}").contains(&format!("{typed:?}"));
        as_it_is || self == Self::Meetings && meetings::begins(value, typed)
    }
}

/// How often each record was written, by id.
pub type Written = BTreeMap<String, u64>;
