//! The outbox in the database: what is on its way, what waits, and what goes out.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::StoreError;
use crate::lane;

/// A provider account that has something to release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The customer organisation.
    pub tenant: String,
    /// The connection.
    pub connection: String,
    /// The provider.
    pub provider: String,
}

/// Connections that have queued writes, or released ones that nobody claimed for a while: their
/// message may be lost, and a claim makes a repeat harmless. From one connection to the next, whatever
/// their writes are: an account with a long queue costs no more than one with a short one.
pub async fn accounts(
    connection: &mut PgConnection,
    repeat_after_seconds: f64,
) -> Result<Vec<Account>, StoreError> {
    let rows = sqlx::query(
        "WITH RECURSIVE queued AS (
             (SELECT tenant, connection, provider FROM write WHERE status = 'queued'
              ORDER BY tenant, connection LIMIT 1)
             UNION ALL
             SELECT n.tenant, n.connection, n.provider FROM queued q
             CROSS JOIN LATERAL (SELECT w.tenant, w.connection, w.provider FROM write w
                 WHERE w.status = 'queued' AND (w.tenant, w.connection) > (q.tenant, q.connection)
                 ORDER BY w.tenant, w.connection LIMIT 1) n
         ), late AS (
             SELECT tenant, connection, provider FROM write WHERE status = 'released'
                 AND released_at < clock_timestamp() - make_interval(secs => $1)
         )
         SELECT a.* FROM (SELECT * FROM queued UNION SELECT * FROM late) a
         LEFT JOIN pace p USING (tenant, connection)
         WHERE coalesce(p.wait_until, '-infinity') <= clock_timestamp()",
    )
    .bind(repeat_after_seconds)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Account {
                tenant: row.try_get("tenant")?,
                connection: row.try_get("connection")?,
                provider: row.try_get("provider")?,
            })
        })
        .collect()
}

/// The writes of an account and lane that are on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnTheWay {
    /// Who waits for them.
    pub lane: i16,
    /// How many there are.
    pub count: i64,
    /// How many of them no writer has claimed yet.
    pub unclaimed: i64,
}

/// What of an account is released or started. What was released long ago and not claimed does not count:
/// it goes out again.
pub async fn on_the_way(
    connection: &mut PgConnection,
    account: &Account,
    repeat_after_seconds: f64,
) -> Result<Vec<OnTheWay>, StoreError> {
    let rows = sqlx::query(
        "SELECT lane, count(*) AS n, count(*) FILTER (WHERE status = 'released') AS unclaimed
         FROM write WHERE tenant = $1 AND connection = $2
             AND (status = 'started'
                 OR status = 'released' AND released_at >= clock_timestamp() - make_interval(secs => $3))
         GROUP BY lane",
    )
    .bind(&account.tenant)
    .bind(&account.connection)
    .bind(repeat_after_seconds)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OnTheWay {
                lane: row.try_get("lane")?,
                count: row.try_get("n")?,
                unclaimed: row.try_get("unclaimed")?,
            })
        })
        .collect()
}

/// A write that may go out.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The write.
    pub id: Uuid,
    /// Who waits for it.
    pub lane: i16,
    /// The sync.
    pub sync: String,
    /// What it shares with writes of its sync that one provider call may make.
    pub call: String,
    /// For how long it has been queued.
    pub seconds: f64,
    /// More of its lane and sync may come at any moment: a baseline is being planned.
    pub more: bool,
    /// It went out before, and nobody claimed it.
    pub again: bool,
}

