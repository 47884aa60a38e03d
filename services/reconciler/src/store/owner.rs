//! Owners: which other syncs keep the same accounts in step, and which pairs of records they hold.
//!
//! Syncs that share both accounts meet in the records themselves. Syncs that share one meet in what is the same in
//! whatever account it is: a meeting of which each mailbox holds a copy under one UID is one event of the CRM. Which kinds
//! of record have such an identity, and by which key, their table says.

use std::collections::HashMap;

use model::Side;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{StoreError, SyncKey};
use crate::definition::Definition;

/// How the reason of a link begins whose records belong to another sync.
pub const SYNCED_BY: &str = "synced by ";

/// Another sync of the same accounts and the same kind of record.
#[derive(Debug, Clone)]
pub struct Sibling {
    /// Its id.
    pub sync: String,
    /// Which accounts it shares with ours.
    pub shares: Shares,
    /// Its definition, encoded.
    pub definition: Vec<u8>,
}

/// Which accounts two syncs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shares {
    /// Both.
    Both {
        /// Whether its left account is our right one.
        crosswise: bool,
    },
    /// One of them, and what the others hold may be copies of one thing.
    One {
        /// The side of it, in both syncs.
        near: Side,
        /// The rank of the keys that tell, on the other side.
        rank: u32,
    },
}

impl Shares {
    /// What a sync shares with one of these accounts. None if it is of no concern.
    fn of(definition: &Definition, left: &str, right: &str) -> Option<Self> {
        let own = (
            definition.left.account.as_str(),
            definition.right.account.as_str(),
        );
        if (left, right) == own {
            return Some(Self::Both { crosswise: false });
        }
        if (right, left) == own {
            return Some(Self::Both { crosswise: true });
        }
        let near = if left == own.0 {
            Side::Left
        } else if right == own.1 {
            Side::Right
        } else {
            return None;
        };
        let rank = definition.identity_rank(near.other())?;
        Some(Self::One { near, rank })
    }
}

