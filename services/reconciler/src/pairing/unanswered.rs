//! Records that creates have made whose answers were lost, where no marker tells.

use model::{Comparison, MatchKey, Pairing, Path, Record, Side, match_keys, project};
use prost::Message as _;
use proto::write as wire;
use sqlx::PgConnection;

use super::{BATCH, found};
use crate::{
    definition::Definition,
    error::EngineError,
    plan,
    store::{
        lost::{self, UnknownCreate},
        matching,
        record::{self, RecordRow},
    },
};

/// A create of unknown fate, with what it was to make.
struct Unanswered {
    create: UnknownCreate,
    record: Record,
    keys: Vec<MatchKey>,
}

/// A waiting record with the very content of a create whose answer was lost is that create's record, and so is one with
/// the key that the create asked for, and with its name unless nobody else has that key, whatever became of the record
/// that it was made from. Outside the scope only keys are known. Answers how many were found.
pub(super) async fn by_content(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<usize, EngineError> {
    let creates = unanswered(connection, definition).await?;
    if creates.is_empty() {
        return Ok(0);
    }
    let waiting =
        matching::waiting(connection, &definition.key, definition.made_anew(), BATCH).await?;
    let mut rows = record::by_id(connection, &waiting).await?;
    let mut found = 0;
    for one in &creates {
        let same = rows
            .iter()
            .position(|row| row.side == one.create.side && is_made_by(definition, one, row));
        let row = match same {
            Some(at) => Some(rows.swap_remove(at)),
            None => with_its_key(connection, definition, one, &creates).await?,
        };
        if let Some(row) = row {
            found::adopt(connection, definition, one.create.link, &row).await?;
            rows.retain(|other| other.id != row.id);
            found += 1;
        }
    }
    Ok(found)
}

async fn unanswered(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<Vec<Unanswered>, EngineError> {
    let mut unanswered = Vec::new();
    for create in lost::unknown_creates(connection, &definition.key).await? {
        if let Some(record) = to_be_made(&create.body)? {
            let criteria = &definition.side(create.side).criteria;
            let keys = match_keys(&record, criteria, &definition.hash_key);
            unanswered.push(Unanswered {
                create,
                record,
                keys,
            });
        }
    }
    Ok(unanswered)
}

/// Whether a record shows all that a create was to write.
fn is_made_by(definition: &Definition, one: &Unanswered, row: &RecordRow) -> bool {
    let Some(fields) = &row.fields else {
        return false;
    };
    let sent = &one.record.fields;
    let paths: Vec<Path> = sent.keys().cloned().collect();
    let wanted = project(&one.record, &paths, sent);
    let record = Record {
        kind: definition.kind.clone(),
        fields: fields.clone(),
    };
    let shown = project(&record, &paths, sent);
    // What cannot be read was not written either, and does not tell it from another one.
    let readable = plan::readable(&row.readable);
    let told: Vec<_> = paths.iter().filter(|path| readable.covers(path)).collect();
    told.iter().any(|path| wanted.contains_key(*path))
        && told.into_iter().all(|path| {
            // A provider trims, groups and cuts what it is given; that does not make it another record.
            let comparison = comparison(definition, row.side, path);
            let (sent, shown) = (wanted.get(path), shown.get(path));
            comparison.same(sent, shown) || comparison.cut(sent, shown)
        })
}

/// A record that came since with a key of this create: a provider may have filled in a name of its own, so that a key
/// that neither another create nor another record has is enough.
async fn with_its_key(
    connection: &mut PgConnection,
    definition: &Definition,
    one: &Unanswered,
    all: &[Unanswered],
) -> Result<Option<RecordRow>, EngineError> {
    if one.keys.is_empty() {
        return Ok(None);
    }
    let UnknownCreate {
        link,
        side,
        queued_at,
        ..
    } = one.create;
    let is_unshared = |key: &&MatchKey| {
        let others = all.iter().filter(|other| other.create.link != link);
        let mut theirs = others.flat_map(|other| &other.keys);
        !theirs.any(|other| other.hash == key.hash)
    };
    let unshared: Vec<MatchKey> = one.keys.iter().filter(is_unshared).cloned().collect();
    let key = &definition.key;
    let found =
        matching::free_with_keys(connection, key, side, &one.keys, &unshared, queued_at).await?;
    match found {
        Some((id, _)) => Ok(record::by_id(connection, &[id]).await?.pop()),
        None => Ok(None),
    }
}

fn comparison(definition: &Definition, side: Side, path: &Path) -> Comparison {
    let mapped = definition
        .pairings
        .iter()
        .find(|pairing| pairing.path(side).field() == path.field());
    mapped.map(Pairing::comparison).unwrap_or_default()
}

/// The record of a create, as it is stored.
fn to_be_made(body: &[u8]) -> Result<Option<Record>, EngineError> {
    let write = wire::Write::decode(body).map_err(|_| EngineError::Malformed("stored write"))?;
    let Some(wire::write::Operation::Create(create)) = write.operation else {
        return Ok(None);
    };
    create
        .record
        .map(|record| Record::try_from(record).map_err(|_| EngineError::Malformed("record")))
        .transpose()
}
