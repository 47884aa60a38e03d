//! The scope: leaving it stops a link, coming back resumes it.

use model::Side;
use proto::{control::Policies, write::write::Operation};

use crate::{meetings::board, world::World};

/// A record that we made on the right and that was deleted on one side, where deletions go nowhere; how the link is told.
async fn deleted(side: Side, policy: impl FnOnce(&mut Policies)) -> World {
    let mut world = World::with(|definition| policy(World::policies(definition))).await;
    let ana = [("emails[work]", "ana@example.com"), ("title", "CTO")];
    world.left.add(&ana);
    world.settle().await;
    assert_eq!(world.find(Side::Right, "ana@example.com"), ["R1"]);
    let id = if side == Side::Left { "L1" } else { "R1" };
    world.book(side).delete(id);
    world.settle().await;
    world
}

// proves
#[tokio::test]
async fn a_deletion_that_goes_nowhere_stays_so_when_the_survivor_leaves_the_scope_and_comes_back() {
    let ignored = deleted(Side::Left, |policies| {
        "ignore".clone_into(&mut policies.deletion);
    });
    let one_way = deleted(Side::Right, |policies| {
        "left-to-right".clone_into(&mut policies.direction);
    });
    for (mut world, survivor, id) in [
        (ignored.await, Side::Right, "R1"),
        (one_way.await, Side::Left, "L1"),
    ] {
        let writes = world.writes();
        for in_scope in [false, true] {
            world.book(survivor).move_scope(id, in_scope);
            world.settle().await;
            let counts = world.status().await.counts.unwrap();
            assert_eq!((counts.excluded, counts.in_scope), (1, 1), "{survivor}");
        }
        world.book(survivor).set(id, "title", Some("CEO"));
        world.settle().await;
        let records = world.left.entries.len() + world.right.entries.len();
        assert_eq!((records, world.writes()), (1, writes), "{survivor}");
    }
}

// proves: R-23
#[tokio::test]
async fn leaving_the_scope_stops_the_link_and_coming_back_resumes_it() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.right.move_scope("R1", false);
    world.settle().await;
    assert_eq!(world.left.entries.len(), 1);
    assert_eq!(world.status().await.counts.unwrap().excluded, 1);
    world.left.set("L1", "title", Some("CEO"));
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
    world.right.move_scope("R1", true);
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    assert_eq!(world.find(Side::Right, "ana@example.com").len(), 1);
}

// proves: R-23
#[tokio::test]
async fn what_we_wrote_need_not_be_read_once_the_next_list_shows_it_inside() {
    let mut world =
        World::with(|definition| definition.right.as_mut().unwrap().horizon_seconds = 60).await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    // A list that was read while we wrote it says that it is outside; the read by its id waits for the horizon.
    world.right.move_scope("R1", false);
    world.read(Side::Right).await;
    world.advance().await;
    assert_eq!(world.status().await.open_writes, 1);
    world.right.move_scope("R1", true);
    world.read(Side::Right).await;
    world.advance().await;
    let status = world.status().await;
    assert_eq!(status.open_writes, 0, "{status:?}");
    assert_eq!(status.counts.unwrap().in_sync, 1, "{status:?}");
}

// proves: R-06
#[tokio::test]
async fn of_a_record_outside_the_scope_no_value_is_stored() {
    let mut world = World::new().await;
    world
        .left
        .add_outside(&[("emails[work]", "secret@example.com"), ("title", "hidden")]);
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world.left.move_scope("L2", false);
    world.settle().await;
    let stored: Vec<Option<serde_json::Value>> =
        sqlx::query_scalar("SELECT fields FROM record WHERE NOT in_scope")
            .fetch_all(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(stored, [None, None]);
}

// proves
#[tokio::test]
async fn a_meeting_that_was_deleted_outside_the_window_is_made_again_when_the_other_one_is_moved_into_it()
 {
    let mut world = board().await;
    // It is long over, and neither calendar shows it any more.
    for (side, id) in [(Side::Left, "L1"), (Side::Right, "R1")] {
        world.book(side).move_scope(id, false);
    }
    world.settle().await;
    world.left.delete("L1");
    world.settle().await;
    assert_eq!(
        world.right.entries.len(),
        1,
        "a deletion out there is nobody's order"
    );
    assert_eq!(world.writes(), 0);
    // Somebody wants it to take place after all: that is newer than the deletion, and nobody else's meeting.
    let later = "2027-12-01T09:00:00[Europe/Vienna]/2027-12-01T10:00:00[Europe/Vienna]";
    world.right.set("R1", "when", Some(later));
    world.right.move_scope("R1", true);
    world.settle().await;
    world.agree();
    assert_eq!((world.left.creates, world.right.writes), (1, 0));
    assert_eq!(world.find_by(Side::Left, "when", later).len(), 1);
}

// proves
#[tokio::test]
async fn who_is_typed_in_again_before_an_excluded_link_ends_is_there_once() {
    let mut world = World::new().await;
    let ana = [("emails[work]", "ana@example.com"), ("title", "CEO")];
    let left = world.left.add(&ana);
    let other = world.left.add(&[("emails[work]", "bo@example.com")]);
    world.settle().await;
    world.left.move_scope(&left, false);
    world.settle().await;
    assert_eq!(world.status().await.counts.unwrap().excluded, 1);
    world.left.delete(&left);
    world.left.delete(&other);
    world.read(Side::Left).await;
    world.advance().await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for read in world.claimed().await {
        let Some(Operation::Read(asked)) = &read.operation else {
            panic!("{read:?}")
        };
        let answers = if asked.remote_id == left {
            &mut known
        } else {
            &mut unknown
        };
        answers.push(world.execute(&read));
    }
    // It is known to be gone, and what follows waits for what became of the other one.
    world.answer(known).await;
    world.left.add(&ana);
    world.read(Side::Left).await;
    for _ in 0..3 {
        world.advance().await;
        world.write().await;
    }
    world.answer(unknown).await;
    world.settle().await;
    assert_eq!(world.left.entries.len(), 1);
    assert_eq!(world.right.entries.len(), 1);
    world.agree();
}
