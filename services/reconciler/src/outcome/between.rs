//! Readings that came between a call and its answer. An answer shows the record as the call left it; what a list
//! showed meanwhile, or did not show any more, may be newer. Neither is believed before the record was read by its
//! id, unless both show the same.

use std::collections::HashMap;

use model::{Edit, Fields, Path, Record, Side, Version, project};
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

/// What was read between a call and its answer.
pub(super) enum Between {
    /// Nothing that matters.
    Nothing,
    /// What the call made, at this version: whatever a list shows of it is as new as the answer, or newer.
    Made(Version),
    /// Something else: nobody can tell which is newer.
    Doubt,
}

/// For each call, what was read between it and its answer.
pub(super) async fn came(
    connection: &mut PgConnection,
    definition: &Definition,
    calls: &[Call<'_>],
) -> Result<Vec<Between>, EngineError> {
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
            let doubted = call.stored.is_some_and(|row| {
                moved(row, call.applied)
                    && !as_planned(row, call.write)
                    && !as_written(definition, row, call)
            });
            return if doubted {
                Between::Doubt
            } else {
                Between::Nothing
            };
        }
        match shown.get(&(side, call.applied.remote_id.clone())) {
            Some(row) if !moved(row, call.applied) => Between::Nothing,
            Some(row) if as_made(definition, row, call) => Between::Made(row.version.clone()),
            Some(_) => Between::Doubt,
            None => Between::Nothing,
        }
    };
    Ok(calls.iter().map(came).collect())
}

/// Whether a stored record is there, in the scope, with what the create asked for.
fn as_made(definition: &Definition, row: &RecordRow, call: &Call<'_>) -> bool {
    row.presence == Presence::Live && row.in_scope && as_asked(definition, row, call)
}

/// Whether a stored record shows what the write asked for, at the version that its answer names: stamps of a second
/// do not tell one state from the next, their content does.
fn as_written(definition: &Definition, row: &RecordRow, call: &Call<'_>) -> bool {
    let version = call.applied.version.clone().map(Version::from);
    row.presence == Presence::Live
        && version.as_ref() == Some(&row.version)
        && as_asked(definition, row, call)
}

fn as_asked(definition: &Definition, row: &RecordRow, call: &Call<'_>) -> bool {
    let (Some((kind, paths, wanted)), Some(fields)) = (asked(definition, call.write), &row.fields)
    else {
        return false;
    };
    let shown = Record {
        kind,
        fields: fields.clone(),
    };
    project(&shown, &paths, &wanted) == wanted
}

/// The kind, paths and values that a write asked for: a create leaves every other mapped path empty.
fn asked(definition: &Definition, row: &WriteRow) -> Option<(String, Vec<Path>, Fields)> {
    let write = wire::Write::decode(row.body.as_slice()).ok()?;
    match write.operation? {
        Operation::Create(create) => {
            let wanted = Record::try_from(create.record?).ok()?;
            let paths = definition.paths(row.side);
            let fields = project(&wanted, &paths, &wanted.fields);
            Some((write.kind, paths, fields))
        }
        Operation::Update(update) => {
            let edits: Vec<Edit> = update
                .edits
                .into_iter()
                .map(|edit| Edit::try_from(edit).ok())
                .collect::<Option<_>>()?;
            let paths = edits.iter().map(|edit| edit.path.clone()).collect();
            let fields = edits
                .into_iter()
                .filter_map(|edit| Some((edit.path, edit.after?)))
                .collect();
            Some((write.kind, paths, fields))
        }
        _ => None,
    }
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
