//! Pages of a feed: what a provider shows of one side of a sync.

use jiff::Timestamp;
use model::{Path, Record, Version};
use serde_json::Value;

/// Where reading begins or goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum At {
    /// The beginning of a round.
    Start {
        /// The restart point that was applied last; `None` to read everything, as a snapshot.
        cursor: Option<String>,
    },
    /// The [`Page::next`] of the page before, in the same round.
    Next(Value),
}

/// One page of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records, in any order.
    pub seen: Vec<Seen>,
    /// The root paths that could be read; every path outside this set is unknown, not empty.
    pub readable: Vec<Path>,
    /// Which snapshot the page's records belong to, if any.
    pub snapshot: Option<SnapshotPart>,
    /// A cursor that is valid once this page is applied: a round's start or end, never a page token.
    pub restart: Option<String>,
    /// How the round goes on; `None` when it is read to its end.
    pub next: Option<Value>,
    /// The provider's clock when it answered (its `Date` header).
    pub provider_time: Timestamp,
    /// What became of the collection. Anything but present ends the round and drops the page's records.
    pub collection: CollectionState,
}

/// A record as its provider shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its id at the provider.
    pub remote_id: String,
    /// Ids under which the provider knew it before.
    pub former_ids: Vec<String>,
    /// Its version; `None` where the provider shows none (a tombstone).
    pub version: Option<Version>,
    /// The marker of ours that it carries.
    pub marker: Option<String>,
    /// What is shown of it.
    pub what: What,
}

/// What is shown of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// In scope: the whole record.
    Inside(Record),
    /// Outside the scope: the record, of which the driver publishes only hashes of its match keys.
    Outside(Record),
    /// The provider says that it is deleted.
    Deleted {
        /// When, by the provider's clock, if it says so.
        at: Option<Timestamp>,
    },
    /// It cannot be read, decoded or carried.
    Unreadable {
        /// Why, in words for people, without personal data.
        reason: String,
    },
}

/// A page's part in a snapshot. All pages of one extent in a round belong to the same snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPart {
    /// What the snapshot covers.
    pub extent: Extent,
    /// Whether the snapshot is complete with this page.
    pub end: bool,
}

/// What a snapshot covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Every record of the account: one that it does not mention is absent.
    Account,
    /// The records inside the scope: one that it does not mention is outside of it.
    Scope,
}

/// What became of the collection that a feed reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CollectionState {
    /// It is there.
    Present,
    /// It is gone, or in the trash.
    Gone,
    /// It is there and the account may not read it. [`Fault::Forbidden`](crate::Fault::Forbidden) says so as well, and
    /// which right it lacks.
    Forbidden,
}
