//! The outbox's release: which queued writes may go out now.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::StoreError;

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

/// A released write.
#[derive(Debug)]
pub struct Released {
    /// Who waits for it: people first.
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

/// A write of a baseline waits at most so long for others that are being planned.
const FILL_SECONDS: f64 = 10.0;

/// Releases up to what the account's window leaves room for: people waiting first, then changes,
/// then baselines. People's writes and those that fill a call go at once. So that calls get full, the others
/// wait while released writes of their lane (or before it) wait for a writer, while the window is what limits
/// these lanes, and those of a baseline while more is being planned.
pub async fn release(
    connection: &mut PgConnection,
    account: &Account,
    window: i64,
    batch: i64,
    repeat_after_seconds: f64,
) -> Result<Vec<Released>, StoreError> {
    let mut rows = sqlx::query(
        "WITH open AS (
             SELECT lane, status FROM write WHERE tenant = $1 AND connection = $2
                 AND (status = 'started'
                     OR status = 'released' AND released_at >= clock_timestamp() - make_interval(secs => $4))
         ), late AS (
             SELECT w.id FROM write w JOIN sync s USING (tenant, sync)
             WHERE w.tenant = $1 AND w.connection = $2 AND w.status = 'released'
                 AND w.released_at < clock_timestamp() - make_interval(secs => $4)
                 AND s.wanted = 'active' AND s.phase = 'live' AND s.held IS NULL
             LIMIT greatest($3 - (SELECT count(*) FROM open), 0)
         ), ready AS (
             SELECT w.id, w.lane, w.sync, w.call, w.queued_at FROM write w JOIN sync s USING (tenant, sync)
             WHERE w.tenant = $1 AND w.connection = $2 AND w.status = 'queued'
                 AND w.not_before <= clock_timestamp()
                 AND s.wanted = 'active' AND s.phase = 'live' AND s.held IS NULL
             ORDER BY w.lane, w.queued_at, w.id
             LIMIT greatest($3 - (SELECT count(*) FROM open) - (SELECT count(*) FROM late), 0)
         ), planned AS (
             SELECT sync FROM (SELECT DISTINCT sync FROM ready WHERE lane = 2) baseline
             WHERE EXISTS (SELECT FROM link l WHERE l.tenant = $1 AND l.sync = baseline.sync
                 AND l.dirty AND l.state <> 'closed')
         ), calls AS (
             SELECT id, lane, sync, row_number() OVER (alike ORDER BY queued_at, id) AS number,
                 count(*) OVER alike AS together, min(queued_at) OVER alike AS since
             FROM ready WINDOW alike AS (PARTITION BY lane, sync, call)
         ), taken AS (
             SELECT lane, status = 'released' AS waiting, false AS full FROM open
             UNION ALL
             SELECT lane, false, together >= $5 FROM calls
         ), lanes AS MATERIALIZED (
             SELECT l.lane, NOT bool_or(t.waiting) AS idle,
                 count(*) + (SELECT count(*) FROM late) < $3
                 OR (SELECT count(*) FROM open o WHERE o.lane <= l.lane) * 2 <= $3 AND NOT bool_or(t.full) AS room
             FROM (SELECT DISTINCT lane FROM calls) l JOIN taken t ON t.lane <= l.lane
             GROUP BY l.lane
         ), queued AS (
             SELECT id FROM calls JOIN lanes USING (lane)
             WHERE lane = 0 OR number <= together - together % $5
                 OR idle AND room
                     AND (lane = 1 OR sync NOT IN (SELECT sync FROM planned)
                         OR since < clock_timestamp() - make_interval(secs => $6))
         )
         UPDATE write SET status = 'released', released_at = clock_timestamp()
         WHERE id IN (SELECT w.id FROM write w
             JOIN (SELECT id, 'released' AS was FROM late UNION ALL SELECT id, 'queued' FROM queued) chosen USING (id)
             WHERE w.status = chosen.was FOR UPDATE OF w SKIP LOCKED)
         RETURNING body, traceparent, lane, sync, call, queued_at, id",
    )
    .bind(&account.tenant)
    .bind(&account.connection)
    .bind(window)
    .bind(repeat_after_seconds)
    .bind(batch)
    .bind(FILL_SECONDS)
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
