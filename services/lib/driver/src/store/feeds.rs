//! Due times, leases and hints of feeds.

use std::time::Duration;

use sqlx::{PgExecutor, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{FeedKey, side_of};

/// What a definition says of a feed.
#[derive(Clone, Debug)]
pub(crate) struct Defined {
    /// The feed.
    pub(crate) key: FeedKey,
    /// The connection through which it is read.
    pub(crate) connection: String,
    /// The generation of the definition.
    pub(crate) generation: u64,
    /// Whether it is to be read.
    pub(crate) wanted: bool,
}

/// A feed under a lease.
#[derive(Clone, Debug)]
pub(crate) struct Leased {
    /// The feed.
    pub(crate) key: FeedKey,
    /// The lease.
    pub(crate) lease: Uuid,
    /// Hints received when it was taken.
    pub(crate) hints: i64,
    /// Whether a hint made it due.
    pub(crate) hinted: bool,
    /// Rounds that failed in a row.
    pub(crate) failures: u32,
    /// How often it has looked again after a hint that found nothing.
    pub(crate) looks: u32,
    /// The trace of the newest hint; empty for none.
    pub(crate) traceparent: String,
    /// Hashes of the record versions that the last round showed.
    pub(crate) seen: Vec<i64>,
    /// How long after its due time it was taken, in seconds.
    pub(crate) lag_seconds: f64,
}

/// How a round leaves its feed.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// When the next round begins, from now.
    pub(crate) after: Duration,
    /// Whether no hint may make it due before that.
    pub(crate) held: bool,
    /// For how long no hint makes it due in any case.
    pub(crate) rest: Duration,
    /// Whether the hints that made it due are met.
    pub(crate) met: bool,
    /// Rounds that failed in a row.
    pub(crate) failures: u32,
    /// How often it has looked again after a hint that found nothing.
    pub(crate) looks: u32,
    /// Why it waits for a person.
    pub(crate) parked: Option<String>,
    /// Hashes of the record versions that the round showed; `None` keeps those of the last one.
    pub(crate) seen: Option<Vec<i64>>,
}

fn leased(row: &PgRow) -> Result<Leased, sqlx::Error> {
    let hints: i64 = row.try_get("hints")?;
    Ok(Leased {
        key: FeedKey {
            tenant: row.try_get("tenant")?,
            sync: row.try_get("sync")?,
            side: side_of(row.try_get("side")?),
        },
        lease: row.try_get("lease")?,
        hints,
        hinted: hints > row.try_get::<i64, _>("hints_met")?,
        failures: counted(row.try_get("failures")?),
        looks: counted(row.try_get("looks")?),
        traceparent: row.try_get("traceparent")?,
        seen: row.try_get("seen")?,
        lag_seconds: row.try_get("lag_seconds")?,
    })
}

