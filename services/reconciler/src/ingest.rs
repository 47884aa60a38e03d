//! Ingest: a connector's batch becomes what the store knows, and the cursor moves in the same
//! transaction.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use model::{Fields, Order, Record, Side, Version, order};
use proto::change::{
    Change, ChangeBatch, CollectionState, Extent, Outline, change::What as ChangeOf,
};
use sqlx::PgConnection;

use crate::{
    definition::Definition,
    error::EngineError,
    live,
    store::{
        SyncKey,
        feed::{self, Advance, FeedRow},
        link,
        record::{self, Presence, RecordRow, Sighting},
        sync::{self, Hold, Phase, SyncRow},
        write,
    },
    trace,
};

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It was applied; there may be something to plan.
    Applied,
    /// It was taken before, or comes from an epoch that is over.
    Repeated,
    /// One before it is missing; the connector starts again from the stored cursor.
    Gap,
    /// Its sync or its generation is no longer wanted.
    Unwanted,
}

/// Applies one batch.
pub async fn ingest(
    connection: &mut PgConnection,
    batch: &ChangeBatch,
) -> Result<Ingested, EngineError> {
    let key = SyncKey::new(&batch.tenant, &batch.sync);
    let side = Side::try_from(batch.side()).map_err(|_| EngineError::Malformed("side"))?;
    let Some(mut row) = sync::lock(connection, &key).await? else {
        return Ok(Ingested::Unwanted);
    };
    let generation = i64::try_from(batch.generation).unwrap_or(i64::MAX);
    if generation != row.generation || matches!(row.phase, Phase::Off | Phase::Deactivating) {
        return Ok(Ingested::Unwanted);
    }
    let position = feed::load(connection, &key, side).await?;
    if let Some(verdict) = out_of_turn(batch, &position) {
        return Ok(verdict);
    }
    let definition = Definition::decode(&row.definition)?;
    match batch.collection() {
        CollectionState::Gone | CollectionState::Forbidden => {
            lose_collection(connection, &mut row, side, batch).await?;
            return Ok(Ingested::Applied);
        }
        CollectionState::Present | CollectionState::Unspecified => {}
    }
    let snapshot = batch.snapshot.as_ref();
    let id = snapshot.map(|snapshot| snapshot.id.as_str());
    let now = row.read_at;
    let mut touched = apply(connection, &definition, side, batch, id, now).await?;
    let account_done = match snapshot {
        Some(part) if part.end => {
            touched.extend(
                end_snapshot(connection, &definition, side, &part.id, part.extent(), now).await?,
            );
            part.extent() == Extent::Account
        }
        _ => false,
    };
    let open = snapshot
        .filter(|part| !part.end)
        .map(|part| part.id.as_str());
    // Inside an account's first reading the cursor must not move: a broken reading starts again.
    let reading_all = snapshot.is_some_and(|part| part.extent() == Extent::Account && !part.end);
    feed::advance(
        connection,
        &key,
        side,
        &Advance {
            epoch: signed(batch.epoch),
            number: signed(batch.number),
            cursor: (!reading_all && !batch.cursor_after.is_empty())
                .then_some(batch.cursor_after.as_str()),
            snapshot: open,
            completed: account_done,
            round_end: batch.round_end,
            records: i64::try_from(batch.changes.len()).unwrap_or(i64::MAX),
        },
    )
    .await?;
    link::touch(connection, &touched, &trace::current()).await?;
    Ok(Ingested::Applied)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Of the epoch that was given last, the next number is taken, or its first; nothing else. An older epoch
/// is over as soon as a newer one is given: that one reads from the cursor as it was then, so that nothing would
/// ever correct what an older page shows.
fn out_of_turn(batch: &ChangeBatch, position: &FeedRow) -> Option<Ingested> {
    let (epoch, number) = (signed(batch.epoch), signed(batch.number));
    if epoch != position.begun_epoch || (epoch == position.epoch && number <= position.number) {
        return Some(Ingested::Repeated);
    }
    let next = if epoch == position.epoch {
        position.number + 1
    } else {
        1
    };
    (number != next).then_some(Ingested::Gap)
}

/// The collection is gone or hidden: the sync stops, and its tombstones count for nothing.
async fn lose_collection(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    side: Side,
    batch: &ChangeBatch,
) -> Result<(), EngineError> {
    forget_collection(connection, row, side).await?;
    write::revoke_all(
        connection,
        &row.key,
        "the collection is out of reach",
        false,
    )
    .await?;
    row.held = Some(Hold::Collection);
    let what = match (batch.collection(), batch.right.as_str()) {
        (CollectionState::Gone, _) => "is gone".to_owned(),
        (_, "") => "may not be read any more".to_owned(),
        (_, right) => format!("may not be read any more: the account may not {right}"),
    };
    row.held_reason = format!(
        "the {} collection {what}; choose another one, or bring it back and resume",
        side.as_str(),
    );
    sync::save(connection, row).await?;
    Ok(())
}

/// What was known by a collection that is gone: its tombstones count for nothing, and whatever lifts the hold,
/// everything is read anew before anything is planned.
pub(crate) async fn forget_collection(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    side: Side,
) -> Result<(), EngineError> {
    record::drop_unsettled(connection, &row.key, side).await?;
    if row.phase == Phase::Live {
        feed::reset(connection, &row.key).await?;
        link::touch_all(connection, &row.key).await?;
        row.phase = Phase::Baseline;
    }
    Ok(())
}

/// A record of the same version in another rendering: our code changed, not the record.
pub struct Rerendered {
    /// The record's row id.
    pub record: i64,
    /// How it was rendered before.
    pub old: Fields,
    /// How it is rendered now.
    pub new: Fields,
}

/// What the changes of a batch amount to.
#[derive(Default)]
struct Reading {
    /// The database's clock.
    now: Timestamp,
    store: Vec<Sighting>,
    keys: HashMap<String, Vec<model::MatchKey>>,
    mentioned: Vec<i64>,
    unsettled: Vec<i64>,
    reread: Vec<i64>,
    rekeyed: Vec<(i64, String)>,
    rebased: Vec<Rerendered>,
    /// Missing from the scope's snapshot, and shown inside the scope now.
    placed: Vec<i64>,
    /// Deleted, and never seen before.
    buried: Vec<Sighting>,
    touched: Vec<i64>,
}

async fn apply(
    connection: &mut PgConnection,
    definition: &Definition,
    side: Side,
    batch: &ChangeBatch,
    snapshot: Option<&str>,
    now: Timestamp,
) -> Result<Vec<i64>, EngineError> {
    let ids: Vec<String> = batch
        .changes
        .iter()
        .flat_map(|change| std::iter::once(&change.remote_id).chain(&change.former_ids))
        .cloned()
        .collect();
    let known: HashMap<String, RecordRow> =
        record::by_remote(connection, &definition.key, side, &ids)
            .await?
            .into_iter()
            .map(|row| (row.remote_id.clone(), row))
            .collect();
    let mut reading = Reading {
        now,
        ..Reading::default()
    };
    let mut seen = HashSet::new();
    // A record that a batch shows twice counts as it was shown last.
    for change in batch.changes.iter().rev() {
        if seen.insert(change.remote_id.as_str()) {
            read(
                definition,
                side,
                batch,
                change,
                snapshot,
                &known,
                &mut reading,
            )?;
        }
    }
    for (id, remote_id) in &reading.rekeyed {
        record::rekey(connection, *id, remote_id).await?;
    }
    // Oldest first, as the feed told them: of twins the older one is linked.
    reading.store.reverse();
    let stored = record::upsert(connection, &definition.key, side, &reading.store).await?;
    let keys: Vec<(i64, Vec<model::MatchKey>)> = stored
        .iter()
        .filter_map(|(remote_id, id)| Some((*id, reading.keys.remove(remote_id)?)))
        .collect();
    record::replace_keys(connection, &definition.key, side, &keys).await?;
    if let Some(snapshot) = snapshot {
        record::mention(connection, &reading.mentioned, snapshot).await?;
    }
    if !reading.buried.is_empty() && write::creating(connection, &definition.key, side).await? {
        let buried = record::upsert(connection, &definition.key, side, &reading.buried).await?;
        let ids: Vec<i64> = buried.into_iter().map(|(_, id)| id).collect();
        record::set_presence(connection, &ids, Presence::Unsettled).await?;
    }
    // What was missing from the scope because it came while the scope was read need not be read by its id.
    write::revoke_reads(connection, side, &reading.placed).await?;
    // Neither an old picture nor a tombstone is believed before the record was read by its id.
    record::set_presence(connection, &reading.unsettled, Presence::Unsettled).await?;
    write::revoke_creates_from(connection, side, &reading.unsettled).await?;
    record::set_presence(connection, &reading.reread, Presence::Doubtful).await?;
    live::rebase(connection, definition, side, &reading.rebased).await?;
    let rebased: HashSet<i64> = reading.rebased.iter().map(|one| one.record).collect();
    reading.touched.extend(
        stored
            .iter()
            .map(|(_, id)| *id)
            .filter(|id| !rebased.contains(id)),
    );
    reading
        .touched
        .extend(reading.unsettled.iter().chain(&reading.reread));
    Ok(reading.touched)
}

fn read(
    definition: &Definition,
    side: Side,
    batch: &ChangeBatch,
    change: &Change,
    snapshot: Option<&str>,
    known: &HashMap<String, RecordRow>,
    reading: &mut Reading,
) -> Result<(), EngineError> {
    // An id that the same batch shows alive is another record's still, or again.
    let is_shown = |id: &String| {
        let mut changes = batch.changes.iter();
        changes.any(|one| one.remote_id == *id && !matches!(one.what, Some(ChangeOf::Tombstone(_))))
    };
    let former = change
        .former_ids
        .iter()
        .find_map(|id| known.get(id).filter(|_| !is_shown(id)));
    let own = known.get(&change.remote_id).or_else(|| {
        if let Some(former) = former {
            reading.rekeyed.push((former.id, change.remote_id.clone()));
        }
        former
    });
    let Some(what) = &change.what else {
        return Err(EngineError::Malformed("change"));
    };
    match what {
        ChangeOf::Tombstone(_) => match own {
            Some(own) if own.presence == Presence::Live => reading.unsettled.push(own.id),
            Some(_) => {}
            // It may be the record of a create whose answer is still to come.
            None => {
                let mut buried = sighting(change, batch, snapshot, own);
                buried.in_scope = false;
                reading.buried.push(buried);
            }
        },
        ChangeOf::Unreadable(unreadable) => {
            let mut sighting = sighting(change, batch, snapshot, own);
            sighting.fields = own.and_then(|own| own.fields.clone());
            sighting.in_scope = own.is_none_or(|own| own.in_scope);
            sighting.unreadable = Some(unreadable.reason.clone());
            reading.store.push(sighting);
        }
        ChangeOf::Outline(outline) => {
            let mut sighting = sighting(change, batch, snapshot, own);
            sighting.in_scope = false;
            if unchanged(own, &sighting) {
                reading.mentioned.extend(own.map(|own| own.id));
                return Ok(());
            }
            if own.is_some_and(|own| {
                recently_ours(definition, side, own, reading.now)
                    && (own.in_scope || own.presence == Presence::Doubtful)
            }) {
                // Inside the horizon of our own write it is read by id first.
                reading.reread.extend(own.map(|own| own.id));
                return Ok(());
            }
            reading
                .keys
                .insert(change.remote_id.clone(), outlined(outline));
            reading.store.push(sighting);
        }
        ChangeOf::Record(wire) => {
            let Ok(record) = Record::try_from(wire.clone()) else {
                // One record that cannot be carried harms only itself.
                let mut sighting = sighting(change, batch, snapshot, own);
                sighting.fields = own.and_then(|own| own.fields.clone());
                sighting.in_scope = true;
                sighting.unreadable = Some("the record cannot be decoded".to_owned());
                reading.store.push(sighting);
                return Ok(());
            };
            inside(
                definition, side, batch, change, snapshot, own, record, reading,
            );
        }
    }
    Ok(())
}

#[allow(
    clippy::too_many_arguments,
    reason = "one step of reading a change; its inputs have no meaning together elsewhere"
)]
fn inside(
    definition: &Definition,
    side: Side,
    batch: &ChangeBatch,
    change: &Change,
    snapshot: Option<&str>,
    own: Option<&RecordRow>,
    record: Record,
    reading: &mut Reading,
) {
    let mut sighting = sighting(change, batch, snapshot, own);
    sighting.in_scope = true;
    if let Some(own) = own {
        // Not in the scope as it was listed while we wrote the record, or not inside by that list: now it is.
        if own.presence == Presence::Doubtful
            && (!own.in_scope || recently_ours(definition, side, own, reading.now))
        {
            reading.placed.push(own.id);
        }
        let same_content = own.fields.as_ref() == Some(&record.fields);
        match order(&own.version, &version(&sighting), same_content) {
            Order::Same
                if same_content
                    && own.presence == Presence::Live
                    && own.in_scope
                    && own.readable == batch.readable =>
            {
                reading.mentioned.push(own.id);
                return;
            }
            Order::Same if same_content => sighting.ours = own.ours,
            // Other paths can be read than before, which is no other rendering of the same ones.
            Order::Same if !own.readable.is_empty() && own.readable != batch.readable => {
                sighting.ours = own.ours;
            }
            Order::Same if own.presence == Presence::Live && own.in_scope => {
                sighting.ours = own.ours;
                reading.rebased.push(Rerendered {
                    record: own.id,
                    old: own.fields.clone().unwrap_or_default(),
                    new: record.fields.clone(),
                });
            }
            // Our own write has not surfaced yet; what comes later does, at a newer version.
            Order::Older
                if own.presence == Presence::Live
                    && recently_ours(definition, side, own, reading.now) =>
            {
                reading.mentioned.push(own.id);
                return;
            }
            Order::Older | Order::Unknown if own.presence == Presence::Live => {
                reading.reread.push(own.id);
                return;
            }
            _ => {}
        }
    }
    if let Some(keys) = live::changed_keys(definition, side, own, &record.fields) {
        reading.keys.insert(change.remote_id.clone(), keys);
    }
    if let Some(gone) = own.filter(|own| own.presence == Presence::Gone)
        && order(&gone.version, &version(&sighting), true) != Order::Newer
    {
        // From before its deletion, or out of the bin: lists are late, its id is not.
        reading.reread.push(gone.id);
    }
    sighting.fields = Some(record.fields);
    reading.store.push(sighting);
}

