//! What matching has to see: records that wait to be matched, and all that share a key with them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use model::{MatchKey, Side};
use serde::Serialize;
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey, bytea, side_number, side_of};

/// How far a record that matching may look at is bound already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// It has no open link.
    Free,
    /// It has a link without a counterpart, or whose counterpart is gone and of which nothing is disposed yet; and nothing is
    /// under way that cannot be revoked.
    Half(Uuid),
    /// Something is being written for its link: its counterpart, or its own deletion.
    Busy,
    /// It is linked to a counterpart.
    Full,
    /// It is linked to a counterpart of which it is about to be told whether it is still there, or what follows from
    /// its deletion.
    Doubtful,
}

/// What has become of the place that a record had in an open link before it was gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nobody has it, or it is about to be told whether who has it is still there.
    Open,
    /// Another record has it in this link, and is there.
    Taken(Uuid),
}

/// A record that matching looks at.
#[derive(Debug, Clone)]
pub struct Contender {
    /// The record's row id.
    pub id: i64,
    /// Its side.
    pub side: Side,
    /// The provider's id.
    pub remote_id: String,
    /// Whether it is inside the scope.
    pub in_scope: bool,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// Its keys.
    pub keys: Vec<MatchKey>,
    /// How far it is bound.
    pub bond: Bond,
    /// The place that it had, if it was gone and its link went on without it.
    pub place: Option<Place>,
    /// Whether it was seen; else its deletion is being settled, and it may have a successor.
    pub live: bool,
    /// Whether it is one of those that wait to be matched.
    pub waiting: bool,
}

/// Records in scope that wait to be matched, oldest first. A side on which a create is claimed waits:
/// what was read meanwhile may be that create's own record. So does a side on which an update may be making a record
/// anew, where some providers do (`anew`); and until it is known whether it did, whoever shares a key with that record.
pub async fn waiting(
    connection: &mut PgConnection,
    key: &SyncKey,
    anew: bool,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "WITH busy AS MATERIALIZED (
             SELECT DISTINCT side FROM write WHERE tenant = $1 AND sync = $2
                 AND status IN ('queued', 'released', 'started') AND status = 'started'
                 AND (operation = 'create' OR $4 AND anew)
         ), making AS MATERIALIZED (
             SELECT DISTINCT w.side, k.hash FROM write w JOIN link l ON l.id = w.link
             JOIN match_key k ON k.record IN (l.left_record, l.right_record)
             WHERE $4 AND w.tenant = $1 AND w.sync = $2 AND w.anew AND w.status IN ('queued', 'released', 'unknown')
                 AND w.side NOT IN (SELECT side FROM busy) AND l.state IN ('pending', 'deferred')
                 AND (w.status <> 'unknown' OR NOT EXISTS (SELECT FROM write n WHERE n.tenant = $1
                     AND n.sync = $2 AND n.link = w.link AND n.side = w.side AND n.operation <> 'read'
                     AND n.status = 'answered' AND n.queued_at > w.queued_at))
         )
         SELECT r.id FROM record r WHERE r.tenant = $1 AND r.sync = $2 AND r.unmatched AND r.in_scope
             AND r.presence = 'live' AND r.side NOT IN (SELECT side FROM busy)
             AND NOT EXISTS (SELECT FROM match_key own JOIN making m ON m.hash = own.hash
                 WHERE own.record = r.id AND m.side = r.side)
         ORDER BY r.first_seen_at, r.id LIMIT $3",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(limit)
    .bind(anew)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// The waiting records themselves and every live record of either side that shares a key with one of them.
