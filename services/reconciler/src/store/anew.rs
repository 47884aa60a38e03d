//! Writes that may have made their record anew, where a provider sets a value only when it makes a record.

use jiff::{SignedDuration, Timestamp};
use merge::PlannedEdit;
use model::Side;
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, side_number, write::Stake};

/// What is left of a write whose answer was lost: it may have made its record anew.
#[derive(Debug)]
pub struct Lost {
    /// What it was to change.
    pub edits: Vec<PlannedEdit>,
    /// When it was planned.
    pub queued_at: Timestamp,
}

/// The last write of one side of a link whose answer was lost and that may have made the record anew, unless another one
/// was answered since.
pub async fn lost(
    connection: &mut PgConnection,
    key: &SyncKey,
    link: Uuid,
    side: Side,
) -> Result<Option<Lost>, StoreError> {
    let row = sqlx::query(
        "SELECT w.plan, w.queued_at FROM write w
         WHERE w.tenant = $1 AND w.sync = $2 AND w.side = $3 AND w.link = $4 AND w.anew AND w.status = 'unknown'
             AND NOT EXISTS (SELECT FROM write n WHERE n.tenant = $1 AND n.sync = $2 AND n.link = w.link
                 AND n.side = w.side AND n.operation <> 'read' AND n.status = 'answered'
                 AND n.queued_at > w.queued_at)
         ORDER BY w.queued_at DESC LIMIT 1",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(link)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Lost {
            edits: row.try_get::<Json<Stake>, _>("plan")?.0.edits,
            queued_at: row
                .try_get::<jiff_sqlx::Timestamp, _>("queued_at")?
                .to_jiff(),
        })
    })
    .transpose()
}

/// Of these records, those that came while a write of their side may have made one anew, or within the horizon of its
/// answer that it gave way to somebody's edit, and that share a key with a record of its link.
pub async fn given_up(
    connection: &mut PgConnection,
    key: &SyncKey,
    records: &[i64],
    horizon: SignedDuration,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id FROM record r WHERE r.id = ANY($3)
             AND EXISTS (SELECT FROM write w JOIN link l ON l.id = w.link
                 WHERE w.tenant = $1 AND w.sync = $2 AND w.side = r.side AND w.anew
                     AND w.status = 'answered' AND w.result = 'stale' AND w.queued_at <= r.first_seen_at
                     AND w.answered_at > r.first_seen_at - make_interval(secs => $4)
                     AND EXISTS (SELECT FROM match_key own JOIN match_key theirs ON theirs.hash = own.hash
                         WHERE own.record = r.id AND theirs.record IN (l.left_record, l.right_record)))",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(records)
    .bind(horizon.as_secs_f64())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}