fn version(sighting: &Sighting) -> Version {
    Version {
        token: sighting.version_token.clone(),
        changed_at_micros: sighting.changed_at_micros,
        coarse: sighting.coarse,
    }
}

fn unchanged(own: Option<&RecordRow>, sighting: &Sighting) -> bool {
    own.is_some_and(|own| {
        own.version == version(sighting)
            && own.readable == sighting.readable
            && !own.in_scope
            && own.presence == Presence::Live
    })
}

/// Whether lists may still show this record as it was before our own write, by the database's clock alone.
fn recently_ours(definition: &Definition, side: Side, own: &RecordRow, now: Timestamp) -> bool {
    own.ours
        && own
            .written_at
            .is_some_and(|at| now.duration_since(at) < definition.side(side).horizon)
}

fn outlined(outline: &Outline) -> Vec<model::MatchKey> {
    outline
        .match_keys
        .iter()
        .filter_map(|key| {
            Some(model::MatchKey {
                rank: key.rank,
                hash: key.hash.clone().try_into().ok()?,
                name_hash: key.name_hash.clone().try_into().ok()?,
            })
        })
        .collect()
}

fn sighting(
    change: &Change,
    batch: &ChangeBatch,
    snapshot: Option<&str>,
    own: Option<&RecordRow>,
) -> Sighting {
    let version = change.version.clone().unwrap_or_default();
    let mut former_ids = own.map(|own| own.former_ids.clone()).unwrap_or_default();
    for id in &change.former_ids {
        if !former_ids.contains(id) {
            former_ids.push(id.clone());
        }
    }
    Sighting {
        remote_id: change.remote_id.clone(),
        former_ids,
        version_token: version.token,
        changed_at_micros: version.changed_at_micros,
        coarse: version.coarse,
        fields: None,
        readable: batch.readable.clone(),
        in_scope: false,
        marker: change.marker.clone(),
        snapshot: snapshot.map(str::to_owned),
        ours: false,
        written: false,
        unreadable: None,
    }
}