pub async fn contenders(
    connection: &mut PgConnection,
    key: &SyncKey,
    waiting: &[i64],
) -> Result<Vec<Contender>, StoreError> {
    let rows = sqlx::query(
        "WITH chosen AS (
             SELECT unnest($3::bigint[]) AS id
             UNION
             SELECT o.record FROM match_key m JOIN match_key o
                 ON o.tenant = m.tenant AND o.sync = m.sync AND o.hash = m.hash
             WHERE m.record = ANY($3) AND m.tenant = $1 AND m.sync = $2
         )
         SELECT r.id, r.side, r.remote_id, r.in_scope, r.first_seen_at, r.presence = 'live' AS live,
             coalesce(a.id, b.id) AS link, p.link AS place, p.presence AS in_place,
             o.id IS NOT NULL AND (o.presence <> 'gone' OR coalesce(a.state, b.state) <> 'pending') AS full_link,
             coalesce(o.presence IN ('unsettled', 'doubtful') OR o.presence = 'gone' AND coalesce(a.dirty, b.dirty),
                 false) AS may_be_bereft,
             EXISTS (SELECT 1 FROM write w WHERE w.link = coalesce(a.id, b.id)
                 AND w.status IN ('queued', 'released', 'started')
                 AND w.status = 'started') AS busy,
             coalesce(k.ranks, '{}') AS ranks, coalesce(k.hashes, '{}') AS hashes,
             coalesce(k.name_hashes, '{}') AS name_hashes
         FROM chosen c JOIN record r ON r.id = c.id
         LEFT JOIN link a ON a.left_record = r.id AND a.state <> 'closed'
         LEFT JOIN link b ON b.right_record = r.id AND b.state <> 'closed'
         LEFT JOIN record o ON o.id = coalesce(a.right_record, b.left_record)
         LEFT JOIN former_place p ON p.record = r.id
         LEFT JOIN LATERAL (SELECT array_agg(rank ORDER BY rank) AS ranks,
             array_agg(hash ORDER BY rank) AS hashes, array_agg(name_hash ORDER BY rank) AS name_hashes
             FROM match_key WHERE record = r.id) k ON true
         WHERE r.presence IN ('live', 'unsettled', 'doubtful')
         ORDER BY r.id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(waiting)
    .fetch_all(connection)
    .await?;
    let waiting: std::collections::HashSet<i64> = waiting.iter().copied().collect();
    rows.iter()
        .map(|row| {
            let id: i64 = row.try_get("id")?;
            let link: Option<Uuid> = row.try_get("link")?;
            let may_be_bereft: bool = row.try_get("may_be_bereft")?;
            let bond = match (link, row.try_get("full_link")?, row.try_get("busy")?) {
                (None, ..) => Bond::Free,
                (Some(_), true, _) if may_be_bereft => Bond::Doubtful,
                (Some(_), true, _) => Bond::Full,
                (Some(_), false, true) => Bond::Busy,
                (Some(link), false, false) => Bond::Half(link),
            };
            let place: Option<Uuid> = row.try_get("place")?;
            let in_place: Option<&str> = row.try_get("in_place")?;
            let place = place.and_then(|link| match in_place {
                Some("live") => Some(Place::Taken(link)),
                // Hidden from us, and its link with it: whoever comes is somebody new.
                Some("out of reach") => None,
                _ => Some(Place::Open),
            });
            let ranks: Vec<i16> = row.try_get("ranks")?;
            let hashes: Vec<Vec<u8>> = row.try_get("hashes")?;
            let names: Vec<Vec<u8>> = row.try_get("name_hashes")?;
            let keys = ranks
                .into_iter()
                .zip(hashes.into_iter().zip(names))
                .filter_map(|(rank, (hash, name))| {
                    Some(MatchKey {
                        rank: u32::try_from(rank).ok()?,
                        hash: hash.try_into().ok()?,
                        name_hash: name.try_into().ok()?,
                    })
                })
                .collect();
            Ok(Contender {
                id,
                side: side_of(row.try_get("side")?),
                remote_id: row.try_get("remote_id")?,
                in_scope: row.try_get("in_scope")?,
                first_seen_at: row
                    .try_get::<jiff_sqlx::Timestamp, _>("first_seen_at")?
                    .to_jiff(),
                keys,
                bond,
                place,
                live: row.try_get("live")?,
                waiting: waiting.contains(&id),
            })
        })
        .collect()
}

