//! Guests: whom providers were asked to tell of what a sync wrote is counted, once.

use model::{Edit, Side, Value, event::Participant};
use proto::reconcile::Notified;

use crate::{book::path, meetings::MEETINGS, world::World};

const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";

async fn notified(world: &World) -> (u64, u64) {
    let Notified { writes, guests } = world.status().await.notified.unwrap();
    (writes, guests)
}

/// A meeting with two guests, which is made on the right, renamed there and deleted.
async fn life_of_a_meeting(notifies: bool) -> Vec<(u64, u64)> {
    let mut world = World::of(&MEETINGS, |definition| {
        World::policies(definition).guard_percent = 100;
    })
    .await;
    world.right.notifies = notifies;
    let mut told = vec![notified(&world).await];
    // Others, lest the deletion be one of everything.
    for title in ["One", "Two", "Three"] {
        let meeting = [("title", title), ("when", VIENNA)];
        world.right.add(&meeting);
        world.left.add(&meeting);
    }
    let id = world.left.add(&[("title", "Board"), ("when", VIENNA)]);
    for guest in ["ana@example.com", "bo@example.com"] {
        let guest = Participant::new(guest).element();
        let invites = Edit {
            path: path("participants"),
            before: None,
            after: Some(Value::Elements(vec![guest])),
        };
        world.left.edit(&id, &[invites]);
    }
    world.settle().await;
    told.push(notified(&world).await);
    world.left.set(&id, "title", Some("Council"));
    world.read(Side::Left).await;
    world.advance().await;
    let write = world.claimed().await.remove(0);
    let outcome = world.execute(&write);
    // An answer that is delivered twice counts once.
    for _ in 0..2 {
        world.answer(vec![outcome.clone()]).await;
    }
    world.settle().await;
    told.push(notified(&world).await);
    world.left.delete(&id);
    world.settle().await;
    world.agree();
    assert_eq!(world.right.entries.len(), 3);
    told.push(notified(&world).await);
    told
}

#[tokio::test]
async fn nobody_is_told_where_the_policy_tells_nobody() {
    assert_eq!(life_of_a_meeting(false).await, [(0, 0); 4]);
}

#[tokio::test]
async fn guests_who_are_told_are_counted_with_each_write_once() {
    let told = life_of_a_meeting(true).await;
    assert_eq!(told, [(0, 0), (1, 2), (2, 4), (3, 6)]);
}
