//! Live records: what an answer of a provider shows is stored like a reading, and links take them over.

use std::collections::HashMap;

use model::{Edit, Fields, MatchKey, Path, Record, Side, Version, match_keys, patch, project};
use proto::write::{Applied, Live};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    anew,
    definition::Definition,
    error::EngineError,
    ingest::Rerendered,
    store::{
        link::{self, LinkRow, LinkState},
        matching,
        record::{self, Presence, RecordRow, Sighting},
        write::WriteRow,
    },
};

/// A record as an answer shows it.
pub struct Sighted(Sighting);

impl Sighted {
    /// From a record that a writer read.
    pub fn of_live(live: &Live) -> Result<Self, EngineError> {
        let record = live
            .record
            .clone()
            .map(|record| Record::try_from(record).map_err(|_| EngineError::Malformed("record")))
            .transpose()?;
        let version = live.version.clone().unwrap_or_default();
        Ok(Self(Sighting {
            remote_id: live.remote_id.clone(),
            former_ids: live.former_ids.clone(),
            version_token: version.token,
            changed_at_micros: version.changed_at_micros,
            coarse: version.coarse,
            fields: record.map(|record| record.fields).filter(|_| live.in_scope),
            readable: live.readable.clone(),
            in_scope: live.in_scope,
            marker: live.marker.clone(),
            snapshot: None,
            ours: false,
            written: false,
            unreadable: None,
        }))
    }

    /// From an applied write: the fields are those of the answer, or what was stored with the edits applied.
    pub fn of_write(write: &WriteRow, link: &LinkRow, applied: &Applied, after: After) -> Self {
        let version = applied.version.clone().unwrap_or_default();
        let answer = applied.answer.as_ref();
        Self(Sighting {
            remote_id: if applied.remote_id.is_empty() {
                link.remote_id(write.side).to_owned()
            } else {
                applied.remote_id.clone()
            },
            former_ids: after.former_ids,
            version_token: version.token,
            changed_at_micros: version.changed_at_micros,
            coarse: version.coarse,
            fields: Some(after.fields),
            readable: answer
                .map(|live| live.readable.clone())
                .filter(|readable| !readable.is_empty())
                .unwrap_or(after.readable),
            in_scope: answer.map_or(after.in_scope, |live| live.in_scope),
            marker: answer.map(|live| live.marker.clone()).unwrap_or_default(),
            snapshot: None,
            // A restored value counts as a person's edit, so that it has an edit time.
            ours: !write.plan.restores,
            written: !write.plan.restores,
            unreadable: None,
        })
    }

    /// The same at another version.
    pub fn at(&mut self, version: &Version) {
        self.0.version_token.clone_from(&version.token);
        self.0.changed_at_micros = version.changed_at_micros;
        self.0.coarse = version.coarse;
    }
}

/// What the target holds after a write.
pub struct After {
    fields: Fields,
    readable: Vec<String>,
    former_ids: Vec<String>,
    in_scope: bool,
}

/// The target's fields after a write: the answer's, else what is stored with the edits applied.
pub fn after_write(
    definition: &Definition,
    write: &WriteRow,
    stored: Option<&RecordRow>,
    whole: Option<&Record>,
    refused: &[&str],
) -> After {
    let fields = if let Some(record) = whole {
        record.fields.clone()
    } else {
        let mut record = Record {
            kind: definition.kind.clone(),
            fields: fields_of(stored),
        };
        let edits: Vec<Edit> = write
            .plan
            .edits
            .iter()
            .map(|planned| planned.edit.clone())
            .filter(|edit| refused.is_empty() || !refused.contains(&edit.path.to_string().as_str()))
            .collect();
        patch(&mut record, &edits);
        record.fields
    };
    let everything = || fields.keys().map(Path::to_string).collect();
    After {
        readable: stored.map_or_else(everything, |row| row.readable.clone()),
        former_ids: stored.map(|row| row.former_ids.clone()).unwrap_or_default(),
        in_scope: stored.is_none_or(|row| row.in_scope),
        fields,
    }
}

fn fields_of(stored: Option<&RecordRow>) -> Fields {
    stored
        .and_then(|row| row.fields.clone())
        .unwrap_or_default()
}

