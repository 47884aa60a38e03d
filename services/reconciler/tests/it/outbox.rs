//! What the outbox lets out at a time.

use reconciler::{
    lane,
    release::{self, Limits},
    store::outbox,
};

use crate::world::World;

/// Seven people are to be created on the right.
async fn seven_creates() -> World {
    let mut world = World::new().await;
    for number in 1..=7 {
        let email = format!("p{number}@example.com");
        world.left.add(&[("emails[work]", &email)]);
    }
    world.read(model::Side::Left).await;
    world.read(model::Side::Right).await;
    world.advance().await;
    world
}

async fn released(world: &World, window: usize, batch: usize) -> usize {
    let mut transaction = world.database.pool.begin().await.unwrap();
    let accounts = outbox::accounts(&mut transaction, 60.0).await.unwrap();
    let mut count = 0;
    for account in accounts {
        let writes = release::choose(&mut transaction, &account, Limits { window, batch }, 60.0);
        count += writes.await.unwrap().len();
    }
    transaction.commit().await.unwrap();
    count
}

// proves: R-29
#[tokio::test]
async fn what_the_window_has_room_for_goes_at_once() {
    let world = seven_creates().await;
    assert_eq!(released(&world, 10, 3).await, 7);
    assert_eq!(released(&world, 10, 3).await, 0);
}

// proves: R-29
#[tokio::test]
async fn while_the_window_is_what_limits_them_only_full_calls_go() {
    let world = seven_creates().await;
    assert_eq!(released(&world, 5, 2).await, 4);
    assert_eq!(
        released(&world, 5, 2).await,
        0,
        "nobody has taken those yet"
    );
    assert_eq!(released(&world, 7, 2).await, 2, "more room");
    assert_eq!(released(&world, 7, 2).await, 0);
    sqlx::query("UPDATE write SET status = 'answered' WHERE status = 'released'")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(released(&world, 7, 2).await, 1);
}

// proves: R-29
#[tokio::test]
async fn a_window_smaller_than_a_call_is_no_dead_end() {
    let world = seven_creates().await;
    assert_eq!(released(&world, 2, 200).await, 2);
}

// proves: R-29
#[tokio::test]
async fn a_baseline_waits_for_its_calls_to_fill_while_it_is_being_planned() {
    let world = seven_creates().await;
    let planning = |dirty: bool| sqlx::query("UPDATE link SET dirty = $1").bind(dirty);
    planning(true).execute(&world.database.pool).await.unwrap();
    assert_eq!(released(&world, 100, 3).await, 6);
    sqlx::query("UPDATE write SET status = 'started' WHERE status = 'released'")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(released(&world, 100, 3).await, 0);
    planning(false).execute(&world.database.pool).await.unwrap();
    assert_eq!(released(&world, 100, 3).await, 1);
}

// proves: R-29
#[tokio::test]
async fn a_change_waits_for_no_baseline() {
    let world = seven_creates().await;
    assert_eq!(released(&world, 6, 2).await, 6);
    sqlx::query("UPDATE write SET lane = 1 WHERE status = 'queued'")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(released(&world, 7, 2).await, 1, "the baseline still waits");

    let world = seven_creates().await;
    sqlx::query("UPDATE write SET lane = 1 WHERE id = (SELECT min(id::text)::uuid FROM write)")
        .execute(&world.database.pool)
        .await
        .unwrap();
    let lanes = |world: &World| {
        let pool = world.database.pool.clone();
        async move {
            let lanes =
                sqlx::query_scalar::<_, i16>("SELECT lane FROM write WHERE status = 'released'");
            let mut lanes = lanes.fetch_all(&pool).await.unwrap();
            lanes.sort_unstable();
            lanes
        }
    };
    released(&world, 5, 2).await;
    assert_eq!(
        lanes(&world).await,
        [1, 2, 2, 2, 2],
        "what fills the window is the baseline"
    );
}

// proves: R-29
#[tokio::test]
async fn what_a_pair_lacks_when_it_meets_is_a_matter_of_the_baseline() {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "ada@example.com"),
        ("name.given", "Ada"),
        ("title", "Countess"),
    ]);
    world
        .right
        .add(&[("emails[work]", "ada@example.com"), ("name.given", "Ada")]);
    world.read(model::Side::Left).await;
    world.read(model::Side::Right).await;
    world.advance().await;
    let of_the_baseline = [("update".to_owned(), lane::BASELINE)];
    assert_eq!(queued(&world).await, of_the_baseline);

    sqlx::query("UPDATE link SET dirty = true")
        .execute(&world.database.pool)
        .await
        .unwrap();
    world.advance().await;
    assert_eq!(queued(&world).await, of_the_baseline, "planned again");
}

async fn queued(world: &World) -> Vec<(String, i16)> {
    sqlx::query_as("SELECT operation, lane FROM write WHERE status = 'queued'")
        .fetch_all(&world.database.pool)
        .await
        .unwrap()
}
