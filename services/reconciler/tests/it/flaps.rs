//! The flap breaker: what somebody always puts back is not written for ever.

use model::Side;
use proto::reconcile::{RetryRequest, syncs_server::Syncs as _};
use tonic::Request;

use crate::world::World;

async fn pair() -> World {
    let mut world = World::new().await;
    for side in Side::ALL {
        world
            .book(side)
            .add(&[("emails[work]", "ana@example.com"), ("title", "start")]);
    }
    world.settle().await;
    world
}

/// A tool on the left insists on one title and a tool on the right on another; answers how many writes
/// that led to.
async fn quarrel(world: &mut World, turns: usize) -> u32 {
    let before = world.writes();
    for _ in 0..turns {
        for (side, id, title) in [(Side::Left, "L1", "ours"), (Side::Right, "R1", "theirs")] {
            if world.book(side).get(id, "title").as_deref() != Some(title) {
                world.book(side).set(id, "title", Some(title));
            }
            world.settle().await;
        }
    }
    world.writes() - before
}

async fn reasons(world: &World) -> Vec<String> {
    let reasons = world.status().await.reasons;
    reasons.into_iter().map(|reason| reason.reason).collect()
}

async fn retry(world: &World) {
    let request = RetryRequest {
        sync: Some(World::sync_ref()),
        record: "L1".to_owned(),
    };
    world.service().retry(Request::new(request)).await.unwrap();
}

const FROZEN: &str = "frozen: title bounces between two values";

// proves: R-10
#[tokio::test]
async fn a_field_that_bounces_is_frozen_and_shown_and_the_others_go_on() {
    let mut world = pair().await;
    let writes = quarrel(&mut world, 10).await;
    assert!(
        (4..=6).contains(&writes),
        "each tool was overruled three times at most: {writes}"
    );
    assert_eq!(quarrel(&mut world, 5).await, 0, "then nothing is written");
    let status = world.status().await;
    assert_eq!(status.counts.unwrap().set_aside, 1, "{status:?}");
    assert_eq!(reasons(&world).await, [FROZEN]);
    assert_eq!(status.totals["frozen"], 1);
    let notices: i64 =
        sqlx::query_scalar("SELECT count(*) FROM notice WHERE event->'data'->>'reason' = $1")
            .bind(FROZEN)
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(notices, 1, "other systems are told once");

    world.left.set("L1", "note", Some("met in May"));
    world.right.set("R1", "phones[mobile]", Some("+43 660 1"));
    world.settle().await;
    assert_eq!(world.right.get("R1", "note").as_deref(), Some("met in May"));
    assert_eq!(
        world.left.get("L1", "phones[mobile]").as_deref(),
        Some("+43 660 1")
    );
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("ours"));
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("theirs"));
    assert_eq!(reasons(&world).await, [FROZEN]);
}

// proves: R-10
#[tokio::test]
async fn a_frozen_field_is_released_when_both_sides_agree() {
    let mut world = pair().await;
    quarrel(&mut world, 10).await;
    world.left.set("L1", "title", Some("theirs"));
    world.settle().await;
    assert_eq!(world.status().await.counts.unwrap().in_sync, 1);
    let before = world.writes();
    world.left.set("L1", "title", Some("CEO"));
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    assert_eq!(world.writes(), before + 1);
}

// proves: R-10
#[tokio::test]
async fn a_frozen_field_is_released_when_a_person_asks() {
    let mut world = pair().await;
    quarrel(&mut world, 10).await;
    retry(&world).await;
    world.settle().await;
    world.agree();
    assert_eq!(world.status().await.counts.unwrap().in_sync, 1);
    // The quarrel goes on, and counts from the beginning.
    let writes = quarrel(&mut world, 10).await;
    assert!((3..=6).contains(&writes), "{writes}");
    assert_eq!(reasons(&world).await, [FROZEN]);
}

// proves: R-10
#[tokio::test]
async fn a_frozen_field_is_tried_again_after_a_day() {
    let mut world = pair().await;
    quarrel(&mut world, 10).await;
    world.run().await;
    world.settle().await;
    assert_eq!(
        reasons(&world).await,
        [FROZEN],
        "a run alone releases nothing"
    );
    for statement in [
        "UPDATE frozen_path SET frozen_at = frozen_at - interval '25 hours'",
        "UPDATE history SET at = at - interval '25 hours'",
    ] {
        sqlx::query(statement)
            .execute(&world.database.pool)
            .await
            .unwrap();
    }
    world.run().await;
    world.settle().await;
    world.agree();
    assert_eq!(world.status().await.counts.unwrap().set_aside, 0);
}

#[tokio::test]
async fn a_person_who_corrects_a_field_over_and_over_is_no_flap() {
    let mut world = pair().await;
    for title in ["CTO", "CEO", "CTO", "Chef", "CEO", "Boss", "CFO", "Head"] {
        world.left.set("L1", "title", Some(title));
        world.settle().await;
        assert_eq!(world.right.get("R1", "title").as_deref(), Some(title));
    }
    assert_eq!(world.status().await.counts.unwrap().in_sync, 1);
}

#[tokio::test]
async fn what_was_written_hours_ago_does_not_count() {
    let mut world = pair().await;
    for turn in 0..8 {
        let title = if turn % 2 == 0 { "CTO" } else { "CEO" };
        world.left.set("L1", "title", Some(title));
        world.settle().await;
        assert_eq!(world.right.get("R1", "title").as_deref(), Some(title));
        sqlx::query("UPDATE history SET at = at - interval '20 minutes'")
            .execute(&world.database.pool)
            .await
            .unwrap();
    }
    assert_eq!(world.status().await.counts.unwrap().in_sync, 1);
}
