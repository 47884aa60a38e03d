//! Writes that a provider is asked to make, and its answers.

use jiff::Timestamp;
use model::{Edit, Path, Record, Version};

use crate::fault::Fault;

/// One write: one record, however many calls it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Its id in the outbox.
    pub id: String,
    /// The kind of record, for example "contact".
    pub kind: String,
    /// What to do.
    pub operation: Operation,
}

/// What a write does.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Create a record inside the scope's collection.
    Create(Create),
    /// Change some paths of a record.
    Update(Update),
    /// Delete a record.
    Delete(Delete),
    /// Read a record by id.
    Read(Read),
}

/// Create a record inside the scope's collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Create {
    /// The record.
    pub record: Record,
    /// Put on the record where the provider can carry it; at most 128 characters.
    pub marker: Option<String>,
    /// Look live for a record with this marker, or one of the match paths' values, before creating.
    pub look_up: bool,
    /// The paths to look up by, best first.
    pub match_paths: Vec<Path>,
    /// Set for the first creates of a baseline: whatever the account held at this time was read before. Only
    /// younger records need be looked for, and a look of the last half minute will do ([`crate::Glances`]).
    pub known_until: Option<Timestamp>,
}

/// Change some paths of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The record's id at the provider.
    pub remote_id: String,
    /// The version that the plan was made from; a record that has moved on is stale.
    pub expected: Version,
    /// What changes.
    pub edits: Vec<Edit>,
    /// Put on the record with this update.
    pub marker: Option<String>,
    /// Put the record into the scope's collection.
    pub adopt: bool,
}

/// Delete a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// The record's id at the provider.
    pub remote_id: String,
    /// The version that the plan was made from.
    pub expected: Version,
}

/// Read a record by id, to settle whether it is gone, or what it looks like now.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The record's id at the provider.
    pub remote_id: String,
    /// Ids under which it was known before.
    pub former_ids: Vec<String>,
}

/// Writes that one call takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// What all of them do.
    pub kind: BatchKind,
    /// The writes.
    pub writes: Vec<Write>,
}

/// What the writes of a batch do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchKind {
    /// All are creates.
    Create,
    /// All are updates of the same field mask.
    Update,
    /// All are deletes.
    Delete,
    /// All are reads.
    Read,
}

impl BatchKind {
    /// A stable word for metrics and spans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Read => "read",
        }
    }
}

impl Operation {
    /// What kind of batch takes this operation.
    pub fn kind(&self) -> BatchKind {
        match self {
            Self::Create(_) => BatchKind::Create,
            Self::Update(_) => BatchKind::Update,
            Self::Delete(_) => BatchKind::Delete,
            Self::Read(_) => BatchKind::Read,
        }
    }

    /// The id of the record that it concerns, if that exists already.
    pub fn remote_id(&self) -> Option<&str> {
        match self {
            Self::Create(_) => None,
            Self::Update(update) => Some(&update.remote_id),
            Self::Delete(delete) => Some(&delete.remote_id),
            Self::Read(read) => Some(&read.remote_id),
        }
    }
}

/// The outcome of one write.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What the provider answered.
    pub answer: Answer,
    /// The record as it was just before the call, for the history; only the edited paths.
    pub before: Option<Record>,
    /// Calls that this write took, shared ones counted in part.
    pub calls: f64,
}

impl Outcome {
    /// An outcome without a before-image.
    pub fn new(answer: impl Into<Answer>, calls: f64) -> Self {
        Self {
            answer: answer.into(),
            before: None,
            calls,
        }
    }

    /// The same outcome with the record as it was just before the call.
    #[must_use]
    pub fn with_before(mut self, before: Option<Record>) -> Self {
        self.before = before;
        self
    }
}

/// What a provider answered to one write.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It did it.
    Applied(Applied),
    /// The record has moved on since the plan was made; nothing was written.
    Stale {
        /// What it looks like now, if it was read.
        live: Option<Box<Live>>,
    },
    /// The record is not there.
    Gone {
        /// Whether the answer proves a deletion.
        proved: bool,
        /// Whether the whole collection is gone.
        collection: bool,
    },
    /// The provider does not accept the record as it is.
    Refused {
        /// The canonical path that is refused, if the provider says so.
        path: Option<String>,
        /// Why, in words for people, without personal data.
        reason: String,
    },
    /// The account lacks a right.
    Forbidden {
        /// The right, in words.
        right: String,
    },
    /// The call was made and its answer is lost: it may have happened.
    Unknown {
        /// What happened.
        reason: String,
    },
    /// No call was made, or one that surely did nothing; the write goes back into the outbox.
    NotAttempted {
        /// Why.
        reason: String,
        /// Not before this time.
        until: Option<Timestamp>,
        /// Whether the connection needs a person to sign in again.
        unauthorised: bool,
    },
    /// A live look-up found the record that was about to be created; nothing was written.
    Existing(Box<Live>),
    /// The answer to a read.
    Found(Box<Live>),
}

/// The reason of a write that was not attempted because the connection takes no calls for now.
const THROTTLED: &str = "throttled";

impl Answer {
    /// Whether the connection takes no calls for now, whatever the record.
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::NotAttempted { reason, .. } if reason == THROTTLED)
    }

    /// A stable word for metrics and spans.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::Stale { .. } => "stale",
            Self::Gone { .. } => "gone",
            Self::Refused { .. } => "refused",
            Self::Forbidden { .. } => "forbidden",
            Self::Unknown { .. } => "unknown",
            Self::NotAttempted { .. } => "not_attempted",
            Self::Existing(_) => "existing",
            Self::Found(_) => "found",
        }
    }
}

/// What a fault means for a write. Only a fault that says that nothing was done leads back into the outbox.
impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Transient { reason } => Self::NotAttempted {
                reason,
                until: None,
                unauthorised: false,
            },
            Fault::Throttled { until } => Self::NotAttempted {
                reason: THROTTLED.to_owned(),
                until: Some(until),
                unauthorised: false,
            },
            Fault::Unauthorised { reason } => Self::NotAttempted {
                reason,
                until: None,
                unauthorised: true,
            },
            Fault::Forbidden { right } => Self::Forbidden { right },
            Fault::Stale => Self::Stale { live: None },
            Fault::Gone { proved, collection } => Self::Gone { proved, collection },
            Fault::Refused { path, reason } => Self::Refused { path, reason },
            Fault::Malformed { reason } | Fault::LostAnswer { reason } => Self::Unknown { reason },
            Fault::CursorExpired => Self::Unknown {
                reason: fault.to_string(),
            },
        }
    }
}

/// A write that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The record's id at the provider.
    pub remote_id: String,
    /// Its version now, if the answer says so.
    pub version: Option<Version>,
    /// The record as the answer to the conditional write itself carried it; for a create without such an
    /// answer: what was sent.
    pub answer: Option<Box<Live>>,
    /// Paths that the provider refused, while the rest counts.
    pub refused: Vec<RefusedPath>,
}

/// A path that a provider does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedPath {
    /// The canonical path.
    pub path: String,
    /// Why, in words for people, without personal data.
    pub reason: String,
}

/// A live record.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Its id at the provider.
    pub remote_id: String,
    /// Ids under which the provider knew it before.
    pub former_ids: Vec<String>,
    /// Its version.
    pub version: Version,
    /// The record.
    pub record: Record,
    /// The marker of ours that it carries.
    pub marker: Option<String>,
    /// Whether it is inside the scope's collection.
    pub in_scope: bool,
    /// The root paths that could be read.
    pub readable: Vec<Path>,
}
