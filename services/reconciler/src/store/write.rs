//! Writes: the outbox's rows, from queued to answered.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use merge::PlannedEdit;
use model::Side;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{
    StoreError, SyncKey, side_number, side_of,
    tide::{Step, level},
};

/// What moves when a write is applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stake {
    /// The edits, with the values that the plan was made from.
    pub edits: Vec<PlannedEdit>,
    /// Whether a person asked for it: no base moves, so that it travels on like a person's edit.
    #[serde(default)]
    pub restores: bool,
}

/// A write to be queued.
#[derive(Debug, Clone, Serialize)]
pub struct NewWrite {
    /// Its id.
    pub id: Uuid,
    /// The link.
    pub link: Uuid,
    /// The side that is written.
    pub side: i16,
    /// The connection.
    pub connection: String,
    /// The provider.
    pub provider: String,
    /// The generation planned under.
    pub generation: i64,
    /// create, update, delete, read.
    pub operation: &'static str,
    /// The operation and its paths: writes of one sync that share it may be made by one provider call.
    pub call: String,
    /// Whether its provider may carry it out by making the record anew, under another id.
    pub anew: bool,
    /// `rapport.write.v1.Write`, in hexadecimal.
    pub body: String,
    /// What moves when it is applied.
    pub plan: Stake,
    /// Whether it deletes or clears.
    pub destructive: bool,
    /// Whether it replaces values.
    pub overwriting: bool,
    /// 0 people waiting, 1 changes, 2 baseline.
    pub lane: i16,
    /// The run.
    pub run: i64,
    /// The trace.
    pub traceparent: String,
    /// Not before this time.
    pub not_before: Option<Timestamp>,
}

/// A write's row.
#[derive(Debug, Clone)]
pub struct WriteRow {
    /// Its id.
    pub id: Uuid,
    /// The link.
    pub link: Uuid,
    /// The side that is written.
    pub side: Side,
    /// The connection.
    pub connection: String,
    /// create, update, delete, read.
    pub operation: String,
    /// `rapport.write.v1.Write`, encoded.
    pub body: Vec<u8>,
    /// What moves when it is applied.
    pub plan: Stake,
    /// Its status.
    pub status: String,
    /// The run.
    pub run: i64,
    /// The trace.
    pub traceparent: String,
    /// When it was claimed.
    pub started_at: Option<Timestamp>,
}

fn row(row: &PgRow) -> Result<WriteRow, StoreError> {
    Ok(WriteRow {
        id: row.try_get("id")?,
        link: row.try_get("link")?,
        side: side_of(row.try_get("side")?),
        connection: row.try_get("connection")?,
        operation: row.try_get("operation")?,
        body: row.try_get("body")?,
        plan: row.try_get::<Json<Stake>, _>("plan")?.0,
        status: row.try_get("status")?,
        run: row.try_get("run")?,
        traceparent: row.try_get("traceparent")?,
        started_at: row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>("started_at")?
            .map(jiff_sqlx::Timestamp::to_jiff),
    })
}

/// Queues writes.
pub async fn insert(
    connection: &mut PgConnection,
    key: &SyncKey,
    writes: &[NewWrite],
) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO write (id, tenant, sync, link, side, connection, provider, generation, operation,
             call, anew, body, plan, destructive, overwriting, lane, status, run, traceparent, not_before)
         SELECT s.id, $1, $2, s.link, s.side, s.connection, s.provider, s.generation, s.operation,
             s.call, s.anew, s.body, s.plan, s.destructive, s.overwriting, s.lane, 'queued', s.run, s.traceparent,
             coalesce(s.not_before, now())
         FROM jsonb_to_recordset($3) AS s (id uuid, link uuid, side smallint, connection text,
             provider text, generation bigint, operation text, call text, anew boolean, body bytea, plan jsonb,
             destructive boolean, overwriting boolean, lane smallint, run bigint, traceparent text,
             not_before timestamptz)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(Json(writes))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes by id.
pub async fn by_id(
    connection: &mut PgConnection,
    key: &SyncKey,
    ids: &[Uuid],
) -> Result<Vec<WriteRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM write WHERE tenant = $1 AND sync = $2 AND id = ANY($3)")
        .bind(&key.tenant)
        .bind(&key.sync)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(row).collect()
}

/// Writes of a sync that have not ended and may change or delete a record.
pub async fn open_on_records(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Vec<WriteRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM write WHERE tenant = $1 AND sync = $2 AND operation IN ('update', 'delete')
             AND status IN ('queued', 'released', 'started') ORDER BY id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Ends writes.
pub async fn end(
    connection: &mut PgConnection,
    ids: &[Uuid],
    status: &str,
    result: &str,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE write SET status = $2, result = $3, answered_at = clock_timestamp() WHERE id = ANY($1)",
    )
    .bind(ids)
    .bind(status)
    .bind(result)
    .execute(connection)
    .await?;
    Ok(())
}

