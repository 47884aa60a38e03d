//! The reconciler's only SQL. Every function works on one connection, inside the caller's transaction;
//! whoever changes a sync has locked its row first.

pub mod anew;
pub mod feed;
pub mod frozen;
pub mod history;
pub mod link;
pub mod lost;
pub mod matching;
pub mod notice;
pub mod outbox;
pub mod owner;
pub mod record;
pub mod recovery;
pub mod statistics;
pub mod status;
pub mod sweep;
pub mod sync;
pub mod tide;
pub mod write;

use model::Side;
use sqlx::migrate::Migrator;

/// The schema's migrations.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// A sync's key: the tenant and the sync's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyncKey {
    /// The customer organisation.
    pub tenant: String,
    /// The sync's id.
    pub sync: String,
}

impl SyncKey {
    /// The key of a sync.
    pub fn new(tenant: impl Into<String>, sync: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            sync: sync.into(),
        }
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL answered with an error; the transaction is rolled back and the work is tried again.
    #[error("the database refused a statement")]
    Database(#[from] sqlx::Error),
    /// A stored value cannot be read by this version.
    #[error("a stored value cannot be read")]
    Malformed(#[from] serde_json::Error),
    /// A stored message cannot be decoded by this version.
    #[error("a stored message cannot be decoded")]
    Undecodable(#[from] prost::DecodeError),
    /// A stored word is not one that this version knows.
    #[error("a stored word is unknown: {0}")]
    UnknownWord(String),
    /// No sync has this key.
    #[error("there is no such sync")]
    UnknownSync,
}

/// The number by which a side is stored.
pub fn side_number(side: Side) -> i16 {
    match side {
        Side::Left => 1,
        Side::Right => 2,
    }
}

/// The side stored under a number; anything but 2 is the left, as the schema allows only 1 and 2.
pub fn side_of(number: i16) -> Side {
    if number == 2 { Side::Right } else { Side::Left }
}

/// Bytes as PostgreSQL reads them from JSON.
pub fn bytea(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
