//! Writes whose answer was lost: nobody knows whether they were made.

use jiff::Timestamp;
use merge::PlannedEdit;
use model::Side;
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, side_number, side_of, write::Stake};

/// A create of unknown fate.
#[derive(Debug)]
pub struct UnknownCreate {
    /// The link that asked for it.
    pub link: Uuid,
    /// The side on which the record was to be created.
    pub side: Side,
    /// The write, with the record.
    pub body: Vec<u8>,
    /// When it was planned.
    pub queued_at: Timestamp,
}

/// Links whose create has an unknown fate.
pub async fn unknown_creates(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Vec<UnknownCreate>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT ON (l.id) l.id, w.side, w.body, w.queued_at FROM link l JOIN write w ON w.link = l.id
         WHERE l.tenant = $1 AND l.sync = $2 AND l.look_up_after IS NOT NULL AND l.state <> 'closed'
             AND w.operation = 'create' AND w.status = 'unknown'
         ORDER BY l.id, w.queued_at DESC",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(UnknownCreate {
                link: row.try_get("id")?,
                side: side_of(row.try_get("side")?),
                body: row.try_get("body")?,
                queued_at: row
                    .try_get::<jiff_sqlx::Timestamp, _>("queued_at")?
                    .to_jiff(),
            })
        })
        .collect()
}

/// What the last writes of this operation were to write to a link's record whose answers were lost, the newest first; at
/// most so many.
pub async fn plans(
    connection: &mut PgConnection,
    link: Uuid,
    side: Side,
    operation: &str,
    most: i32,
) -> Result<Vec<Vec<PlannedEdit>>, StoreError> {
    let rows = sqlx::query(
        "SELECT plan FROM write WHERE link = $1 AND side = $2 AND operation = $3 AND status = 'unknown'
         ORDER BY queued_at DESC, id DESC LIMIT $4",
    )
    .bind(link)
    .bind(side_number(side))
    .bind(operation)
    .bind(i64::from(most))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok(row.try_get::<Json<Stake>, _>("plan")?.0.edits))
        .collect()
}
