//! Push channels: opened before they are asked for, proved by a hash, replaced before they end.

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgExecutor, PgPool, Row, postgres::PgRow};

use super::{FeedKey, side_of};

/// A feed that needs a channel.
#[derive(Clone, Debug)]
pub(crate) struct Wanting {
    /// The feed.
    pub(crate) key: FeedKey,
    /// The connection to open it through.
    pub(crate) connection: String,
}

/// A channel that is to be closed.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    /// Our id of it.
    pub(crate) id: i64,
    /// The feed that it watches.
    pub(crate) key: FeedKey,
    /// The connection to close it through.
    pub(crate) connection: String,
    /// The id that its deliveries carry.
    pub(crate) remote_id: String,
    /// What the provider calls the watched resource.
    pub(crate) resource: String,
    /// When the provider ends it.
    pub(crate) expires_at: Timestamp,
}

/// A channel, as a delivery needs to know it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Our id of it.
    pub(crate) id: i64,
    /// The feed that it watches.
    pub(crate) key: FeedKey,
    /// The hash of the token that proves a delivery.
    pub(crate) token_hash: Vec<u8>,
    /// Whether it has ended.
    pub(crate) expired: bool,
}

fn feed_key(row: &PgRow) -> Result<FeedKey, sqlx::Error> {
    Ok(FeedKey {
        tenant: row.try_get("tenant")?,
        sync: row.try_get("sync")?,
        side: side_of(row.try_get("side")?),
    })
}

/// Takes feeds that have no channel, or none that lasts, to open one each; for two minutes nobody else tries.
pub(crate) async fn wanting(pool: &PgPool, limit: usize) -> Result<Vec<Wanting>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT tenant, sync, side FROM feed f
             WHERE wanted AND parked IS NULL AND channel_at <= now()
                 AND NOT EXISTS (SELECT FROM channel c
                     WHERE (c.tenant, c.sync, c.side, c.connection)
                             = (f.tenant, f.sync, f.side, f.connection)
                         AND c.state IN ('opening', 'open') AND c.renew_at > now())
             ORDER BY channel_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE feed SET channel_at = now() + interval '2 minutes' FROM due
         WHERE (feed.tenant, feed.sync, feed.side) = (due.tenant, due.sync, due.side)
         RETURNING feed.tenant, feed.sync, feed.side, feed.connection",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Wanting {
                key: feed_key(row)?,
                connection: row.try_get("connection")?,
            })
        })
        .collect()
}

/// Stores a channel before the provider is asked for it.
pub(crate) async fn opening(
    pool: &PgPool,
    id: i64,
    wanting: &Wanting,
    token_hash: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO channel (id, tenant, sync, side, connection, state, remote_id, token_hash,
             expires_at, renew_at)
         VALUES ($1, $2, $3, $4, $5, 'opening', $1::text, $6, now() + interval '10 minutes',
             now() + interval '2 minutes')",
    )
    .bind(id)
    .bind(&wanting.key.tenant)
    .bind(&wanting.key.sync)
    .bind(wanting.key.side.as_str())
    .bind(&wanting.connection)
    .bind(token_hash)
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that a channel is open. Its successor is opened when four fifths of its life are over.
pub(crate) async fn opened(
    pool: &PgPool,
    id: i64,
    channel: &provider::Channel,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE channel SET state = 'open', remote_id = $2, resource = $3, expires_at = $4,
             renew_at = now() + ($4 - now()) * 0.8
         WHERE id = $1",
    )
    .bind(id)
    .bind(&channel.id)
    .bind(&channel.resource)
    .bind(channel.expires_at.to_sqlx())
    .execute(pool)
    .await?;
    Ok(())
}

/// Has a feed wait before a channel is opened for it again.
pub(crate) async fn wait(pool: &PgPool, key: &FeedKey, wait: Duration) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE feed SET channel_at = now() + make_interval(secs => $4)
         WHERE (tenant, sync, side) = ($1, $2, $3)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(key.side.as_str())
    .bind(wait.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes channels that are to be closed: ended, given up while opening, of a feed that is not read any more, or
/// replaced for longer than `overlap`. For two minutes nobody else tries.
pub(crate) async fn leaving(
    pool: &PgPool,
    overlap: Duration,
    limit: usize,
) -> Result<Vec<Leaving>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT id FROM channel c
             WHERE work_at <= now() AND (
                 state = 'closing' OR expires_at < now()
                 OR (state = 'opening' AND opened_at < now() - interval '5 minutes')
                 OR NOT EXISTS (SELECT FROM feed f
                     WHERE (f.tenant, f.sync, f.side, f.connection)
                         = (c.tenant, c.sync, c.side, c.connection) AND f.wanted)
                 OR EXISTS (SELECT FROM channel n
                     WHERE (n.tenant, n.sync, n.side) = (c.tenant, c.sync, c.side)
                         AND n.state = 'open' AND n.opened_at > c.opened_at
                         AND n.opened_at < now() - make_interval(secs => $2)))
             ORDER BY work_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE channel SET state = 'closing', work_at = now() + interval '2 minutes' FROM due
         WHERE channel.id = due.id
         RETURNING channel.*",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(overlap.as_secs_f64())
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Leaving {
                id: row.try_get("id")?,
                key: feed_key(row)?,
                connection: row.try_get("connection")?,
                remote_id: row.try_get("remote_id")?,
                resource: row.try_get("resource")?,
                expires_at: row
                    .try_get::<jiff_sqlx::Timestamp, _>("expires_at")?
                    .to_jiff(),
            })
        })
        .collect()
}

/// Forgets a channel.
pub(crate) async fn remove(pool: &PgPool, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM channel WHERE id = $1")
        .bind(id)
        .execute(pool)
        .await?;
    Ok(())
}

/// The channel whose deliveries carry this id.
pub(crate) async fn find(pool: &PgPool, remote_id: &str) -> Result<Option<Known>, sqlx::Error> {
    let row =
        sqlx::query("SELECT *, expires_at <= now() AS expired FROM channel WHERE remote_id = $1")
            .bind(remote_id)
            .fetch_optional(pool)
            .await?;
    row.map(|row| {
        Ok(Known {
            id: row.try_get("id")?,
            key: feed_key(&row)?,
            token_hash: row.try_get("token_hash")?,
            expired: row.try_get("expired")?,
        })
    })
    .transpose()
}

/// Takes a delivery's number; false if it, or a higher one, was taken before.
pub(crate) async fn take_number(
    executor: impl PgExecutor<'_>,
    id: i64,
    sequence: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE channel SET sequence = $2 WHERE id = $1 AND (sequence IS NULL OR sequence < $2)",
    )
    .bind(id)
    .bind(sequence)
    .execute(executor)
    .await?;
    Ok(done.rows_affected() > 0)
}
