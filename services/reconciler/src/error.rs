//! What can go wrong while a message or a request is carried out.

use crate::{definition::DefinitionError, store::StoreError};

/// Why the engine did not finish a piece of work.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed; the transaction is rolled back and the work is tried again.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A definition cannot be carried out; its sync waits until control gives a better one.
    #[error("the sync's definition cannot be carried out")]
    Definition(#[from] DefinitionError),
    /// A message does not say what it has to; it is set aside as it is.
    #[error("the message lacks a usable {0}")]
    Malformed(&'static str),
    /// The database is older than what was done from it; nothing is done until a recovery.
    #[error("{}", crate::tide::BEHIND)]
    WentBack,
    /// The copy of the tide was replaced by others again and again; the work is tried again.
    #[error("others copy the tide faster")]
    Crowded,
    /// The bus failed; the work is tried again.
    #[error("the bus failed")]
    Bus(#[from] bus::BusError),
}

impl From<sqlx::Error> for EngineError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
