//! Records whose create was made although its answer was lost: what people do before they are found is an edit.

use model::Side;
use proto::write::{Outcome, Unknown, Write, outcome::Result as Answer, write::Operation};

use crate::world::World;

fn lost(write: &Write) -> Outcome {
    Outcome {
        write: write.id.clone(),
        result: Some(Answer::Unknown(Unknown {
            reason: "the writer died".to_owned(),
        })),
        ..Outcome::default()
    }
}

const ANA: [(&str, &str); 3] = [
    ("emails[work]", "ana@example.com"),
    ("name.family", "Lee"),
    ("title", "CTO"),
];

/// Ana is on one side, and on the other, where she was made, nobody knows of it yet.
async fn made_unheard(source: Side, winner: &str) -> (World, Write) {
    let mut world =
        World::with(|definition| winner.clone_into(&mut World::policies(definition).conflict))
            .await;
    world.book(source).add(&ANA);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let write = world.claimed().await.remove(0);
    world.execute(&write);
    world.answer(vec![lost(&write)]).await;
    (world, write)
}

fn id(side: Side) -> &'static str {
    match side {
        Side::Left => "L1",
        Side::Right => "R1",
    }
}

// proves
#[tokio::test]
async fn an_edit_of_the_source_before_its_lost_create_is_found_is_an_edit_whoever_wins_conflicts() {
    // On the left there is no marker: it is found by its content.
    for source in Side::ALL {
        let winner = source.other().as_str();
        let (mut world, _) = made_unheard(source, winner).await;
        world.book(source).set(id(source), "title", Some("CEO"));
        world.settle().await;
        world.agree();
        let shown = world.book(source.other()).get(id(source.other()), "title");
        assert_eq!(shown.as_deref(), Some("CEO"), "{source}");
        let causes: Vec<String> = world
            .history()
            .await
            .into_iter()
            .map(|one| one.cause)
            .collect();
        assert_eq!(causes, ["edit"]);
        assert_eq!(
            (world.book(source).writes, world.book(source.other()).writes),
            (0, 2)
        );
    }
}

// proves
#[tokio::test]
async fn what_the_found_record_does_not_show_as_it_was_sent_meets_for_the_first_time() {
    let (mut world, _) = made_unheard(Side::Left, "left").await;
    world.right.set("R1", "title", Some("CFO"));
    world.right.set("R1", "note", Some("typed here"));
    world.left.set("L1", "name.family", Some("Petrov"));
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
    assert_eq!(world.left.get("L1", "note").as_deref(), Some("typed here"));
    let family = world.right.get("R1", "name.family");
    assert_eq!(family.as_deref(), Some("Petrov"));
    let history = world.history().await;
    let cause = |path: &str| {
        let mut entries = history.iter();
        entries
            .find(|entry| entry.path == path)
            .map(|entry| entry.cause.clone())
    };
    assert_eq!(cause("title").as_deref(), Some("first contact"));
    assert_eq!(cause("name.family").as_deref(), Some("edit"));
}

// proves: R-26
#[tokio::test]
async fn a_look_up_that_finds_what_an_earlier_create_made_knows_what_it_was_made_from() {
    let mut world =
        World::with(|definition| "right".clone_into(&mut World::policies(definition).conflict))
            .await;
    world.left.add(&ANA);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let first = world.claimed().await.remove(0);
    world.answer(vec![lost(&first)]).await;
    // Lists do not show it, and it is asked for once more, by another name.
    world.left.set("L1", "title", Some("CEO"));
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let second = world.claimed().await.remove(0);
    world.execute(&first);
    let found = world.execute(&second);
    assert!(matches!(found.result, Some(Answer::Existing(_))));
    world.answer(vec![found]).await;
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
}

// proves
#[tokio::test]
async fn of_several_lost_creates_the_one_that_shows_counts() {
    let (mut world, _) = made_unheard(Side::Right, "left").await;
    // Nothing shows yet, so that it is asked for once more, and that one is lost as well, and was never made.
    let entry = world.left.entries.remove("L1").unwrap();
    world.right.set("R1", "title", Some("CEO"));
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let write = world.claimed().await.remove(0);
    assert!(matches!(write.operation, Some(Operation::Create(_))));
    world.answer(vec![lost(&write)]).await;
    world.left.undelete("L1", entry);
    world.right.set("R1", "title", Some("CFO"));
    world.settle().await;
    world.agree();
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("CFO"));
    assert_eq!(world.left.entries.len(), 1);
}

// proves: R-23
#[tokio::test]
async fn a_record_that_a_lost_create_made_is_known_to_be_ours() {
    let mut world = World::with(|definition| {
        let right = definition.right.as_mut().unwrap();
        "list_view".clone_into(&mut right.collection_form);
    })
    .await;
    world.left.add(&ANA);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let write = world.claimed().await.remove(0);
    world.execute(&write);
    world.answer(vec![lost(&write)]).await;
    world.settle().await;
    world.right.move_scope("R1", false);
    world.settle().await;
    let reasons = world.status().await.reasons;
    let reasons: Vec<&str> = reasons.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["outside the list view"]);
}
