//! After the baseline: edits travel once, echoes do not, conflicts are decided.

use model::Side;

use crate::world::World;

async fn pair() -> World {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
        ("title", "CTO"),
    ]);
    world.right.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
        ("title", "CTO"),
    ]);
    world.settle().await;
    world
}

// proves
#[tokio::test]
async fn one_edit_causes_exactly_one_write() {
    let mut world = pair().await;
    let before = world.writes();
    world.left.set("L1", "title", Some("CEO"));
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    assert_eq!(world.writes(), before + 1);
    world.settle().await;
    assert_eq!(
        world.writes(),
        before + 1,
        "our own write does not come back"
    );
}

#[tokio::test]
async fn edits_of_different_fields_both_survive() {
    let mut world = pair().await;
    world.left.set("L1", "title", Some("CEO"));
    world.right.set("R1", "phones[mobile]", Some("+43 660 1"));
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    assert_eq!(
        world.left.get("L1", "phones[mobile]").as_deref(),
        Some("+43 660 1")
    );
}

// proves: R-16
#[tokio::test]
async fn the_newest_of_two_edits_stays_and_the_other_goes_to_the_history() {
    let mut world =
        World::with(|definition| World::policies(definition).conflict = "newest".to_owned()).await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.left.set("L1", "title", Some("older"));
    let now = world.left.clock;
    world.right.clock = now + 5_000_000;
    world.right.set("R1", "title", Some("newer"));
    world.settle().await;
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("newer"));
    let history = world.history().await;
    let lost = history
        .iter()
        .find(|entry| entry.cause == "conflict")
        .unwrap();
    assert_eq!(
        lost.before,
        Some(model::Value::Text("older".to_owned()).into())
    );
    assert_eq!(world.status().await.conflicts, 1);
}

// proves: R-27
#[tokio::test]
async fn stale_version_replans_instead_of_overwriting() {
    let mut world = pair().await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world.advance().await;
    let writes = world.claimed().await;
    assert_eq!(writes.len(), 1);
    world.right.set("R1", "note", Some("typed meanwhile"));
    let outcomes = writes.iter().map(|write| world.execute(write)).collect();
    world.answer(outcomes).await;
    world.settle().await;
    assert_eq!(
        world.right.get("R1", "note").as_deref(),
        Some("typed meanwhile")
    );
    world.agree();
}

// proves: R-27
#[tokio::test]
async fn of_answers_that_come_together_each_stale_one_plans_its_record_again_and_no_other() {
    let mut world = World::new().await;
    let email = |number: usize| format!("p{number}@example.com");
    for number in 1..=6 {
        world.left.add(&[("emails[work]", &email(number))]);
    }
    world.settle().await;
    let ids: Vec<String> = world.left.entries.keys().cloned().collect();
    for id in &ids {
        world.left.set(id, "title", Some("CEO"));
    }
    world.read(Side::Left).await;
    world.advance().await;
    let writes = world.claimed().await;
    assert_eq!(writes.len(), 6);
    let edited = [email(2), email(4), email(5)];
    for email in &edited {
        let found = world.find(Side::Right, email).remove(0);
        world.right.set(&found, "note", Some("typed meanwhile"));
        // By what an answer shows, its record is found from then on.
        world
            .right
            .set(&found, "emails[home]", Some(&format!("home-{email}")));
    }
    let before = world.writes();
    let outcomes = writes.iter().map(|write| world.execute(write)).collect();
    world.answer(outcomes).await;
    world.settle().await;
    world.agree();
    assert_eq!(world.left.entries.len(), 6);
    // Six calls, of which three were refused; then those again, and what was typed meanwhile to the other side.
    assert_eq!(world.writes() - before, 3 + 3 + 3);
    for email in &edited {
        let found = world.find(Side::Left, email).remove(0);
        let note = world.left.get(&found, "note");
        assert_eq!(note.as_deref(), Some("typed meanwhile"));
    }
}

// proves: R-25
#[tokio::test]
async fn a_queued_write_is_revoked_when_a_newer_change_comes() {
    let mut world = pair().await;
    world.left.set("L1", "title", Some("first"));
    world.read(Side::Left).await;
    world.advance().await;
    world.left.set("L1", "title", Some("second"));
    world.read(Side::Left).await;
    world.advance().await;
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("second"));
    assert_eq!(world.writes(), before + 1);
}