/// Of these links, those that still have a write under way.
pub async fn with_open(
    connection: &mut PgConnection,
    links: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT link FROM write
         WHERE link = ANY($1) AND status IN ('queued', 'released', 'started')",
    )
    .bind(links)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("link")?)).collect()
}

/// A write as it goes out again.
#[derive(Debug)]
pub struct Again {
    /// Its new id.
    pub id: Uuid,
    /// `rapport.write.v1.Write` with that id, encoded.
    pub body: Vec<u8>,
}

/// Puts a write that was not attempted back into the outbox under another id, so that an answer that comes twice does not
/// find it once more. One that was planned under an older definition is revoked, since no claim would ever take it. One
/// that makes its record anew may have come half the way: that it was claimed stays noted, and where it would be revoked,
/// nobody knows how far it came. Answers whether it is in the outbox.
pub async fn requeue(
    connection: &mut PgConnection,
    id: Uuid,
    again: &Again,
    not_before: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "UPDATE write w SET id = $3, body = $4,
             status = CASE WHEN w.generation = s.generation THEN 'queued' WHEN w.anew THEN 'unknown' ELSE 'revoked' END,
             result = CASE WHEN w.generation = s.generation THEN w.result ELSE 'the definition changed' END,
             released_at = NULL, started_at = CASE WHEN w.anew THEN w.started_at END,
             not_before = coalesce($2, clock_timestamp() + interval '1 second')
         FROM sync s WHERE w.id = $1 AND s.tenant = w.tenant AND s.sync = w.sync
         RETURNING w.status = 'queued' AS is_queued",
    )
    .bind(id)
    .bind(not_before.map(ToSqlx::to_sqlx))
    .bind(again.id)
    .bind(&again.body)
    .fetch_optional(connection)
    .await?;
    Ok(row
        .map(|row| row.try_get("is_queued"))
        .transpose()?
        .unwrap_or_default())
}

/// A write that was taken back before anybody claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Its link.
    pub link: Uuid,
    /// The run that it was planned in.
    pub run: i64,
    /// Who waited for it.
    pub lane: i16,
}

/// Revokes what the links of a new plan still have in the outbox, reads excepted. What may have come half the way, a
/// record made anew beside the old one, is carried on to its end: nobody else knows the new one.
pub async fn revoke_of_links(
    connection: &mut PgConnection,
    links: &[Uuid],
) -> Result<Vec<Revoked>, StoreError> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "UPDATE write SET status = 'revoked', result = 'planned again', answered_at = clock_timestamp()
         WHERE link = ANY($1) AND status IN ('queued', 'released') AND operation <> 'read'
             AND NOT (anew AND started_at IS NOT NULL)
         RETURNING link, run, lane",
    )
    .bind(links)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Revoked {
                link: row.try_get("link")?,
                run: row.try_get("run")?,
                lane: row.try_get("lane")?,
            })
        })
        .collect()
}

/// Whether a create of a side is claimed and not answered.
pub async fn creating(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM write WHERE tenant = $1 AND sync = $2 AND side = $3
             AND operation = 'create' AND status IN ('queued', 'released', 'started')
             AND status = 'started') AS creating",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("creating")?)
}

/// Revokes readings of records that were shown meanwhile.
pub async fn revoke_reads(
    connection: &mut PgConnection,
    side: Side,
    records: &[i64],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE write SET status = 'revoked', result = 'shown meanwhile', answered_at = clock_timestamp()
         WHERE status IN ('queued', 'released') AND operation = 'read' AND side = $2
             AND link IN (SELECT id FROM link WHERE state <> 'closed'
                 AND (left_record = ANY($1) OR right_record = ANY($1)))",
    )
    .bind(records)
    .bind(side_number(side))
    .execute(connection)
    .await?;
    Ok(())
}

/// Revokes creates that were not claimed, made from records that do not seem to be there any more: what becomes of
/// them is for the next plan to say.
pub async fn revoke_creates_from(
    connection: &mut PgConnection,
    side: Side,
    records: &[i64],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE write SET status = 'revoked', result = 'its source is in doubt', answered_at = clock_timestamp()
         WHERE status IN ('queued', 'released') AND operation = 'create' AND side <> $2
             AND link IN (SELECT id FROM link WHERE state <> 'closed'
                 AND (left_record = ANY($1) OR right_record = ANY($1)))",
    )
    .bind(records)
    .bind(side_number(side))
    .execute(connection)
    .await?;
    Ok(())
}

