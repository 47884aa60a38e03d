//! Events through the engine: a time is one value, and exceptions of a series merge one by one.

use model::{
    Edit, Element, Side, Value,
    event::{Original, Override, Participant, Status},
};

use proto::control::SyncDefinition;

use crate::{
    book::{Shape, path, text},
    world::World,
};

pub static MEETINGS: Shape = Shape {
    kind: "event",
    paths: &[
        "title",
        "when",
        "recurrence",
        "overrides",
        "location",
        "description",
        "participants",
    ],
    criteria: &["uidAndRecurrenceId", "titleAndStart"],
    look_up: "title",
    readable: &[
        "title",
        "when",
        "recurrence",
        "overrides",
        "location",
        "description",
        "participants",
        "uid",
        "recurrenceId",
    ],
};

const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";
/// The same, as an account shows it that keeps instants.
const INSTANTS: &str = "2026-12-01T08:00:00+00:00/2026-12-01T09:00:00+00:00";

/// A weekly board meeting on both sides, linked.
pub async fn board() -> World {
    board_of(|_| ()).await
}

/// The same, of a sync that is defined otherwise.
pub async fn board_of(change: impl FnOnce(&mut SyncDefinition)) -> World {
    let mut world = World::of(&MEETINGS, change).await;
    for side in Side::ALL {
        world.book(side).add(&[
            ("title", "Board"),
            ("when", VIENNA),
            ("recurrence", "FREQ=WEEKLY;COUNT=8"),
        ]);
    }
    world.settle().await;
    assert_eq!(world.writes(), 0);
    world
}

/// Adds an element to a list of the meeting, or puts it into another's place.
fn put(world: &mut World, side: Side, list: &str, before: Option<Element>, after: Element) {
    let value = |element: Element| Value::Elements(vec![element]);
    let edit = Edit {
        path: path(list),
        before: before.map(value),
        after: Some(value(after)),
    };
    let id = if side == Side::Left { "L1" } else { "R1" };
    world.book(side).edit(id, &[edit]);
}

fn instance(day: &str, title: &str) -> Element {
    let original: Original = format!("{day}T09:00:00").parse().unwrap();
    let changed = Override::Changed {
        values: vec![("title", title.to_owned())],
        cleared: Vec::new(),
        included: false,
    };
    changed.element(original)
}

fn excluded(day: &str) -> Element {
    Override::Excluded.element(format!("{day}T09:00:00").parse().unwrap())
}

fn labels(world: &World, list: &str) -> Vec<String> {
    assert_eq!(world.left.show(), world.right.show());
    let value = world.left.value("L1", list).unwrap();
    let labels = value.as_elements().iter();
    let mut labels: Vec<_> = labels.map(|element| element.label.clone()).collect();
    labels.sort();
    labels
}

// proves: R-15
#[tokio::test]
async fn different_instances_may_be_changed_on_both_sides_at_a_time() {
    let mut world = board().await;
    put(
        &mut world,
        Side::Left,
        "overrides",
        None,
        instance("2026-12-08", "Budget"),
    );
    put(
        &mut world,
        Side::Right,
        "overrides",
        None,
        instance("2026-12-15", "Budget"),
    );
    put(
        &mut world,
        Side::Right,
        "overrides",
        None,
        excluded("2026-12-22"),
    );
    world.settle().await;
    assert_eq!(
        labels(&world, "overrides"),
        [
            "2026-12-08T09:00:00",
            "2026-12-15T09:00:00",
            "2026-12-22T09:00:00"
        ]
    );
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), before);
}

// proves: R-16
#[tokio::test]
async fn two_edits_of_one_instance_are_a_conflict_of_that_instance() {
    let mut world = board().await;
    put(
        &mut world,
        Side::Left,
        "overrides",
        None,
        instance("2026-12-08", "Budget"),
    );
    put(
        &mut world,
        Side::Right,
        "overrides",
        None,
        excluded("2026-12-08"),
    );
    put(
        &mut world,
        Side::Right,
        "overrides",
        None,
        excluded("2026-12-22"),
    );
    world.settle().await;
    assert_eq!(labels(&world, "overrides").len(), 2);
    let title = world
        .right
        .get("R1", "overrides[2026-12-08T09:00:00].title");
    assert_eq!(title.as_deref(), Some("Budget"));
    let history = world.history().await;
    let lost = history
        .iter()
        .find(|entry| entry.cause == "conflict")
        .unwrap();
    let excluded = Value::Elements(vec![excluded("2026-12-08")]);
    assert_eq!(lost.before, Some(excluded.into()));
}

