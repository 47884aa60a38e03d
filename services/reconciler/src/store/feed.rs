//! Positions of feeds.

use jiff::Timestamp;
use model::Side;
use sqlx::{PgConnection, Row, postgres::PgRow};

use super::{StoreError, SyncKey, side_number};

/// Where a feed stands.
#[derive(Debug, Clone)]
pub struct FeedRow {
    /// The newest epoch given to a connector.
    pub begun_epoch: i64,
    /// When that epoch was given.
    pub begun_at: Option<Timestamp>,
    /// The epoch of the last batch applied.
    pub epoch: i64,
    /// Its number within the epoch.
    pub number: i64,
    /// Where reading starts again; empty for a first reading.
    pub cursor: String,
    /// The snapshot being read, if any.
    pub snapshot: Option<String>,
    /// Whether a snapshot of the whole account has ended under the current generation.
    pub complete: bool,
    /// When a reading of the whole account last ended.
    pub whole_at: Option<Timestamp>,
    /// When the last finished round began.
    pub round_began_at: Option<Timestamp>,
    /// When it ended.
    pub round_ended_at: Option<Timestamp>,
    /// Records shown so far.
    pub records_read: i64,
}

fn row(row: &PgRow) -> Result<FeedRow, StoreError> {
    let moment = |name: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>(name)?
            .map(jiff_sqlx::Timestamp::to_jiff))
    };
    Ok(FeedRow {
        begun_epoch: row.try_get("begun_epoch")?,
        begun_at: moment("begun_at")?,
        epoch: row.try_get("epoch")?,
        number: row.try_get("number")?,
        cursor: row.try_get("cursor")?,
        snapshot: row.try_get("snapshot")?,
        complete: row.try_get("complete")?,
        whole_at: moment("whole_at")?,
        round_began_at: moment("round_began_at")?,
        round_ended_at: moment("round_ended_at")?,
        records_read: row.try_get("records_read")?,
    })
}

/// A feed's position.
pub async fn load(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
) -> Result<FeedRow, StoreError> {
    sqlx::query("SELECT * FROM feed WHERE tenant = $1 AND sync = $2 AND side = $3")
        .bind(&key.tenant)
        .bind(&key.sync)
        .bind(side_number(side))
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(row)
        .transpose()?
        .ok_or(StoreError::UnknownSync)
}

/// Raises a feed's epoch and says where reading starts.
pub async fn begin(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
) -> Result<FeedRow, StoreError> {
    sqlx::query(
        "UPDATE feed SET begun_epoch = begun_epoch + 1, begun_at = clock_timestamp()
         WHERE tenant = $1 AND sync = $2 AND side = $3 RETURNING *",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .fetch_optional(connection)
    .await?
    .as_ref()
    .map(row)
    .transpose()?
    .ok_or(StoreError::UnknownSync)
}

/// What a batch moves.
#[derive(Debug)]
pub struct Advance<'a> {
    /// The batch's epoch.
    pub epoch: i64,
    /// The batch's number.
    pub number: i64,
    /// Where reading continues; none while a snapshot is open, so that a broken one starts again.
    pub cursor: Option<&'a str>,
    /// The snapshot still open after this batch.
    pub snapshot: Option<&'a str>,
    /// Whether a snapshot of the whole account ended with this batch.
    pub completed: bool,
    /// Whether the round ended with this batch.
    pub round_end: bool,
    /// Records in the batch.
    pub records: i64,
}

/// Stores the position after a batch.
pub async fn advance(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    step: &Advance<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE feed SET epoch = $4, number = $5, cursor = coalesce($6, cursor), snapshot = $7,
             complete = complete OR $8,
             whole_at = CASE WHEN $8 THEN clock_timestamp() ELSE whole_at END,
             round_began_at = CASE WHEN $9 AND begun_epoch = $4 THEN begun_at ELSE round_began_at END,
             round_ended_at = CASE WHEN $9 THEN clock_timestamp() ELSE round_ended_at END,
             records_read = records_read + $10
         WHERE tenant = $1 AND sync = $2 AND side = $3",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(step.epoch)
    .bind(step.number)
    .bind(step.cursor)
    .bind(step.snapshot)
    .bind(step.completed)
    .bind(step.round_end)
    .bind(step.records)
    .execute(connection)
    .await?;
    Ok(())
}

/// Has both sides read from the beginning. Pages of rounds that began before are of an epoch that is over:
/// what goes on from the old cursor would count as the beginning.
pub async fn reset(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE feed SET cursor = '', snapshot = NULL, complete = false, round_began_at = NULL,
             round_ended_at = NULL, begun_epoch = begun_epoch + 1
         WHERE tenant = $1 AND sync = $2",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .execute(connection)
    .await?;
    Ok(())
}

/// When the older of the last complete rounds of both sides began; none before both had one.
pub async fn began(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "SELECT CASE WHEN bool_and(round_began_at IS NOT NULL) THEN min(round_began_at) END AS began
         FROM feed WHERE tenant = $1 AND sync = $2",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(row
        .try_get::<Option<jiff_sqlx::Timestamp>, _>("began")?
        .map(jiff_sqlx::Timestamp::to_jiff))
}
