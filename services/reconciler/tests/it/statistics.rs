//! What PostgreSQL knows of tables that grow quickly.

use std::time::Duration;

use reconciler::store::statistics;
use sqlx::Row as _;
use test_kit::eventually;

use crate::world::World;

#[tokio::test]
async fn a_table_that_grew_is_analysed_once() {
    let world = World::new().await;
    let pool = &world.database.pool;
    sqlx::query(
        "INSERT INTO notice (id, tenant, sync, event)
         SELECT gen_random_uuid(), 'acme', 's1', '{}' FROM generate_series(1, 2000)",
    )
    .execute(pool)
    .await
    .unwrap();
    eventually("it is analysed", Duration::from_secs(30), async || {
        statistics::refresh(pool).await.unwrap();
        let known = sqlx::query("SELECT reltuples FROM pg_class WHERE oid = 'notice'::regclass");
        let known: f32 = known.fetch_one(pool).await.unwrap().get("reltuples");
        (known >= 2000.0).then_some(()).ok_or(known)
    })
    .await;
    eventually(
        "nothing is left to analyse",
        Duration::from_secs(30),
        async || match statistics::refresh(pool).await.unwrap() {
            0 => Ok(()),
            more => Err(more),
        },
    )
    .await;
}