// proves: R-16
#[tokio::test]
async fn no_meeting_is_made_of_two_times() {
    let mut world = board().await;
    let moved = "2026-12-01T15:00:00[Europe/Vienna]/2026-12-01T16:00:00[Europe/Vienna]";
    let longer = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T11:00:00[Europe/Vienna]";
    world.left.set("L1", "when", Some(moved));
    world.right.set("R1", "when", Some(longer));
    world.right.set("R1", "location", Some("Room 4"));
    world.settle().await;
    world.agree();
    assert_eq!(
        world.right.get("R1", "when").as_deref(),
        Some(moved),
        "one of both, whole"
    );
    assert_eq!(world.left.get("L1", "location").as_deref(), Some("Room 4"));
    let history = world.history().await;
    let lost = history
        .iter()
        .find(|entry| entry.cause == "conflict")
        .unwrap();
    assert_eq!(lost.before, Some(text(longer).into()));
}

// proves: R-13
#[tokio::test]
async fn a_side_that_keeps_instants_takes_no_zone_away() {
    let mut world = World::of(&MEETINGS, |_| ()).await;
    world.left.add(&[("title", "Lunch"), ("when", INSTANTS)]);
    world.right.add(&[("title", "Lunch"), ("when", VIENNA)]);
    let html = "<!DOCTYPE html>\n<p>Bring <b>slides</b></p>";
    world.right.set("R1", "description", Some(html));
    world.left.set("L1", "description", Some("Bring slides"));
    world.settle().await;
    assert_eq!(world.writes(), 0, "both mean the same");
    world.left.set("L1", "title", Some("Long lunch"));
    world.settle().await;
    assert_eq!(world.writes(), 1);
    assert_eq!(world.right.get("R1", "when").as_deref(), Some(VIENNA));
    assert_eq!(world.right.get("R1", "description").as_deref(), Some(html));
}

// proves: R-15
#[tokio::test]
async fn a_reply_and_an_invitation_both_survive() {
    let mut world = board().await;
    let ana = Participant::new("ana@example.com");
    put(&mut world, Side::Left, "participants", None, ana.element());
    world.settle().await;
    let accepted = Participant {
        status: Some(Status::Accepted),
        ..ana.clone()
    };
    put(
        &mut world,
        Side::Right,
        "participants",
        Some(ana.element()),
        accepted.element(),
    );
    let bo = Participant::new("Bo@Example.com");
    put(&mut world, Side::Left, "participants", None, bo.element());
    world.settle().await;
    assert_eq!(
        labels(&world, "participants"),
        ["ana@example.com", "bo@example.com"]
    );
    let status = world.left.get("L1", "participants[ana@example.com].status");
    assert_eq!(status.as_deref(), Some("accepted"));
}

// proves: R-09
#[tokio::test]
async fn meetings_are_matched_by_their_uid_or_by_title_and_beginning() {
    let mut world = World::of(&MEETINGS, |_| ()).await;
    let noon = "2026-12-02T12:00:00[Europe/Vienna]/2026-12-02T13:00:00[Europe/Vienna]";
    world
        .left
        .add(&[("title", "One"), ("when", VIENNA), ("uid", "7@x")]);
    world
        .right
        .add(&[("title", "Renamed"), ("when", noon), ("uid", "7@x")]);
    world.left.add(&[("title", "Lunch"), ("when", noon)]);
    world.right.add(&[("title", "lunch"), ("when", noon)]);
    // At the same time, and another meeting.
    world.left.add(&[("title", "Call"), ("when", VIENNA)]);
    world.right.add(&[("title", "Dentist"), ("when", VIENNA)]);
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.len(), 4);
    assert_eq!(world.right.entries.len(), 4);
    assert_eq!(world.find_by(Side::Right, "title", "One"), ["R1"]);
}

