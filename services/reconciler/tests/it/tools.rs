//! A kind of record that the engine has never heard of: a table of paths is all that there is of it.

use model::{Comparison, Edit, Element, FieldSpec, Form, KeySpec, SIMPLE_PART, Side, Table, Value};

use crate::{
    book::{Shape, path, text},
    running::Running,
    world::World,
};

const fn field(name: &'static str, form: Form, comparison: Comparison) -> FieldSpec {
    FieldSpec {
        name,
        form,
        comparison,
    }
}

/// Tools that a workshop lends: numbered, or else told apart by name and shelf.
static TOOL: Table = Table {
    kind: "tool",
    fields: &[
        field("name", Form::Single, Comparison::Text),
        field("number", Form::Single, Comparison::CaseInsensitive),
        field("shelf", Form::Single, Comparison::Text),
        field("bought", Form::Single, Comparison::Date),
        field(
            "blades",
            Form::List {
                parts: &[SIMPLE_PART],
            },
            Comparison::Text,
        ),
        // One loan a week: the label says which.
        field(
            "loans",
            Form::List {
                parts: &[SIMPLE_PART, "until"],
            },
            Comparison::Keyed,
        ),
    ],
    name: &["name"],
    keys: &[KeySpec {
        name: "nameAndShelf",
        fields: &["name", "shelf"],
        needs: "shelf",
    }],
    identity: None,
    guests: None,
    made_once: &[],
    follows: &[],
};

static TOOLS: Shape = Shape {
    kind: "tool",
    paths: &["number", "name", "shelf", "bought", "blades", "loans"],
    criteria: &["number", "nameAndShelf"],
    look_up: "number",
    readable: &["name", "number", "shelf", "bought", "blades", "loans"],
};

async fn tools() -> World {
    World::of(tools_shape(), |_| ()).await
}

/// The shape of tools, once their table is declared.
fn tools_shape() -> &'static Shape {
    model::declare(&TOOL).unwrap();
    &TOOLS
}

/// A saw that is on both sides and linked.
async fn saw() -> World {
    let mut world = tools().await;
    for side in Side::ALL {
        let values = [("number", "W-7"), ("name", "Saw"), ("shelf", "A")];
        world.book(side).add(&values);
    }
    world.settle().await;
    assert_eq!(world.writes(), 0, "both are found to be one");
    world
}

fn loan(week: &str, to: &str) -> Element {
    Element::simple(week, to)
}

/// Sets, changes or ends one loan.
fn lend(world: &mut World, side: Side, before: Option<Element>, after: Option<Element>) {
    let value = |element: Option<Element>| element.map(|element| Value::Elements(vec![element]));
    let edit = Edit {
        path: path("loans"),
        before: value(before),
        after: value(after),
    };
    let id = if side == Side::Left { "L1" } else { "R1" };
    world.book(side).edit(id, &[edit]);
}

fn loans(world: &World, side: Side) -> Vec<Element> {
    let (book, id) = match side {
        Side::Left => (&world.left, "L1"),
        Side::Right => (&world.right, "R1"),
    };
    let mut loans = book
        .value(id, "loans")
        .map_or(Vec::new(), |value| value.as_elements().to_vec());
    loans.sort();
    loans
}

// proves: R-13
#[tokio::test]
async fn records_of_a_new_kind_are_created_edited_and_deleted() {
    let mut world = tools().await;
    world.left.add(&[("number", "W-1"), ("name", "Drill")]);
    world
        .left
        .add(&[("number", "W-2"), ("name", "Plane"), ("blades[wide]", "40")]);
    world.right.add(&[("number", "W-3"), ("name", "Vice")]);
    world.settle().await;
    world.agree();
    assert_eq!(world.right.entries.len(), 3);

    world.left.set("L1", "shelf", Some("B"));
    world.right.set("R1", "number", Some("W-3b"));
    let before = world.writes();
    world.settle().await;
    world.agree();
    assert_eq!(world.writes(), before + 2, "one edit, one write");
    world.settle().await;
    assert_eq!(world.writes(), before + 2, "and no echo");

    world.left.delete("L2");
    world.settle().await;
    world.agree();
    assert_eq!(world.right.entries.len(), 2);
    let history = world.history().await;
    assert!(history.iter().any(|entry| entry.cause == "delete"));
}