/// What a side showed on its mapped paths when the plan was made: what is stored of it.
pub fn seen(
    definition: &Definition,
    link: &LinkRow,
    side: Side,
    stored: Option<&RecordRow>,
) -> Fields {
    let record = Record {
        kind: definition.kind.clone(),
        fields: fields_of(stored),
    };
    let hints = link
        .base
        .as_ref()
        .map(|base| merge::hints(base, &definition.pairings, side))
        .unwrap_or_default();
    project(&record, &definition.paths(side), &hints)
}

/// A record that is rendered otherwise at the same version: its bases follow, and nothing is planned
/// . Lists keep theirs: their elements pair by value.
pub async fn rebase(
    connection: &mut PgConnection,
    definition: &Definition,
    side: Side,
    rerendered: &[Rerendered],
) -> Result<(), EngineError> {
    let of: HashMap<i64, &Rerendered> = rerendered.iter().map(|one| (one.record, one)).collect();
    let records: Vec<i64> = of.keys().copied().collect();
    let mut links = link::of_records(connection, &records).await?;
    for link in &mut links {
        let Some(one) = link.record(side).and_then(|id| of.get(&id)) else {
            continue;
        };
        let Some(base) = &mut link.base else { continue };
        let hints = merge::hints(base, &definition.pairings, side);
        let show = |fields: &Fields| {
            let record = Record {
                kind: definition.kind.clone(),
                fields: fields.clone(),
            };
            project(&record, &definition.paths(side), &hints)
        };
        let (old, new) = (show(&one.old), show(&one.new));
        for pairing in definition
            .pairings
            .iter()
            .filter(|pairing| !pairing.is_list())
        {
            let path = pairing.path(side);
            if let Some(entry) = base.get_mut(&pairing.key())
                && pairing.comparison().same(entry.get(side), old.get(path))
            {
                let (value, differed) = (new.get(path).cloned(), entry.differs(pairing));
                match side {
                    Side::Left => entry.left = value,
                    Side::Right => entry.right = value,
                }
                // A difference that our own rendering makes is nobody's loss.
                entry.rewritten |= !differed && entry.differs(pairing);
            }
        }
    }
    link::save(connection, &links).await?;
    Ok(())
}

/// Stores records of one side as they were seen, with their match keys where these changed against what
/// is known; answers the rows in the same order. No record may occur twice.
pub(crate) async fn store(
    connection: &mut PgConnection,
    definition: &Definition,
    side: Side,
    sighted: Vec<Sighted>,
    known: &HashMap<i64, RecordRow>,
) -> Result<Vec<RecordRow>, EngineError> {
    let sightings: Vec<Sighting> = sighted.into_iter().map(|sighted| sighted.0).collect();
    let ids: HashMap<String, i64> = record::upsert(connection, &definition.key, side, &sightings)
        .await?
        .into_iter()
        .collect();
    let mut keys = Vec::new();
    let mut rows = Vec::with_capacity(sightings.len());
    for sighting in sightings {
        let id = *ids
            .get(&sighting.remote_id)
            .ok_or(EngineError::Malformed("stored record"))?;
        let before = known.get(&id);
        if let Some(fields) = &sighting.fields
            && let Some(changed) = changed_keys(definition, side, before, fields)
        {
            keys.push((id, changed));
        }
        rows.push(sighting.into_row(id, side, before));
    }
    record::replace_keys(connection, &definition.key, side, &keys).await?;
    Ok(rows)
}

/// Stores one record as it was seen; answers its row id.
pub async fn store_one(
    connection: &mut PgConnection,
    definition: &Definition,
    side: Side,
    sighted: Sighted,
) -> Result<i64, EngineError> {
    let rows = store(connection, definition, side, vec![sighted], &HashMap::new()).await?;
    let row = rows.into_iter().next();
    Ok(row.ok_or(EngineError::Malformed("stored record"))?.id)
}

/// Stores a record that a writer found; answers its row id. A look-up may show for a while what was deleted: what was not
/// known to be there is in doubt until it is read by its id.
pub async fn store_found(
    connection: &mut PgConnection,
    definition: &Definition,
    write: &WriteRow,
    live: &Live,
) -> Result<i64, EngineError> {
    let mut is_doubted = false;
    if write.operation == "create" {
        let ids = std::slice::from_ref(&live.remote_id);
        let known = record::by_remote(connection, &definition.key, write.side, ids).await?;
        is_doubted = known.iter().any(|row| row.presence != Presence::Live);
    }
    let sighted = Sighted::of_live(live)?;
    let id = store_one(connection, definition, write.side, sighted).await?;
    if is_doubted {
        record::set_presence(connection, &[id], Presence::Doubtful).await?;
    }
    Ok(id)
}

