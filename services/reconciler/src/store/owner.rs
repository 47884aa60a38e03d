//! Owners: which other syncs keep the same two accounts in step, and which pairs of records they hold.

use std::collections::HashMap;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{StoreError, SyncKey};
use crate::definition::Definition;

/// How the reason of a link begins whose records belong to another sync.
pub const SYNCED_BY: &str = "synced by ";

/// Another sync of the same two accounts and the same kind of record.
#[derive(Debug, Clone)]
pub struct Sibling {
    /// Its id.
    pub sync: String,
    /// Whether its left account is our right one.
    pub crosswise: bool,
    /// Its definition, encoded.
    pub definition: Vec<u8>,
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

/// The tenant's other syncs of the same two accounts and kind that are on.
pub async fn siblings(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<Vec<Sibling>, StoreError> {
    let rows = sqlx::query(
        "SELECT sync, definition, left_account <> $4 AS crosswise FROM sync
         WHERE tenant = $1 AND sync <> $2 AND kind = $3 AND phase IN ('baseline', 'live')
             AND (left_account, right_account) IN (($4, $5), ($5, $4)) ORDER BY sync",
    )
    .bind(&definition.key.tenant)
    .bind(&definition.key.sync)
    .bind(&definition.kind)
    .bind(&definition.left.account)
    .bind(&definition.right.account)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Sibling {
                sync: row.try_get("sync")?,
                crosswise: row.try_get("crosswise")?,
                definition: row.try_get("definition")?,
            })
        })
        .collect()
}

/// Lets only one of the syncs of two accounts decide at a time who owns what, until the transaction ends.
pub async fn take_turns(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<(), StoreError> {
    let mut accounts = [&definition.left.account, &definition.right.account];
    accounts.sort();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!(
            "{}\n{}\n{}\n{}",
            definition.key.tenant, definition.kind, accounts[0], accounts[1]
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// The other syncs' links that hold a record of `own`, in SQL. An open link that is kept in step holds its
/// records; so does one that ended a while ago, until both our feeds have been read since, or what it deleted
/// would look alive here.
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
        .filter(|sibling| sibling.crosswise == crosswise)
        .map(|sibling| sibling.sync.as_str())
        .collect()
}

/// Of these links, those whose records another sync holds, with that sync's id.
pub async fn held(
    connection: &mut PgConnection,
    key: &SyncKey,
    siblings: &[Sibling],
    links: &[Uuid],
    horizon_seconds: f64,
) -> Result<HashMap<Uuid, String>, StoreError> {
    let rows = sqlx::query(with_holder!(
        "SELECT DISTINCT ON (own.id) own.id, o.sync FROM link own JOIN ",
        " WHERE own.id = ANY($6) ORDER BY own.id, o.state = 'closed', o.made_at, o.sync"
    ))
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(of(siblings, false))
    .bind(of(siblings, true))
    .bind(horizon_seconds)
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
    let done = sqlx::query(with_holder!(
        "UPDATE link SET dirty = true WHERE tenant = $1 AND sync = $2 AND state = 'excluded'
             AND reason LIKE $6 AND NOT dirty AND id NOT IN (
                 SELECT own.id FROM link own JOIN ",
        "    WHERE own.tenant = $1 AND own.sync = $2 AND own.state = 'excluded'
                     AND own.reason LIKE $6)"
    ))
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(of(siblings, false))
    .bind(of(siblings, true))
    .bind(horizon_seconds)
    .bind(format!("{SYNCED_BY}%"))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