/// Waiting records that carry the marker of a link whose record on that side is missing or gone: the
/// create's own record, found again. Answers (record, link).
pub async fn by_marker(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let rows = sqlx::query(
        "WITH waiting AS MATERIALIZED (
             SELECT id, side, marker, first_seen_at FROM record
             WHERE tenant = $1 AND sync = $2 AND unmatched AND presence = 'live' AND marker <> ''
         ), claimed AS MATERIALIZED (
             SELECT link FROM write WHERE tenant = $1 AND sync = $2
                 AND status IN ('queued', 'released', 'started') AND status = 'started'
         )
         SELECT DISTINCT ON (l.id) r.id, l.id AS link FROM waiting r
         JOIN link l ON l.tenant = $1 AND l.sync = $2 AND l.marker = r.marker AND l.marker <> ''
         LEFT JOIN record own ON own.id = CASE r.side WHEN 1 THEN l.left_record ELSE l.right_record END
         JOIN record source ON source.id = CASE r.side WHEN 1 THEN l.right_record ELSE l.left_record END
         WHERE coalesce(own.presence, 'gone') = 'gone' AND source.presence = 'live'
             AND NOT EXISTS (SELECT 1 FROM link o WHERE o.left_record = source.id
                 AND o.id <> l.id AND o.state <> 'closed')
             AND NOT EXISTS (SELECT 1 FROM link o WHERE o.right_record = source.id
                 AND o.id <> l.id AND o.state <> 'closed')
             AND l.id NOT IN (SELECT link FROM claimed)
         ORDER BY l.id, r.first_seen_at, r.id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(connection)
    .await?;
    rows.iter().map(found).collect()
}

fn found(row: &PgRow) -> Result<(i64, Uuid), StoreError> {
    Ok((row.try_get("id")?, row.try_get("link")?))
}

/// Waiting records of the scope that an open link had before they were gone, and in whose place nothing was put
/// since, or what was is gone as well: somebody took them out of the bin. Of those in doubt only the given ones
/// count. Answers (record, link).
pub async fn restored(
    connection: &mut PgConnection,
    key: &SyncKey,
    doubtful: &[i64],
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let rows = sqlx::query(
        "WITH waiting AS MATERIALIZED (
             SELECT id, remote_id, side FROM record WHERE tenant = $1 AND sync = $2 AND unmatched
                 AND presence = 'live' AND in_scope
             UNION ALL
             SELECT id, remote_id, side FROM record WHERE id = ANY($3) AND unmatched
                 AND presence = 'doubtful' AND in_scope
         ), bereft AS (
             SELECT r.id, l.id AS link FROM waiting r
             JOIN link l ON l.tenant = $1 AND l.sync = $2 AND l.left_id = r.remote_id
             WHERE r.side = 1 AND l.left_record IS NULL AND l.left_id <> '' AND l.state <> 'closed'
             UNION ALL
             SELECT r.id, l.id FROM waiting r
             JOIN link l ON l.tenant = $1 AND l.sync = $2 AND l.right_id = r.remote_id
             WHERE r.side = 2 AND l.right_record IS NULL AND l.right_id <> '' AND l.state <> 'closed'
             UNION ALL
             SELECT r.id, p.link FROM waiting r JOIN former_place p ON p.record = r.id
             WHERE coalesce(p.presence, 'gone') = 'gone'
         )
         SELECT DISTINCT ON (r.link) r.id, r.link FROM bereft r
         WHERE NOT EXISTS (SELECT FROM link o WHERE o.left_record = r.id AND o.state <> 'closed')
             AND NOT EXISTS (SELECT FROM link o WHERE o.right_record = r.id AND o.state <> 'closed')
             AND NOT EXISTS (SELECT FROM write w WHERE w.link = r.link
                 AND w.status IN ('queued', 'released', 'started') AND w.status = 'started')
         ORDER BY r.link, r.id DESC",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(doubtful)
    .fetch_all(connection)
    .await?;
    rows.iter().map(found).collect()
}

/// Of these records, those of the scope that wait to be matched, each with the open link that had it before it was gone.
pub async fn waiting_of(
    connection: &mut PgConnection,
    records: &[i64],
) -> Result<HashMap<i64, Option<Uuid>>, StoreError> {
    if records.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "SELECT r.id, p.link FROM record r LEFT JOIN former_place p ON p.record = r.id
         WHERE r.id = ANY($1) AND r.unmatched AND r.in_scope",
    )
    .bind(records)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("link")?)))
        .collect()
}

/// A live record of the scope without a counterpart, or whose counterpart is there no more.
#[derive(Debug, Clone)]
pub struct Lone {
    /// The record's row id.
    pub record: i64,
    /// Its side.
    pub side: Side,
    /// The provider's id.
    pub remote_id: String,
    /// Its link, if it has one already.
    pub link: Option<Uuid>,
    /// How often its counterpart was created, this time included, as far as is known.
    pub create_generation: i32,
    /// Whether it had a counterpart, which was deleted or is missing.
    pub bereft: bool,
}

