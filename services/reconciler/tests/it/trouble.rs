//! Lost answers, refusals, copies and messages that make no sense.

use model::Side;
use proto::write::{
    NotAttempted, Outcome, Unknown, Write, outcome::Result as Answer, write::Operation,
};

use crate::{book::Book, world::World};

fn lost(write: &proto::write::Write) -> Outcome {
    Outcome {
        write: write.id.clone(),
        result: Some(Answer::Unknown(Unknown {
            reason: "connection lost".to_owned(),
        })),
        ..Outcome::default()
    }
}

// proves
#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_again_by_its_marker() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    world.settle().await;
    assert_eq!(world.right.creates, 1);
    assert_eq!(world.right.entries.len(), 1);
    assert_eq!(world.status().await.counts.unwrap().in_sync, 1);
}

// proves: R-26
#[tokio::test]
async fn a_create_that_never_happened_is_repeated_after_a_complete_reading() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.answer(vec![lost(&writes[0])]).await;
    world.advance().await;
    assert!(
        world.claimed().await.is_empty(),
        "not before the other side was read again"
    );
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
}

// proves: R-26
#[tokio::test]
async fn without_a_marker_a_lost_create_is_found_by_its_content() {
    let mut world = World::new().await;
    world
        .right
        .add(&[("name.family", "Nomail"), ("title", "CEO")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    world.settle().await;
    assert_eq!(world.left.creates, 1);
    assert_eq!(world.left.entries.len(), 1);
    world.agree();
}

// proves
#[tokio::test]
async fn a_lost_create_outside_the_scope_is_found_by_the_address_that_its_source_has_no_more() {
    let mut world = World::new().await;
    let right = world.right.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Lee"),
        ("title", "CEO"),
    ]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    let left = world.find(Side::Left, "ana@example.com").remove(0);
    world.left.move_scope(&left, false);
    world.right.set(&right, "emails[work]", None);
    world.settle().await;
    assert_eq!(world.left.creates, 1);
    assert_eq!(world.left.entries.len(), 1);
}

// proves
#[tokio::test]
async fn a_lost_create_is_found_by_the_address_that_nobody_else_has_whatever_its_provider_calls_it()
{
    let mut world = World::new().await;
    let address = ("emails[work]", "ana@example.com");
    let right = world.right.add(&[address, ("name.family", "Lee")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    // The field was not to be written for a while, and the provider fills in what it cannot do without.
    let left = world.find(Side::Left, "ana@example.com").remove(0);
    world.left.set(&left, "name.family", Some("Not provided"));
    world.right.set(&right, "emails[work]", None);
    world.settle().await;
    assert_eq!((world.left.creates, world.right.creates), (1, 0));
    world.agree();
}

// proves: R-11
#[tokio::test]
async fn a_record_that_is_taken_out_of_the_bin_revives_its_link_though_nothing_else_tells_whose_it_is()
 {
    let mut world = World::new().await;
    let left = world
        .left
        .add(&[("name.family", "Nomail"), ("title", "CEO")]);
    world.settle().await;
    let right = world.right.entries.keys().next().unwrap().clone();
    let entry = world.left.entries[&left].clone();
    world.left.delete(&left);
    world.right.set(&right, "title", Some("CFO"));
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    for read in world.claimed().await {
        let outcome = world.execute(&read);
        world.answer(vec![outcome]).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    assert!(matches!(writes[0].operation, Some(Operation::Create(_))));
    world.answer(vec![lost(&writes[0])]).await;
    world.left.undelete(&left, entry);
    world.settle().await;
    assert_eq!(world.left.entries.len(), 1);
    assert_eq!(world.right.entries.len(), 1);
    world.agree();
}

// proves
#[tokio::test]
async fn of_two_people_with_one_address_neither_takes_the_record_that_a_lost_create_made_for_the_other()
 {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "x@example.com")]);
    world.settle().await;
    world.run().await;
    let address = ("emails[work]", "office@example.com");
    for (given, family) in [("Ana", "Lee"), ("Bo", "Roe")] {
        world
            .right
            .add(&[("name.given", given), ("name.family", family), address]);
    }
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    assert_eq!(writes.len(), 2);
    // The first is made, and nobody hears of it; the second one's look-up finds its record by the address alone.
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    let found = world.execute(&writes[1]);
    assert!(matches!(found.result, Some(Answer::Existing(_))));
    world.answer(vec![found]).await;
    world.settle().await;
    let names = |book: &Book| -> Vec<String> {
        let ids = book.entries.keys();
        let mut names: Vec<_> = ids.filter_map(|id| book.get(id, "name.given")).collect();
        names.sort();
        names
    };
    assert_eq!(names(&world.right), ["Ana", "Bo"]);
    assert_eq!(names(&world.left), ["Ana", "Bo"]);
    world.agree();
}

// proves: R-26
#[tokio::test]
async fn an_update_whose_answer_was_lost_is_read_and_not_repeated_blindly() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    let before = world.writes();
    world.answer(vec![lost(&writes[0])]).await;
    world.settle().await;
    assert_eq!(world.writes(), before);
    world.agree();
}

