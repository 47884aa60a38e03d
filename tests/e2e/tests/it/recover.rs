//! An old backup takes the place of the database in the middle of a sync.

use serde_json::json;
use test_kit::eventually;

use crate::{
    asked::SOON,
    books,
    house::{House, SYNC, yaml},
    people::{google_person, zoho_person},
};

impl House {
    /// How many contacts of this name each side has: Zoho CRM, Google.
    async fn named(&self, name: &str) -> (usize, usize) {
        let left = self.zoho().all().await;
        let right = self.google().all().await;
        (
            left.iter().filter(|row| row.name() == name).count(),
            right.iter().filter(|one| one.name() == name).count(),
        )
    }

    async fn members(&self) -> (usize, usize) {
        let clients = self.google().clients().await.len();
        (self.zoho().key().await.len(), clients)
    }
}

// proves: R-34, P1, P2
#[tokio::test]
async fn an_old_backup_restored_in_mid_sync_doubles_nothing_and_deletes_nothing_unasked() {
    let mut house = House::new(60).await;
    for name in ["ana", "bob", "cem", "dora"] {
        let email = format!("{name}@example.com");
        house.zoho().adds(zoho_person(name, "Before", &email)).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let backup = house.back_up().await;

    // An hour in which people go on: they add somebody, with and without an address, edit, and delete.
    let kim = json!({ "First_Name": "Kim", "Last_Name": "Unaddressed" });
    house.zoho().adds(kim).await;
    let lee = json!({ "names": [{ "givenName": "Lee", "familyName": "Unaddressed" }] });
    house.google().adds_client(lee).await;
    let left = zoho_person("left", "Since", "left@example.com");
    house.zoho().adds(left).await;
    let right = google_person("right", "Since", "right@example.com");
    house.google().adds_client(right).await;
    let ana = house.zoho().only("ana@example.com").await.id();
    house.zoho().edits(&ana, json!({ "Title": "CTO" })).await;
    let bob = house.google().only("bob@example.com").await.id();
    let note = json!({ "biographies": [{ "value": "called" }] });
    house.google().edits(&bob, note).await;
    let cem = house.zoho().only("cem@example.com").await.id();
    house.zoho().deletes(&cem).await;
    house.quiet().await;
    let before = house.members().await;

    // And then it goes back, with much on its way and a deletion that nobody has seen.
    for number in 0..20 {
        let email = format!("late-{number}@example.com");
        let person = zoho_person(&format!("late{number}"), "Left", &email);
        house.zoho().adds(person).await;
    }
    for number in 20..30 {
        let email = format!("late-{number}@example.com");
        let person = google_person(&format!("late{number}"), "Right", &email);
        house.google().adds_client(person).await;
    }
    let dora = house.google().only("dora@example.com").await.id();
    house.google().deletes(&dora).await;
    house
        .until("writes are on their way", |status| status.open_writes > 0)
        .await;
    house.restore(&backup).await;
    let stopped = |status: &proto::reconcile::StatusResponse| {
        status.phase == "paused" && status.reason.contains("rapport recover")
    };
    house.until("everything stops, and says why", stopped).await;
    let answer = house.system.rapport_fails(&["run", SYNC]).await.unwrap();
    assert!(answer.1.contains("rapport recover"), "{}", answer.1);
    let said = house.system.rapport(&["recover"]).await.unwrap();
    assert!(said.contains("the database is older"), "{said}");

    let said = house.system.rapport(&["recover", "--yes"]).await.unwrap();
    assert!(said.contains("read and compared anew"), "{said}");
    let asks = eventually("it asks before it deletes", SOON * 2, async || {
        let status = house.system.status(SYNC).await;
        let status = status.map_err(|error| format!("{error:#}"))?;
        if status.phase == "paused" && status.reason.contains("after the database went back") {
            Ok(status.reason)
        } else {
            Err(format!("{status:?}"))
        }
    });
    let asks = asks.await;
    assert!(asks.starts_with("1 records would be deleted"), "{asks}");
    assert_eq!(
        books::count(&house.system.sandbox, "dora@example.com").await,
        (0, 1)
    );
    let accept = ["resume", SYNC, "--accept"];
    house.system.rapport(&accept).await.unwrap();
    house.quiet().await;

    for email in ["dora@example.com", "cem@example.com"] {
        let count = books::count(&house.system.sandbox, email).await;
        assert_eq!(count, (0, 0), "{email}");
    }
    let mut emails: Vec<String> = ["ana", "bob", "left", "right"]
        .map(|name| format!("{name}@example.com"))
        .into();
    emails.extend((0..30).map(|number| format!("late-{number}@example.com")));
    for email in emails {
        let count = books::count(&house.system.sandbox, &email).await;
        assert_eq!(count, (1, 1), "{email}");
    }
    for name in ["Kim Unaddressed", "Lee Unaddressed"] {
        assert_eq!(house.named(name).await, (1, 1), "{name}");
    }
    assert_eq!(house.google().only("ana@example.com").await.title(), "CTO");
    let bob = house.zoho().only("bob@example.com").await;
    assert_eq!(bob.text("Description"), "called");
    let after = house.members().await;
    assert_eq!(after, (before.0 + 29, before.1 + 29), "nobody twice");
    books::agree(&house).await;
}
