//! Records that an update makes anew, under another id: they stay the same meeting whatever is known when.

use model::Side;
use proto::control::SyncDefinition;
use proto::write::{
    NotAttempted, Outcome, Unknown, Write, outcome::Result as Answer, write::Operation,
};

use crate::{
    book::{Book, Entry},
    meetings::{board, board_of},
    world::{HASH_KEY, World},
};

/// How far a provider came that sets a rule only when it makes a record.
#[derive(Clone, Copy, PartialEq)]
enum Reached {
    /// The new one is made.
    Made,
    /// And the old one deleted.
    Deleted,
}

/// Carries an update out by making the record anew; what an earlier attempt made is used.
fn make_anew(world: &mut World, write: &Write, reached: Reached) -> Outcome {
    let Some(Operation::Update(update)) = &write.operation else {
        panic!("{write:?}");
    };
    let old = update.remote_id.clone();
    let held: Entry = world.left.entries[&old].clone();
    let mut outcome = world.execute(write);
    let Some(Answer::Applied(applied)) = &mut outcome.result else {
        panic!("{outcome:?}");
    };
    let earlier = world.left.entries.keys().find(|id| **id != old).cloned();
    let new = earlier.unwrap_or_else(|| world.left.copy(&old));
    match reached {
        Reached::Made => drop(world.left.entries.insert(old, held)),
        Reached::Deleted => world.left.delete(&old),
    }
    let version = Book::change(&new, &world.left.entries[&new], &HASH_KEY).version;
    applied.version.clone_from(&version);
    if let Some(answer) = &mut applied.answer {
        answer.remote_id.clone_from(&new);
        answer.version = version;
    }
    applied.remote_id = new;
    outcome
}

fn lost(outcome: Outcome) -> Outcome {
    Outcome {
        result: Some(Answer::Unknown(Unknown {
            reason: "the writer died".to_owned(),
        })),
        ..outcome
    }
}

/// A weekly meeting whose rule was changed on the right, which asks for a write on the left.
async fn another_rule() -> (World, Write) {
    changes_rule(board().await).await
}

async fn changes_rule(mut world: World) -> (World, Write) {
    let rule = Some("FREQ=WEEKLY;COUNT=12");
    world.right.set("R1", "recurrence", rule);
    world.read(Side::Right).await;
    world.advance().await;
    let write = world.claimed().await.remove(0);
    (world, write)
}

fn ids(book: &Book) -> Vec<&str> {
    book.entries.keys().map(String::as_str).collect()
}

/// It is one meeting on each side, the left one under its new id; and an edit of it travels.
async fn is_one(world: &mut World) {
    world.settle().await;
    world.agree();
    assert_eq!(
        (ids(&world.left), ids(&world.right)),
        (vec!["L2"], vec!["R1"])
    );
    let counts = world.status().await.counts.unwrap();
    assert_eq!((counts.in_sync, counts.in_scope), (1, 1), "{counts:?}");
    assert_eq!(world.right.writes, 0);
    world.left.set("L2", "title", Some("Council"));
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("Council"));
    assert_eq!(
        (ids(&world.left), ids(&world.right)),
        (vec!["L2"], vec!["R1"])
    );
}

// proves: R-11
#[tokio::test]
async fn a_record_made_anew_stays_the_same_meeting_whenever_its_feed_tells_of_it() {
    for (read, advanced) in [(false, false), (true, false), (true, true)] {
        let (mut world, write) = another_rule().await;
        let outcome = make_anew(&mut world, &write, Reached::Deleted);
        if read {
            world.read(Side::Left).await;
        }
        if advanced {
            world.advance().await;
            let writes = world.claimed().await;
            assert!(
                writes.is_empty(),
                "nothing is made for the new one: {writes:?}"
            );
        }
        world.answer(vec![outcome]).await;
        is_one(&mut world).await;
    }
}

// proves
#[tokio::test]
async fn a_record_made_anew_whose_answer_is_lost_takes_the_old_ones_place() {
    for read in [false, true] {
        let (mut world, write) = another_rule().await;
        let outcome = make_anew(&mut world, &write, Reached::Deleted);
        if read {
            world.read(Side::Left).await;
            world.advance().await;
        }
        world.answer(vec![lost(outcome)]).await;
        is_one(&mut world).await;
    }
}

// proves: R-26
#[tokio::test]
async fn a_record_half_made_anew_is_no_second_meeting() {
    let (mut world, write) = another_rule().await;
    let outcome = make_anew(&mut world, &write, Reached::Made);
    world.read(Side::Left).await;
    world.advance().await;
    world.answer(vec![lost(outcome)]).await;
    // The old one is read, found as it was, and asked to be changed again.
    let again = loop {
        for side in Side::ALL {
            world.read(side).await;
        }
        world.advance().await;
        let write = world.claimed().await.remove(0);
        match &write.operation {
            Some(Operation::Update(_)) => break write,
            Some(Operation::Read(_)) => {
                let outcome = world.execute(&write);
                world.answer(vec![outcome]).await;
            }
            other => panic!("{other:?}"),
        }
    };
    // The account of the provider waits, and the write comes back.
    world.advance().await;
    assert_eq!(world.right.writes, 0);
    let outcome = make_anew(&mut world, &again, Reached::Deleted);
    world.answer(vec![outcome]).await;
    is_one(&mut world).await;
}

