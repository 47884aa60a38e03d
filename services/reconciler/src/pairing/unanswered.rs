//! Records that creates have made whose answers were lost, where no marker tells.

use std::collections::{BTreeSet, HashMap};

use model::{Comparison, MatchKey, Pairing, Path, Record, Side, match_keys, project};
use prost::Message as _;
use proto::write as wire;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{BATCH, found};
use crate::{
    definition::Definition,
    error::EngineError,
    plan,
    store::{
        lost::{self, UnknownCreate},
        matching::{self, Sought},
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
    let mut missing = Vec::new();
    for one in &creates {
        let same = rows
            .iter()
            .position(|row| row.side == one.create.side && is_made_by(definition, one, row));
        match same {
            Some(at) => {
                let row = rows.swap_remove(at);
                found::adopt(connection, definition, one.create.link, &row).await?;
                found += 1;
            }
            None => missing.push(one),
        }
    }
    Ok(found + by_key(connection, definition, &missing).await?)
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

/// A record that came since with a key of a create is its record: a provider may have filled in a name of its own, so
/// that a key that neither another create nor another record has is enough. Answers how many were found.
async fn by_key(
    connection: &mut PgConnection,
    definition: &Definition,
    missing: &[&Unanswered],
) -> Result<usize, EngineError> {
    let mut holders: HashMap<[u8; 32], BTreeSet<Uuid>> = HashMap::new();
    for one in missing {
        for key in &one.keys {
            holders.entry(key.hash).or_default().insert(one.create.link);
        }
    }
    let is_unshared = |key: &&MatchKey| holders[&key.hash].len() == 1;
    let unshared: Vec<Vec<MatchKey>> = missing
        .iter()
        .map(|one| one.keys.iter().filter(is_unshared).cloned().collect())
        .collect();
    let sought = missing.iter().zip(&unshared).map(|(one, unshared)| Sought {
        side: one.create.side,
        keys: &one.keys,
        unshared,
        after: one.create.queued_at,
    });
    let sought: Vec<Sought<'_>> = sought.collect();
    let found = matching::free_with_keys(connection, &definition.key, &sought).await?;
    let mut taken = BTreeSet::new();
    for (place, (id, _)) in found {
        if let Some(one) = missing.get(place)
            && taken.insert(id)
            && let Some(row) = record::by_id(connection, &[id]).await?.pop()
        {
            found::adopt(connection, definition, one.create.link, &row).await?;
        }
    }
    Ok(taken.len())
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