/// The match keys of a record's fields, unless those that are stored say the same. Where nothing counts as
/// readable any more, the stored ones are of other criteria.
pub fn changed_keys(
    definition: &Definition,
    side: Side,
    before: Option<&RecordRow>,
    fields: &Fields,
) -> Option<Vec<MatchKey>> {
    let keys_of = |fields: &Fields| {
        let record = Record {
            kind: definition.kind.clone(),
            fields: fields.clone(),
        };
        match_keys(
            &record,
            &definition.side(side).criteria,
            &definition.hash_key,
        )
    };
    let keys = keys_of(fields);
    let same = before
        .filter(|row| !row.readable.is_empty())
        .and_then(|row| row.fields.as_ref())
        .is_some_and(|before| keys_of(before) == keys);
    (!same).then_some(keys)
}

/// Whether a record has its counterpart under another link.
pub async fn has_counterpart(
    connection: &mut PgConnection,
    link: &LinkRow,
    side: Side,
    record: i64,
) -> Result<bool, EngineError> {
    Ok(link::of_records(connection, &[record])
        .await?
        .iter()
        .any(|other| other.id != link.id && other.record(side.other()).is_some()))
}

/// A record that turns out to belong to a link leaves any other link that held it: one that had only
/// this record is over; one with two records keeps it, and ours is a twin.
pub async fn take_over(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &mut LinkRow,
    side: Side,
    record: i64,
) -> Result<(), EngineError> {
    for mut other in link::of_records(connection, &[record]).await? {
        if other.id == link.id || other.record(side) != Some(record) {
            continue;
        }
        other.state = LinkState::Closed;
        "the record belongs to another link".clone_into(&mut other.reason);
        other.dirty = false;
        let survivor = other.record(side.other());
        link::save(connection, std::slice::from_ref(&other)).await?;
        if let Some(survivor) = survivor {
            matching::set_unmatched(connection, &[survivor]).await?;
        }
    }
    matching::set_matched(connection, &[record]).await?;
    tracing::debug!(sync = %definition.key.sync, link = %link.id, "a link took a record over");
    Ok(())
}

/// A record is proved gone: a successor may have taken its place, by marker, former id or key.
pub async fn find_successor(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &mut LinkRow,
    side: Side,
) -> Result<(), EngineError> {
    let Some(gone) = link.record(side) else {
        return Ok(());
    };
    let successor =
        match matching::successor(connection, &definition.key, side, gone, link.id).await? {
            Some(successor) => Some(successor),
            None => anew::successor(connection, definition, link, side, gone).await?,
        };
    let Some(successor) = successor else {
        return Ok(());
    };
    let taken = link::of_records(connection, &[successor.id])
        .await?
        .into_iter()
        .find(|other| other.id != link.id && other.record(side.other()).is_some());
    if taken.is_some() {
        link.state = LinkState::Closed;
        "merged into another record".clone_into(&mut link.reason);
        link.dirty = false;
        // The counterpart stays, and is a record like any other.
        if let Some(survivor) = link.record(side.other()) {
            matching::set_unmatched(connection, &[survivor]).await?;
        }
        return Ok(());
    }
    take_over(connection, definition, link, side, successor.id).await?;
    link.set_record(side, Some(successor.id), &successor.remote_id);
    Ok(())
}

/// The id of a link, derived so that it can be rebuilt: sync, side, record that it began with.
pub fn link_id(definition: &Definition, side: Side, remote_id: &str) -> Uuid {
    let name = format!(
        "{}/{}/{}/{}",
        definition.key.tenant,
        definition.key.sync,
        side.as_str(),
        remote_id
    );
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// The marker of a record that we create: derived, so that a plan made again is the same write.
pub fn marker(definition: &Definition, link: &LinkRow, side: Side) -> String {
    derived(
        definition,
        link.remote_id(side.other()),
        side,
        link.create_generation,
    )
}

/// The marker of a side's record that is made from this record of the other side; the generation counts
/// how often it was.
pub fn derived(definition: &Definition, source_id: &str, side: Side, generation: i32) -> String {
    let name = format!(
        "{}\n{}\n{}\n{}\n{}",
        definition.side(side).account,
        definition.side(side.other()).account,
        source_id,
        side.as_str(),
        generation,
    );
    let hash = blake3::keyed_hash(&definition.hash_key, name.as_bytes());
    format!("r1-{}", &hash.to_hex()[..40])
}