/// Revokes everything of a sync that has not been claimed; its links are planned again. How far a write came that makes
/// its record anew and was put back nobody knows.
pub async fn revoke_all(
    connection: &mut PgConnection,
    key: &SyncKey,
    why: &str,
    destructive_only: bool,
) -> Result<u64, StoreError> {
    let rows = sqlx::query(
        "UPDATE write SET status = CASE WHEN anew AND started_at IS NOT NULL THEN 'unknown' ELSE 'revoked' END,
             result = $3, answered_at = clock_timestamp()
         WHERE tenant = $1 AND sync = $2 AND status IN ('queued', 'released')
             AND (NOT $4 OR destructive OR overwriting)
         RETURNING link",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(why)
    .bind(destructive_only)
    .fetch_all(&mut *connection)
    .await?;
    let links: Vec<Uuid> = rows
        .iter()
        .map(|row| row.try_get("link"))
        .collect::<Result<_, _>>()?;
    sqlx::query("UPDATE link SET dirty = true WHERE id = ANY($1) AND state <> 'closed'")
        .bind(&links)
        .execute(connection)
        .await?;
    Ok(links.len() as u64)
}

/// Writes that were claimed.
#[derive(Debug)]
pub struct Claimed {
    /// Those that have to be made now.
    pub started: Vec<Uuid>,
    /// The height of the gauge that the claim has raised; none if nothing was claimed.
    pub height: Option<i64>,
}

/// Moves writes from queued to started, checking that their sync still wants them: the one statement
/// just before a provider call. None if this may be an older database.
pub async fn claim(
    connection: &mut PgConnection,
    tenant: &str,
    ids: &[Uuid],
    step: &Step,
) -> Result<Option<Claimed>, StoreError> {
    let row = sqlx::query(concat!(
        "WITH level AS (",
        level!(),
        "), started AS (
             UPDATE write w SET status = 'started', started_at = clock_timestamp()
             FROM sync s
             WHERE w.id = ANY($5) AND w.tenant = $4 AND w.status IN ('queued', 'released')
                 AND s.tenant = w.tenant AND s.sync = w.sync AND s.generation = w.generation
                 AND s.wanted = 'active' AND s.phase = 'live' AND s.held IS NULL
                 AND EXISTS (SELECT FROM level)
             RETURNING w.id
         ), raised AS (
             -- Counted, so that every write is locked before the gauge is, for which others wait.
             UPDATE tide SET height = height + 1
             WHERE gauge = $1 AND (SELECT count(*) FROM started) > 0 RETURNING height
         )
         SELECT EXISTS (SELECT FROM level) AS is_level, array(SELECT id FROM started) AS started,
             (SELECT height FROM raised) AS height"
    ))
    .bind(step.gauge())
    .bind(&step.known.heights)
    .bind(&step.known.place)
    .bind(tenant)
    .bind(ids)
    .fetch_one(connection)
    .await?;
    if !row.try_get::<bool, _>("is_level")? {
        return Ok(None);
    }
    Ok(Some(Claimed {
        started: row.try_get("started")?,
        height: row.try_get("height")?,
    }))
}

/// Puts writes back into the outbox whose claim was never answered.
pub async fn unclaim(connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE write SET status = 'queued', released_at = NULL,
             started_at = CASE WHEN anew THEN started_at END
         WHERE id = ANY($1) AND status = 'started'",
    )
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Of these writes, those that were claimed so long ago without an answer that the answer is lost.
pub async fn lost(
    connection: &mut PgConnection,
    tenant: &str,
    ids: &[Uuid],
    after: SignedDuration,
) -> Result<Vec<Uuid>, StoreError> {
    let rows = sqlx::query(
        "WITH asked AS MATERIALIZED (SELECT id, tenant, status, started_at FROM write WHERE id = ANY($2))
         SELECT id FROM asked WHERE tenant = $1 AND status = 'started'
             AND started_at < clock_timestamp() - make_interval(secs => $3)",
    )
    .bind(tenant)
    .bind(ids)
    .bind(after.as_secs_f64())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Claimed writes of a sync whose answer has not come for so long that it counts as lost.
pub async fn overdue(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    after: SignedDuration,
) -> Result<Vec<WriteRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM write WHERE tenant = $1 AND sync = $2 AND side = $3 AND status = 'started'
             AND started_at < clock_timestamp() - make_interval(secs => $4) ORDER BY id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(after.as_secs_f64())
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Writes of a sync that have not ended.
pub async fn open(connection: &mut PgConnection, key: &SyncKey) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(
        "SELECT count(*) AS open, count(*) FILTER (WHERE status = 'started') AS started
         FROM write WHERE tenant = $1 AND sync = $2 AND status IN ('queued', 'released', 'started')",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    let number = |name: &str| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or_default())
    };
    Ok((number("open")?, number("started")?))
}

/// Whether a sync has writes that have not ended.
pub async fn any_open(connection: &mut PgConnection, key: &SyncKey) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM write WHERE tenant = $1 AND sync = $2
             AND status IN ('queued', 'released', 'started')) AS open",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("open")?)
}

/// Destructive and overwriting writes of one side since a time, queued ones included.
pub async fn destruction(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    since: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(
        "SELECT count(DISTINCT link) FILTER (WHERE destructive) AS destructive,
             count(DISTINCT link) FILTER (WHERE overwriting) AS overwriting
         FROM write WHERE tenant = $1 AND sync = $2 AND side = $3 AND queued_at >= $4
             AND (destructive OR overwriting) AND status <> 'revoked' AND run > 1",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(since.to_sqlx())
    .fetch_one(connection)
    .await?;
    let number = |name: &str| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or_default())
    };
    Ok((number("destructive")?, number("overwriting")?))
}
