//! Readings that came between a call and its answer. An answer shows the record as the call left it; what a list
//! showed meanwhile, or did not show any more, may be newer. Neither is believed before the record was read by its
//! id.

use std::collections::HashMap;

use model::{Path, Record, Side, Version, project};
use prost::Message as _;
use proto::write::{self as wire, Applied, write::Operation};
use sqlx::PgConnection;

use crate::{
    definition::Definition,
    error::EngineError,
    store::{
        record::{self, Presence, RecordRow},
        write::WriteRow,
    },
};

/// A call that was made, and what was known of its record when the answer came.
pub(super) struct Call<'a> {
    /// The write.
    pub(super) write: &'a WriteRow,
    /// Its answer.
    pub(super) applied: &'a Applied,
    /// The record as it is stored; none for a create.
    pub(super) stored: Option<&'a RecordRow>,
}

/// For each call, whether a reading came between it and its answer, so that nobody can tell which is newer.
pub(super) async fn came(
    connection: &mut PgConnection,
    definition: &Definition,
    calls: &[Call<'_>],
) -> Result<Vec<bool>, EngineError> {
    let key = &definition.key;
    let mut shown: HashMap<(Side, String), RecordRow> = HashMap::new();
    for side in Side::ALL {
        let created: Vec<String> = calls
            .iter()
            .filter(|call| call.write.operation == "create" && call.write.side == side)
            .map(|call| call.applied.remote_id.clone())
            .collect();
        if created.is_empty() {
            continue;
        }
        for row in record::by_remote(connection, key, side, &created).await? {
            shown.insert((side, row.remote_id.clone()), row);
        }
    }
    let came = |call: &Call<'_>| {
        let side = call.write.side;
        if call.write.operation != "create" {
            return call
                .stored
                .is_some_and(|row| moved(row, call.applied) && !as_planned(row, call.write));
        }
        shown
            .get(&(side, call.applied.remote_id.clone()))
            .is_some_and(|row| moved(row, call.applied) && !as_created(row, call))
    };
    Ok(calls.iter().map(came).collect())
}

/// Whether a stored record is what the create asked for, at the version that its answer names: stamps of a second
/// do not tell one state from the next, their content does.
fn as_created(row: &RecordRow, call: &Call<'_>) -> bool {
    let version = call.applied.version.clone().map(Version::from);
    if row.presence != Presence::Live || version.as_ref() != Some(&row.version) {
        return false;
    }
    let wanted = match wire::Write::decode(call.write.body.as_slice()) {
        Ok(wire::Write {
            operation: Some(Operation::Create(create)),
            ..
        }) => create
            .record
            .and_then(|record| Record::try_from(record).ok()),
        _ => None,
    };
    let (Some(wanted), Some(fields)) = (wanted, &row.fields) else {
        return false;
    };
    let paths: Vec<Path> = wanted.fields.keys().cloned().collect();
    let shown = Record {
        kind: wanted.kind.clone(),
        fields: fields.clone(),
    };
    project(&shown, &paths, &wanted.fields) == project(&wanted, &paths, &wanted.fields)
}

/// Whether a stored record is anything but the state that the answer shows.
fn moved(row: &RecordRow, applied: &Applied) -> bool {
    let same = applied
        .version
        .clone()
        .map(Version::from)
        .is_some_and(|version| version == row.version && !version.coarse);
    row.presence != Presence::Live || !same
}

/// Whether a stored record is still the one that the plan was made from.
fn as_planned(row: &RecordRow, write: &WriteRow) -> bool {
    let expected = match wire::Write::decode(write.body.as_slice()) {
        Ok(wire::Write {
            operation: Some(Operation::Update(update)),
            ..
        }) => update.expected,
        _ => None,
    };
    row.presence == Presence::Live
        && expected.is_some_and(|version| version.token == row.version.token)
}
