//! What the reconciler answers over gRPC.

mod claims;
mod events;
mod positions;
mod recovery;
mod restore;
mod syncs;

pub use claims::ClaimService;
pub use positions::PositionService;
pub use recovery::RecoveryService;
pub use syncs::SyncService;

use proto::reconcile::SyncRef;
use tonic::Status;

use crate::{
    error::EngineError,
    store::{StoreError, SyncKey},
};

/// A request's sync.
fn key(sync: Option<SyncRef>) -> Result<SyncKey, Status> {
    let sync = sync.ok_or_else(|| Status::invalid_argument("say which sync is meant"))?;
    Ok(SyncKey::new(sync.tenant, sync.sync))
}

fn unknown_sync() -> Status {
    Status::not_found("there is no such sync")
}

/// An engine error as its caller sees it; the details are logged, not sent.
fn failed(error: impl Into<EngineError>) -> Status {
    let error = error.into();
    if let EngineError::Store(StoreError::UnknownSync) = error {
        return unknown_sync();
    }
    if let EngineError::WentBack = error {
        return Status::failed_precondition(error.to_string());
    }
    tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
    Status::unavailable("the reconciler could not do this now; try again")
}

fn micros(at: Option<jiff::Timestamp>) -> Option<i64> {
    at.map(jiff::Timestamp::as_microsecond)
}