/// What of an account may go out, the first to go first, at most so much: what went out and got lost, then the queue
/// up to a lane. Writes of syncs that are not at work stay.
pub async fn waiting(
    connection: &mut PgConnection,
    account: &Account,
    last_lane: i16,
    limit: i64,
    repeat_after_seconds: f64,
) -> Result<Vec<Waiting>, StoreError> {
    let rows = sqlx::query(
        "WITH working AS MATERIALIZED (
             SELECT sync FROM sync
             WHERE tenant = $1 AND wanted = 'active' AND phase = 'live' AND held IS NULL
         ), late AS (
             SELECT id, lane, sync, call, queued_at, true AS again FROM write
             WHERE tenant = $1 AND connection = $2 AND status = 'released'
                 AND released_at < clock_timestamp() - make_interval(secs => $4)
                 AND sync IN (SELECT sync FROM working)
             LIMIT $3
         ), queued AS MATERIALIZED (
             SELECT id, lane, sync, call, queued_at, false AS again FROM write
             WHERE tenant = $1 AND connection = $2 AND status = 'queued' AND lane <= $6 AND not_before <= clock_timestamp()
                 AND sync IN (SELECT sync FROM working)
             ORDER BY lane, queued_at, id LIMIT $3
         ), planned AS (
             SELECT sync FROM (SELECT DISTINCT sync FROM queued WHERE lane = $5) baseline
             WHERE EXISTS (SELECT FROM link l WHERE l.tenant = $1 AND l.sync = baseline.sync
                 AND l.dirty AND l.state <> 'closed')
         )
         SELECT id, lane, sync, call, again,
             extract(epoch FROM clock_timestamp() - queued_at)::float8 AS seconds,
             lane = $5 AND sync IN (SELECT sync FROM planned) AS more
         FROM (SELECT * FROM late UNION ALL SELECT * FROM queued) waiting
         ORDER BY again DESC, lane, queued_at, id",
    )
    .bind(&account.tenant)
    .bind(&account.connection)
    .bind(limit)
    .bind(repeat_after_seconds)
    .bind(lane::BASELINE)
    .bind(last_lane)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Waiting {
                id: row.try_get("id")?,
                lane: row.try_get("lane")?,
                sync: row.try_get("sync")?,
                call: row.try_get("call")?,
                seconds: row.try_get("seconds")?,
                more: row.try_get("more")?,
                again: row.try_get("again")?,
            })
        })
        .collect()
}

/// A released write.
#[derive(Debug)]
pub struct Released {
    /// Who waits for it.
    pub lane: i16,
    /// The sync.
    pub sync: String,
    /// What it shares with writes of its sync that one provider call may make.
    pub call: String,
    /// `rapport.write.v1.Write`, encoded.
    pub body: Vec<u8>,
    /// The trace.
    pub traceparent: String,
}

/// Releases writes, in the order of their lanes and of their queueing. Those that something else happens to at this
/// moment are passed over.
pub async fn release(
    connection: &mut PgConnection,
    writes: &[&Waiting],
) -> Result<Vec<Released>, StoreError> {
    let (ids, again): (Vec<Uuid>, Vec<bool>) =
        writes.iter().map(|write| (write.id, write.again)).unzip();
    let mut rows = sqlx::query(
        "UPDATE write SET status = 'released', released_at = clock_timestamp()
         WHERE id IN (SELECT w.id FROM write w
             JOIN unnest($1::uuid[], $2::boolean[]) AS chosen (id, again) ON chosen.id = w.id
             WHERE w.status = CASE WHEN chosen.again THEN 'released' ELSE 'queued' END
             FOR UPDATE OF w SKIP LOCKED)
         RETURNING body, traceparent, lane, sync, call, queued_at, id",
    )
    .bind(ids)
    .bind(again)
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        let place: (i16, jiff_sqlx::Timestamp, Uuid) = (
            row.try_get("lane")?,
            row.try_get("queued_at")?,
            row.try_get("id")?,
        );
        let released = Released {
            lane: place.0,
            sync: row.try_get("sync")?,
            call: row.try_get("call")?,
            body: row.try_get("body")?,
            traceparent: row.try_get("traceparent")?,
        };
        Ok(((place.0, place.1.to_jiff(), place.2), released))
    })
    .collect::<Result<Vec<_>, StoreError>>()?;
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, released)| released).collect())
}

/// Has a connection wait.
pub async fn wait(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
    until: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO pace (tenant, connection, wait_until, reason) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, connection) DO UPDATE SET
             wait_until = greatest(pace.wait_until, excluded.wait_until), reason = excluded.reason",
    )
    .bind(tenant)
    .bind(name)
    .bind(until.to_sqlx())
    .bind(reason)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a connection go on at once, after a person signed in again.
pub async fn go_on(
    connection: &mut PgConnection,
    tenant: &str,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM pace WHERE tenant = $1 AND connection = $2")
        .bind(tenant)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Write ids as the wire carries them; one that is not a UUID is nobody's write.
pub fn parse_ids(ids: &[String]) -> Vec<Uuid> {
    ids.iter()
        .filter_map(|id| Uuid::parse_str(id).ok())
        .collect()
}
