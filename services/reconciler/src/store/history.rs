//! The history: every value that a write of ours changed or removed.

use jiff::{SignedDuration, Timestamp};
use model::{Side, Value};
use serde::Serialize;
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, side_of};

/// The cause of an entry of which nobody knows whether its call counted.
pub const ANSWER_LOST: &str = "answer lost";

/// An entry to be stored.
#[derive(Debug, Clone, Serialize)]
pub struct NewEntry {
    /// Its id, time-ordered.
    pub id: Uuid,
    /// The link.
    pub link: Uuid,
    /// The side that was written.
    pub side: i16,
    /// The provider's id of the record.
    pub remote_id: String,
    /// The write.
    pub write: Uuid,
    /// The path; empty for the whole record.
    pub path: String,
    /// What was there.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
    /// Why.
    pub cause: String,
    /// The run.
    pub run: i64,
    /// The trace.
    pub trace_id: String,
}

/// An entry as stored.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// The link.
    pub link: Uuid,
    /// The side that was written.
    pub side: Side,
    /// The provider's id of the record.
    pub remote_id: String,
    /// The path; empty for the whole record.
    pub path: String,
    /// What was there.
    pub before: Option<Value>,
    /// What is there now.
    pub after: Option<Value>,
    /// Why.
    pub cause: String,
    /// The run.
    pub run: i64,
    /// The trace.
    pub trace_id: String,
    /// When.
    pub at: Timestamp,
}

fn row(row: &PgRow) -> Result<Entry, StoreError> {
    let value = |name: &str| -> Result<Option<Value>, StoreError> {
        Ok(row
            .try_get::<Option<Json<Value>>, _>(name)?
            .map(|json| json.0))
    };
    Ok(Entry {
        id: row.try_get("id")?,
        link: row.try_get("link")?,
        side: side_of(row.try_get("side")?),
        remote_id: row.try_get("remote_id")?,
        path: row.try_get("path")?,
        before: value("before")?,
        after: value("after")?,
        cause: row.try_get("cause")?,
        run: row.try_get("run")?,
        trace_id: row.try_get("trace_id")?,
        at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
    })
}

/// Stores entries.
pub async fn insert(
    connection: &mut PgConnection,
    key: &SyncKey,
    entries: &[NewEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO history (id, tenant, sync, link, side, remote_id, write, path, before, after,
             cause, run, trace_id)
         SELECT s.id, $1, $2, s.link, s.side, s.remote_id, s.write, s.path,
             nullif(s.before, 'null'::jsonb), nullif(s.after, 'null'::jsonb), s.cause, s.run, s.trace_id
         FROM jsonb_to_recordset($3) AS s (id uuid, link uuid, side smallint, remote_id text,
             write uuid, path text, before jsonb, after jsonb, cause text, run bigint, trace_id text)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(Json(entries))
    .execute(connection)
    .await?;
    Ok(())
}

/// Which entries are wanted.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// A link's id or a provider id.
    pub record: Option<&'a str>,
    /// One run.
    pub run: Option<i64>,
    /// Entries after this one.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: i64,
}

/// Entries in the order in which they were stored.
pub async fn list(
    connection: &mut PgConnection,
    key: &SyncKey,
    filter: &Filter<'_>,
) -> Result<Vec<Entry>, StoreError> {
    let link = filter.record.and_then(|name| Uuid::parse_str(name).ok());
    let rows = sqlx::query(
        "SELECT * FROM history WHERE tenant = $1 AND sync = $2
             AND ($3::text IS NULL OR link = $4 OR remote_id = $3
                 OR link IN (SELECT id FROM link WHERE tenant = $1 AND sync = $2 AND (left_id = $3 OR right_id = $3)))
             AND ($5::bigint IS NULL OR run = $5)
             AND ($6::uuid IS NULL OR id > $6)
         ORDER BY id LIMIT $7",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(filter.record)
    .bind(link)
    .bind(filter.run)
    .bind(filter.after)
    .bind(filter.limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// What a write of ours did to one path lately.
#[derive(Debug)]
pub struct Lately {
    /// The link.
    pub link: Uuid,
    /// The side that was written.
    pub side: Side,
    /// The path.
    pub path: model::Path,
    /// What it did.
    pub written: merge::Written,
    /// When.
    pub at: Timestamp,
}

/// What our writes did to the values of these links within so long, oldest first; what a person asked for and
/// what nobody knows to have counted excepted.
pub async fn lately(
    connection: &mut PgConnection,
    links: &[Uuid],
    within: SignedDuration,
) -> Result<Vec<Lately>, StoreError> {
    // Ids are ordered by time: of long histories only the end is looked at, with a margin for clocks.
    let margin = SignedDuration::from_mins(10);
    let millis = (Timestamp::now() - within - margin).as_millisecond();
    let millis = u64::try_from(millis).unwrap_or_default();
    let first = uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    let rows = sqlx::query(
        "SELECT * FROM history
         WHERE link = ANY($1) AND id >= $2 AND path <> ''
             AND at >= clock_timestamp() - make_interval(secs => $3)
             AND cause NOT IN ('create', 'delete', 'restore', 'answer lost')
         ORDER BY id",
    )
    .bind(links)
    .bind(first)
    .bind(within.as_secs_f64())
    .fetch_all(connection)
    .await?;
    let mut lately = Vec::with_capacity(rows.len());
    for entry in rows.iter().map(row) {
        let entry = entry?;
        if let Ok(path) = model::Path::parse(&entry.path) {
            lately.push(Lately {
                link: entry.link,
                side: entry.side,
                path,
                written: merge::Written {
                    before: entry.before,
                    after: entry.after,
                },
                at: entry.at,
            });
        }
    }
    Ok(lately)
}

/// One entry.
pub async fn by_id(
    connection: &mut PgConnection,
    key: &SyncKey,
    id: Uuid,
) -> Result<Option<Entry>, StoreError> {
    sqlx::query("SELECT * FROM history WHERE tenant = $1 AND sync = $2 AND id = $3")
        .bind(&key.tenant)
        .bind(&key.sync)
        .bind(id)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(row)
        .transpose()
}

/// How many conflicts a sync has resolved.
pub async fn conflicts(connection: &mut PgConnection, key: &SyncKey) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS n FROM history WHERE tenant = $1 AND sync = $2
             AND (cause = 'conflict' OR cause = 'first contact' AND before IS NOT NULL)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or_default())
}
