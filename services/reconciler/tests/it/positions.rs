//! Positions: the cursor moves with the apply, and only in turn.

use model::Side;
use proto::reconcile::{BeginRequest, Feed, positions_server::Positions as _};
use reconciler::ingest::Ingested;
use tonic::{Code, Request};

use crate::world::World;

// proves: R-01
#[tokio::test]
async fn a_stalled_leaseholders_old_page_is_passed_over() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "old")]);
    world.settle().await;
    world.left.set("L1", "title", Some("stalled"));
    let stalled = world.round(Side::Left).await.unwrap();
    world.left.set("L1", "title", Some("newer"));
    let newer = world.round(Side::Left).await.unwrap();
    assert_eq!(world.ingest(&newer).await, Ingested::Applied);
    assert_eq!(world.ingest(&stalled).await, Ingested::Repeated);
    assert_eq!(world.ingest(&newer).await, Ingested::Repeated);
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("newer"));
}

// proves: R-01
#[tokio::test]
async fn a_page_counts_no_more_once_another_round_has_begun() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    let stalled = world.round(Side::Left).await.unwrap();
    world.left.delete("L1");
    // Read from the cursor as it is before the stalled page: nothing would correct that one afterwards.
    let newer = world.round(Side::Left).await.unwrap();
    assert_eq!(world.ingest(&stalled).await, Ingested::Repeated);
    assert_eq!(world.ingest(&newer).await, Ingested::Applied);
}

// proves: R-01
#[tokio::test]
async fn a_gap_is_not_applied() {
    let mut world = World::new().await;
    let mut batch = world.round(Side::Left).await.unwrap();
    batch.number = 2;
    assert_eq!(world.ingest(&batch).await, Ingested::Gap);
}

// proves: R-14
#[tokio::test]
async fn a_batch_read_under_an_older_definition_is_not_wanted() {
    let mut world = World::new().await;
    let batch = world.round(Side::Left).await.unwrap();
    world.define(|definition| definition.generation = 2).await;
    assert_eq!(world.ingest(&batch).await, Ingested::Unwanted);
}

#[tokio::test]
async fn a_connector_that_hears_of_a_definition_first_need_not_come_again() {
    let mut world = World::new().await;
    let positions = world.positions();
    let early = positions.begin(Request::new(BeginRequest {
        feed: Some(World::feed(Side::Left)),
        generation: 2,
    }));
    let (begun, ()) = tokio::join!(early, world.define(|definition| definition.generation = 2));
    let begun = begun.unwrap().into_inner();
    assert!(begun.wanted);
    // The new definition has ended the epoch before.
    assert_eq!((begun.generation, begun.epoch), (2, 2));
}

#[tokio::test]
async fn a_feed_of_a_sync_that_nobody_defined_does_not_begin() {
    let world = World::new().await;
    let feed = Feed {
        sync: "nobody's".to_owned(),
        ..World::feed(Side::Left)
    };
    let request = Request::new(BeginRequest {
        feed: Some(feed),
        generation: 1,
    });
    let refused = world.positions().begin(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

// proves: R-03
#[tokio::test]
async fn an_old_picture_is_read_by_id_before_it_is_believed() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "one")]);
    world.settle().await;
    let old = world.left.entries["L1"].clone();
    world.left.set("L1", "title", Some("two"));
    world.settle().await;
    let mut batch = world.round(Side::Left).await.unwrap();
    batch.changes = vec![crate::book::Book::change(
        "L1",
        &old,
        &crate::world::HASH_KEY,
    )];
    world.ingest(&batch).await;
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), before);
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("two"));
}

#[tokio::test]
async fn a_paused_sync_is_not_read_and_loses_nothing() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world
        .define(|definition| definition.state = "paused".to_owned())
        .await;
    world.left.set("L1", "title", Some("while paused"));
    assert!(world.round(Side::Left).await.is_none());
    world
        .define(|definition| definition.state = "active".to_owned())
        .await;
    world.settle().await;
    assert_eq!(
        world.right.get("R1", "title").as_deref(),
        Some("while paused")
    );
}

// proves: R-14
#[tokio::test]
async fn what_is_changed_while_a_sync_is_paused_counts_when_it_goes_on() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world
        .define(|definition| definition.state = "paused".to_owned())
        .await;
    world.define(|definition| definition.generation = 2).await;
    assert_eq!(world.status().await.phase, "paused");
    world
        .define(|definition| definition.state = "active".to_owned())
        .await;
    assert_eq!(world.status().await.phase, "baseline");
    world.settle().await;
    assert_eq!(world.status().await.phase, "live");
}
