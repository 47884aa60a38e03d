//! The guard: no mass deletion by accident.

use jiff::Timestamp;
use model::Side;
use sqlx::PgConnection;

use crate::{
    definition::Definition,
    error::EngineError,
    plan::Planned,
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
    row: &SyncRow,
    planned: &Planned,
) -> Result<Option<String>, EngineError> {
    let linked = status::linked(connection, &row.key).await?;
    let now = sync::now(connection).await?;
    let since = [
        Some(now - definition.limits.guard_window),
        row.guard_accepted_at,
    ]
    .into_iter()
    .flatten()
    .max()
    .unwrap_or(Timestamp::UNIX_EPOCH);
    for side in Side::ALL {
        let (deleted, overwritten) = write::destruction(connection, &row.key, side, since).await?;
        let waiting = status::waiting_deletions(connection, &row.key, side.other()).await?;
        let destructive = deleted + (*planned.destructive.get(side)).max(waiting);
        let overwriting = overwritten + *planned.overwriting.get(side);
        if destructive == 0 && overwriting == 0 {
            continue;
        }
        let share = linked * definition.limits.guard_percent / 100;
        let whole = destructive >= linked && linked > 1;
        if whole || destructive > share.max(FLOOR) {
            return Ok(Some(format!(
                "{destructive} of {linked} records would be deleted or cleared on the {side} side; \
                 resume with --accept to go on, or with --restore to put them back"
            )));
        }
        if row.run > 1 && overwriting > (share * OVERWRITING).max(FLOOR * OVERWRITING) {
            return Ok(Some(format!(
                "{overwriting} of {linked} records would be overwritten on the {side} side; \
                 resume with --accept to go on"
            )));
        }
    }
    Ok(None)
}
