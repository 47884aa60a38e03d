//! The sweep: what is silently wrong in the database is found and healed.

use serde_json::json;
use test_kit::eventually;

use crate::{
    asked::SOON,
    house::{House, SYNC, yaml},
    people::zoho_person,
};

// proves: R-35
#[tokio::test]
async fn what_is_silently_wrong_is_found_by_the_sweep_and_healed() {
    let mut house = House::kind(0).await;
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    for (given, email) in [("Ada", ada), ("Bob", bob), ("Cleo", "cleo@example.com")] {
        let person = zoho_person(given, "Byron", email);
        house.zoho().adds(person).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;

    // Two edits at Google arrive while nothing is planned. One is taken for carried over, the other is lost.
    house
        .tamper("UPDATE reconciler.sync SET held = 'guard'")
        .await;
    for (email, title) in [(ada, "Countess"), (bob, "Engineer")] {
        let id = house.google().only(email).await.id();
        let title = json!({ "organizations": [{ "title": title }] });
        house.google().edits(&id, title).await;
    }
    eventually("both edits are read", SOON, async || {
        let read = "UPDATE reconciler.record SET marker = marker WHERE side = 2
            AND fields->>'title' IN ('Countess', 'Engineer')";
        let rows = house.tamper(read).await;
        (rows == 2).then_some(()).ok_or(format!("{rows} are read"))
    })
    .await;
    let carried = "UPDATE reconciler.link l SET base = jsonb_set(base, ARRAY[k, 'right'], '\"Countess\"')
        FROM reconciler.record r, (SELECT DISTINCT jsonb_object_keys(base) AS k FROM reconciler.link) keys
        WHERE r.id = l.right_record AND r.fields->>'title' = 'Countess'
            AND k LIKE '%title%'";
    assert_eq!(house.tamper(carried).await, 1);
    let lost = "UPDATE reconciler.record SET fields = fields - 'title', version_token = 'older',
            changed_at_micros = changed_at_micros - 60000000
        WHERE side = 2 AND fields->>'title' = 'Engineer'";
    assert_eq!(house.tamper(lost).await, 1);
    let rest = "UPDATE reconciler.link SET dirty = false, state = 'in sync', reason = ''";
    assert_eq!(house.tamper(rest).await, 3);
    house.tamper("UPDATE reconciler.sync SET held = NULL").await;
    house.quiet().await;
    for email in [ada, bob] {
        assert_eq!(
            house.zoho().only(email).await.text("Title"),
            "",
            "nobody notices"
        );
    }

    let began = house.now().await;
    let due = "UPDATE reconciler.sync SET activated_at = activated_at - interval '8 days'";
    house.tamper(due).await;
    let status = house
        .until("a sweep has ended", |status| {
            status
                .sweep
                .is_some_and(|sweep| sweep.ended_at_micros.is_some())
        })
        .await;
    assert_eq!(status.sweep.unwrap().unexplained, 1, "{status:?}");
    house.quiet().await;
    assert_eq!(house.zoho().only(ada).await.text("Title"), "Countess");
    assert_eq!(house.zoho().only(bob).await.text("Title"), "Engineer");
    assert_eq!(
        house.written_since(began).await,
        2,
        "and nothing else is written"
    );
    let status = house.system.status(SYNC).await.unwrap();
    assert_eq!(status.totals["healed"], 1);
    let said = house.system.rapport(&["status", SYNC]).await.unwrap();
    for part in ["last sweep: ", " compared, 1 differed, 1 value healed"] {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
}