// proves
#[tokio::test]
async fn a_write_that_was_given_up_is_not_queued_again_beside_the_one_in_its_place() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world.advance().await;
    let writes = world.claimed().await;
    world.answer(vec![lost(&writes[0])]).await;
    world.advance().await;
    let reads = world.claimed().await;
    assert_eq!(reads.len(), 1);
    let found = world.execute(&reads[0]);
    world.answer(vec![found]).await;
    world.advance().await;
    // Only now does it become known that the first call was never made.
    world.answer(vec![not_attempted(&writes[0])]).await;
    world.settle().await;
    world.agree();
}

fn not_attempted(write: &Write) -> Outcome {
    Outcome {
        write: write.id.clone(),
        result: Some(Answer::NotAttempted(NotAttempted::default())),
        ..Outcome::default()
    }
}

// proves
#[tokio::test]
async fn an_answer_that_nothing_was_made_queues_its_write_again_once_however_often_it_comes() {
    let mut world = World::new().await;
    // Nothing finds again on the right who was made there.
    world.left.add(&[("title", "CTO")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let first = world.claimed().await;
    world.answer(vec![not_attempted(&first[0])]).await;
    world.let_queued_writes_go().await;
    let again = world.claimed().await;
    let made = world.execute(&again[0]);
    for _ in 0..2 {
        world.answer(vec![not_attempted(&first[0])]).await;
        world.let_queued_writes_go().await;
        assert_eq!(world.claimed().await, [], "it is being made");
    }
    world.answer(vec![made]).await;
    world.settle().await;
    world.agree();
    assert_eq!(world.find_by(Side::Right, "title", "CTO").len(), 1);
}

// proves
#[tokio::test]
async fn what_a_call_overwrote_whose_answer_was_lost_is_in_the_history() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CEO"));
    world.right.set("R1", "title", Some("CFO"));
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    world.execute(&writes[0]);
    world.answer(vec![lost(&writes[0])]).await;
    world.settle().await;
    world.agree();
    let history = world.history().await;
    let loser = history
        .iter()
        .filter(|entry| format!("{:?}", entry.before).contains("CFO"))
        .count();
    assert_eq!(loser, 1, "{history:?}");
}

// proves: R-03
#[tokio::test]
async fn a_list_that_shows_a_create_before_its_answer_comes_leaves_no_doubt() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    let outcome = world.execute(&writes[0]);
    // The provider touches what it has made: the list shows a later version than the answer.
    world.right.set("R1", "title", None);
    world.right.set("R1", "title", Some("CTO"));
    world.read(Side::Right).await;
    world.answer(vec![outcome]).await;
    world.advance().await;
    assert!(world.claimed().await.is_empty(), "nothing is left to read");
    let status = world.status().await;
    assert_eq!((status.open_writes, status.counts.unwrap().in_sync), (0, 1));
    world.left.set("L1", "title", Some("CEO"));
    world.settle().await;
    world.agree();
    assert_eq!(
        world.writes(),
        2,
        "and the next write is not refused as stale"
    );
}

