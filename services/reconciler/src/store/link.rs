//! Links: the same thing on two sides, or a record that has no counterpart yet.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use merge::Base;
use model::Side;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, side_number, side_of};

/// The one state of a sync record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum LinkState {
    /// Both sides agree.
    #[serde(rename = "in sync")]
    InSync,
    /// Something is to be planned, written or awaited.
    #[serde(rename = "pending")]
    Pending,
    /// A cap leaves it to a later run.
    #[serde(rename = "deferred")]
    Deferred,
    /// It takes no part, for a reason.
    #[serde(rename = "excluded")]
    Excluded,
    /// It cannot be synced, for a reason; retried on request or on its next change.
    #[serde(rename = "set aside")]
    SetAside,
    /// It is over; the row stays.
    #[serde(rename = "closed")]
    Closed,
}

impl LinkState {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Pending => "pending",
            Self::Deferred => "deferred",
            Self::Excluded => "excluded",
            Self::SetAside => "set aside",
            Self::Closed => "closed",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        Ok(match word {
            "in sync" => Self::InSync,
            "pending" => Self::Pending,
            "deferred" => Self::Deferred,
            "excluded" => Self::Excluded,
            "set aside" => Self::SetAside,
            "closed" => Self::Closed,
            other => return Err(StoreError::UnknownWord(other.to_owned())),
        })
    }
}

/// A value that a person asked to restore.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restoration {
    /// The side on which the value was lost.
    pub side: Side,
    /// Its path on that side.
    pub path: model::Path,
    /// The value; none restores emptiness.
    pub value: Option<model::Value>,
}

/// A link's row.
#[derive(Debug, Clone)]
pub struct LinkRow {
    /// Its id.
    pub id: Uuid,
    /// The left record.
    pub left_record: Option<i64>,
    /// The right record.
    pub right_record: Option<i64>,
    /// The left record's provider id.
    pub left_id: String,
    /// The right record's provider id.
    pub right_id: String,
    /// How both sides looked when they last agreed; none before they ever did.
    pub base: Option<Base>,
    /// Its state.
    pub state: LinkState,
    /// Why.
    pub reason: String,
    /// Whether it has to be planned.
    pub dirty: bool,
    /// The side on which we created the record.
    pub created_side: Option<Side>,
    /// The marker of the record that we create or created for it.
    pub marker: String,
    /// Which creation this is, for the marker.
    pub create_generation: i32,
    /// A create of unknown fate waits for a complete reading begun after this.
    pub look_up_after: Option<Timestamp>,
    /// Writes of unknown fate in a row.
    pub unknown_count: i32,
    /// Stale answers in a row.
    pub stale_count: i32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The trace of the change that made it dirty.
    pub traceparent: String,
    /// Values to restore.
    pub restores: Vec<Restoration>,
}

impl LinkRow {
    /// The record on a side.
    pub fn record(&self, side: Side) -> Option<i64> {
        match side {
            Side::Left => self.left_record,
            Side::Right => self.right_record,
        }
    }

    /// The provider's id of the record on a side; empty when there never was one.
    pub fn remote_id(&self, side: Side) -> &str {
        match side {
            Side::Left => &self.left_id,
            Side::Right => &self.right_id,
        }
    }

    /// Puts a record on a side.
    pub fn set_record(&mut self, side: Side, record: Option<i64>, remote_id: &str) {
        match side {
            Side::Left => {
                self.left_record = record;
                remote_id.clone_into(&mut self.left_id);
            }
            Side::Right => {
                self.right_record = record;
                remote_id.clone_into(&mut self.right_id);
            }
        }
    }
}

pub(super) fn row(row: &PgRow) -> Result<LinkRow, StoreError> {
    Ok(LinkRow {
        id: row.try_get("id")?,
        left_record: row.try_get("left_record")?,
        right_record: row.try_get("right_record")?,
        left_id: row.try_get("left_id")?,
        right_id: row.try_get("right_id")?,
        base: row
            .try_get::<Option<Json<Base>>, _>("base")?
            .map(|json| json.0),
        state: LinkState::parse(row.try_get("state")?)?,
        reason: row.try_get("reason")?,
        dirty: row.try_get("dirty")?,
        created_side: row.try_get::<Option<i16>, _>("created_side")?.map(side_of),
        marker: row.try_get("marker")?,
        create_generation: row.try_get("create_generation")?,
        look_up_after: row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>("look_up_after")?
            .map(jiff_sqlx::Timestamp::to_jiff),
        unknown_count: row.try_get("unknown_count")?,
        stale_count: row.try_get("stale_count")?,
        made_at: row.try_get::<jiff_sqlx::Timestamp, _>("made_at")?.to_jiff(),
        traceparent: row.try_get("traceparent")?,
        restores: row
            .try_get::<Option<Json<Vec<Restoration>>>, _>("restores")?
            .map(|json| json.0)
            .unwrap_or_default(),
    })
}

