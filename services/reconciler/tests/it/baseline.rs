//! The first run: both sides are read to the end, matched, merged and completed.

use model::Side;
use proto::reconcile::{PreviewRequest, syncs_server::Syncs as _};
use tonic::Request;

use crate::world::World;

// proves: R-06
#[tokio::test]
async fn two_books_become_one_without_duplicates() {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
    ]);
    world.right.add(&[
        ("emails[work]", "ANA@example.com"),
        ("name.family", "Petrov"),
        ("title", "CEO"),
    ]);
    world
        .left
        .add(&[("emails[work]", "bo@example.com"), ("name.family", "Berg")]);
    world
        .right
        .add(&[("emails[work]", "cy@example.com"), ("name.family", "Chen")]);
    world.settle().await;
    assert_eq!(world.left.entries.len(), 3);
    assert_eq!(world.right.entries.len(), 3);
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("CEO"));
    assert_eq!((world.left.creates, world.right.creates), (1, 1));
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), before, "agreement causes no write");
}

#[tokio::test]
async fn nothing_is_written_before_both_sides_are_read() {
    let mut world = World::new().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.right.add(&[("emails[work]", "ana@example.com")]);
    world.read(Side::Left).await;
    world.advance().await;
    assert_eq!(world.write().await, 0);
    assert_eq!(world.status().await.phase, "baseline");
    world.settle().await;
    assert_eq!(world.writes(), 0);
}

#[tokio::test]
async fn a_conflict_of_first_contact_goes_to_the_chosen_side_and_the_loser_to_the_history() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("title", "CEO")]);
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
    let history = world.history().await;
    let lost = history.iter().find(|entry| entry.path == "title").unwrap();
    assert_eq!(
        lost.before,
        Some(model::Value::Text("CEO".to_owned()).into())
    );
}

// proves: R-09
#[tokio::test]
async fn of_twins_one_is_linked_and_the_other_excluded() {
    let mut world = World::new().await;
    let person = [
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
    ];
    world.left.add(&person);
    world.left.add(&person);
    world.right.add(&person);
    world.settle().await;
    let counts = world.status().await.counts.unwrap();
    assert_eq!((counts.in_sync, counts.excluded), (1, 1));
    assert_eq!(world.right.entries.len(), 1);
}

// proves: R-09
#[tokio::test]
async fn people_who_share_an_address_stay_two_people() {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "home@example.com"),
        ("name.family", "Ito"),
        ("name.given", "Aki"),
    ]);
    world.left.add(&[
        ("emails[work]", "home@example.com"),
        ("name.family", "Ito"),
        ("name.given", "Ben"),
    ]);
    world.settle().await;
    assert_eq!(world.right.entries.len(), 2);
}

// proves: R-06
#[tokio::test]
async fn a_match_outside_the_scope_is_adopted_and_not_made_again() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    let outside = world
        .right
        .add_outside(&[("emails[work]", "ana@example.com"), ("note", "met in May")]);
    world.settle().await;
    assert_eq!(world.right.entries.len(), 1);
    assert!(world.right.entries[&outside].in_scope);
    assert_eq!(world.right.get(&outside, "title").as_deref(), Some("CTO"));
    assert_eq!(world.left.get("L1", "note").as_deref(), Some("met in May"));
}

// proves: R-06
#[tokio::test]
async fn a_match_outside_the_scope_can_be_left_alone() {
    let mut world =
        World::with(|definition| World::policies(definition).outside = "skip".to_owned()).await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world
        .right
        .add_outside(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    assert_eq!(world.writes(), 0);
    assert_eq!(world.status().await.counts.unwrap().excluded, 1);
}

#[tokio::test]
async fn caps_defer_and_later_runs_catch_up() {
    let mut world = World::with(|definition| {
        World::policies(definition).cap_first_run = 2;
        World::policies(definition).cap_later_runs = 2;
    })
    .await;
    for name in ["a", "b", "c", "d", "e"] {
        world
            .left
            .add(&[("emails[work]", &format!("{name}@example.com"))]);
    }
    world.settle().await;
    let status = world.status().await;
    assert_eq!(status.counts.unwrap().deferred, 3);
    assert_eq!(world.right.entries.len(), 2);
    world.run().await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 4);
    world.run().await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 5);
    assert_eq!(world.status().await.counts.unwrap().deferred, 0);
}