// proves
#[tokio::test]
async fn meetings_that_are_set_up_again_are_found_and_none_is_made_twice() {
    let as_the_recipe_has_it = |definition: &mut SyncDefinition| {
        let policies = World::policies(definition);
        "sync-all".clone_into(&mut policies.twins);
        "skip".clone_into(&mut policies.outside);
    };
    let mut before = World::of(&MEETINGS, as_the_recipe_has_it).await;
    let noon = "2026-12-02T12:00:00[Europe/Vienna]/2026-12-02T13:00:00[Europe/Vienna]";
    before.left.add(&[("title", "Board"), ("when", VIENNA)]);
    before.right.add(&[("title", "Lunch"), ("when", noon)]);
    // Two calls at one time are two, and only their title says what they are.
    for _ in 0..2 {
        before.right.add(&[("title", "Call"), ("when", VIENNA)]);
    }
    before.right.add(&[("when", noon)]);
    before.settle().await;
    before.agree();
    assert_eq!(before.left.entries.len(), 5);

    // Nothing is left but the accounts, and in the CRM a meeting has another name by now.
    let mut again = World::of(&MEETINGS, as_the_recipe_has_it).await;
    (again.left, again.right) = (before.left, before.right);
    again.left.set("L1", "title", Some("Big board"));
    let (left, right) = (again.left.creates, again.right.creates);
    again.settle().await;
    again.agree();
    assert_eq!((again.left.creates, again.right.creates), (left, right));
    assert_eq!(again.find_by(Side::Right, "title", "Big board").len(), 1);
    assert_eq!(again.status().await.counts.unwrap().in_sync, 5);
}

// proves: R-28
#[tokio::test]
async fn guests_whom_the_crm_has_no_room_for_are_told_of_and_the_rest_is_synced() {
    let two_guests = |definition: &mut SyncDefinition| {
        let mut lines = definition.mapping.iter_mut();
        lines
            .find(|line| line.left == "participants")
            .unwrap()
            .left_limit = 2;
    };
    let mut world = World::of(&MEETINGS, two_guests).await;
    world.right.add(&[("title", "Crowd"), ("when", VIENNA)]);
    let guests = ["ana@example.com", "bo@example.com", "eve@example.com"];
    for guest in guests {
        let element = Participant::new(guest).element();
        put(&mut world, Side::Right, "participants", None, element);
    }
    let state = async |world: &World| {
        let reasons = world.status().await.reasons;
        let one = reasons.first().unwrap();
        (one.state.clone(), one.reason.clone())
    };
    let told = "participants: more than the 2 that the left account takes";
    let aside = ("set aside".to_owned(), told.to_owned());
    let count = |book: &crate::book::Book, id: &str| {
        let guests = book.value(id, "participants").unwrap();
        guests.as_elements().len()
    };
    world.settle().await;
    assert_eq!(state(&world).await, aside);
    assert_eq!(
        (count(&world.left, "L1"), count(&world.right, "R1")),
        (2, 3)
    );

    // Edits travel, and nobody is taken off for the others.
    world.left.set("L1", "location", Some("Hall"));
    world.right.set("R1", "title", Some("Throng"));
    world.settle().await;
    assert_eq!(world.right.get("R1", "location").as_deref(), Some("Hall"));
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("Throng"));
    assert_eq!(state(&world).await, aside);
    assert_eq!(
        (count(&world.left, "L1"), count(&world.right, "R1")),
        (2, 3)
    );
    let writes = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), writes);

    // One who does not come makes room.
    let edit = Edit {
        path: path("participants"),
        before: Some(Value::Elements(vec![Participant::new(guests[0]).element()])),
        after: None,
    };
    world.right.edit("R1", &[edit]);
    world.settle().await;
    world.agree();
    assert_eq!(state(&world).await, ("in sync".to_owned(), String::new()));
}