/// What a finished snapshot did not mention has gone from its extent: from the account, so that it
/// waits to be settled; or from the scope.
async fn end_snapshot(
    connection: &mut PgConnection,
    definition: &Definition,
    side: Side,
    snapshot: &str,
    extent: Extent,
    now: Timestamp,
) -> Result<Vec<i64>, EngineError> {
    let key = &definition.key;
    let missing =
        record::unmentioned(connection, key, side, snapshot, extent == Extent::Scope).await?;
    if extent == Extent::Scope {
        // A deleted record leaves every view as well: what is linked is read by its id before it counts
        // as outside.
        let linked: HashSet<i64> = link::of_records(connection, &missing)
            .await?
            .iter()
            .filter_map(|link| link.record(side))
            .collect();
        let (linked, alone): (Vec<i64>, Vec<i64>) =
            missing.iter().partition(|id| linked.contains(id));
        record::doubt_scope(connection, &linked).await?;
        record::leave_scope(connection, &alone).await?;
    } else {
        // What we wrote while the snapshot was read may be missing from it for that reason alone.
        let (ours, others): (Vec<RecordRow>, Vec<RecordRow>) = record::by_id(connection, &missing)
            .await?
            .into_iter()
            .partition(|row| recently_ours(definition, side, row, now));
        for (rows, presence) in [(ours, Presence::Doubtful), (others, Presence::Unsettled)] {
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            record::set_presence(connection, &ids, presence).await?;
            write::revoke_creates_from(connection, side, &ids).await?;
        }
    }
    Ok(missing)
}
