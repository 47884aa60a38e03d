//! Deletions: they settle, pass the guard, and never happen by absence alone.

use model::Side;
use proto::change::{CollectionState, Extent, Snapshot, Unreadable, change::What};
use reconciler::ingest::Ingested;

use crate::world::World;

async fn people(count: usize) -> World {
    let mut world = World::new().await;
    for at in 0..count {
        let email = format!("p{at}@example.com");
        world
            .left
            .add(&[("emails[work]", &email), ("name.family", &format!("F{at}"))]);
    }
    world.settle().await;
    assert_eq!(world.right.entries.len(), count);
    world
}

// proves: R-19
#[tokio::test]
async fn a_proved_deletion_travels_and_its_values_go_to_the_history() {
    let mut world = people(5).await;
    let gone = world.find(Side::Left, "p1@example.com")[0].clone();
    world.left.delete(&gone);
    world.settle().await;
    assert!(world.find(Side::Right, "p1@example.com").is_empty());
    assert_eq!(world.right.entries.len(), 4);
    let history = world.history().await;
    assert!(
        history
            .iter()
            .any(|entry| entry.cause == "delete" && entry.path == "emails")
    );
}

// proves: R-16
#[tokio::test]
async fn an_edit_wins_against_a_deletion() {
    let mut world = people(5).await;
    let (left, right) = (
        world.find(Side::Left, "p1@example.com")[0].clone(),
        world.find(Side::Right, "p1@example.com")[0].clone(),
    );
    world.left.delete(&left);
    world.right.set(&right, "title", Some("CEO"));
    world.settle().await;
    assert_eq!(world.find(Side::Left, "p1@example.com").len(), 1);
    world.agree();
}

// proves: R-19
#[tokio::test]
async fn merging_twins_moves_the_link_and_keeps_the_counterpart() {
    let mut world = people(3).await;
    let first = world.find(Side::Right, "p1@example.com")[0].clone();
    // People merge two contacts: the synced one goes, the other one stays with the same key.
    let survivor = world.right.add(&[
        ("emails[work]", "p1@example.com"),
        ("name.family", "F1"),
        ("title", "CEO"),
    ]);
    world.right.delete(&first);
    world.settle().await;
    assert_eq!(world.left.entries.len(), 3);
    assert_eq!(world.find(Side::Right, "p1@example.com"), [survivor]);
    let left = world.find(Side::Left, "p1@example.com")[0].clone();
    assert_eq!(world.left.get(&left, "title").as_deref(), Some("CEO"));
}

// proves: R-20
#[tokio::test]
async fn absence_without_proof_deletes_nothing() {
    let mut world = people(4).await;
    let hidden = world.find(Side::Left, "p2@example.com")[0].clone();
    // The record is hidden: no snapshot shows it, and no tombstone does.
    world.left.entries.remove(&hidden);
    let mut batch = world.round(Side::Left).await.unwrap();
    batch.changes = world.left.changes(None, &crate::world::HASH_KEY);
    batch.snapshot = Some(Snapshot {
        id: "again".to_owned(),
        extent: Extent::Account.into(),
        end: true,
    });
    world.ingest(&batch).await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 4);
    let status = world.status().await;
    assert_eq!(status.counts.unwrap().excluded, 1);
}

// proves: R-22
#[tokio::test]
async fn the_guard_asks_before_a_mass_deletion_and_goes_on_when_accepted() {
    let mut world = people(40).await;
    for at in 0..20 {
        let id = world.find(Side::Left, &format!("p{at}@example.com"))[0].clone();
        world.left.delete(&id);
    }
    world.settle().await;
    let status = world.status().await;
    assert_eq!(status.phase, "paused");
    assert!(status.reason.contains("20 of 40"), "{}", status.reason);
    assert_eq!(world.right.entries.len(), 40);
    world
        .resume(proto::reconcile::resume_request::Answer::Accept)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.right.entries.len(), 20);
    world.agree();
}

// proves: R-22
#[tokio::test]
async fn the_guard_can_put_back_what_was_deleted() {
    let mut world = people(30).await;
    for at in 0..30 {
        let id = world.find(Side::Left, &format!("p{at}@example.com"))[0].clone();
        world.left.delete(&id);
    }
    world.settle().await;
    assert_eq!(world.status().await.phase, "paused");
    world
        .resume(proto::reconcile::resume_request::Answer::Restore)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.left.entries.len(), 30);
    assert_eq!(world.right.entries.len(), 30);
    world.agree();
}

