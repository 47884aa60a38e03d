//! Owners: which other syncs keep the same accounts in step, and which of them hold records of ours.
//!
//! Syncs that share both accounts meet in the records themselves; there are few of them. Syncs that share one meet in
//! what is the same in whatever account it is: a meeting of which each mailbox holds a copy under one UID is one event of
//! the CRM. Which kinds of record have such an identity, and by which key, their table says. Thousands of syncs may
//! share a CRM, so that [`copies`] never goes through them: it looks up what is the same.

mod copies;

use std::collections::HashMap;

use jiff::Timestamp;
use model::{PerSide, Side};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{StoreError, SyncKey};
use crate::definition::Definition;

/// How the reason of a link begins whose records belong to another sync.
pub const SYNCED_BY: &str = "synced by ";

/// The tenant's other syncs that are on and keep accounts of ours in step, with records of the same kind.
#[derive(Debug)]
pub struct Neighbours {
    /// Those of the same two accounts.
    straight: Vec<String>,
    /// Those of the same two accounts, whose left one is our right one.
    crosswise: Vec<String>,
    /// By the side whose account others share alone: the rank of the keys that tell copies on the other side.
    sharing: PerSide<Option<i16>>,
}

impl Neighbours {
    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        !self.share_both() && !self.share_one()
    }

    fn share_both(&self) -> bool {
        !self.straight.is_empty() || !self.crosswise.is_empty()
    }

    /// Whether others share one account, and what the other accounts hold may be copies of one thing.
    pub fn share_one(&self) -> bool {
        Side::ALL
            .into_iter()
            .any(|side| self.sharing.get(side).is_some())
    }
}

/// Notes which accounts a sync keeps in step.
pub async fn note_accounts(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sync SET kind = $3, left_account = $4, right_account = $5
         WHERE tenant = $1 AND sync = $2 AND (kind, left_account, right_account) <> ($3, $4, $5)",
    )
    .bind(&definition.key.tenant)
    .bind(&definition.key.sync)
    .bind(&definition.kind)
    .bind(&definition.left.account)
    .bind(&definition.right.account)
    .execute(connection)
    .await?;
    Ok(())
}

