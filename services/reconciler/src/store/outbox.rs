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
/// message may be lost, and a claim makes a repeat harmless.
pub async fn accounts(
    connection: &mut PgConnection,
    repeat_after_seconds: f64,
) -> Result<Vec<Account>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT w.tenant, w.connection, w.provider FROM write w
         LEFT JOIN pace p ON p.tenant = w.tenant AND p.connection = w.connection
         WHERE (w.status = 'queued' AND w.not_before <= clock_timestamp()
                 OR w.status = 'released' AND w.released_at < clock_timestamp() - make_interval(secs => $1))
             AND coalesce(p.wait_until, '-infinity') <= clock_timestamp()",
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
    /// `rapport.write.v1.Write`, encoded.
    pub body: Vec<u8>,
    /// The trace.
    pub traceparent: String,
}

/// Releases up to what the account's window leaves room for: people waiting first, then changes,
/// then baselines.
pub async fn release(
    connection: &mut PgConnection,
    account: &Account,
    window: i64,
    repeat_after_seconds: f64,
) -> Result<Vec<Released>, StoreError> {
    let rows = sqlx::query(
        "WITH open AS (
             SELECT count(*) AS n FROM write WHERE tenant = $1 AND connection = $2
                 AND (status = 'started'
                     OR status = 'released' AND released_at >= clock_timestamp() - make_interval(secs => $4))
         ), chosen AS (
             SELECT w.id, w.lane, w.queued_at FROM write w JOIN sync s USING (tenant, sync)
             WHERE w.tenant = $1 AND w.connection = $2
                 AND s.wanted = 'active' AND s.phase = 'live' AND s.held IS NULL
                 AND (w.status = 'queued' AND w.not_before <= clock_timestamp()
                     OR w.status = 'released' AND w.released_at < clock_timestamp() - make_interval(secs => $4))
             ORDER BY w.lane, w.queued_at, w.id
             LIMIT greatest($3 - (SELECT n FROM open), 0)
             FOR UPDATE OF w SKIP LOCKED
         )
         UPDATE write SET status = 'released', released_at = clock_timestamp()
         FROM chosen WHERE write.id = chosen.id
         RETURNING write.body, write.traceparent, chosen.lane, chosen.queued_at",
    )
    .bind(&account.tenant)
    .bind(&account.connection)
    .bind(window)
    .bind(repeat_after_seconds)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Released {
                body: row.try_get("body")?,
                traceparent: row.try_get("traceparent")?,
            })
        })
        .collect()
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
