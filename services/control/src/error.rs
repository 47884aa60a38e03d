//! Why control did not do what it was asked: a variant for each thing that a caller can do about it.

use tonic::{Code, Status};

use crate::envelope::SealError;

/// A refused or failed request. Messages are for the caller, who may see names of accounts; they are not logged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong: change it.
    #[error("{0}")]
    Invalid(String),
    /// What is named does not exist: name something else.
    #[error("{0}")]
    NotFound(String),
    /// The request does not fit what is stored: change that first.
    #[error("{0}")]
    Refused(String),
    /// The caller lacks a token, or a person must sign in to an account again.
    #[error("{0}")]
    Unauthenticated(String),
    /// The caller may not act for this tenant, or the account lacks a right.
    #[error("{0}")]
    Forbidden(String),
    /// Another service or a provider cannot answer for now: try again later.
    #[error("{0}")]
    Unavailable(String),
    /// A stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood.
    #[error("a stored definition cannot be understood")]
    Stored(#[from] serde_json::Error),
}

impl Error {
    /// What a connector or the reconciler answered instead of a result. `doing` completes "cannot …".
    pub(crate) fn from_peer(doing: &str, status: &Status) -> Self {
        let message = format!("cannot {doing}: {}", status.message());
        match status.code() {
            Code::InvalidArgument => Self::Invalid(message),
            Code::NotFound => Self::NotFound(message),
            Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => {
                Self::Refused(message)
            }
            Code::Unauthenticated => Self::Unauthenticated(message),
            Code::PermissionDenied => Self::Forbidden(message),
            _ => Self::Unavailable(message),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Invalid(_) => Code::InvalidArgument,
            Error::NotFound(_) => Code::NotFound,
            Error::Refused(_) => Code::FailedPrecondition,
            Error::Unauthenticated(_) => Code::Unauthenticated,
            Error::Forbidden(_) => Code::PermissionDenied,
            Error::Unavailable(_) => Code::Unavailable,
            Error::Seal(source) => {
                tracing::error!(reason = %source, "a stored secret does not open");
                Code::Internal
            }
            Error::Database(source) => {
                tracing::error!(reason = %source, "the database failed");
                Code::Unavailable
            }
            Error::Stored(source) => {
                tracing::error!(reason = %source, "a stored definition cannot be understood");
                Code::Internal
            }
        };
        Self::new(code, error.to_string())
    }
}
