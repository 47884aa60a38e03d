//! Between a provider's terms and those of the contracts.

use model::{Path, Record, Version, WireError, match_keys};
use proto::{
    change::{self, Change},
    write as wire,
};
use provider::{
    Answer, Applied, CollectionState, Create, Delete, Extent, Fault, Live, Operation, Outcome,
    Read, Seen, Update, What, Write,
};
use tonic::Status;

use crate::definitions::DefinedSide;

/// A record as its provider shows it, as a change. Of a record outside the scope only hashes of its match keys go
/// out.
pub(crate) fn change(seen: Seen, side: &DefinedSide) -> Change {
    use change::change::What as Out;

    let what = match seen.what {
        What::Inside(record) => Out::Record(record.into()),
        What::Outside(record) => {
            let keys = match_keys(&record, &side.scope.match_paths, &side.hash_key);
            let match_keys = keys.into_iter().map(Into::into).collect();
            Out::Outline(change::Outline { match_keys })
        }
        What::Deleted { at } => Out::Tombstone(change::Tombstone {
            deleted_at_micros: at.map(jiff::Timestamp::as_microsecond),
        }),
        What::Unreadable { reason } => Out::Unreadable(change::Unreadable { reason }),
    };
    Change {
        remote_id: seen.remote_id,
        former_ids: seen.former_ids,
        version: seen.version.map(Into::into),
        marker: seen.marker.unwrap_or_default(),
        what: Some(what),
    }
}

/// The word under which a change is counted.
pub(crate) fn change_word(change: &Change) -> &'static str {
    use change::change::What as Out;

    match &change.what {
        Some(Out::Record(_)) => "inside",
        Some(Out::Outline(_)) => "outside",
        Some(Out::Tombstone(_)) => "deleted",
        Some(Out::Unreadable(_)) | None => "unreadable",
    }
}

pub(crate) fn extent(extent: Extent) -> change::Extent {
    match extent {
        Extent::Account => change::Extent::Account,
        Extent::Scope => change::Extent::Scope,
    }
}

pub(crate) fn collection_state(state: CollectionState) -> change::CollectionState {
    match state {
        CollectionState::Present => change::CollectionState::Present,
        CollectionState::Gone => change::CollectionState::Gone,
        CollectionState::Forbidden => change::CollectionState::Forbidden,
    }
}

/// A write in the provider's terms.
pub(crate) fn write(message: wire::Write) -> Result<Write, WireError> {
    use wire::write::Operation as In;

    let operation = match message.operation.ok_or(WireError::Missing("operation"))? {
        In::Create(create) => Operation::Create(self::create(create)?),
        In::Update(update) => Operation::Update(self::update(update)?),
        In::Delete(delete) => Operation::Delete(Delete {
            remote_id: delete.remote_id,
            expected: expected(delete.expected)?,
        }),
        In::Read(read) => Operation::Read(Read {
            remote_id: read.remote_id,
            former_ids: read.former_ids,
        }),
    };
    Ok(Write {
        id: message.id,
        kind: message.kind,
        operation,
    })
}

fn create(message: wire::Create) -> Result<Create, WireError> {
    let paths: Result<Vec<_>, _> = message
        .match_paths
        .iter()
        .map(|path| Path::parse(path))
        .collect();
    Ok(Create {
        record: message
            .record
            .ok_or(WireError::Missing("record"))?
            .try_into()?,
        marker: present(message.marker),
        look_up: message.look_up,
        match_paths: paths?,
        known_until: message
            .known_until_micros
            .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()),
    })
}

fn update(message: wire::Update) -> Result<Update, WireError> {
    let edits: Result<Vec<_>, WireError> =
        message.edits.into_iter().map(TryInto::try_into).collect();
    Ok(Update {
        remote_id: message.remote_id,
        expected: expected(message.expected)?,
        edits: edits?,
        marker: present(message.marker),
        adopt: message.adopt,
    })
}

fn expected(version: Option<proto::record::Version>) -> Result<Version, WireError> {
    Ok(version
        .ok_or(WireError::Missing("expected version"))?
        .into())
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The outcome of a write, on its way to the reconciler; with whether guests are told of what is written.
pub(crate) fn outcome(id: String, outcome: Outcome, notifies: bool) -> wire::Outcome {
    use wire::outcome::Result as Out;

    let result = match outcome.answer {
        Answer::Applied(applied) => Out::Applied(self::applied(applied)),
        Answer::Stale { live } => Out::Stale(wire::Stale {
            live: live.map(|live| self::live(*live)),
        }),
        Answer::Gone { proved, collection } => Out::Gone(wire::Gone {
            proved,
            collection_gone: collection,
        }),
        Answer::Refused { path, reason } => Out::Refused(wire::Refused {
            path: path.unwrap_or_default(),
            reason,
        }),
        Answer::Forbidden { right } => Out::Forbidden(wire::Forbidden { right }),
        Answer::Unknown { reason } => Out::Unknown(wire::Unknown { reason }),
        Answer::NotAttempted {
            reason,
            until,
            unauthorised,
        } => {
            let until_micros = until.map(jiff::Timestamp::as_microsecond);
            Out::NotAttempted(wire::NotAttempted {
                reason,
                until_micros,
                unauthorised,
            })
        }
        Answer::Existing(live) => Out::Existing(wire::Existing {
            live: Some(self::live(*live)),
        }),
        Answer::Found(live) => Out::Found(wire::Found {
            live: Some(self::live(*live)),
        }),
    };
    wire::Outcome {
        write: id,
        result: Some(result),
        before: outcome.before.map(Record::into),
        calls: outcome.calls,
        notifies,
    }
}

fn applied(applied: Applied) -> wire::Applied {
    let refused = applied.refused.into_iter();
    wire::Applied {
        remote_id: applied.remote_id,
        version: applied.version.map(Into::into),
        answer: applied.answer.map(|live| self::live(*live)),
        refused: refused
            .map(|refused| wire::RefusedPath {
                path: refused.path,
                reason: refused.reason,
            })
            .collect(),
    }
}

fn live(live: Live) -> wire::Live {
    wire::Live {
        remote_id: live.remote_id,
        version: Some(live.version.into()),
        record: Some(live.record.into()),
        marker: live.marker.unwrap_or_default(),
        in_scope: live.in_scope,
        readable: live.readable.iter().map(Path::to_string).collect(),
        former_ids: live.former_ids,
    }
}

/// What a fault means to somebody who asked over gRPC. Faults carry nothing that may not be shown.
pub(crate) fn status(fault: &Fault) -> Status {
    let message = fault.to_string();
    match fault {
        Fault::Transient { .. } | Fault::LostAnswer { .. } => Status::unavailable(message),
        Fault::Throttled { .. } => Status::resource_exhausted(message),
        Fault::Unauthorised { .. } => Status::unauthenticated(message),
        Fault::Forbidden { .. } => Status::permission_denied(message),
        Fault::CursorExpired => Status::failed_precondition(message),
        Fault::Stale => Status::aborted(message),
        Fault::Gone { .. } => Status::not_found(message),
        Fault::Refused { .. } => Status::invalid_argument(message),
        Fault::Malformed { .. } => Status::internal(message),
    }
}
