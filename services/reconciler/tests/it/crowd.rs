//! Many syncs that share one account: each plans by itself, and only who decides about the same meeting waits.

use std::time::Duration;

use model::Side;
use reconciler::{
    advance::{advance, plan_batch},
    definition::Definition,
    guard::Watch,
    pairing,
    store::{SyncKey, sync},
};
use sqlx::{PgConnection, PgPool, Row as _};
use test_kit::eventually;
use tokio::time::timeout;

use crate::mailboxes::{BOARD, Mailboxes, VIENNA, by};

const SOON: Duration = Duration::from_mins(1);
const BUDGET: &[(&str, &str)] = &[("title", "Budget"), ("when", VIENNA), ("uid", "8@x")];

/// Plans what one sync may plan, in a transaction that stays open.
async fn plan_in(connection: &mut PgConnection, sync: &str) {
    let key = SyncKey::new("acme", sync);
    let mut row = sync::lock(connection, &key).await.unwrap().unwrap();
    let definition = Definition::decode(&row.definition).unwrap();
    pairing::pair(connection, &definition).await.unwrap();
    let planned = plan_batch(connection, &definition, &mut row, Watch::On).await;
    assert_eq!(planned.unwrap().links, 1);
}

/// One sync does what it can, and waits for nobody too long.
async fn go_on(pool: &PgPool, sync: &str) {
    let key = SyncKey::new("acme", sync);
    timeout(SOON, advance(pool, &key)).await.unwrap().unwrap();
}

async fn waiting(pool: &PgPool) -> i64 {
    let row = sqlx::query(
        "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    row.fetch_one(pool).await.unwrap().get("n")
}

impl Mailboxes {
    async fn read(&mut self, sync: &str) {
        self.look_at(sync);
        for side in Side::ALL {
            self.world.read(side).await;
        }
    }
}

// proves: R-10
#[tokio::test]
async fn syncs_that_share_an_account_plan_side_by_side() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.ana().add(BOARD);
    mailboxes.bob().add(BUDGET);
    for sync in ["s1", "s2"] {
        mailboxes.read(sync).await;
    }
    let pool = mailboxes.world.database.pool.clone();
    let mut open = pool.begin().await.unwrap();
    plan_in(&mut open, "s1").await;
    // Ana's sync is still at it.
    go_on(&pool, "s2").await;
    assert_eq!(mailboxes.write().await, 1, "Bob's meeting is written");
    open.commit().await.unwrap();
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [2, 2, 2]);
}

// proves: R-10
#[tokio::test]
async fn syncs_that_decide_about_one_meeting_at_once_take_turns() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.ana().add(BOARD);
    mailboxes.bob().add(BOARD);
    for sync in ["s1", "s2"] {
        mailboxes.read(sync).await;
    }
    let pool = mailboxes.world.database.pool.clone();
    let mut open = pool.begin().await.unwrap();
    plan_in(&mut open, "s1").await;
    let ends = async {
        eventually("Bob's sync waits for Ana's", SOON, async || {
            waiting(&pool).await == 1
        })
        .await;
        open.commit().await.unwrap();
    };
    tokio::join!(go_on(&pool, "s2"), ends);
    assert_eq!(mailboxes.excluded("s2").await, [by("ana", 1)]);
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
}

// proves: R-10
#[tokio::test]
async fn nobody_waits_for_the_owner_of_a_meeting_that_has_one() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.ana().add(BOARD);
    mailboxes.bob().add(BOARD);
    mailboxes.settle().await;
    mailboxes.ana().set("R1", "location", Some("Hall 4"));
    mailboxes.bob().set("B1", "location", Some("Hall 5"));
    for sync in ["s1", "s2"] {
        mailboxes.read(sync).await;
    }
    let pool = mailboxes.world.database.pool.clone();
    let mut open = pool.begin().await.unwrap();
    plan_in(&mut open, "s1").await;
    go_on(&pool, "s2").await;
    assert_eq!(mailboxes.excluded("s2").await, [by("ana", 1)]);
    open.commit().await.unwrap();
    mailboxes.settle().await;
    let place = mailboxes.world.left.get("L1", "location");
    assert_eq!(place.as_deref(), Some("Hall 4"));
}