/// The provider cannot go on for now.
fn not_attempted(outcome: Outcome) -> Outcome {
    Outcome {
        result: Some(Answer::NotAttempted(NotAttempted::default())),
        ..outcome
    }
}

// proves
#[tokio::test]
async fn a_record_half_made_anew_is_finished_before_anything_else_is_planned() {
    for (path, value) in [("recurrence", "FREQ=WEEKLY;COUNT=8"), ("title", "Council")] {
        let (mut world, write) = another_rule().await;
        let outcome = make_anew(&mut world, &write, Reached::Made);
        world.answer(vec![not_attempted(outcome)]).await;
        // Its feed shows the new one, and somebody changes on the other side what it was made from.
        world.right.set("R1", path, Some(value));
        for side in Side::ALL {
            world.read(side).await;
            world.advance().await;
        }
        world.let_queued_writes_go().await;
        let writes = world.claimed().await;
        let operations: Vec<_> = writes.iter().map(|write| &write.operation).collect();
        assert_eq!(
            operations,
            [&write.operation],
            "{path}: it is the same write"
        );
        let outcome = make_anew(&mut world, &writes[0], Reached::Deleted);
        world.answer(vec![outcome]).await;
        is_one(&mut world).await;
        let left = world.left.get("L2", path);
        if path == "recurrence" {
            assert_eq!(left.as_deref(), Some(value));
        }
    }
}

// proves
#[tokio::test]
async fn a_record_half_made_anew_as_the_sync_is_paused_is_no_second_meeting() {
    let (mut world, write) = another_rule().await;
    let outcome = make_anew(&mut world, &write, Reached::Made);
    world.answer(vec![not_attempted(outcome)]).await;
    for state in ["paused", "active"] {
        world
            .define(|definition| definition.state = state.to_owned())
            .await;
        for side in Side::ALL {
            world.read(side).await;
            world.advance().await;
        }
    }
    let again = world.claimed().await;
    assert_eq!(again.len(), 1, "nothing is made for the new one: {again:?}");
    let outcome = make_anew(&mut world, &again[0], Reached::Deleted);
    world.answer(vec![outcome]).await;
    is_one(&mut world).await;
}

#[tokio::test]
async fn another_meeting_of_that_time_waits_for_nobody() {
    let (mut world, write) = another_rule().await;
    let outcome = make_anew(&mut world, &write, Reached::Made);
    world.answer(vec![lost(outcome)]).await;
    let noon = "2026-12-02T12:00:00[Europe/Vienna]/2026-12-02T13:00:00[Europe/Vienna]";
    world.left.add(&[("title", "Lunch"), ("when", noon)]);
    world.read(Side::Left).await;
    world.advance().await;
    let writes = world.claimed().await;
    let creates = writes
        .iter()
        .filter(|write| matches!(write.operation, Some(Operation::Create(_))));
    assert_eq!(creates.count(), 1, "{writes:?}");
}

/// A provider made the record anew, and took it away again, for somebody edited the old one meanwhile; its feed shows the
/// new one still.
async fn given_up() -> World {
    let twins = |definition: &mut SyncDefinition| {
        "sync-all".clone_into(&mut World::policies(definition).twins);
    };
    let (mut world, write) = changes_rule(board_of(twins).await).await;
    make_anew(&mut world, &write, Reached::Made);
    world.left.writes = 0;
    world.left.set("L1", "location", Some("Hall"));
    world.read(Side::Left).await;
    world.left.delete("L2");
    let stale = world.execute(&write);
    assert!(matches!(stale.result, Some(Answer::Stale(_))));
    world.answer(vec![stale]).await;
    world
}

// proves: R-19
#[tokio::test]
async fn a_record_made_anew_that_was_given_up_is_no_second_meeting() {
    let mut world = given_up().await;
    world.advance().await;
    for write in world.claimed().await {
        assert!(
            !matches!(write.operation, Some(Operation::Create(_))),
            "nothing is made for what is going away: {write:?}"
        );
        let outcome = world.execute(&write);
        world.answer(vec![outcome]).await;
    }
    world.settle().await;
    world.agree();
    assert_eq!(
        (ids(&world.left), ids(&world.right)),
        (vec!["L1"], vec!["R1"])
    );
    assert_eq!(world.right.get("R1", "location").as_deref(), Some("Hall"));
    let rule = world.left.get("L1", "recurrence");
    assert_eq!(rule.as_deref(), Some("FREQ=WEEKLY;COUNT=12"));
    assert_eq!((world.left.writes, world.right.writes), (1, 1));
}

// proves: R-19
#[tokio::test]
async fn a_meeting_that_only_looks_like_one_that_was_given_up_is_synced() {
    let mut world = given_up().await;
    let entry = world.left.entries["L1"].clone();
    world.left.undelete("L2", entry);
    world.left.set("L2", "location", Some("Annex"));
    world.settle().await;
    world.agree();
    assert_eq!(
        (world.left.entries.len(), world.right.entries.len()),
        (2, 2)
    );
    assert_eq!(world.find_by(Side::Right, "location", "Annex").len(), 1);
}