// proves: R-04
#[tokio::test]
async fn a_hidden_field_clears_nothing() {
    let mut world = pair().await;
    world.left.set("L1", "note", Some("x"));
    let mut batch = world.round(Side::Left).await.unwrap();
    batch.readable.retain(|path| path != "title");
    for change in &mut batch.changes {
        if let Some(proto::change::change::What::Record(record)) = &mut change.what {
            record.fields.retain(|field| field.path != "title");
        }
    }
    world.ingest(&batch).await;
    world.advance().await;
    world.write().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
    assert_eq!(world.right.get("R1", "note").as_deref(), Some("x"));
}

// proves: R-17
#[tokio::test]
async fn a_one_way_sync_never_writes_its_source() {
    let mut world = World::with(|definition| {
        World::policies(definition).direction = "left-to-right".to_owned();
    })
    .await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.right.add(&[("emails[work]", "bo@example.com")]);
    world.settle().await;
    world.right.set("R2", "title", Some("edited on the target"));
    world.settle().await;
    assert_eq!(world.left.writes, 0);
    assert_eq!(
        world.right.get("R2", "title").as_deref(),
        Some("edited on the target")
    );
    world.left.set("L1", "title", Some("CEO"));
    world.settle().await;
    assert_eq!(world.right.get("R2", "title").as_deref(), Some("CEO"));
    let history = world.history().await;
    assert!(history.iter().any(|entry| entry.path == "title"
        && entry.before == Some(model::Value::Text("edited on the target".to_owned()).into())));
}

// proves
#[tokio::test]
async fn who_is_on_the_target_alone_is_met_by_the_same_person_typed_into_the_source() {
    let mut world = World::with(|definition| {
        World::policies(definition).direction = "left-to-right".to_owned();
    })
    .await;
    world.right.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
    ]);
    world.settle().await;
    world.left.add(&[
        ("emails[work]", "ana@example.com"),
        ("name.family", "Petrov"),
        ("title", "CEO"),
    ]);
    world.settle().await;
    assert_eq!(world.find(Side::Right, "ana@example.com"), ["R1"]);
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
}

// proves: R-14
#[tokio::test]
async fn a_path_that_is_mapped_later_begins_with_a_first_contact() {
    let mut world = World::with(|definition| {
        definition.mapping.retain(|pairing| pairing.left != "title");
    })
    .await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("title", "CEO")]);
    world.settle().await;
    assert_eq!(world.left.get("L1", "title"), None);
    world
        .define(|definition| {
            definition.generation = 2;
            definition.mapping.push(proto::control::Pairing {
                left: "title".to_owned(),
                right: "title".to_owned(),
                direction: "both".to_owned(),
                revision: 2,
                ..proto::control::Pairing::default()
            });
        })
        .await;
    world.settle().await;
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("CEO"));
}

// proves: R-14
#[tokio::test]
async fn the_same_version_in_another_rendering_is_no_edit() {
    let mut world = pair().await;
    let mut batch = world.round(Side::Left).await.unwrap();
    let mut entry = world.left.entries["L1"].clone();
    entry
        .fields
        .insert(crate::book::path("title"), crate::book::text("C. T. O."));
    batch.changes = vec![crate::book::Book::change(
        "L1",
        &entry,
        &crate::world::HASH_KEY,
    )];
    let before = world.writes();
    world.ingest(&batch).await;
    world.advance().await;
    assert_eq!(world.write().await, 0);
    assert_eq!(world.writes(), before);
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
}

// proves: R-12
#[tokio::test]
async fn an_answer_without_the_record_moves_the_base_to_what_was_written() {
    let mut world = pair().await;
    world.left.silent = true;
    world.right.silent = true;
    world.left.set("L1", "title", Some("CEO"));
    world.right.set("R1", "note", Some("met in May"));
    world.read(Side::Left).await;
    world.read(Side::Right).await;
    world.advance().await;
    let before = world.writes();
    world.write().await;
    world.advance().await;
    assert_eq!(
        world.write().await,
        0,
        "nothing is planned from what was just written"
    );
    world.settle().await;
    assert_eq!(world.writes(), before + 2);
    world.agree();
}