/// Links that have to be planned and wait for nothing: matched pairs first, then the oldest. Deletions
/// wait until every one of their time is settled, so that the guard sees them all at once.
pub async fn plannable(
    connection: &mut PgConnection,
    key: &SyncKey,
    limit: i64,
) -> Result<Vec<LinkRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.* FROM link l
         LEFT JOIN record a ON a.id = l.left_record
         LEFT JOIN record b ON b.id = l.right_record
         WHERE l.tenant = $1 AND l.sync = $2 AND l.dirty AND l.state <> 'closed'
             AND l.look_up_after IS NULL
             AND coalesce(a.presence, '') NOT IN ('unsettled', 'doubtful')
             AND coalesce(b.presence, '') NOT IN ('unsettled', 'doubtful')
             AND NOT EXISTS (SELECT 1 FROM write w WHERE w.link = l.id
                 AND w.status IN ('queued', 'released', 'started')
                 AND (w.status = 'started' OR w.operation = 'read' OR w.anew AND w.started_at IS NOT NULL))
             AND NOT ('gone' IN (coalesce(a.presence, ''), coalesce(b.presence, ''))
                 AND EXISTS (SELECT 1 FROM record u WHERE u.tenant = $1 AND u.sync = $2
                     AND u.presence = 'unsettled'))
         ORDER BY (l.left_record IS NULL OR l.right_record IS NULL), l.made_at, l.id
         LIMIT $3
         FOR UPDATE OF l",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Locks links by id, in id order.
pub async fn lock(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<LinkRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT * FROM link WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(row).collect()
}

/// The open links of records, by record.
pub async fn of_records(
    connection: &mut PgConnection,
    records: &[i64],
) -> Result<Vec<LinkRow>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT * FROM link WHERE state <> 'closed'
             AND (left_record = ANY($1) OR right_record = ANY($1)) ORDER BY id",
    )
    .bind(records)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Finds an open link by its id or by a provider id on either side.
