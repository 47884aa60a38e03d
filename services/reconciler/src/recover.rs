//! Recovering from a database that went back.
//!
//! What was done in the lost time is not known any more, but it can be seen: both sides of every sync are read from
//! the beginning, and compared with the bases as they were. Equal values agree again, records that were created meanwhile
//! are found by their marker, their keys or their content ([`crate::pairing::rebuilt`]), and what would be deleted
//! waits for a person. No side is read before everything that was begun in the lost time has ended, and shows.

use std::collections::HashMap;

use model::Side;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    advance,
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    plan::Planned,
    store::{
        SyncKey,
        link::{self, LinkRow},
        record,
        recovery::{self, Recovery},
        status,
        sync::{self, Hold, Phase, SyncRow},
        tide, write,
    },
    tide::Tide,
};

/// What a recovery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Whether the database is older than what was done from it.
    pub behind: bool,
    /// Steps that it has forgotten: claims, and epochs given; 0 where nothing tells.
    pub lost: u64,
    /// Syncs, those that are off included.
    pub syncs: u64,
    /// Writes that have not ended.
    pub open_writes: u64,
}

/// What a recovery would be about now.
pub async fn extent(pool: &PgPool, tide: &Tide) -> Result<Extent, EngineError> {
    let level = tide.look().await?;
    let mut connection = pool.acquire().await?;
    let (keys, open_writes) = recovery::everything(&mut connection).await?;
    Ok(Extent {
        behind: level.behind,
        lost: u64::try_from(level.lost).unwrap_or_default(),
        syncs: keys.len() as u64,
        open_writes,
    })
}

/// Recovers every sync. One that breaks off is begun again: until its end nothing is done from the database.
pub async fn recover(pool: &PgPool, tide: &Tide) -> Result<Extent, EngineError> {
    let extent = extent(pool, tide).await?;
    tide::set_behind(&mut *pool.acquire().await?).await?;
    let level = tide.look().await?;
    if let Some(bus) = tide.bus() {
        // What it carries speaks of a time that the database does not know.
        bus.purge_inner().await?;
    }
    let (keys, _) = recovery::everything(&mut *pool.acquire().await?).await?;
    for key in &keys {
        let mut transaction = pool.begin().await?;
        if let Some(mut row) = sync::lock(&mut transaction, key).await? {
            recover_sync(&mut transaction, &mut row, level.lost).await?;
        }
        transaction.commit().await?;
    }
    let mut transaction = pool.begin().await?;
    tide::rise_above(&mut transaction, &level.highest).await?;
    transaction.commit().await?;
    tide.look().await?;
    tracing::warn!(
        syncs = extent.syncs,
        open_writes = extent.open_writes,
        lost = extent.lost,
        "the database was recovered; every sync is compared anew"
    );
    Ok(extent)
}

async fn recover_sync(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    lost: i64,
) -> Result<(), EngineError> {
    let definition = Definition::decode(&row.definition)?;
    let at = sync::now(connection).await?;
    let ends = |side: Side| {
        let side = definition.side(side);
        side.request_timeout * 2 + side.horizon
    };
    let read_after = at + ends(Side::Left).max(ends(Side::Right));
    recovery::begin(connection, &row.key, Recovery { at, read_after }).await?;
    link::touch_all(connection, &row.key).await?;
    doubt(connection, &definition, row).await?;
    recovery::possibly_executed(connection, &row.key, at).await?;
    recovery::restart_feeds(connection, &row.key, lost).await?;
    match row.phase {
        Phase::Baseline | Phase::Live => {
            row.phase = Phase::Baseline;
            // A hold of the time before is about links that are compared anew; a person's pause stays.
            if row.held != Some(Hold::Paused) {
                row.held = None;
                row.held_reason.clear();
            }
            // A run of its own, so that what it does can be told, and undone.
            advance::begin_run(connection, row, at).await?;
        }
        Phase::Deactivating => row.phase = Phase::Off,
        Phase::Off => {}
    }
    sync::save(connection, row).await?;
    Ok(())
}

/// Writes that had not ended may have been made in the lost time, and nobody will hear of it: what they overwrite or
/// delete goes into the history as after any lost answer.
async fn doubt(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
) -> Result<(), EngineError> {
    let writes = write::open_on_records(connection, &row.key).await?;
    let ids: Vec<Uuid> = writes.iter().map(|write| write.link).collect();
    let links: HashMap<Uuid, LinkRow> = link::lock(connection, &ids)
        .await?
        .into_iter()
        .map(|link| (link.id, link))
        .collect();
    let mut ledger = Ledger::new(definition, row.run);
    for write in &writes {
        let Some(link) = links.get(&write.link) else {
            continue;
        };
        let deleted = link
            .record(write.side)
            .filter(|_| write.operation == "delete");
        let stored = match deleted {
            Some(id) => record::by_id(connection, &[id]).await?.pop(),
            None => None,
        };
        ledger.doubted(link, write, stored.and_then(|row| row.fields).as_ref());
    }
    ledger.store(connection, row).await
}

/// Why plans that delete have to wait for a person; none if they need not, or do not delete.
pub(crate) async fn withholds(
    connection: &mut PgConnection,
    key: &SyncKey,
    planned: &Planned,
) -> Result<Option<String>, EngineError> {
    for side in Side::ALL {
        let planned = *planned.deleted.get(side);
        if planned == 0 || recovery::of(connection, key).await?.is_none() {
            continue;
        }
        let waiting = status::waiting_deletions(connection, key, side.other()).await?;
        let deletions = planned.max(waiting);
        return Ok(Some(format!(
            "{deletions} records would be deleted on the {side} side after the database went back; \
             resume with --accept to delete them, or with --restore to put the others back"
        )));
    }
    Ok(None)
}