/// Whether what these records of two sides have in common is a key that other live records of the first one's side
/// have as well, and not the name.
pub async fn shares_only_a_key(
    connection: &mut PgConnection,
    source: i64,
    found: i64,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (
             SELECT 1 FROM match_key own JOIN match_key other ON other.tenant = own.tenant
                 AND other.sync = own.sync AND other.side = own.side AND other.hash = own.hash
                 AND other.record <> own.record
             JOIN match_key theirs ON theirs.record = $2 AND theirs.hash = own.hash
             JOIN record r ON r.id = other.record AND r.presence = 'live'
             WHERE own.record = $1
         ) AND NOT EXISTS (
             SELECT 1 FROM match_key own JOIN match_key theirs ON theirs.record = $2
                 AND theirs.hash = own.hash AND theirs.name_hash = own.name_hash
             WHERE own.record = $1
         ) AS answer",
    )
    .bind(source)
    .bind(found)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get("answer")?)
}

/// Live records of the scope that have no counterpart any more and are no twins, oldest first; none of which a create
/// is claimed.
pub async fn lone(connection: &mut PgConnection, key: &SyncKey) -> Result<Vec<Lone>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.id, r.side, r.remote_id, l.id AS link, coalesce(l.create_generation, 1) AS generation,
             c.id IS NOT NULL AS bereft
         FROM record r
         LEFT JOIN link a ON a.left_record = r.id AND a.state <> 'closed'
         LEFT JOIN link b ON b.right_record = r.id AND b.state <> 'closed'
         LEFT JOIN link l ON l.id = coalesce(a.id, b.id)
         LEFT JOIN record c ON c.id = CASE r.side WHEN 1 THEN l.right_record ELSE l.left_record END
             AND c.presence IN ('unsettled', 'gone')
         WHERE r.tenant = $1 AND r.sync = $2 AND r.presence = 'live' AND r.in_scope
             AND (l.id IS NULL OR l.left_record IS NULL OR l.right_record IS NULL OR c.id IS NOT NULL)
             AND coalesce(l.reason, '') <> $3
             AND NOT EXISTS (SELECT 1 FROM write w WHERE w.link = l.id AND w.status IN ('queued', 'released', 'started')
                 AND w.status = 'started')
         ORDER BY r.first_seen_at, r.id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(merge::Reason::Twin.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Lone {
                record: row.try_get("id")?,
                side: side_of(row.try_get("side")?),
                remote_id: row.try_get("remote_id")?,
                link: row.try_get("link")?,
                create_generation: row.try_get("generation")?,
                bereft: row.try_get("bereft")?,
            })
        })
        .collect()
}

/// Records that wait to be matched and carry a marker, oldest first: (record, side, marker).
pub async fn marked(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Vec<(i64, Side, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, side, marker FROM record WHERE tenant = $1 AND sync = $2 AND unmatched
             AND presence = 'live' AND marker <> '' ORDER BY first_seen_at, id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("id")?,
                side_of(row.try_get("side")?),
                row.try_get("marker")?,
            ))
        })
        .collect()
}

/// A record that somebody looks for by its keys.
#[derive(Debug, Clone)]
pub struct Sought<'a> {
    /// Its side.
    pub side: Side,
    /// What it is known by.
    pub keys: &'a [MatchKey],
    /// Those of the keys that are enough without the name, if nobody else has them on either side.
    pub unshared: &'a [MatchKey],
    /// It was not there before.
    pub after: Timestamp,
}

#[derive(Serialize)]
struct SoughtKey {
    place: usize,
    side: i16,
    after: Timestamp,
    rank: u32,
    hash: String,
    name_hash: String,
    enough: bool,
}

impl Sought<'_> {
    fn keys(&self, place: usize) -> impl Iterator<Item = SoughtKey> {
        self.keys.iter().map(move |key| SoughtKey {
            place,
            side: side_number(self.side),
            after: self.after,
            rank: key.rank,
            hash: bytea(&key.hash),
            name_hash: bytea(&key.name_hash),
            enough: self.unshared.contains(key),
        })
    }
}