fn counted(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Keeps rows in step with definitions. A feed that is new or defined anew is due at once, a paused one is not read.
pub(crate) async fn define(pool: &PgPool, defined: &[Defined]) -> Result<(), sqlx::Error> {
    for feed in defined {
        sqlx::query(
            "INSERT INTO feed (tenant, sync, side, connection, generation, wanted)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, sync, side) DO UPDATE SET
                 connection = EXCLUDED.connection, generation = EXCLUDED.generation,
                 wanted = EXCLUDED.wanted, hints = feed.hints + 1, failures = 0, parked = NULL,
                 due_at = now(), not_before = NULL, channel_at = now()
             WHERE (feed.connection, feed.generation, feed.wanted)
                 IS DISTINCT FROM (EXCLUDED.connection, EXCLUDED.generation, EXCLUDED.wanted)",
        )
        .bind(&feed.key.tenant)
        .bind(&feed.key.sync)
        .bind(feed.key.side.as_str())
        .bind(&feed.connection)
        .bind(feed.generation.cast_signed())
        .bind(feed.wanted)
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// Forgets every feed that is not listed: of this sync, or of all.
pub(crate) async fn forget_others(
    pool: &PgPool,
    sync: Option<(&str, &str)>,
    listed: &[Defined],
) -> Result<(), sqlx::Error> {
    let column = |name: fn(&FeedKey) -> &str| -> Vec<&str> {
        listed.iter().map(|feed| name(&feed.key)).collect()
    };
    sqlx::query(
        "DELETE FROM feed WHERE ($4::text IS NULL OR (tenant, sync) = ($4, $5))
             AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[], $3::text[]) AS d (t, s, e)
                             WHERE (d.t, d.s, d.e) = (feed.tenant, feed.sync, feed.side))",
    )
    .bind(column(|key| &key.tenant))
    .bind(column(|key| &key.sync))
    .bind(column(|key| key.side.as_str()))
    .bind(sync.map(|(tenant, _)| tenant))
    .bind(sync.map(|(_, sync)| sync))
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes at most `limit` feeds that are due and that nobody reads, those that have been due longest first. The lease of
/// a connector that died ends by itself. Tenants that have enough places are left out.
pub(crate) async fn take(
    pool: &PgPool,
    limit: usize,
    lease: Duration,
    full_tenants: &[String],
) -> Result<Vec<Leased>, sqlx::Error> {
    let rows = sqlx::query(
        "WITH due AS (
             SELECT tenant, sync, side, due_at AS was_due_at FROM feed
             WHERE wanted AND due_at <= now() AND (lease IS NULL OR lease_until < now())
                 AND tenant <> ALL ($4)
             ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         UPDATE feed SET lease = $2, lease_until = now() + make_interval(secs => $3)
         FROM due
         WHERE (feed.tenant, feed.sync, feed.side) = (due.tenant, due.sync, due.side)
         RETURNING feed.*,
             extract(epoch FROM clock_timestamp() - was_due_at)::float8 AS lag_seconds",
    )
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(Uuid::now_v7())
    .bind(lease.as_secs_f64())
    .bind(full_tenants)
    .fetch_all(pool)
    .await?;
    rows.iter().map(leased).collect()
}

/// Prolongs a lease; false if it is not ours any more.
pub(crate) async fn keep(
    pool: &PgPool,
    key: &FeedKey,
    lease: Uuid,
    time: Duration,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE feed SET lease_until = now() + make_interval(secs => $5)
         WHERE (tenant, sync, side) = ($1, $2, $3) AND lease = $4",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(key.side.as_str())
    .bind(lease)
    .bind(time.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives a lease back. A hint that came meanwhile keeps the feed due now, unless it is held.
pub(crate) async fn release(
    pool: &PgPool,
    taken: &Leased,
    next: &Release,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE feed SET lease = NULL, lease_until = NULL,
             due_at = CASE WHEN hints > $5 AND NOT $7 THEN now() + make_interval(secs => $13)
                           ELSE now() + make_interval(secs => $6) END,
             not_before = now() + make_interval(secs => CASE WHEN $7 THEN $6 ELSE $13 END),
             hints_met = CASE WHEN $8 THEN $5 ELSE hints_met END,
             traceparent = CASE WHEN $8 AND hints = $5 THEN '' ELSE traceparent END,
             failures = $9, looks = $10, parked = $11, seen = coalesce($12, seen)
         WHERE (tenant, sync, side) = ($1, $2, $3) AND lease = $4",
    )
    .bind(&taken.key.tenant)
    .bind(&taken.key.sync)
    .bind(taken.key.side.as_str())
    .bind(taken.lease)
    .bind(taken.hints)
    .bind(next.after.as_secs_f64())
    .bind(next.held)
    .bind(next.met)
    .bind(count(next.failures))
    .bind(count(next.looks))
    .bind(&next.parked)
    .bind(&next.seen)
    .bind(next.rest.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Counts a hint for a feed and makes it due, as soon as it may be.
pub(crate) async fn hint(
    executor: impl PgExecutor<'_>,
    key: &FeedKey,
    traceparent: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE feed SET hints = hints + 1, traceparent = $4,
             due_at = least(due_at, greatest(now(), not_before))
         WHERE (tenant, sync, side) = ($1, $2, $3)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(key.side.as_str())
    .bind(traceparent)
    .execute(executor)
    .await?;
    Ok(())
}

/// Hints for one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hinted {
    /// The feed.
    pub(crate) key: FeedKey,
    /// How many.
    pub(crate) count: i64,
    /// The trace of the newest.
    pub(crate) traceparent: String,
}

/// Counts hints for many feeds at once, as [`hint`] does for one.
pub(crate) async fn hint_all(pool: &PgPool, hinted: &[Hinted]) -> Result<(), sqlx::Error> {
    let column = |of: fn(&Hinted) -> &str| -> Vec<&str> { hinted.iter().map(of).collect() };
    // Rows are locked in the order of their keys, so that nobody waits in a ring.
    sqlx::query(
        "WITH hinted AS (
             SELECT f.tenant, f.sync, f.side, h.count, h.traceparent FROM feed f
             JOIN unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[])
                 AS h (tenant, sync, side, count, traceparent)
                 ON (h.tenant, h.sync, h.side) = (f.tenant, f.sync, f.side)
             ORDER BY f.tenant, f.sync, f.side FOR UPDATE OF f)
         UPDATE feed f SET hints = f.hints + h.count, traceparent = h.traceparent,
             due_at = least(f.due_at, greatest(now(), f.not_before))
         FROM hinted h WHERE (f.tenant, f.sync, f.side) = (h.tenant, h.sync, h.side)",
    )
    .bind(column(|one| &one.key.tenant))
    .bind(column(|one| &one.key.sync))
    .bind(column(|one| one.key.side.as_str()))
    .bind(hinted.iter().map(|one| one.count).collect::<Vec<_>>())
    .bind(column(|one| &one.traceparent))
    .execute(pool)
    .await?;
    Ok(())
}

/// Counts a hint for both feeds of a sync whose definition, connection or run changed. What waited for a person
/// waits no longer.
pub(crate) async fn hint_sync(
    pool: &PgPool,
    tenant: &str,
    sync: &str,
    traceparent: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE feed SET hints = hints + 1, traceparent = $3,
             not_before = CASE WHEN parked IS NULL THEN not_before END,
             due_at = CASE WHEN parked IS NULL
                           THEN least(due_at, greatest(now(), not_before)) ELSE now() END,
             parked = NULL, channel_at = now()
         WHERE tenant = $1 AND sync = $2",
    )
    .bind(tenant)
    .bind(sync)
    .bind(traceparent)
    .execute(pool)
    .await?;
    Ok(())
}