pub async fn find(
    connection: &mut PgConnection,
    key: &SyncKey,
    name: &str,
) -> Result<Vec<LinkRow>, StoreError> {
    let id = Uuid::parse_str(name).ok();
    let rows = sqlx::query(
        "SELECT * FROM link WHERE tenant = $1 AND sync = $2
             AND (id = $3 OR left_id = $4 OR right_id = $4) ORDER BY id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(id)
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

#[derive(Serialize)]
struct Saved<'a> {
    id: Uuid,
    left_record: Option<i64>,
    right_record: Option<i64>,
    left_id: &'a str,
    right_id: &'a str,
    base: Option<&'a Base>,
    state: LinkState,
    reason: &'a str,
    dirty: bool,
    created_side: Option<i16>,
    marker: &'a str,
    create_generation: i32,
    look_up_after: Option<Timestamp>,
    unknown_count: i32,
    stale_count: i32,
    restores: Option<&'a [Restoration]>,
}

/// Stores links whole.
pub async fn save(connection: &mut PgConnection, links: &[LinkRow]) -> Result<(), StoreError> {
    if links.is_empty() {
        return Ok(());
    }
    let rows: Vec<Saved<'_>> = links
        .iter()
        .map(|link| Saved {
            id: link.id,
            left_record: link.left_record,
            right_record: link.right_record,
            left_id: &link.left_id,
            right_id: &link.right_id,
            base: link.base.as_ref(),
            state: link.state,
            reason: &link.reason,
            dirty: link.dirty,
            created_side: link.created_side.map(side_number),
            marker: &link.marker,
            create_generation: link.create_generation,
            look_up_after: link.look_up_after,
            unknown_count: link.unknown_count,
            stale_count: link.stale_count,
            restores: (!link.restores.is_empty()).then_some(&link.restores[..]),
        })
        .collect();
    sqlx::query(
        "UPDATE link SET left_record = s.left_record, right_record = s.right_record,
             left_id = s.left_id, right_id = s.right_id, base = nullif(s.base, 'null'::jsonb),
             state = s.state, reason = s.reason, dirty = s.dirty, created_side = s.created_side,
             marker = s.marker, create_generation = s.create_generation, look_up_after = s.look_up_after,
             unknown_count = s.unknown_count, stale_count = s.stale_count,
             restores = nullif(s.restores, 'null'::jsonb),
             closed_at = CASE WHEN s.state = 'closed' THEN coalesce(link.closed_at, now()) END
         FROM jsonb_to_recordset($1) AS s (id uuid, left_record bigint, right_record bigint,
             left_id text, right_id text, base jsonb, state text, reason text, dirty boolean,
             created_side smallint, marker text, create_generation int, look_up_after timestamptz,
             unknown_count int, stale_count int, restores jsonb)
         WHERE link.id = s.id",
    )
    .bind(Json(rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// A link to be made.
#[derive(Debug, Clone, Serialize)]
pub struct NewLink {
    /// Its derived id.
    pub id: Uuid,
    /// The left record, with its provider id.
    pub left_record: Option<i64>,
    /// The left record's provider id.
    pub left_id: String,
    /// The right record.
    pub right_record: Option<i64>,
    /// The right record's provider id.
    pub right_id: String,
    /// Its first state.
    pub state: LinkState,
    /// Why.
    pub reason: String,
    /// Whether it has to be planned.
    pub dirty: bool,
    /// The trace of the change that brought it.
    pub traceparent: String,
}

/// Makes links; their records are matched from then on. A closed link of the same id begins again,
/// without a base. An open one has moved on to other records and keeps them: the new link gets an id of its own.
/// Where its kind of records has an identity, other syncs find it.
pub async fn insert(
    connection: &mut PgConnection,
    key: &SyncKey,
    has_identity: bool,
    links: &mut [NewLink],
) -> Result<(), StoreError> {
    if links.is_empty() {
        return Ok(());
    }
    loop {
        let taken = open(connection, links).await?;
        if taken.is_empty() {
            break;
        }
        for link in links.iter_mut().filter(|link| taken.contains(&link.id)) {
            link.id = Uuid::new_v5(&link.id, b"again");
        }
    }
    let links = &*links;
    sqlx::query(
        "INSERT INTO link (id, tenant, sync, left_record, left_id, right_record, right_id, state, reason,
             dirty, traceparent, has_identity)
         SELECT s.id, $1, $2, s.left_record, s.left_id, s.right_record, s.right_id, s.state, s.reason,
             s.dirty, s.traceparent, $4
         FROM jsonb_to_recordset($3) AS s (id uuid, left_record bigint, left_id text,
             right_record bigint, right_id text, state text, reason text, dirty boolean, traceparent text)
         ON CONFLICT (id) DO UPDATE SET left_record = excluded.left_record, left_id = excluded.left_id,
             right_record = excluded.right_record, right_id = excluded.right_id,
             state = excluded.state, reason = excluded.reason, dirty = excluded.dirty,
             traceparent = excluded.traceparent, closed_at = NULL, look_up_after = NULL,
             base = NULL, create_generation = link.create_generation + 1,
             has_identity = excluded.has_identity",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(Json(links))
    .bind(has_identity)
    .execute(&mut *connection)
    .await?;
    let records: Vec<i64> = links
        .iter()
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    sqlx::query("UPDATE record SET unmatched = false WHERE id = ANY($1)")
        .bind(&records)
        .execute(connection)
        .await?;
    Ok(())
}

/// Of the ids of these new links, those that an open link has.
async fn open(
    connection: &mut PgConnection,
    links: &[NewLink],
) -> Result<HashSet<Uuid>, StoreError> {
    let ids: Vec<Uuid> = links.iter().map(|link| link.id).collect();
    let rows = sqlx::query("SELECT id FROM link WHERE id = ANY($1) AND state <> 'closed'")
        .bind(&ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Has the open links of records planned again. Those that wait for a plan anyway stay as they are, with the trace of
/// what they wait for.
pub async fn touch(
    connection: &mut PgConnection,
    records: &[i64],
    traceparent: &str,
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE link SET dirty = true,
             state = CASE WHEN state = 'in sync' THEN 'pending' ELSE state END,
             reason = CASE WHEN state = 'in sync' AND reason <> $3 THEN 'changed' ELSE reason END,
             traceparent = $2
         WHERE state <> 'closed' AND (left_record = ANY($1) OR right_record = ANY($1))
             AND (NOT dirty OR state = 'in sync')",
    )
    .bind(records)
    .bind(traceparent)
    .bind(crate::plan::ADOPTED)
    .execute(connection)
    .await?;
    Ok(())
}

/// Has every open link of a sync planned again.
pub async fn touch_all(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE link SET dirty = true,
             state = CASE WHEN state IN ('in sync', 'set aside') THEN 'pending' ELSE state END,
             reason = CASE WHEN state IN ('in sync', 'set aside') THEN 'to be compared' ELSE reason END
         WHERE tenant = $1 AND sync = $2 AND state <> 'closed'",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .execute(connection)
    .await?;
    Ok(())
}

/// Has the links in a state planned again; answers how many there are.
pub async fn touch_state(
    connection: &mut PgConnection,
    key: &SyncKey,
    state: LinkState,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE link SET dirty = true, state = 'pending', reason = 'to be planned again',
             unknown_count = 0, stale_count = 0
         WHERE tenant = $1 AND sync = $2 AND state = $3",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(state.word())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Creates of unknown fate whose target side has been read to its end by a round that began late
/// enough: they are planned again.
pub async fn release_looked_up(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE link SET look_up_after = NULL, dirty = true,
             reason = CASE WHEN link.reason = $3 THEN link.reason ELSE 'looked up, not found' END
         FROM feed f
         WHERE link.tenant = $1 AND link.sync = $2 AND link.look_up_after IS NOT NULL
             AND link.state <> 'closed' AND f.tenant = link.tenant AND f.sync = link.sync
             AND f.side = CASE WHEN link.left_record IS NULL THEN 1 ELSE 2 END
             AND f.round_began_at > link.look_up_after",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(crate::plan::ADOPTED)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Has every open link of a sync that was off planned as one that is adopted. A create of unknown fate is looked up
/// first, as ever.
pub async fn adopt_all(
    connection: &mut PgConnection,
    key: &SyncKey,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE link SET dirty = true, state = 'pending',
             reason = CASE WHEN reason = $4 THEN reason ELSE $3 END
         WHERE tenant = $1 AND sync = $2 AND state <> 'closed'",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(reason)
    .bind(merge::Reason::Twin.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Has links that are excluded as twins planned again, if no linked record of their side has their key
/// and name any more, nor the place that theirs had.
pub async fn touch_twins(connection: &mut PgConnection, key: &SyncKey) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE link SET dirty = true
         WHERE tenant = $1 AND sync = $2 AND state = 'excluded' AND reason = $3
             AND NOT EXISTS (
                 SELECT 1 FROM match_key own
                 JOIN match_key other ON other.tenant = own.tenant AND other.sync = own.sync
                     AND other.side = own.side AND other.hash = own.hash
                     AND other.name_hash = own.name_hash AND other.record <> own.record
                     AND other.rank = 0 AND own.rank = 0
                 JOIN link l ON l.left_record = other.record OR l.right_record = other.record
                 WHERE own.record IN (link.left_record, link.right_record)
                     AND l.state <> 'closed' AND l.reason <> $3)
             AND NOT EXISTS (
                 SELECT 1 FROM former_place p
                 WHERE p.record IN (link.left_record, link.right_record) AND p.presence = 'live')",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(merge::Reason::Twin.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Has adopted links count as any other, once both sides were read by rounds that began later than what
/// they may still show of the time before.
pub async fn end_adoption(
    connection: &mut PgConnection,
    key: &SyncKey,
    past: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE link SET reason = ''
         WHERE tenant = $1 AND sync = $2 AND state = 'in sync' AND reason = 'adopted'
             AND (SELECT min(f.round_began_at) FROM feed f WHERE f.tenant = $1 AND f.sync = $2) > $3",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(past.to_sqlx())
    .execute(connection)
    .await?;
    Ok(())
}