/// The neighbours of a sync.
pub async fn neighbours(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<Neighbours, StoreError> {
    let rows = sqlx::query(
        "SELECT sync, (left_account, right_account) = ($4, $5) AS straight FROM sync
         WHERE tenant = $1 AND sync <> $2 AND kind = $3 AND phase IN ('baseline', 'live')
             AND (left_account, right_account) IN (($4, $5), ($5, $4))
         ORDER BY sync",
    )
    .bind(&definition.key.tenant)
    .bind(&definition.key.sync)
    .bind(&definition.kind)
    .bind(&definition.left.account)
    .bind(&definition.right.account)
    .fetch_all(&mut *connection)
    .await?;
    let mut neighbours = Neighbours {
        straight: Vec::new(),
        crosswise: Vec::new(),
        sharing: copies::sharing(connection, definition).await?,
    };
    for row in &rows {
        let syncs = if row.try_get("straight")? {
            &mut neighbours.straight
        } else {
            &mut neighbours.crosswise
        };
        syncs.push(row.try_get("sync")?);
    }
    Ok(neighbours)
}

/// Lets only one of the syncs that share both accounts decide at a time who owns what, until the transaction ends.
pub async fn take_turns(
    connection: &mut PgConnection,
    definition: &Definition,
    neighbours: &Neighbours,
) -> Result<(), StoreError> {
    if !neighbours.share_both() {
        return Ok(());
    }
    let mut accounts = [&definition.left.account, &definition.right.account];
    accounts.sort();
    let [first, second] = accounts;
    let (tenant, kind) = (&definition.key.tenant, &definition.kind);
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("{tenant}\n{kind}\n{first}\n{second}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// Of these links, those that nobody holds yet and of which others may have copies: lets one sync at a time decide
/// about each copied thing, until the transaction ends. Answers those that somebody holds by now.
pub async fn take_turns_at_copies(
    connection: &mut PgConnection,
    definition: &Definition,
    neighbours: &Neighbours,
    links: &[Uuid],
    horizon_seconds: f64,
) -> Result<HashMap<Uuid, Holder>, StoreError> {
    if !neighbours.share_one()
        || links.is_empty()
        || !copies::take_turns(connection, &neighbours.sharing, links).await?
    {
        return Ok(HashMap::new());
    }
    let mut holders = Holders::default();
    copies::held(
        connection,
        definition,
        &neighbours.sharing,
        links,
        horizon_seconds,
        &mut holders,
    )
    .await?;
    Ok(holders.0)
}

/// Whether a link `o` of another sync holds a record of `own`, in SQL. An open link that is kept in step holds its
/// records; so does one that ended a while ago, until both our feeds have been read since, or what it deleted would look
/// alive here. `$1` is the tenant, `$2` our sync, `$4` the horizon in seconds.
macro_rules! holds {
    () => {
        "CASE
        WHEN o.state = 'closed' THEN o.base IS NOT NULL
            AND (own.state = 'excluded' OR own.left_record IS NULL OR own.right_record IS NULL)
            AND o.closed_at + make_interval(secs => $4) >
                (SELECT min(coalesce(f.round_began_at, '-infinity')) FROM feed f
                 WHERE f.tenant = $1 AND f.sync = $2)
        WHEN o.state = 'excluded' THEN false
        -- Two records: ours gives way, unless it holds them as well, not just since we were turned on again,
        -- and is the older.
        WHEN o.left_record IS NOT NULL AND o.right_record IS NOT NULL THEN own.state = 'excluded'
            OR own.reason = 'adopted' OR own.left_record IS NULL OR own.right_record IS NULL
            OR (o.made_at, o.sync) < (own.made_at, own.sync)
        -- One record, whose counterpart it is about to make: the older one makes it.
        ELSE o.state IN ('pending', 'deferred')
            AND (own.left_record IS NULL OR own.right_record IS NULL)
            AND (o.made_at, o.sync) < (own.made_at, own.sync)
    END"
    };
}

/// Who holds our links' records, in SQL: of those among `$o` the first one that holds each of the links `$3`.
macro_rules! holders {
    ($o:expr) => {
        concat!(
            "SELECT DISTINCT ON (own.id) own.id, o.id AS holder, o.sync, o.state = 'closed' AS closed, o.made_at
             FROM link own JOIN LATERAL (",
            $o,
            ") o ON ",
            $crate::store::owner::holds!(),
            " WHERE own.id = ANY($3) ORDER BY own.id, o.state = 'closed', o.made_at, o.sync"
        )
    };
}

/// The links of some syncs that have a record of ours, in SQL.
macro_rules! with_record {
    ($syncs:literal, $theirs:literal, $ours:literal) => {
        concat!(
            "SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY(",
            $syncs,
            ") AND o.",
            $theirs,
            " = own.",
            $ours,
            " AND own.",
            $ours,
            " <> ''"
        )
    };
}

pub(crate) use {holders, holds};

/// Who holds a link's records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    closed: bool,
    made_at: Timestamp,
    /// The sync.
    pub sync: String,
    /// Its link.
    pub link: Uuid,
}

/// Who holds links, as far as is known.
#[derive(Debug, Default)]
struct Holders(HashMap<Uuid, Holder>);

impl Holders {
    /// One more of which is known that it holds a link; the one that is open and the oldest speaks for all.
    fn note(&mut self, row: &PgRow) -> Result<(), StoreError> {
        let holder = Holder {
            closed: row.try_get("closed")?,
            made_at: row.try_get::<jiff_sqlx::Timestamp, _>("made_at")?.to_jiff(),
            sync: row.try_get("sync")?,
            link: row.try_get("holder")?,
        };
        let link = row.try_get("id")?;
        if self.0.get(&link).is_none_or(|known| holder < *known) {
            self.0.insert(link, holder);
        }
        Ok(())
    }
}

/// Of these links, those whose records another sync holds, with who does.
pub async fn held(
    connection: &mut PgConnection,
    definition: &Definition,
    neighbours: &Neighbours,
    links: &[Uuid],
    horizon_seconds: f64,
) -> Result<HashMap<Uuid, Holder>, StoreError> {
    let mut holders = Holders::default();
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    if neighbours.share_both() {
        let rows = sqlx::query(holders!(concat!(
            with_record!("$5", "left_id", "left_id"),
            " UNION ALL ",
            with_record!("$5", "right_id", "right_id"),
            " UNION ALL ",
            with_record!("$6", "right_id", "left_id"),
            " UNION ALL ",
            with_record!("$6", "left_id", "right_id")
        )))
        .bind(&definition.key.tenant)
        .bind(&definition.key.sync)
        .bind(links)
        .bind(horizon_seconds)
        .bind(&neighbours.straight)
        .bind(&neighbours.crosswise)
        .fetch_all(&mut *connection)
        .await?;
        rows.iter().try_for_each(|row| holders.note(row))?;
    }
    copies::held(
        connection,
        definition,
        &neighbours.sharing,
        links,
        horizon_seconds,
        &mut holders,
    )
    .await?;
    Ok(holders.0)
}

/// Notes who holds links that are left to others: pairs of a link and its holder's.
pub async fn note_holders(
    connection: &mut PgConnection,
    held: impl Iterator<Item = (Uuid, Uuid)>,
) -> Result<(), StoreError> {
    let (links, holders): (Vec<Uuid>, Vec<Uuid>) = held.unzip();
    sqlx::query(
        "UPDATE link SET held_by = h.holder FROM unnest($1::uuid[], $2::uuid[]) AS h (link, holder)
         WHERE link.id = h.link AND link.held_by IS DISTINCT FROM h.holder",
    )
    .bind(links)
    .bind(holders)
    .execute(connection)
    .await?;
    Ok(())
}

/// The definitions of these syncs, encoded.
pub async fn definitions(
    connection: &mut PgConnection,
    tenant: &str,
    syncs: &[&str],
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let rows =
        sqlx::query("SELECT sync, definition FROM sync WHERE tenant = $1 AND sync = ANY($2)")
            .bind(tenant)
            .bind(syncs)
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("sync")?, row.try_get("definition")?)))
        .collect()
}

