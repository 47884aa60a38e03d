//! Copies: syncs that share one account, and hold the same thing in the other ones.
//!
//! A link holds every copy of its record; and where we know such a copy, its record of the shared account as well,
//! lest that become a second one. Copies are found by their keys, and links of the shared account's records by their ids,
//! each in one index for all syncs of a tenant.

use model::{PerSide, Side};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Holders, holders};
use crate::{
    definition::Definition,
    store::{StoreError, side_number},
};

/// By the side whose account others share, and not the other one's: the rank of the keys that tell copies on that.
pub(super) async fn sharing(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<PerSide<Option<i16>>, StoreError> {
    let rank = |near: Side| definition.identity_rank(near.other());
    let ranks = PerSide::new(rank(Side::Left), rank(Side::Right))
        .map(|rank| rank.map(|rank| i16::try_from(rank).unwrap_or(i16::MAX)));
    if ranks.left.is_none() && ranks.right.is_none() {
        return Ok(ranks);
    }
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM sync WHERE tenant = $1 AND sync <> $2 AND kind = $3
                 AND left_account = $4 AND right_account <> $5 AND phase IN ('baseline', 'live')) AS left,
             EXISTS (SELECT FROM sync WHERE tenant = $1 AND sync <> $2 AND kind = $3
                 AND right_account = $5 AND left_account <> $4 AND phase IN ('baseline', 'live')) AS right",
    )
    .bind(&definition.key.tenant)
    .bind(&definition.key.sync)
    .bind(&definition.kind)
    .bind(&definition.left.account)
    .bind(&definition.right.account)
    .fetch_one(connection)
    .await?;
    let (left, right): (bool, bool) = (row.try_get("left")?, row.try_get("right")?);
    Ok(PerSide::new(
        ranks.left.filter(|_| left),
        ranks.right.filter(|_| right),
    ))
}

/// Waits until no other sync decides about the same things as these links are of, and has the others wait until the
/// transaction ends; answers whether there are any. All take their turns in the same order, so that nobody waits in a ring.
pub(super) async fn take_turns(
    connection: &mut PgConnection,
    sharing: &PerSide<Option<i16>>,
    links: &[Uuid],
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "SELECT pg_advisory_xact_lock(turn) FROM (
             SELECT DISTINCT hashtextextended(encode(m.hash, 'hex'), 0) AS turn FROM (
                 SELECT right_record AS record, $2::smallint AS rank FROM link WHERE id = ANY($1)
                 UNION ALL
                 SELECT left_record, $3::smallint FROM link WHERE id = ANY($1)
             ) own JOIN match_key m ON m.record = own.record AND m.rank = own.rank
             ORDER BY turn
         ) turns",
    )
    .bind(links)
    .bind(sharing.left)
    .bind(sharing.right)
    .fetch_all(connection)
    .await?;
    Ok(!done.is_empty())
}

/// Whether the sync of a link or a key shares one account with ours, and not the other one, in SQL.
macro_rules! shares {
    ($near:literal, $far:literal, $of:literal) => {
        concat!(
            "JOIN sync s ON s.tenant = $1 AND s.sync = ",
            $of,
            ".sync AND s.sync <> $2 AND s.kind = $5 AND s.",
            $near,
            "_account = $6 AND s.",
            $far,
            "_account <> $7 AND s.phase IN ('baseline', 'live')"
        )
    };
}

/// Who holds copies of our links' records on the far side, in SQL: `$8` is its number, `$9` the rank of its keys.
macro_rules! holders_of_copies {
    ($near:literal, $far:literal) => {
        holders!(concat!(
            "SELECT o.* FROM match_key mine
             JOIN match_key copy ON copy.hash = mine.hash AND copy.tenant = $1 AND copy.side = $8 ",
            shares!($near, $far, "copy"),
            " JOIN record r ON r.id = copy.record
             JOIN link o ON o.tenant = $1 AND o.sync = copy.sync AND o.",
            $far,
            "_id = r.remote_id
             WHERE mine.record = own.",
            $far,
            "_record AND mine.rank = $9
             UNION ALL
             SELECT o.* FROM link o ",
            shares!($near, $far, "o"),
            " JOIN match_key copy ON copy.record = o.",
            $far,
            "_record
             WHERE own.",
            $far,
            "_record IS NULL AND o.tenant = $1 AND o.has_identity AND o.",
            $near,
            "_id <> '' AND o.",
            $near,
            "_id = own.",
            $near,
            "_id AND EXISTS (
                 SELECT FROM match_key mine JOIN record r ON r.id = mine.record AND r.presence = 'live'
                 WHERE mine.hash = copy.hash AND mine.tenant = $1 AND mine.sync = $2 AND mine.side = $8
                     AND mine.rank = $9)"
        ))
    };
}

/// Notes who holds these links because of copies.
pub(super) async fn held(
    connection: &mut PgConnection,
    definition: &Definition,
    sharing: &PerSide<Option<i16>>,
    links: &[Uuid],
    horizon_seconds: f64,
    holders: &mut Holders,
) -> Result<(), StoreError> {
    for near in Side::ALL {
        let Some(rank) = *sharing.get(near) else {
            continue;
        };
        let statement = match near {
            Side::Left => holders_of_copies!("left", "right"),
            Side::Right => holders_of_copies!("right", "left"),
        };
        let rows = sqlx::query(statement)
            .bind(&definition.key.tenant)
            .bind(&definition.key.sync)
            .bind(links)
            .bind(horizon_seconds)
            .bind(&definition.kind)
            .bind(&definition.side(near).account)
            .bind(&definition.side(near.other()).account)
            .bind(side_number(near.other()))
            .bind(rank)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().try_for_each(|row| holders.note(row))?;
    }
    Ok(())
}