// proves: R-09
#[tokio::test]
async fn records_of_a_new_kind_are_matched_by_the_keys_of_their_table() {
    let mut world = tools().await;
    world.left.add(&[("number", "w-7"), ("name", "Saw")]);
    world.right.add(&[("number", "W-7"), ("name", "Hand saw")]);
    // Without a number: by name and shelf together, and by neither alone.
    world.left.add(&[("name", "Clamp"), ("shelf", "A")]);
    world.right.add(&[("name", "clamp"), ("shelf", "a")]);
    world.left.add(&[("name", "Clamp"), ("shelf", "C")]);
    world.right.add(&[("name", "Rasp"), ("shelf", "C")]);
    world.settle().await;
    // The names of the saw and of the clamp, and one new record on each side.
    assert_eq!(world.writes(), 4);
    assert_eq!(world.right.entries.len(), 4);
    assert_eq!(world.left.entries.len(), 4);
    let names = |side| world.find_by(side, "name", "Saw").len();
    assert_eq!((names(Side::Left), names(Side::Right)), (1, 1));
    let number = |id| world.right.get(id, "number");
    assert_eq!(
        number("R1").as_deref(),
        Some("W-7"),
        "another spelling is no edit"
    );
}

// proves
#[tokio::test]
async fn a_key_that_several_share_counts_with_the_name_of_their_kind() {
    let mut world = tools().await;
    for name in ["Drill", "Hammer"] {
        world.left.add(&[("number", "W-0"), ("name", name)]);
    }
    world
        .right
        .add_outside(&[("number", "W-0"), ("name", "Hammer")]);
    world.settle().await;
    assert_eq!(
        world.find_by(Side::Right, "name", "Hammer").len(),
        1,
        "it is adopted"
    );
    assert_eq!(world.find_by(Side::Right, "name", "Drill").len(), 1);
}

// proves: R-16
#[tokio::test]
async fn two_edits_of_one_path_are_a_conflict_and_the_others_merge() {
    let mut world = saw().await;
    world.left.set("L1", "name", Some("Hand saw"));
    world.right.set("R1", "name", Some("Bow saw"));
    world.right.set("R1", "shelf", Some("D"));
    world.right.set("R1", "blades[fine]", Some("0.5"));
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "name").as_deref(), Some("Hand saw"));
    assert_eq!(world.left.get("L1", "shelf").as_deref(), Some("D"));
    let history = world.history().await;
    let lost = history
        .iter()
        .find(|entry| entry.cause == "conflict")
        .unwrap();
    assert_eq!(lost.before, Some(text("Bow saw").into()));
}

// proves: R-15
#[tokio::test]
async fn elements_that_their_labels_tell_apart_merge_one_by_one() {
    let mut world = saw().await;
    lend(&mut world, Side::Left, None, Some(loan("2026-W49", "Ana")));
    lend(&mut world, Side::Right, None, Some(loan("2026-W50", "Ana")));
    world.settle().await;
    world.agree();
    let both = [loan("2026-W49", "Ana"), loan("2026-W50", "Ana")];
    assert_eq!(
        loans(&world, Side::Left),
        both,
        "the same value twice is two loans"
    );

    lend(
        &mut world,
        Side::Left,
        Some(both[0].clone()),
        Some(loan("2026-W49", "Bo")),
    );
    lend(&mut world, Side::Right, Some(both[1].clone()), None);
    lend(&mut world, Side::Right, None, Some(loan("2026-W51", "Ana")));
    world.settle().await;
    world.agree();
    assert_eq!(
        loans(&world, Side::Right),
        [loan("2026-W49", "Bo"), loan("2026-W51", "Ana")]
    );

    lend(
        &mut world,
        Side::Left,
        Some(loan("2026-W49", "Bo")),
        Some(loan("2026-W49", "Cy")),
    );
    lend(
        &mut world,
        Side::Right,
        Some(loan("2026-W49", "Bo")),
        Some(loan("2026-W49", "Di")),
    );
    world.settle().await;
    world.agree();
    assert_eq!(
        loans(&world, Side::Right)[0],
        loan("2026-W49", "Cy"),
        "the left side's stays"
    );
}

// proves
#[tokio::test]
async fn a_running_reconciler_carries_a_new_kind_over_the_bus() {
    let mut running = Running::new(tools_shape()).await;
    running
        .world
        .left
        .add(&[("number", "W-1"), ("name", "Drill")]);
    running
        .world
        .left
        .add(&[("number", "W-2"), ("name", "Saw")]);
    running
        .world
        .right
        .add(&[("number", "W-2"), ("name", "Saw")]);
    running.until_equal(2).await;
    assert_eq!(
        running.world.writes(),
        1,
        "one is new, the other is matched"
    );

    running.world.left.set("L1", "shelf", Some("B"));
    let created = running
        .world
        .find_by(Side::Right, "number", "W-1")
        .remove(0);
    running
        .world
        .right
        .set(&created, "name", Some("Hammer drill"));
    running.until_equal(2).await;
    assert_eq!(running.world.writes(), 3, "each edit is one write");
    assert_eq!(
        running.world.left.get("L1", "name").as_deref(),
        Some("Hammer drill")
    );

    running.world.right.delete(&created);
    running.until_equal(1).await;
    running.stop().await;
}
