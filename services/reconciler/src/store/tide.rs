//! The gauges that tell how much was done from this database.

use jiff::Timestamp;
use sqlx::{PgConnection, Row};

use super::StoreError;

/// How many gauges there are.
pub const GAUGES: usize = 8;

/// Where a connection leads: another server, database or table of the same name is another place, where what
/// is known of the gauges has to be compared with the copies first.
macro_rules! place {
    () => {
        "concat_ws(' ', pg_postmaster_start_time(), i.tableoid,
             (SELECT oid FROM pg_database WHERE datname = current_database()))"
    };
}

/// A row if the database is as new as what is known: it is the place `$3`, no gauge is lower than `$2` says,
/// and it was not found to be behind. What may only happen then asks for this row in its own statement.
macro_rules! level {
    () => {
        concat!(
            "SELECT FROM installation i WHERE i.behind_since IS NULL AND ",
            $crate::store::tide::place!(),
            " = $3 AND NOT EXISTS (SELECT FROM tide o
                 JOIN unnest($2::bigint[]) WITH ORDINALITY k (height, number) ON k.number = o.gauge + 1
                 WHERE o.height < k.height)"
        )
    };
}

pub(crate) use {level, place};

/// How high the gauges stand at least, and where that was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The place.
    pub place: String,
    /// The heights, by gauge.
    pub heights: Vec<i64>,
}

/// A step that is about to be taken: which gauge it raises, and what must be so for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The gauge.
    pub gauge: usize,
    /// What is known.
    pub known: Known,
}

impl Step {
    /// The gauge as it is stored.
    pub(crate) fn gauge(&self) -> i16 {
        i16::try_from(self.gauge).unwrap_or_default()
    }
}

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The installation.
    pub installation: String,
    /// Since when it is known to be older than what was done from it.
    pub behind_since: Option<Timestamp>,
    /// The place and the heights.
    pub known: Known,
}

/// Reads every gauge.
pub async fn read(connection: &mut PgConnection) -> Result<Reading, StoreError> {
    let row = sqlx::query(concat!(
        "SELECT i.id, i.behind_since, ",
        place!(),
        " AS place, array(SELECT height FROM tide ORDER BY gauge) AS heights FROM installation i"
    ))
    .fetch_one(connection)
    .await?;
    Ok(Reading {
        installation: row.try_get("id")?,
        behind_since: row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>("behind_since")?
            .map(jiff_sqlx::Timestamp::to_jiff),
        known: Known {
            place: row.try_get("place")?,
            heights: row.try_get("heights")?,
        },
    })
}

/// Raises a gauge by one and answers its height; none if this may be an older database.
pub async fn raise(connection: &mut PgConnection, step: &Step) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(concat!(
        "UPDATE tide SET height = height + 1 WHERE gauge = $1 AND EXISTS (",
        level!(),
        ") RETURNING height"
    ))
    .bind(step.gauge())
    .bind(&step.known.heights)
    .bind(&step.known.place)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.try_get("height")).transpose()?)
}

/// Notes that the database is older than what was done from it: from now on nothing raises a gauge.
pub async fn set_behind(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE installation SET behind_since = now() WHERE behind_since IS NULL")
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts every gauge above these heights and its own; the database counts as new as they are.
pub async fn rise_above(connection: &mut PgConnection, heights: &[i64]) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tide SET height = greatest(height,
             coalesce((SELECT k.height FROM unnest($1::bigint[]) WITH ORDINALITY k (height, number)
                 WHERE k.number = gauge + 1), 0)) + 1",
    )
    .bind(heights)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE installation SET behind_since = NULL")
        .execute(connection)
        .await?;
    Ok(())
}
