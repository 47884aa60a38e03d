//! Sweeps: when each sync was last compared completely, and how far the present comparison has come.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{StoreError, SyncKey, link::LinkRow};

/// A sync's last sweep.
#[derive(Debug, Clone)]
pub struct SweepRow {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; none while it is under way.
    pub ended_at: Option<Timestamp>,
    /// Links compared.
    pub compared: u64,
    /// Links that were at rest although there was something to do.
    pub differing: u64,
    /// Pairs of paths whose bases differed without a recorded reason.
    pub unexplained: u64,
}

/// Begins the sweeps that are due: of each sync one a period, the first one at a time within the period that
/// depends on the sync, so that not all sweep at once. A sync that somebody works on is left to the next
/// look. Answers their syncs.
pub async fn begin_due(
    connection: &mut PgConnection,
    period: Duration,
) -> Result<Vec<SyncKey>, StoreError> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT s.tenant, s.sync FROM sync s LEFT JOIN sweep w ON w.tenant = s.tenant AND w.sync = s.sync
             WHERE s.phase = 'live' AND s.wanted = 'active' AND s.held IS NULL AND s.sweep_began_at IS NULL
                 AND coalesce(w.began_at + make_interval(secs => $1), s.activated_at + make_interval(secs =>
                     $1 * (1 + abs(hashtext(s.tenant || '/' || s.sync)::bigint) % 1000) / 1000))
                     <= clock_timestamp()
             FOR UPDATE OF s SKIP LOCKED
         ), begun AS (
             INSERT INTO sweep (tenant, sync, began_at) SELECT tenant, sync, clock_timestamp() FROM due
             ON CONFLICT (tenant, sync) DO UPDATE SET began_at = excluded.began_at, ended_at = NULL,
                 after_left_id = '', after_link = '00000000-0000-0000-0000-000000000000',
                 compared = 0, differing = 0, unexplained = 0
             RETURNING tenant, sync, began_at
         )
         UPDATE sync SET sweep_began_at = begun.began_at FROM begun
         WHERE sync.tenant = begun.tenant AND sync.sync = begun.sync
         RETURNING sync.tenant, sync.sync",
    )
    .bind(period.as_secs_f64())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(SyncKey::new(
                row.try_get::<String, _>("tenant")?,
                row.try_get::<String, _>("sync")?,
            ))
        })
        .collect()
}

/// Begins a sweep of one sync, whatever its period.
pub async fn begin(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query(
        "WITH begun AS (
             INSERT INTO sweep (tenant, sync, began_at) VALUES ($1, $2, clock_timestamp())
             ON CONFLICT (tenant, sync) DO UPDATE SET began_at = excluded.began_at, ended_at = NULL,
                 after_left_id = '', after_link = '00000000-0000-0000-0000-000000000000',
                 compared = 0, differing = 0, unexplained = 0
             RETURNING began_at
         )
         UPDATE sync SET sweep_began_at = begun.began_at FROM begun WHERE tenant = $1 AND sync = $2",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether both sides have been read completely since a time.
pub async fn both_read_since(
    connection: &mut PgConnection,
    key: &SyncKey,
    since: Timestamp,
) -> Result<bool, StoreError> {
    use jiff_sqlx::ToSqlx as _;
    let row = sqlx::query(
        "SELECT coalesce(bool_and(whole_at >= $3), false) AS both_read FROM
             (SELECT coalesce(whole_at, '-infinity') AS whole_at FROM feed
              WHERE tenant = $1 AND sync = $2) f",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(since.to_sqlx())
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("both_read")?)
}

/// The next links that are at rest or set aside, in the order of their left ids.
pub async fn next(
    connection: &mut PgConnection,
    key: &SyncKey,
    limit: i64,
) -> Result<Vec<LinkRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.* FROM sweep s JOIN link l ON l.tenant = s.tenant AND l.sync = s.sync
             AND (l.left_id, l.id) > (s.after_left_id, s.after_link)
         WHERE s.tenant = $1 AND s.sync = $2 AND l.tenant = $1 AND l.sync = $2
             AND l.state IN ('in sync', 'excluded', 'set aside') AND NOT l.dirty
         ORDER BY l.left_id, l.id LIMIT $3 FOR UPDATE OF l",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(super::link::row).collect()
}

/// Notes how far a sweep has come, and what it found on the way.
pub async fn note(
    connection: &mut PgConnection,
    key: &SyncKey,
    last: (&str, Uuid),
    found: [usize; 3],
) -> Result<(), StoreError> {
    let [compared, differing, unexplained] =
        found.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    sqlx::query(
        "UPDATE sweep SET after_left_id = $3, after_link = $4, compared = compared + $5,
             differing = differing + $6, unexplained = unexplained + $7
         WHERE tenant = $1 AND sync = $2",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(last.0)
    .bind(last.1)
    .bind(compared)
    .bind(differing)
    .bind(unexplained)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a sweep.
pub async fn end(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query("UPDATE sync SET sweep_began_at = NULL WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE sweep SET ended_at = clock_timestamp() WHERE tenant = $1 AND sync = $2 AND ended_at IS NULL",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .execute(connection)
    .await?;
    Ok(())
}

/// A sync's last sweep, if it has had one.
pub async fn load(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<SweepRow>, StoreError> {
    let row = sqlx::query("SELECT * FROM sweep WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let number = |name: &str| -> Result<u64, StoreError> {
            Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or_default())
        };
        Ok(SweepRow {
            began_at: row
                .try_get::<jiff_sqlx::Timestamp, _>("began_at")?
                .to_jiff(),
            ended_at: row
                .try_get::<Option<jiff_sqlx::Timestamp>, _>("ended_at")?
                .map(jiff_sqlx::Timestamp::to_jiff),
            compared: number("compared")?,
            differing: number("differing")?,
            unexplained: number("unexplained")?,
        })
    })
    .transpose()
}
