//! What went wrong in a call, as a decision that the drivers act on.

use jiff::Timestamp;

/// A failed call, classified once by the provider and consumed once by the driver.
///
/// No reason may carry a record's content, a person's name or address, a token, or a URL's query: reasons are
/// logged and shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A failure that passes: the call was not sent, or the provider states that it did nothing. Also any
    /// failure of a call that only reads. Tried again after a jittered backoff.
    #[error("the provider cannot answer for now: {reason}")]
    Transient {
        /// What happened, for example "HTTP 503".
        reason: String,
    },
    /// Too many calls. Only the connection waits.
    #[error("the provider asks to wait until {until}")]
    Throttled {
        /// Not before this time.
        until: Timestamp,
    },
    /// The access token, or the grant behind it, is not accepted.
    #[error("the provider refuses the access: {reason}")]
    Unauthorised {
        /// What the provider said, without the token.
        reason: String,
    },
    /// The account lacks a right.
    #[error("the account lacks the right: {right}")]
    Forbidden {
        /// The right, in words, for example "delete contacts".
        right: String,
    },
    /// The cursor is no longer accepted: everything has to be read again.
    #[error("the cursor has expired")]
    CursorExpired,
    /// A precondition failed: the record has moved on and nothing was written.
    #[error("the record has moved on")]
    Stale,
    /// The record, or its whole collection, is not there.
    #[error("{}", if *.collection { "the collection is gone" } else { "the record is gone" })]
    Gone {
        /// Whether the answer proves a deletion; otherwise it is out of reach.
        proved: bool,
        /// Whether the whole collection is gone.
        collection: bool,
    },
    /// The provider does not accept what was sent.
    #[error("the provider refuses {}: {reason}", .path.as_deref().unwrap_or("the record"))]
    Refused {
        /// The canonical path that is refused, if the provider says so.
        path: Option<String>,
        /// Why, in words for people.
        reason: String,
    },
    /// The answer cannot be understood. After a write, the write may have happened.
    #[error("the provider's answer cannot be understood: {reason}")]
    Malformed {
        /// What is wrong with it, for example the path in its JSON.
        reason: String,
    },
    /// The call was sent and its answer is lost: it may have happened.
    #[error("the provider's answer was lost: {reason}")]
    LostAnswer {
        /// What happened to the connection.
        reason: String,
    },
}

impl Fault {
    /// A stable word for metrics and spans.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Throttled { .. } => "throttled",
            Self::Unauthorised { .. } => "unauthorised",
            Self::Forbidden { .. } => "forbidden",
            Self::CursorExpired => "cursor_expired",
            Self::Stale => "stale",
            Self::Gone { .. } => "gone",
            Self::Refused { .. } => "refused",
            Self::Malformed { .. } => "malformed",
            Self::LostAnswer { .. } => "lost_answer",
        }
    }

    /// A fault that passes, with its reason.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient {
            reason: reason.into(),
        }
    }

    /// An answer that cannot be understood, with its reason.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed {
            reason: reason.into(),
        }
    }
}
