//! Records: what each side was last seen to hold.

use jiff::Timestamp;
use model::{Fields, MatchKey, Side, Version};
use serde::Serialize;
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, bytea, side_number, side_of};

/// Whether a record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It was seen.
    Live,
    /// An old picture of it was shown; it is read by its id before it is planned (R-03).
    Doubtful,
    /// A tombstone or an absence that is not settled yet (R-19).
    Unsettled,
    /// Its deletion is proved.
    Gone,
    /// It cannot be reached, which proves nothing (R-20).
    OutOfReach,
}

impl Presence {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Doubtful => "doubtful",
            Self::Unsettled => "unsettled",
            Self::Gone => "gone",
            Self::OutOfReach => "out of reach",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        Ok(match word {
            "live" => Self::Live,
            "doubtful" => Self::Doubtful,
            "unsettled" => Self::Unsettled,
            "gone" => Self::Gone,
            "out of reach" => Self::OutOfReach,
            other => return Err(StoreError::UnknownWord(other.to_owned())),
        })
    }
}

/// A record's row.
#[derive(Debug, Clone)]
pub struct RecordRow {
    /// Our own id of the row.
    pub id: i64,
    /// The side it is on.
    pub side: Side,
    /// The provider's id.
    pub remote_id: String,
    /// Ids under which the provider knew it before.
    pub former_ids: Vec<String>,
    /// Its version.
    pub version: Version,
    /// Its fields; none outside the scope.
    pub fields: Option<Fields>,
    /// Root paths that could be read.
    pub readable: Vec<String>,
    /// Whether it is inside the collection.
    pub in_scope: bool,
    /// Whether it is there.
    pub presence: Presence,
    /// Why the connector could not carry it.
    pub unreadable: Option<String>,
    /// The marker on it.
    pub marker: String,
    /// When our own write last touched it.
    pub written_at: Option<Timestamp>,
    /// Whether its version is our own write.
    pub ours: bool,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// Since when it is unsettled or doubtful.
    pub unsettled_at: Option<Timestamp>,
}

fn row(row: &PgRow) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        id: row.try_get("id")?,
        side: side_of(row.try_get("side")?),
        remote_id: row.try_get("remote_id")?,
        former_ids: row.try_get("former_ids")?,
        version: Version {
            token: row.try_get("version_token")?,
            changed_at_micros: row.try_get("changed_at_micros")?,
            coarse: row.try_get("coarse")?,
        },
        fields: row
            .try_get::<Option<Json<Fields>>, _>("fields")?
            .map(|json| json.0),
        readable: row.try_get("readable")?,
        in_scope: row.try_get("in_scope")?,
        presence: Presence::parse(row.try_get("presence")?)?,
        unreadable: row.try_get("unreadable")?,
        marker: row.try_get("marker")?,
        written_at: row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>("written_at")?
            .map(jiff_sqlx::Timestamp::to_jiff),
        ours: row.try_get("ours")?,
        first_seen_at: row
            .try_get::<jiff_sqlx::Timestamp, _>("first_seen_at")?
            .to_jiff(),
        unsettled_at: row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>("unsettled_at")?
            .map(jiff_sqlx::Timestamp::to_jiff),
    })
}

/// A record as it is to be stored.
#[derive(Debug, Clone, Serialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a row of the table, whose columns these are"
)]
pub struct Sighting {
    /// The provider's id.
    pub remote_id: String,
    /// Ids under which the provider knew it before.
    pub former_ids: Vec<String>,
    /// The version's token.
    pub version_token: String,
    /// When it last changed.
    pub changed_at_micros: Option<i64>,
    /// Whether equal versions may differ.
    pub coarse: bool,
    /// Its fields; none outside the scope.
    pub fields: Option<Fields>,
    /// Root paths that could be read.
    pub readable: Vec<String>,
    /// Whether it is inside the collection.
    pub in_scope: bool,
    /// The marker on it.
    pub marker: String,
    /// The snapshot that mentions it.
    pub snapshot: Option<String>,
    /// Whether this version is our own write.
    pub ours: bool,
    /// Whether an outcome of our own write shows it.
    pub written: bool,
    /// Why it cannot be carried, if so.
    pub unreadable: Option<String>,
}

