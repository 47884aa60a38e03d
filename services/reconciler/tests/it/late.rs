//! Lists and look-ups that are late: they show for a while what was deleted.

use model::Side;
use proto::{
    change::ChangeBatch,
    write::{Existing, Outcome, outcome::Result as Answer, write::Operation},
};
use reconciler::ingest::Ingested;

use crate::{
    book::{Book, Entry},
    world::{HASH_KEY, World},
};

const ANA: [(&str, &str); 2] = [("emails[work]", "ana@example.com"), ("title", "CEO")];

/// Somebody deleted a record on the right, and the left one was deleted after it: with the left one's id, how it was,
/// and a page that was read before.
async fn deleted_on_both_sides(world: &mut World) -> (String, Entry, ChangeBatch) {
    let left = world.left.add(&ANA);
    world.settle().await;
    let right = world.right.entries.keys().next().unwrap().clone();
    world.right.delete(&right);
    world.read(Side::Right).await;
    world.advance().await;
    assert_eq!(world.write().await, 1, "the right one is read by its id");
    world.advance().await;
    let writes = world.claimed().await;
    assert!(matches!(writes[0].operation, Some(Operation::Delete(_))));
    let entry = world.left.entries[&left].clone();
    let mut late = world.round(Side::Left).await.unwrap();
    late.changes.push(Book::change(&left, &entry, &HASH_KEY));
    let deleted = world.execute(&writes[0]);
    world.answer(vec![deleted]).await;
    assert!(world.left.entries.is_empty());
    (left, entry, late)
}

// proves
#[tokio::test]
async fn a_list_that_still_shows_what_was_deleted_brings_nobody_back() {
    let mut world = World::new().await;
    let (_, _, late) = deleted_on_both_sides(&mut world).await;
    assert_eq!(world.ingest(&late).await, Ingested::Applied);
    // Before the deletion itself is told of.
    world.advance().await;
    assert_eq!(world.write().await, 1);
    world.settle().await;
    assert_eq!(world.left.entries.len(), 0);
    assert_eq!(world.right.entries.len(), 0);
    let creates = world.left.creates + world.right.creates;
    assert_eq!(creates, 1, "the one that the pair began with");
}

// proves
#[tokio::test]
async fn a_list_that_still_shows_what_is_about_to_be_made_anew_puts_nobody_in_its_place() {
    let mut world = World::new().await;
    let first = world.left.add(&ANA);
    world.settle().await;
    world.turn_off().await;
    let entry = world.left.entries[&first].clone();
    world.left.delete(&first);
    world.turn_on().await;
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    assert_eq!(world.write().await, 1, "it is read by its id");
    world.advance().await;
    let mut late = world.round(Side::Left).await.unwrap();
    late.changes.push(Book::change(&first, &entry, &HASH_KEY));
    assert_eq!(world.ingest(&late).await, Ingested::Applied);
    world.settle().await;
    world.agree();
    assert_eq!(
        (world.left.entries.len(), world.right.entries.len()),
        (1, 1)
    );
    assert!(!world.left.entries.contains_key(&first));
}

// proves: R-11
#[tokio::test]
async fn what_was_taken_out_of_the_bin_as_it_was_is_synced_again() {
    let mut world = World::new().await;
    let (id, entry, late) = deleted_on_both_sides(&mut world).await;
    world.left.deleted.remove(&id);
    world.left.entries.insert(id, entry);
    // Somebody types the same person in on the other side: it is one person all the same.
    world.right.add(&ANA);
    world.ingest(&late).await;
    world.settle().await;
    assert_eq!(world.left.entries.len(), 1);
    world.agree();
    let status = world.status().await;
    assert_eq!(status.counts.unwrap().in_sync, 1);
}

// proves
#[tokio::test]
async fn a_look_up_that_still_shows_what_was_deleted_takes_nobodys_place() {
    let mut world = World::new().await;
    let left = world.left.add(&ANA);
    world.settle().await;
    let right = world.right.entries.keys().next().unwrap().clone();
    let late = world.right.live(&right);
    world.left.delete(&left);
    world.right.delete(&right);
    world.settle().await;
    world.left.add(&ANA);
    world.read(Side::Left).await;
    world.advance().await;
    let write = world.claimed().await.remove(0);
    assert!(matches!(write.operation, Some(Operation::Create(_))));
    let existing = Outcome {
        write: write.id,
        result: Some(Answer::Existing(Existing { live: late })),
        ..Outcome::default()
    };
    world.answer(vec![existing]).await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
    world.agree();
}
