//! Records that come out of the bin after others were made in their places. Nothing but our memory tells who they are:
//! they have no address.

use model::Side;
use proto::record::value::Value as Shown;

use crate::{book::Entry, world::World};

const ANA: [(&str, &str); 1] = [("title", "CEO")];

/// Somebody deletes the only record of the left side while the right one is edited, so that it is made anew: how it was.
async fn made_anew(world: &mut World, title: &str) -> (String, Entry) {
    let left = world.left.entries.keys().next().unwrap().clone();
    let entry = world.left.entries[&left].clone();
    world.left.delete(&left);
    world.right.set("R1", "title", Some(title));
    world.settle().await;
    assert_eq!(world.left.entries.len(), 1, "it was edited meanwhile");
    assert!(!world.left.entries.contains_key(&left));
    (left, entry)
}

// proves: R-11
#[tokio::test]
async fn whose_successor_is_gone_as_well_takes_its_place_back() {
    let mut world = World::new().await;
    world.left.add(&ANA);
    world.settle().await;
    let (first, entry) = made_anew(&mut world, "CTO").await;
    let second = world.left.entries.keys().next().unwrap().clone();
    world.left.delete(&second);
    world.right.set("R1", "title", Some("CFO"));
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    world.left.undelete(&first, entry);
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!(world.right.entries.keys().collect::<Vec<_>>(), ["R1"]);
    let history = world.history().await;
    let kept = |title: &str| {
        let is_before = |value: &proto::record::Value| matches!(&value.value, Some(Shown::Text(text)) if text == title);
        let mut before = history.iter().filter_map(|entry| entry.before.as_ref());
        before.any(is_before) || world.left.get(&first, "title").as_deref() == Some(title)
    };
    assert!(kept("CEO") && kept("CFO"), "both are newer than the base");
}

// proves: R-11
#[tokio::test]
async fn whose_successor_is_about_to_be_found_gone_waits_for_that() {
    let mut world = World::new().await;
    world.left.add(&ANA);
    world.settle().await;
    let (first, entry) = made_anew(&mut world, "CTO").await;
    let second = world.left.entries.keys().next().unwrap().clone();
    // One round tells of both, and the successor is read by its id first.
    world.left.delete(&second);
    world.left.undelete(&first, entry);
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!(world.right.entries.keys().collect::<Vec<_>>(), ["R1"]);
}

// proves
#[tokio::test]
async fn whose_successor_is_there_stands_back_for_it_as_long_as_it_is() {
    let mut world = World::new().await;
    world.left.add(&ANA);
    world.settle().await;
    let (first, entry) = made_anew(&mut world, "CTO").await;
    let second = world.left.entries.keys().next().unwrap().clone();
    world.left.undelete(&first, entry);
    for _ in 0..2 {
        world.settle().await;
        assert_eq!(world.right.entries.len(), 1);
        let status = world.status().await;
        let reasons = status.reasons.iter().map(|one| &*one.reason);
        let reasons: Vec<&str> = reasons.filter(|reason| !reason.is_empty()).collect();
        assert_eq!(reasons, ["twin of a linked record"]);
        // The next run looks at twins again.
        world.run().await;
    }
    world.left.delete(&second);
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!(world.right.entries.keys().collect::<Vec<_>>(), ["R1"]);
}

// proves
#[tokio::test]
async fn who_was_deleted_while_the_sync_was_off_is_known_as_well() {
    let mut world = World::new().await;
    let first = world.left.add(&ANA);
    world.settle().await;
    world.turn_off().await;
    let entry = world.left.entries[&first].clone();
    world.left.delete(&first);
    world.turn_on().await;
    world.settle().await;
    let second = world.left.entries.keys().next().unwrap().clone();
    assert_ne!(
        first, second,
        "nobody is deleted for what happened meanwhile"
    );
    world.left.undelete(&first, entry);
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
    assert_eq!(world.status().await.counts.unwrap().excluded, 1);
    world.left.delete(&second);
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!(world.right.entries.keys().collect::<Vec<_>>(), ["R1"]);
}