#[tokio::test]
async fn a_preview_counts_and_writes_nothing() {
    let mut world = World::with(|definition| definition.state = "preview".to_owned()).await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("title", "CEO")]);
    world.left.add(&[("emails[work]", "bo@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    let preview = world
        .service()
        .preview(Request::new(PreviewRequest {
            sync: Some(World::sync_ref()),
        }))
        .await
        .unwrap()
        .into_inner();
    assert!(preview.complete);
    assert_eq!(preview.counts["create_right"], 1);
    assert_eq!(preview.counts["conflict"], 1);
    assert_eq!(preview.counts["merge"], 1);
    assert_eq!(world.write().await, 0);
    world
        .define(|definition| definition.state = "active".to_owned())
        .await;
    world.settle().await;
    world.agree();
}

// proves: R-24
#[tokio::test]
async fn a_sync_that_is_deleted_and_made_again_adopts_its_links() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.left.add(&[("emails[work]", "bo@example.com")]);
    world.settle().await;
    world.turn_off().await;
    assert_eq!(world.status().await.phase, "off");
    let (ana, bo) = (
        world.find(Side::Right, "ana@example.com")[0].clone(),
        world.find(Side::Right, "bo@example.com")[0].clone(),
    );
    world.right.set(&ana, "title", Some("Chair"));
    world.right.delete(&bo);
    let before = world.writes();
    world.turn_on().await;
    world.settle().await;
    assert_eq!(
        world.left.get("L1", "title").as_deref(),
        Some("Chair"),
        "an edit meanwhile counts"
    );
    assert_eq!(
        world.left.entries.len(),
        2,
        "a deletion meanwhile deletes nothing"
    );
    assert_eq!(
        world.right.entries.len(),
        2,
        "the survivor is matched like an unknown record"
    );
    assert_eq!(world.writes(), before + 2);
}

// proves: R-09
#[tokio::test]
async fn twins_stay_excluded_when_the_definition_changes_or_the_sync_is_made_again() {
    let mut world = World::new().await;
    let person = [
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
    ];
    world.left.add(&person);
    let twin = world.left.add(&person);
    world.settle().await;
    for (state, generation) in [("active", 2), ("deleting", 2), ("active", 3)] {
        world
            .define(|definition| {
                definition.state = state.to_owned();
                definition.generation = generation;
            })
            .await;
        if state == "active" {
            world.settle().await;
        }
        assert_eq!(world.right.entries.len(), 1, "{state} {generation}");
    }
    world.left.set(&twin, "note", Some("edited"));
    world.settle().await;
    assert_eq!(
        world.right.entries.len(),
        1,
        "an edited twin is still a twin"
    );
    world
        .left
        .set(&twin, "emails[work]", Some("other@example.com"));
    world.settle().await;
    assert_eq!(
        world.right.entries.len(),
        2,
        "another address makes it somebody else"
    );
}

// proves: R-24
#[tokio::test]
async fn a_tombstone_of_the_time_before_that_comes_late_deletes_nothing() {
    let mut world = World::with(|definition| {
        definition.left.as_mut().unwrap().horizon_seconds = 60;
    })
    .await;
    for email in ["ana@example.com", "bo@example.com", "cy@example.com"] {
        world.left.add(&[("emails[work]", email)]);
    }
    world.settle().await;
    world.turn_off().await;
    // Deleted while the sync was off, and still listed in its first reading.
    let lagging = world.left.entries["L1"].clone();
    world.left.delete("L1");
    world.left.entries.insert("L1".to_owned(), lagging);
    world.turn_on().await;
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    world.left.delete("L1");
    world.settle().await;
    assert_eq!(world.right.entries.len(), 3, "nothing is deleted");
    assert_eq!(
        world.find(Side::Left, "ana@example.com").len(),
        1,
        "the survivor is unknown, and made again"
    );
}
