//! Notices: an outbox of CloudEvents for other systems.

use bus::CloudEvent;
use serde::Serialize;
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey};

/// A notice.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The event's id.
    pub id: Uuid,
    /// The sync.
    pub key: SyncKey,
    /// The event.
    pub event: CloudEvent,
}

#[derive(Serialize)]
struct NewNotice<'a> {
    id: Uuid,
    tenant: &'a str,
    sync: &'a str,
    event: &'a CloudEvent,
}

/// Stores notices to be published.
pub async fn insert(connection: &mut PgConnection, notices: &[Notice]) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let rows: Vec<NewNotice<'_>> = notices
        .iter()
        .map(|notice| NewNotice {
            id: notice.id,
            tenant: &notice.key.tenant,
            sync: &notice.key.sync,
            event: &notice.event,
        })
        .collect();
    sqlx::query(
        "INSERT INTO notice (id, tenant, sync, event)
         SELECT s.id, s.tenant, s.sync, s.event
         FROM jsonb_to_recordset($1) AS s (id uuid, tenant text, sync text, event jsonb)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(Json(rows))
    .execute(connection)
    .await?;
    Ok(())
}

fn row(row: &sqlx::postgres::PgRow) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.try_get("id")?,
        key: SyncKey::new(
            row.try_get::<String, _>("tenant")?,
            row.try_get::<String, _>("sync")?,
        ),
        event: row.try_get::<Json<CloudEvent>, _>("event")?.0,
    })
}

/// Notices that JetStream has not acknowledged yet, oldest first.
pub async fn unpublished(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM notice WHERE published_at IS NULL ORDER BY id LIMIT $1
         FOR UPDATE SKIP LOCKED",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Notes that notices were published.
pub async fn published(connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query("UPDATE notice SET published_at = clock_timestamp() WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// A sync's notices after one, oldest first.
pub async fn after(
    connection: &mut PgConnection,
    key: &SyncKey,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM notice WHERE tenant = $1 AND sync = $2 AND ($3::uuid IS NULL OR id > $3)
         ORDER BY id LIMIT $4",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// A sync's newest notice.
pub async fn newest(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<Uuid>, StoreError> {
    let row = sqlx::query(
        "SELECT id FROM notice WHERE tenant = $1 AND sync = $2 ORDER BY id DESC LIMIT 1",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get("id")).transpose()?)
}