// proves: R-28
#[tokio::test]
async fn a_refused_record_is_set_aside_and_the_rest_goes_on() {
    let mut world = World::new().await;
    world.right.refuse_title = Some("poison".to_owned());
    world
        .left
        .add(&[("emails[work]", "bad@example.com"), ("title", "poison")]);
    world
        .left
        .add(&[("emails[work]", "good@example.com"), ("title", "fine")]);
    world.settle().await;
    let status = world.status().await;
    let counts = status.counts.unwrap();
    assert_eq!((counts.in_sync, counts.set_aside), (1, 1));
    assert!(
        status
            .reasons
            .iter()
            .any(|one| one.state == "set aside" && one.reason == "title: too long")
    );
    // Mended at the source, it goes through by itself.
    world.left.set("L1", "title", Some("short"));
    world.settle().await;
    world.agree();
}

// proves: R-08
#[tokio::test]
async fn a_copy_with_our_marker_on_it_is_not_taken_for_the_original() {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
    ]);
    world.settle().await;
    let copy = world.right.copy("R1");
    world
        .right
        .set(&copy, "emails[work]", Some("other@example.com"));
    world.settle().await;
    assert_eq!(
        world.left.entries.len(),
        2,
        "the copy is a record of its own"
    );
    assert_eq!(
        world.right.get("R1", "emails[work]").as_deref(),
        Some("ana@example.com")
    );
    world.agree();
}

// proves: R-07
#[tokio::test]
async fn the_same_person_typed_in_on_both_sides_cancels_the_queued_create() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "x@example.com")]);
    world.settle().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.read(Side::Left).await;
    world.advance().await;
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("note", "typed here")]);
    world.read(Side::Right).await;
    world.advance().await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 2);
    assert_eq!(world.right.creates, 1);
    world.agree();
}

// proves: R-07
#[tokio::test]
async fn a_live_look_up_finds_what_the_feed_has_not_shown_yet() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "x@example.com")]);
    world.settle().await;
    world.run().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("note", "typed here")]);
    world.read(Side::Left).await;
    world.advance().await;
    world.write().await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 2);
    world.agree();
}

/// The creates that a writer is given: for each, whether it says since when to look for the record.
async fn bounded(world: &World) -> Vec<bool> {
    let creates = world.claimed().await.into_iter();
    let creates = creates.filter_map(|write| match write.operation {
        Some(Operation::Create(create)) => Some(create),
        _ => None,
    });
    let mut bounded: Vec<bool> = creates
        .inspect(|create| assert!(create.look_up))
        .map(|create| create.known_until_micros.is_some())
        .collect();
    bounded.sort_unstable();
    bounded
}

// proves: R-07
#[tokio::test]
async fn only_first_creates_of_the_baseline_look_for_young_records_alone() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    world.left.add(&[("emails[work]", "bo@example.com")]);
    world.read(Side::Left).await;
    world.advance().await;
    assert_eq!(bounded(&world).await, [false, true], "one came later");
}

// proves: R-07
#[tokio::test]
async fn a_create_that_was_revoked_looks_for_every_record_the_next_time() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world.advance().await;
    assert_eq!(bounded(&world).await, [false]);
}

// proves: R-31
#[tokio::test]
async fn an_outcome_that_comes_twice_counts_once() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let writes = world.claimed().await;
    let outcome = world.execute(&writes[0]);
    world.answer(vec![outcome.clone()]).await;
    world.answer(vec![outcome]).await;
    world.settle().await;
    assert_eq!(world.history().await.len(), 1);
    assert_eq!(world.status().await.totals["created_right"], 1);
}

#[tokio::test]
async fn outcomes_of_nobodys_writes_are_passed_over() {
    let world = World::new().await;
    world
        .answer(vec![
            Outcome {
                write: "not an id".to_owned(),
                result: Some(Answer::Unknown(Unknown::default())),
                ..Outcome::default()
            },
            Outcome {
                write: uuid::Uuid::now_v7().to_string(),
                ..Outcome::default()
            },
        ])
        .await;
    assert_eq!(world.status().await.counts.unwrap().in_scope, 0);
}

// proves: R-25
#[tokio::test]
async fn what_is_paused_before_its_claim_is_not_written() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    world
        .define(|definition| definition.state = "paused".to_owned())
        .await;
    assert!(world.claimed().await.is_empty());
    world
        .define(|definition| definition.state = "active".to_owned())
        .await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
}