// proves
#[tokio::test]
async fn a_page_of_the_time_before_a_lost_collection_does_not_count_as_the_beginning() {
    let mut world = people(2).await;
    let late = world.round(Side::Right).await.unwrap();
    let mut lost = world.round(Side::Left).await.unwrap();
    lost.collection = CollectionState::Forbidden.into();
    assert_eq!(world.ingest(&lost).await, Ingested::Applied);
    assert_eq!(world.ingest(&late).await, Ingested::Repeated);
}

// proves: R-21
#[tokio::test]
async fn a_collection_that_may_not_be_read_is_told_with_the_right_that_is_missing() {
    for (right, said) in [
        (
            "view contacts: ask an administrator",
            "any more: the account may not view contacts: ask an administrator; ",
        ),
        ("", "any more; "),
    ] {
        let mut world = people(1).await;
        let mut lost = world.round(Side::Left).await.unwrap();
        lost.collection = CollectionState::Forbidden.into();
        right.clone_into(&mut lost.right);
        world.ingest(&lost).await;
        let reason = world.status().await.reason;
        let said = format!("the left collection may not be read {said}");
        assert!(reason.starts_with(&said), "{reason}");
    }
}

// proves: R-21
#[tokio::test]
async fn a_collection_that_is_gone_stops_the_sync_and_deletes_nothing() {
    let mut world = people(5).await;
    let before = world.writes();
    let mut batch = world.round(Side::Right).await.unwrap();
    batch.collection = CollectionState::Gone.into();
    world.ingest(&batch).await;
    world.settle().await;
    let status = world.status().await;
    assert_eq!(status.phase, "paused");
    assert!(
        status.reason.contains("collection is gone"),
        "{}",
        status.reason
    );
    assert_eq!(world.writes(), before);
    assert_eq!(world.left.entries.len(), 5);
    world
        .resume(proto::reconcile::resume_request::Answer::Unspecified)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.writes(), before, "what came back needs no write");
}

#[tokio::test]
async fn a_deletion_is_not_propagated_if_the_policy_says_so() {
    let mut world =
        World::with(|definition| World::policies(definition).deletion = "ignore".to_owned()).await;
    world.left.add(&[("emails[work]", "a@example.com")]);
    world.left.add(&[("emails[work]", "b@example.com")]);
    world.settle().await;
    world.left.delete("L1");
    world.settle().await;
    assert_eq!(world.right.entries.len(), 2);
    assert_eq!(world.left.entries.len(), 1, "and it is not created again");
    assert_eq!(world.status().await.counts.unwrap().excluded, 1);
}

/// Shows a record of the left side as one that cannot be read.
async fn cannot_be_read(world: &mut World, id: &str) {
    let mut batch = world.round(Side::Left).await.unwrap();
    let shown = batch.changes.iter_mut().find(|one| one.remote_id == id);
    let reason = "half of it is missing".to_owned();
    shown.unwrap().what = Some(What::Unreadable(Unreadable { reason }));
    world.ingest(&batch).await;
    world.read(Side::Right).await;
    world.advance().await;
    let status = world.status().await;
    assert_eq!(status.counts.unwrap().set_aside, 1);
}

// proves: R-19
#[tokio::test]
async fn what_could_not_be_read_and_is_gone_is_set_aside_no_longer() {
    let mut world = World::new().await;
    let id = world.left.add(&[("title", "CEO")]);
    cannot_be_read(&mut world, &id).await;
    world.left.delete(&id);
    world.settle().await;
    let counts = world.status().await.counts.unwrap();
    assert_eq!((counts.in_scope, counts.set_aside), (0, 0));

    let id = world.left.add(&[("title", "CEO")]);
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
    world.left.set(&id, "title", Some("CTO"));
    cannot_be_read(&mut world, &id).await;
    world.left.delete(&id);
    world.settle().await;
    let counts = world.status().await.counts.unwrap();
    assert_eq!((counts.in_scope, counts.set_aside), (0, 0));
    assert_eq!(world.right.entries.len(), 0);
}
