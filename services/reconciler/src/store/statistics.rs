//! What PostgreSQL knows of the sizes of tables. Its own upkeep comes by once a minute; within the minute of a first
//! sync tables grow from nothing to what they will be, and plans made for empty tables read all of them again and
//! again.

use sqlx::{PgPool, Row as _};

use super::StoreError;

/// Rows by which a table grew since it was last analysed, so that plans may be wrong.
const GROWN: i64 = 500;

/// Analyses the tables of this schema that have grown to twice their size; answers how many. Rows that change while
/// there are as many as before are left to PostgreSQL's own upkeep.
pub async fn refresh(pool: &PgPool) -> Result<usize, StoreError> {
    let rows = sqlx::query(
        "SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname) AS name
         FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE s.schemaname = current_schema() AND pg_get_userbyid(c.relowner) = current_user
             AND s.n_live_tup - greatest(c.reltuples, 0) > greatest($1, c.reltuples)",
    )
    .bind(GROWN)
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