/// Whether records of this sync are the same in other accounts.
fn has_identity(definition: &Definition) -> bool {
    Side::ALL
        .into_iter()
        .any(|side| definition.identity_rank(side).is_some())
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

/// The tenant's other syncs of the same accounts and kind that are on: of both accounts, or of one if copies of one thing
/// can be told.
pub async fn siblings(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<Vec<Sibling>, StoreError> {
    let rows = sqlx::query(
        "SELECT sync, definition, left_account, right_account FROM sync
         WHERE tenant = $1 AND sync <> $2 AND kind = $3 AND phase IN ('baseline', 'live')
             AND ((left_account, right_account) IN (($4, $5), ($5, $4))
                 OR $6 AND (left_account = $4 OR right_account = $5))
         ORDER BY sync",
    )
    .bind(&definition.key.tenant)
    .bind(&definition.key.sync)
    .bind(&definition.kind)
    .bind(&definition.left.account)
    .bind(&definition.right.account)
    .bind(has_identity(definition))
    .fetch_all(connection)
    .await?;
    let sibling = |row: &PgRow| -> Result<Option<Sibling>, StoreError> {
        let (left, right): (&str, &str) =
            (row.try_get("left_account")?, row.try_get("right_account")?);
        let Some(shares) = Shares::of(definition, left, right) else {
            return Ok(None);
        };
        Ok(Some(Sibling {
            sync: row.try_get("sync")?,
            shares,
            definition: row.try_get("definition")?,
        }))
    };
    rows.iter()
        .filter_map(|row| sibling(row).transpose())
        .collect()
}

/// Lets only one of the syncs that share accounts decide at a time who owns what, until the transaction ends.
pub async fn take_turns(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<(), StoreError> {
    let mut accounts = [&definition.left.account, &definition.right.account];
    accounts.sort();
    let [first, second] = accounts;
    let turns = if has_identity(definition) {
        vec![first.clone(), second.clone()]
    } else {
        vec![format!("{first}\n{second}")]
    };
    // One after the other, and all in the same order, so that nobody waits in a ring.
    for turn in turns {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(format!(
                "{}\n{}\n{turn}",
                definition.key.tenant, definition.kind
            ))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The other syncs' links that hold a record of `own`, in SQL. An open link that is kept in step holds its
/// records; so does one that ended a while ago, until both our feeds have been read since, or what it deleted
/// would look alive here.
///
/// Of syncs that share one account (the left one with `$6`, the right one with `$8`), a link holds every copy of its record
/// on the other side; and where we know such a copy, its record of the shared account as well, lest that become a second one.
macro_rules! with_holder {
    ($before:literal, $after:literal) => {
        concat!($before, "LATERAL (
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($3) AND o.left_id = own.left_id
            AND own.left_id <> ''
        UNION ALL
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($3) AND o.right_id = own.right_id
            AND own.right_id <> ''
        UNION ALL
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($4) AND o.right_id = own.left_id
            AND own.left_id <> ''
        UNION ALL
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($4) AND o.left_id = own.right_id
            AND own.right_id <> ''
        UNION ALL
        SELECT o.* FROM match_key mine
        JOIN match_key copy ON copy.hash = mine.hash AND copy.tenant = $1 AND copy.sync = ANY($6) AND copy.side = 2
        JOIN record r ON r.id = copy.record
        JOIN link o ON o.tenant = $1 AND o.sync = r.sync AND o.right_id = r.remote_id
        WHERE mine.record = own.right_record AND mine.rank = $7
        UNION ALL
        SELECT o.* FROM match_key mine
        JOIN match_key copy ON copy.hash = mine.hash AND copy.tenant = $1 AND copy.sync = ANY($8) AND copy.side = 1
        JOIN record r ON r.id = copy.record
        JOIN link o ON o.tenant = $1 AND o.sync = r.sync AND o.left_id = r.remote_id
        WHERE mine.record = own.left_record AND mine.rank = $9
        UNION ALL
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($6) AND o.left_id = own.left_id
            AND o.left_id <> '' AND own.left_id <> '' AND own.right_record IS NULL AND EXISTS (
                SELECT FROM match_key copy
                JOIN match_key mine ON mine.hash = copy.hash AND mine.tenant = $1 AND mine.sync = $2
                    AND mine.side = 2 AND mine.rank = $7
                JOIN record r ON r.id = mine.record AND r.presence = 'live'
                WHERE copy.record = o.right_record)
        UNION ALL
        SELECT o.* FROM link o WHERE o.tenant = $1 AND o.sync = ANY($8) AND o.right_id = own.right_id
            AND o.right_id <> '' AND own.right_id <> '' AND own.left_record IS NULL AND EXISTS (
                SELECT FROM match_key copy
                JOIN match_key mine ON mine.hash = copy.hash AND mine.tenant = $1 AND mine.sync = $2
                    AND mine.side = 1 AND mine.rank = $9
                JOIN record r ON r.id = mine.record AND r.presence = 'live'
                WHERE copy.record = o.left_record)
    ) o ON CASE
        WHEN o.state = 'closed' THEN o.base IS NOT NULL
            AND (own.state = 'excluded' OR own.left_record IS NULL OR own.right_record IS NULL)
            AND o.closed_at + make_interval(secs => $5) >
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
    END", $after)
    };
}

fn of(siblings: &[Sibling], crosswise: bool) -> Vec<&str> {
    siblings
        .iter()
        .filter(|sibling| sibling.shares == Shares::Both { crosswise })
        .map(|sibling| sibling.sync.as_str())
        .collect()
}

/// Those that share the account of one side alone, and the rank of the keys that tell copies on the other side.
fn near(siblings: &[Sibling], side: Side) -> (Vec<&str>, i16) {
    let mut syncs = Vec::new();
    let mut told_by = i16::MAX;
    for sibling in siblings {
        if let Shares::One { near, rank } = sibling.shares
            && near == side
        {
            syncs.push(sibling.sync.as_str());
            told_by = i16::try_from(rank).unwrap_or(i16::MAX);
        }
    }
    (syncs, told_by)
}

/// Of these links, those whose records another sync holds, with that sync's id.
pub async fn held(
    connection: &mut PgConnection,
    key: &SyncKey,
    siblings: &[Sibling],
    links: &[Uuid],
    horizon_seconds: f64,
) -> Result<HashMap<Uuid, String>, StoreError> {
    let (left, left_rank) = near(siblings, Side::Left);
    let (right, right_rank) = near(siblings, Side::Right);
    let rows = sqlx::query(with_holder!(
        "SELECT DISTINCT ON (own.id) own.id, o.sync FROM link own JOIN ",
        " WHERE own.id = ANY($10) ORDER BY own.id, o.state = 'closed', o.made_at, o.sync"
    ))
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(of(siblings, false))
    .bind(of(siblings, true))
    .bind(horizon_seconds)
    .bind(left)
    .bind(left_rank)
    .bind(right)
    .bind(right_rank)
    .bind(links)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("sync")?)))
        .collect()
}

/// Has links planned again whose records no other sync holds any more. Answers how many.
pub async fn take_over(
    connection: &mut PgConnection,
    key: &SyncKey,
    siblings: &[Sibling],
    horizon_seconds: f64,
) -> Result<u64, StoreError> {
    let (left, left_rank) = near(siblings, Side::Left);
    let (right, right_rank) = near(siblings, Side::Right);
    let done = sqlx::query(with_holder!(
        "UPDATE link SET dirty = true WHERE tenant = $1 AND sync = $2 AND state = 'excluded'
             AND reason LIKE $10 AND NOT dirty AND id NOT IN (
                 SELECT own.id FROM link own JOIN ",
        "    WHERE own.tenant = $1 AND own.sync = $2 AND own.state = 'excluded'
                     AND own.reason LIKE $10)"
    ))
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(of(siblings, false))
    .bind(of(siblings, true))
    .bind(horizon_seconds)
    .bind(left)
    .bind(left_rank)
    .bind(right)
    .bind(right_rank)
    .bind(format!("{SYNCED_BY}%"))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
