//! The guard: no mass deletion by accident.

use jiff::Timestamp;
use model::Side;
use sqlx::PgConnection;

use crate::{
    definition::Definition,
    error::EngineError,
    plan::Planned,
    recover,
    store::{
        status,
        sync::{self, SyncRow},
        write,
    },
};

/// Deletions and clears of so few records never ask, unless they are a whole collection.
const FLOOR: u64 = 10;
/// Overwriting is what a sync is for: it asks only at so many times the guard's share.
const OVERWRITING: u64 = 5;

/// Whether the guard watches a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// It does.
    On,
    /// A person has just accepted what it held back.
    Off,
}

/// Why a batch of plans would do more harm than the guard allows, counting what was queued within its
/// window; none when it may go on.
pub async fn trips(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    planned: &Planned,
) -> Result<Option<String>, EngineError> {
    if let Some(reason) = recover::withholds(connection, &row.key, planned).await? {
        return Ok(Some(reason));
    }
    if let Some(reason) = deletes_too_much(connection, definition, row, planned).await? {
        return Ok(Some(reason));
    }
    overwrites_too_much(connection, definition, row, planned).await
}

async fn deletes_too_much(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
    planned: &Planned,
) -> Result<Option<String>, EngineError> {
    for side in Side::ALL {
        let planned = *planned.destructive.get(side);
        if planned == 0 {
            continue;
        }
        let linked = status::linked(connection, &row.key).await?;
        let since = window(connection, definition, row).await?;
        let (deleted, _) = write::destruction(connection, &row.key, side, since).await?;
        let waiting = status::waiting_deletions(connection, &row.key, side.other()).await?;
        let destructive = deleted + planned.max(waiting);
        let whole = destructive >= linked && linked > 1;
        if whole || destructive > share(definition, linked).max(FLOOR) {
            return Ok(Some(format!(
                "{destructive} of {linked} records would be deleted or cleared on the {side} side; \
                 resume with --accept to go on, or with --restore to put them back"
            )));
        }
    }
    Ok(None)
}

/// Overwriting happens with every edit. It is counted only when an upper bound, kept with the sync, says
/// that it may be too much.
async fn overwrites_too_much(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    planned: &Planned,
) -> Result<Option<String>, EngineError> {
    if row.run <= 1 {
        return Ok(None);
    }
    let limit = |linked: u64| (share(definition, linked) * OVERWRITING).max(FLOOR * OVERWRITING);
    for side in Side::ALL {
        let planned = *planned.overwriting.get(side);
        let at_most = *row.guarded.overwritten(side) + planned;
        if planned == 0 || at_most <= limit(row.guarded.linked) {
            *row.guarded.overwritten(side) = at_most;
            continue;
        }
        let linked = status::linked(connection, &row.key).await?;
        let since = window(connection, definition, row).await?;
        let (_, overwritten) = write::destruction(connection, &row.key, side, since).await?;
        let overwriting = overwritten + planned;
        if overwriting > limit(linked) {
            return Ok(Some(format!(
                "{overwriting} of {linked} records would be overwritten on the {side} side; \
                 resume with --accept to go on"
            )));
        }
        row.guarded.linked = linked;
        *row.guarded.overwritten(side) = overwriting;
    }
    Ok(None)
}

fn share(definition: &Definition, linked: u64) -> u64 {
    linked * definition.limits.guard_percent / 100
}

/// Since when it counts.
async fn window(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
) -> Result<Timestamp, EngineError> {
    let opened = sync::now(connection).await? - definition.limits.guard_window;
    Ok(row
        .guard_accepted_at
        .map_or(opened, |accepted| accepted.max(opened)))
}
