//! Counts: every sync record is in exactly one state, so that they add up.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};

use super::{StoreError, SyncKey};

/// A sync's records by state and reason.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Records by (state, reason).
    pub reasons: BTreeMap<(String, String), u64>,
    /// Links with a record on both sides.
    pub linked: u64,
    /// Records seen alive: left, right.
    pub records: [u64; 2],
    /// Of those, inside the scope: left, right.
    pub in_scope: [u64; 2],
}

impl Tally {
    /// Records in a state.
    pub fn state(&self, state: &str) -> u64 {
        self.reasons
            .iter()
            .filter(|((own, _), _)| own == state)
            .map(|(_, count)| count)
            .sum()
    }

    /// All sync records.
    pub fn total(&self) -> u64 {
        self.reasons.values().sum()
    }
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// Counts a sync's records. A record in scope that has no link yet is pending: it waits to be matched.
pub async fn tally(connection: &mut PgConnection, key: &SyncKey) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let rows = sqlx::query(
        "SELECT state, reason, count(*) AS n,
             count(*) FILTER (WHERE left_record IS NOT NULL AND right_record IS NOT NULL) AS linked
         FROM link WHERE tenant = $1 AND sync = $2 AND state <> 'closed' GROUP BY 1, 2
         UNION ALL
         SELECT 'pending', 'to be matched', count(*), 0 FROM record
         WHERE tenant = $1 AND sync = $2 AND unmatched AND in_scope AND presence = 'live'
         HAVING count(*) > 0",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let entry = tally
            .reasons
            .entry((row.try_get("state")?, row.try_get("reason")?))
            .or_default();
        *entry += number(row.try_get("n")?);
        tally.linked += number(row.try_get("linked")?);
    }
    let rows = sqlx::query(
        "SELECT side, count(*) AS n, count(*) FILTER (WHERE in_scope) AS inside FROM record
         WHERE tenant = $1 AND sync = $2 AND presence IN ('live', 'doubtful') GROUP BY 1",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let index = usize::from(row.try_get::<i16, _>("side")? == 2);
        tally.records[index] = number(row.try_get("n")?);
        tally.in_scope[index] = number(row.try_get("inside")?);
    }
    Ok(tally)
}

/// A sync record as people see it.
#[derive(Debug)]
pub struct Listed {
    /// The link's id; empty while the record waits to be matched.
    pub link: String,
    /// The left record's provider id.
    pub left_id: String,
    /// The right record's provider id.
    pub right_id: String,
    /// The state.
    pub state: String,
    /// Why.
    pub reason: String,
}

/// Sync records, in the order of their links' ids.
pub async fn list(
    connection: &mut PgConnection,
    key: &SyncKey,
    state: Option<&str>,
    after: &str,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM (
             SELECT id::text AS link, left_id, right_id, state, reason FROM link
             WHERE tenant = $1 AND sync = $2 AND state <> 'closed'
             UNION ALL
             SELECT '', CASE WHEN side = 1 THEN remote_id ELSE '' END,
                 CASE WHEN side = 2 THEN remote_id ELSE '' END, 'pending', 'to be matched'
             FROM record WHERE tenant = $1 AND sync = $2 AND unmatched AND in_scope AND presence = 'live'
         ) r WHERE ($3::text IS NULL OR state = $3) AND ($4 = '' OR link > $4) ORDER BY link LIMIT $5",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(state)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                link: row.try_get("link")?,
                left_id: row.try_get("left_id")?,
                right_id: row.try_get("right_id")?,
                state: row.try_get("state")?,
                reason: row.try_get("reason")?,
            })
        })
        .collect()
}

/// Links with a record on both sides, gone ones included: what the guard's share is taken of.
pub async fn linked(connection: &mut PgConnection, key: &SyncKey) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS n FROM link WHERE tenant = $1 AND sync = $2 AND state <> 'closed'
             AND base IS NOT NULL AND left_record IS NOT NULL AND right_record IS NOT NULL",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(number(row.try_get("n")?))
}

/// Linked records of a side whose deletion is proved and waits for a plan; not those that are gone on both.
pub async fn waiting_deletions(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: model::Side,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS n FROM link l JOIN record r
             ON r.id = CASE $3::smallint WHEN 1 THEN l.left_record ELSE l.right_record END
         WHERE l.tenant = $1 AND l.sync = $2 AND l.dirty
             AND l.state IN ('in sync', 'pending', 'deferred') AND l.base IS NOT NULL
             AND l.left_record IS NOT NULL AND l.right_record IS NOT NULL AND r.presence = 'gone'
             AND NOT EXISTS (SELECT FROM record o WHERE o.presence = 'gone'
                 AND o.id = CASE $3::smallint WHEN 1 THEN l.right_record ELSE l.left_record END)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(super::side_number(side))
    .fetch_one(connection)
    .await?;
    Ok(number(row.try_get("n")?))
}