impl Sighting {
    /// The row that it becomes, over what was stored before.
    pub fn into_row(self, id: i64, side: Side, before: Option<&RecordRow>) -> RecordRow {
        let now = Timestamp::now();
        RecordRow {
            id,
            side,
            remote_id: self.remote_id,
            former_ids: self.former_ids,
            version: Version {
                token: self.version_token,
                changed_at_micros: self.changed_at_micros,
                coarse: self.coarse,
            },
            fields: self.fields,
            readable: self.readable,
            in_scope: self.in_scope,
            presence: Presence::Live,
            unreadable: self.unreadable,
            marker: if self.marker.is_empty() {
                before.map(|row| row.marker.clone()).unwrap_or_default()
            } else {
                self.marker
            },
            written_at: if self.written {
                Some(now)
            } else {
                before.and_then(|row| row.written_at)
            },
            ours: self.ours,
            first_seen_at: before.map_or(now, |row| row.first_seen_at),
            unsettled_at: None,
        }
    }
}

/// Stores records as they were seen, alive; answers their row ids by provider id. One that was away and comes back
/// without a link is matched again.
pub async fn upsert(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    sightings: &[Sighting],
) -> Result<Vec<(String, i64)>, StoreError> {
    if sightings.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "INSERT INTO record (tenant, sync, side, remote_id, former_ids, version_token,
             changed_at_micros, coarse, fields, readable, in_scope, presence, unreadable, marker,
             snapshot, ours, written_at)
         SELECT $1, $2, $3, s.remote_id, s.former_ids, s.version_token, s.changed_at_micros,
             s.coarse, nullif(s.fields, 'null'::jsonb), s.readable, s.in_scope, 'live', s.unreadable,
             s.marker, s.snapshot, s.ours, CASE WHEN s.written THEN clock_timestamp() END
         FROM jsonb_to_recordset($4) AS s (remote_id text, former_ids text[], version_token text,
             changed_at_micros bigint, coarse boolean, fields jsonb, readable text[],
             in_scope boolean, unreadable text, marker text, snapshot text, ours boolean,
             written boolean)
         ON CONFLICT (tenant, sync, side, remote_id) DO UPDATE SET
             former_ids = excluded.former_ids, version_token = excluded.version_token,
             changed_at_micros = excluded.changed_at_micros, coarse = excluded.coarse,
             fields = excluded.fields, readable = excluded.readable, in_scope = excluded.in_scope,
             presence = 'live', unreadable = excluded.unreadable,
             marker = CASE WHEN excluded.marker = '' THEN record.marker ELSE excluded.marker END,
             snapshot = coalesce(excluded.snapshot, record.snapshot), ours = excluded.ours,
             written_at = coalesce(excluded.written_at, record.written_at), unsettled_at = NULL,
             unmatched = record.unmatched OR record.presence <> 'live' AND NOT EXISTS (
                 SELECT 1 FROM link l WHERE l.state <> 'closed'
                     AND (l.left_record = record.id OR l.right_record = record.id))
         RETURNING remote_id, id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(Json(sightings))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("remote_id")?, row.try_get("id")?)))
        .collect()
}

#[derive(Serialize)]
struct KeyRow {
    record: i64,
    rank: u32,
    hash: String,
    name_hash: String,
}

