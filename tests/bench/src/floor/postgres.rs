//! Raw PostgreSQL: upserts of rows, a hundred a transaction, confirmed on disk.

use std::time::Instant;

use sqlx::{Connection as _, PgConnection};

/// Rows of one transaction.
const BATCH: u64 = 100;

/// Upserts this many rows of this size, each into one of `keys`; answers the seconds that it took.
pub(crate) async fn seconds(
    database_url: &str,
    rows: u64,
    bytes: u64,
    keys: u64,
) -> anyhow::Result<f64> {
    let mut connection = PgConnection::connect(database_url).await?;
    sqlx::query("CREATE SCHEMA IF NOT EXISTS floor")
        .execute(&mut connection)
        .await?;
    sqlx::query("DROP TABLE IF EXISTS floor.record")
        .execute(&mut connection)
        .await?;
    sqlx::query("CREATE TABLE floor.record (key bigint PRIMARY KEY, value bytea NOT NULL)")
        .execute(&mut connection)
        .await?;
    let value = vec![b'x'; usize::try_from(bytes)?];
    let began = Instant::now();
    let mut next = 0_u64;
    while next < rows {
        let end = (next + BATCH).min(rows);
        let batch: Vec<i64> = (next..end)
            .map(|row| i64::try_from(row % keys.max(BATCH)).unwrap_or_default())
            .collect();
        let values: Vec<&[u8]> = batch.iter().map(|_| value.as_slice()).collect();
        sqlx::query(
            "INSERT INTO floor.record (key, value) SELECT * FROM unnest($1::bigint[], $2::bytea[])
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(&batch)
        .bind(&values)
        .execute(&mut connection)
        .await?;
        next = end;
    }
    let took = began.elapsed().as_secs_f64();
    sqlx::query("DROP SCHEMA floor CASCADE")
        .execute(&mut connection)
        .await?;
    Ok(took)
}