/// Has links planned again whose records no other sync holds any more. Answers how many.
pub async fn take_over(
    connection: &mut PgConnection,
    definition: &Definition,
    neighbours: &Neighbours,
    horizon_seconds: f64,
) -> Result<usize, StoreError> {
    let mut free = left_to_others(connection, &definition.key, neighbours).await?;
    let held = held(connection, definition, neighbours, &free, horizon_seconds).await?;
    free.retain(|link| !held.contains_key(link));
    if !free.is_empty() {
        sqlx::query("UPDATE link SET dirty = true WHERE id = ANY($1)")
            .bind(&free)
            .execute(connection)
            .await?;
    }
    Ok(free.len())
}

/// Links at rest whose records belong to another sync; not those of which whoever had a copy when they were left to it
/// holds one still.
async fn left_to_others(
    connection: &mut PgConnection,
    key: &SyncKey,
    neighbours: &Neighbours,
) -> Result<Vec<Uuid>, StoreError> {
    // One probe a link, whatever PostgreSQL thinks of the table's size.
    let rows = sqlx::query(
        "SELECT own.id FROM link own WHERE own.tenant = $1 AND own.sync = $2 AND own.state = 'excluded'
             AND NOT own.dirty AND own.reason LIKE $3 AND NOT EXISTS (
                 SELECT FROM link o JOIN sync s ON s.tenant = o.tenant AND s.sync = o.sync
                 JOIN match_key copy ON copy.record = ANY(ARRAY[o.left_record, o.right_record])
                 JOIN match_key mine ON mine.record = ANY(ARRAY[own.left_record, own.right_record])
                     AND mine.hash = copy.hash AND mine.tenant = $1 AND mine.sync = $2 AND mine.side = copy.side
                 WHERE o.id = own.held_by AND o.state NOT IN ('closed', 'excluded')
                     AND o.left_record IS NOT NULL AND o.right_record IS NOT NULL
                     AND s.phase IN ('baseline', 'live')
                     AND mine.rank = CASE mine.side WHEN 1 THEN $4::smallint ELSE $5::smallint END
                 OFFSET 0)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(format!("{SYNCED_BY}%"))
    .bind(neighbours.sharing.right)
    .bind(neighbours.sharing.left)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}
