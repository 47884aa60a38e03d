//! Frozen paths: values that bounce are written on neither side.

use jiff::{SignedDuration, Timestamp};
use model::PairKey;
use serde::Serialize;
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{StoreError, SyncKey};

/// A path that is frozen, or was.
#[derive(Debug, Clone)]
pub struct FrozenPath {
    /// The link.
    pub link: Uuid,
    /// The pair of paths.
    pub pair: PairKey,
    /// When it was released; none while it is frozen.
    pub released_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Pair<'a> {
    link: Uuid,
    pair: &'a PairKey,
}

fn pairs(pairs: &[(Uuid, PairKey)]) -> Json<Vec<Pair<'_>>> {
    Json(
        pairs
            .iter()
            .map(|(link, pair)| Pair { link: *link, pair })
            .collect(),
    )
}

/// The frozen and released paths of links.
pub async fn of_links(
    connection: &mut PgConnection,
    links: &[Uuid],
) -> Result<Vec<FrozenPath>, StoreError> {
    let rows = sqlx::query("SELECT link, pair, released_at FROM frozen_path WHERE link = ANY($1)")
        .bind(links)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let pair: String = row.try_get("pair")?;
            Ok(FrozenPath {
                link: row.try_get("link")?,
                pair: serde_json::from_value(pair.into())?,
                released_at: row
                    .try_get::<Option<jiff_sqlx::Timestamp>, _>("released_at")?
                    .map(jiff_sqlx::Timestamp::to_jiff),
            })
        })
        .collect()
}

/// Freezes paths.
pub async fn insert(
    connection: &mut PgConnection,
    key: &SyncKey,
    frozen: &[(Uuid, PairKey)],
) -> Result<(), StoreError> {
    if frozen.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO frozen_path (link, pair, tenant, sync)
         SELECT s.link, s.pair, $1, $2 FROM jsonb_to_recordset($3) AS s (link uuid, pair text)
         ON CONFLICT (link, pair) DO UPDATE SET frozen_at = clock_timestamp(), released_at = NULL",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(pairs(frozen))
    .execute(connection)
    .await?;
    Ok(())
}

/// Releases paths on which both sides agree again.
pub async fn release(
    connection: &mut PgConnection,
    thawed: &[(Uuid, PairKey)],
) -> Result<(), StoreError> {
    if thawed.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE frozen_path f SET released_at = clock_timestamp()
         FROM jsonb_to_recordset($1) AS s (link uuid, pair text)
         WHERE f.link = s.link AND f.pair = s.pair AND f.released_at IS NULL",
    )
    .bind(pairs(thawed))
    .execute(connection)
    .await?;
    Ok(())
}

/// Releases what a person wants to be tried again: of one link, or of all of a sync.
pub async fn release_asked(
    connection: &mut PgConnection,
    key: &SyncKey,
    links: Option<&[Uuid]>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE frozen_path SET released_at = clock_timestamp()
         WHERE tenant = $1 AND sync = $2 AND released_at IS NULL AND ($3::uuid[] IS NULL OR link = ANY($3))",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(links)
    .execute(connection)
    .await?;
    Ok(())
}

/// Releases what has been frozen for so long, has its links planned again, and forgets what was released
/// so long ago.
pub async fn release_old(
    connection: &mut PgConnection,
    key: &SyncKey,
    frozen_for: SignedDuration,
) -> Result<(), StoreError> {
    let seconds = frozen_for.as_secs_f64();
    sqlx::query(
        "DELETE FROM frozen_path WHERE tenant = $1 AND sync = $2
             AND released_at < clock_timestamp() - make_interval(secs => $3)",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(seconds)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "WITH old AS (
             UPDATE frozen_path SET released_at = clock_timestamp()
             WHERE tenant = $1 AND sync = $2 AND released_at IS NULL
                 AND frozen_at < clock_timestamp() - make_interval(secs => $3)
             RETURNING link
         )
         UPDATE link SET dirty = true FROM old WHERE link.id = old.link AND link.state <> 'closed'",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(seconds)
    .execute(connection)
    .await?;
    Ok(())
}