/// Replaces the match keys of records.
pub async fn replace_keys(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    keys: &[(i64, Vec<MatchKey>)],
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = keys.iter().map(|(id, _)| *id).collect();
    sqlx::query("DELETE FROM match_key WHERE record = ANY($1)")
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    let rows: Vec<KeyRow> = keys
        .iter()
        .flat_map(|(id, keys)| {
            keys.iter().map(|key| KeyRow {
                record: *id,
                rank: key.rank,
                hash: bytea(&key.hash),
                name_hash: bytea(&key.name_hash),
            })
        })
        .collect();
    sqlx::query(
        "INSERT INTO match_key (record, tenant, sync, side, rank, hash, name_hash)
         SELECT k.record, $1, $2, $3, k.rank, k.hash, k.name_hash
         FROM jsonb_to_recordset($4) AS k (record bigint, rank smallint, hash bytea, name_hash bytea)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(Json(rows))
    .execute(connection)
    .await?;
    Ok(())
}

/// The records of one side with these provider ids, present or former.
pub async fn by_remote(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    remote_ids: &[String],
) -> Result<Vec<RecordRow>, StoreError> {
    // One probe an id, whatever PostgreSQL thinks of the table's size.
    let rows = sqlx::query(
        "SELECT r.* FROM (SELECT DISTINCT unnest($4::text[]) AS id) asked, LATERAL (
             SELECT * FROM record
             WHERE tenant = $1 AND sync = $2 AND side = $3 AND remote_id = asked.id OFFSET 0) r",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(remote_ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(row).collect()
}

/// Records by row id.
pub async fn by_id(
    connection: &mut PgConnection,
    ids: &[i64],
) -> Result<Vec<RecordRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("SELECT * FROM record WHERE id = ANY($1)")
        .bind(ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(row).collect()
}

/// Gives a record the id under which its provider knows it now.
pub async fn rekey(
    connection: &mut PgConnection,
    id: i64,
    remote_id: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE record SET former_ids = array_append(former_ids, remote_id), remote_id = $2
         WHERE id = $1",
    )
    .bind(id)
    .bind(remote_id)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE link SET left_id = CASE WHEN left_record = $1 THEN $2 ELSE left_id END,
             right_id = CASE WHEN right_record = $1 THEN $2 ELSE right_id END
         WHERE left_record = $1 OR right_record = $1",
    )
    .bind(id)
    .bind(remote_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes of records that are gone which links had them: these end, or others take their places (R-11).
pub async fn part(connection: &mut PgConnection, parted: &[(i64, Uuid)]) -> Result<(), StoreError> {
    if parted.is_empty() {
        return Ok(());
    }
    let (records, links): (Vec<i64>, Vec<Uuid>) = parted.iter().copied().unzip();
    sqlx::query(
        "UPDATE record SET former_link = parted.link
         FROM unnest($1::bigint[], $2::uuid[]) AS parted (record, link) WHERE record.id = parted.record",
    )
    .bind(&records)
    .bind(&links)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says where records stand now.
pub async fn set_presence(
    connection: &mut PgConnection,
    ids: &[i64],
    presence: Presence,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE record SET presence = $2,
             unsettled_at = CASE WHEN $2 IN ('unsettled', 'doubtful') THEN clock_timestamp() END
         WHERE id = ANY($1)",
    )
    .bind(ids)
    .bind(presence.word())
    .execute(connection)
    .await?;
    Ok(())
}

/// Has every record's keys and fields stored anew when it is read again: what they are matched by changed.
pub async fn forget_readable(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE record SET readable = '{}' WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that a snapshot mentioned records that have not changed.
pub async fn mention(
    connection: &mut PgConnection,
    ids: &[i64],
    snapshot: &str,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE record SET snapshot = $2 WHERE id = ANY($1)")
        .bind(ids)
        .bind(snapshot)
        .execute(connection)
        .await?;
    Ok(())
}

/// Records that a finished snapshot did not mention: of the whole account, those that live; of the
/// scope, those inside of it.
pub async fn unmentioned(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    snapshot: &str,
    scope_only: bool,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM record WHERE tenant = $1 AND sync = $2 AND side = $3 AND presence = 'live'
             AND snapshot IS DISTINCT FROM $4 AND (NOT $5 OR in_scope)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(snapshot)
    .bind(scope_only)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Takes records out of the scope; their values are forgotten.
pub async fn leave_scope(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE record SET in_scope = false, fields = NULL WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Has linked records that a snapshot of the scope did not mention read by their ids: deleted, outside the scope,
/// or made while it was read. One that is shown inside the scope before need not be read.
pub async fn doubt_scope(connection: &mut PgConnection, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE record SET presence = 'doubtful', in_scope = false,
             unsettled_at = clock_timestamp(), unmatched = false
         WHERE id = ANY($1)",
    )
    .bind(ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Records whose deletion or absence has to be settled, on sides whose last round ended after they
/// became unsettled; with the link that waits for them. A record without a link needs no reading.
pub async fn to_settle(
    connection: &mut PgConnection,
    key: &SyncKey,
    limit: i64,
) -> Result<Vec<(i64, Option<Uuid>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, coalesce(a.id, b.id) AS link FROM record r
         JOIN feed f ON f.tenant = r.tenant AND f.sync = r.sync AND f.side = r.side
         LEFT JOIN link a ON a.left_record = r.id AND a.state <> 'closed'
         LEFT JOIN link b ON b.right_record = r.id AND b.state <> 'closed'
         WHERE r.tenant = $1 AND r.sync = $2 AND r.presence IN ('unsettled', 'doubtful')
             AND (r.presence = 'doubtful' OR f.round_ended_at >= r.unsettled_at)
             AND NOT EXISTS (SELECT 1 FROM write w WHERE w.link = coalesce(a.id, b.id)
                 AND w.status IN ('queued', 'released', 'started'))
         ORDER BY r.id LIMIT $3",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("link")?)))
        .collect()
}

/// Drops what a collection that is gone seemed to say: its tombstones count for nothing (R-21). Whoever is missing
/// still when it is there again, is missing from a reading of everything.
pub async fn drop_unsettled(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE record SET presence = 'live', unsettled_at = NULL
         WHERE tenant = $1 AND sync = $2 AND side = $3 AND presence = 'unsettled'",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
