//! What PostgreSQL knows of the sizes of tables. Its own upkeep comes by once a minute; within the minute of a first
//! sync tables grow from nothing to what they will be, and plans made for empty tables read all of them again and
//! again.

use sqlx::{PgPool, Row as _};

use super::StoreError;

/// Rows of a table that changed since it was last analysed, so that plans may be wrong.
const CHANGED: i64 = 500;

/// A table that only changes and does not grow is analysed at most so often.
const CHANGED_SECONDS: f64 = 10.0;

/// Analyses the tables of this schema of which more rows have changed than they had; answers how many.
pub async fn refresh(pool: &PgPool) -> Result<usize, StoreError> {
    let rows = sqlx::query(
        "SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname) AS name
         FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE s.schemaname = current_schema() AND pg_get_userbyid(c.relowner) = current_user
             AND s.n_mod_since_analyze > greatest($1, c.reltuples)
             AND (s.n_live_tup > 2 * c.reltuples OR s.last_analyze IS NULL
                 OR s.last_analyze < clock_timestamp() - make_interval(secs => $2))",
    )
    .bind(CHANGED)
    .bind(CHANGED_SECONDS)
    .fetch_all(pool)
    .await?;
    for row in &rows {
        let name: String = row.try_get("name")?;
        sqlx::query(sqlx::AssertSqlSafe(format!("ANALYZE {name}")))
            .execute(pool)
            .await?;
    }
    Ok(rows.len())
}
