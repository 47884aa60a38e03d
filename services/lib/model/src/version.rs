//! Versions of a record, and their order.

use serde::{Deserialize, Serialize};

/// The version of a record as its provider states it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The provider's own token, compared for equality only: an etag, a time stamp as sent.
    pub token: String,
    /// When the record was last changed by the provider's clock, in microseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at_micros: Option<i64>,
    /// Whether equal tokens may still carry different content, as with stamps of one second.
    #[serde(default)]
    pub coarse: bool,
}

/// How what is seen now stands to what was stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// A later state of the record: the only one that is planned at once.
    Newer,
    /// The state that is stored.
    Same,
    /// An old picture of the record; it is read by id before anything is made of it.
    Older,
    /// Nothing tells; it is read by id before anything is made of it.
    Unknown,
}

/// Orders two versions of one record. `same_content` says whether both render alike.
///
/// Equal stamps never hide a change: another token, or other content under a coarse token, is newer.
pub fn order(stored: &Version, seen: &Version, same_content: bool) -> Order {
    if stored.token == seen.token {
        let may_hide = stored.coarse || seen.coarse;
        return if may_hide && !same_content {
            Order::Newer
        } else {
            Order::Same
        };
    }
    match (stored.changed_at_micros, seen.changed_at_micros) {
        (Some(stored), Some(seen)) if seen < stored => Order::Older,
        (Some(_), Some(_)) => Order::Newer,
        _ => Order::Unknown,
    }
}