/// The oldest live record that has no open link and one of the sought keys together with its name, inside the scope or
/// outside: with its provider id, by the place of whoever looks for it.
pub async fn free_with_keys(
    connection: &mut PgConnection,
    key: &SyncKey,
    sought: &[Sought<'_>],
) -> Result<BTreeMap<usize, (i64, String)>, StoreError> {
    let keys = sought.iter().enumerate();
    let keys: Vec<SoughtKey> = keys.flat_map(|(place, one)| one.keys(place)).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(
        "SELECT DISTINCT ON (k.place) k.place, r.id, r.remote_id
         FROM jsonb_to_recordset($3) AS k (place bigint, side smallint, after timestamptz, rank smallint,
             hash bytea, name_hash bytea, enough boolean)
         JOIN match_key m ON m.tenant = $1 AND m.sync = $2 AND m.side = k.side AND m.hash = k.hash AND m.rank = k.rank
         JOIN record r ON r.id = m.record
         WHERE r.presence = 'live' AND r.first_seen_at >= k.after
             AND (k.name_hash = m.name_hash
                 OR k.enough AND NOT EXISTS (SELECT FROM match_key other
                     JOIN record holder ON holder.id = other.record AND holder.presence = 'live'
                     WHERE other.tenant = $1 AND other.sync = $2 AND other.hash = m.hash AND other.record <> r.id))
             AND NOT EXISTS (SELECT FROM link l WHERE l.state <> 'closed' AND l.left_record = r.id)
             AND NOT EXISTS (SELECT FROM link l WHERE l.state <> 'closed' AND l.right_record = r.id)
         ORDER BY k.place, r.first_seen_at, r.id",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(Json(keys))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let place: i64 = row.try_get("place")?;
            let found = (row.try_get("id")?, row.try_get("remote_id")?);
            Ok((usize::try_from(place).unwrap_or(usize::MAX), found))
        })
        .collect()
}

/// A record that may have taken a gone one's place.
#[derive(Debug)]
pub struct Successor {
    /// Its row id.
    pub id: i64,
    /// The provider's id.
    pub remote_id: String,
}

/// A live record of the same side that carries the gone one's id among its former ones, its marker,
/// or its first key together with its name, or that the gone one's link had before.
pub async fn successor(
    connection: &mut PgConnection,
    key: &SyncKey,
    side: Side,
    gone: i64,
    link: Uuid,
) -> Result<Option<Successor>, StoreError> {
    let row = sqlx::query(
        "SELECT r.id, r.remote_id FROM record g JOIN record r
             ON r.tenant = g.tenant AND r.sync = g.sync AND r.side = g.side AND r.id <> g.id
         WHERE g.id = $4 AND g.tenant = $1 AND g.sync = $2 AND g.side = $3 AND r.presence = 'live'
             AND r.in_scope
             AND (g.remote_id = ANY(r.former_ids)
                 OR g.marker <> '' AND r.marker = g.marker
                 OR EXISTS (SELECT FROM former_place p WHERE p.record = r.id AND p.link = $5)
                 OR EXISTS (SELECT 1 FROM match_key a JOIN match_key b
                     ON b.hash = a.hash AND b.name_hash = a.name_hash AND b.rank = 0 AND a.rank = 0
                     WHERE a.record = g.id AND b.record = r.id))
         ORDER BY (g.remote_id = ANY(r.former_ids)) DESC, (g.marker <> '' AND r.marker = g.marker) DESC,
             r.first_seen_at, r.id LIMIT 1",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(side_number(side))
    .bind(gone)
    .bind(link)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Successor {
            id: row.try_get("id")?,
            remote_id: row.try_get("remote_id")?,
        })
    })
    .transpose()
}

/// Has records matched again. One that is in doubt is as soon as it is known to be there.
pub async fn set_unmatched(
    connection: &mut PgConnection,
    records: &[i64],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE record SET unmatched = true
         WHERE id = ANY($1) AND presence IN ('live', 'doubtful', 'unsettled')",
    )
    .bind(records)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that records are matched.
pub async fn set_matched(connection: &mut PgConnection, records: &[i64]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE record SET unmatched = false WHERE id = ANY($1)")
        .bind(records)
        .execute(connection)
        .await?;
    Ok(())
}
