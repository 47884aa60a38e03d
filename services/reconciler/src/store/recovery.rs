//! Syncs that are compared anew because the database went back.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{StoreError, SyncKey};

/// How far above everything that a feed is known to have given its next epoch lies: what was given in the lost
/// time is lower.
const EPOCHS_APART: i64 = 1_000_000;

/// A sync's recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// When the database was recovered.
    pub at: Timestamp,
    /// No side is read before.
    pub read_after: Timestamp,
}

/// The recovery that a sync is in, if any.
pub async fn of(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<Recovery>, StoreError> {
    let row = sqlx::query("SELECT at, read_after FROM recovery WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        Ok(Recovery {
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            read_after: row
                .try_get::<jiff_sqlx::Timestamp, _>("read_after")?
                .to_jiff(),
        })
    })
    .transpose()
}

/// Whether a sync may not be read yet.
pub async fn too_early(connection: &mut PgConnection, key: &SyncKey) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM recovery WHERE tenant = $1 AND sync = $2
             AND read_after > clock_timestamp()) AS early",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("early")?)
}

/// Begins a sync's recovery.
pub async fn begin(
    connection: &mut PgConnection,
    key: &SyncKey,
    recovery: Recovery,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO recovery (tenant, sync, at, read_after) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, sync) DO UPDATE SET at = excluded.at, read_after = excluded.read_after",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(recovery.at.to_sqlx())
    .bind(recovery.read_after.to_sqlx())
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a sync's recovery.
pub async fn end(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM recovery WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends a sync's recovery if nothing of it is left to settle or to look up; asked when nothing is left to plan
/// or to write.
pub async fn end_if_settled(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM recovery WHERE tenant = $1 AND sync = $2
             AND NOT EXISTS (SELECT FROM record WHERE tenant = $1 AND sync = $2
                 AND presence IN ('unsettled', 'doubtful'))
             AND NOT EXISTS (SELECT FROM link WHERE tenant = $1 AND sync = $2
                 AND look_up_after IS NOT NULL AND state <> 'closed')",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .execute(connection)
    .await?;
    Ok(())
}

/// Every sync, whatever its phase, and the writes that have not ended.
pub async fn everything(connection: &mut PgConnection) -> Result<(Vec<SyncKey>, u64), StoreError> {
    let rows = sqlx::query("SELECT tenant, sync FROM sync ORDER BY 1, 2")
        .fetch_all(&mut *connection)
        .await?;
    let keys = rows
        .iter()
        .map(|row| {
            Ok(SyncKey::new(
                row.try_get::<String, _>("tenant")?,
                row.try_get::<String, _>("sync")?,
            ))
        })
        .collect::<Result<_, StoreError>>()?;
    let row = sqlx::query(
        "SELECT count(*) AS n FROM write WHERE status IN ('queued', 'released', 'started')",
    )
    .fetch_one(connection)
    .await?;
    Ok((
        keys,
        u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or_default(),
    ))
}

/// Has both sides of a sync read from the beginning, under epochs above any that the lost time may have given.
pub async fn restart_feeds(
    connection: &mut PgConnection,
    key: &SyncKey,
    lost: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE feed SET cursor = '', snapshot = NULL, complete = false, round_began_at = NULL,
             round_ended_at = NULL, begun_at = NULL, begun_epoch = greatest(begun_epoch, epoch) + $3,
             epoch = greatest(begun_epoch, epoch) + $3, number = 0
         WHERE tenant = $1 AND sync = $2",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(lost.max(0).saturating_add(EPOCHS_APART))
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends every open write of a sync as one that may have been made; creates are looked up before they are
/// repeated.
pub async fn possibly_executed(
    connection: &mut PgConnection,
    key: &SyncKey,
    look_up_after: Timestamp,
) -> Result<u64, StoreError> {
    let rows = sqlx::query(
        "UPDATE write SET status = CASE operation WHEN 'read' THEN 'revoked' ELSE 'unknown' END,
             result = 'the database went back', answered_at = clock_timestamp()
         WHERE tenant = $1 AND sync = $2 AND status IN ('queued', 'released', 'started')
         RETURNING link, operation",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(&mut *connection)
    .await?;
    let mut creates: Vec<Uuid> = Vec::new();
    for row in &rows {
        if row.try_get::<String, _>("operation")? == "create" {
            creates.push(row.try_get("link")?);
        }
    }
    sqlx::query(
        "UPDATE link SET look_up_after = $2, state = 'pending', dirty = false,
             reason = 'its answer was lost; being looked up'
         WHERE id = ANY($1) AND state <> 'closed'",
    )
    .bind(&creates)
    .bind(look_up_after.to_sqlx())
    .execute(connection)
    .await?;
    Ok(rows.len() as u64)
}
