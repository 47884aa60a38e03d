//! Deleting a sync and setting it up again.

use std::collections::BTreeMap;

use serde_json::json;
use test_kit::eventually;

use crate::{
    asked::SOON,
    house::{House, SYNC, yaml},
    people::zoho_person,
};

/// Everybody in both accounts by name and first address, with the number of records of each.
async fn census(house: &House) -> [BTreeMap<(String, String), usize>; 2] {
    let mut left: BTreeMap<_, usize> = BTreeMap::new();
    for row in house.zoho().all().await {
        let email = row.text("Email").to_lowercase();
        *left.entry((row.name(), email)).or_default() += 1;
    }
    let mut right: BTreeMap<_, usize> = BTreeMap::new();
    for contact in house.google().all().await {
        let email = contact.emails().first().cloned().unwrap_or_default();
        *right
            .entry((contact.name(), email.to_lowercase()))
            .or_default() += 1;
    }
    [left, right]
}

async fn delete(house: &House, name: &str) {
    let said = house.system.rapport(&["delete", name]).await.unwrap();
    assert!(said.contains("both accounts stay as they are"), "{said}");
}

// proves: ZGC-06, BEY-14, R-24
#[tokio::test]
async fn a_sync_that_is_deleted_and_set_up_again_doubles_nothing_and_keeps_its_links() {
    let mut house = House::new(20).await;
    let people = ["ada", "bob", "cem", "dora"];
    for name in people {
        let email = format!("{name}@example.com");
        house.zoho().adds(zoho_person(name, "Again", &email)).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    let counts = house.quiet().await.counts.unwrap();
    let before = census(&house).await;
    let began = house.now().await;
    delete(&house, SYNC).await;
    let said = house.system.apply(&yaml("")).await.unwrap();
    assert!(said.contains("created"), "{said}");
    let again = house.quiet().await.counts.unwrap();
    assert_eq!(again, counts, "the same records in the same states");
    assert_eq!(census(&house).await, before);
    assert_eq!(house.written_since(began).await, 0, "nothing was written");

    // Meanwhile edits are made: they travel. Meanwhile deletions are made: they delete nothing.
    delete(&house, SYNC).await;
    let [ada, _, cem, _] = people.map(|name| format!("{name}@example.com"));
    let (bob, dora) = ("bob@example.com", "dora@example.com");
    let left = house.zoho().only(&ada).await.id();
    house
        .zoho()
        .edits(&left, json!({ "Title": "edited in the CRM" }))
        .await;
    let right = house.google().only(bob).await.id();
    let note = json!({ "biographies": [{ "value": "edited on Google" }] });
    house.google().edits(&right, note).await;
    let cem_left = house.zoho().only(&cem).await.id();
    house
        .google()
        .deletes(&house.google().only(&cem).await.id())
        .await;
    let dora_right = house.google().only(dora).await.id();
    house
        .zoho()
        .deletes(&house.zoho().only(dora).await.id())
        .await;

    // The same accounts and collections under another name are the same links.
    let renamed = yaml("").replace(SYNC, "ana-again");
    let said = house.system.apply(&renamed).await.unwrap();
    assert!(said.contains("its links are adopted"), "{said}");
    house.quiet_of("ana-again").await;
    assert_eq!(house.google().only(&ada).await.title(), "edited in the CRM");
    assert_eq!(
        house.zoho().only(bob).await.text("Description"),
        "edited on Google"
    );
    assert_eq!(
        house.zoho().only(&cem).await.id(),
        cem_left,
        "the survivor stays"
    );
    assert_eq!(
        house.google().only(dora).await.id(),
        dora_right,
        "the survivor stays"
    );
    assert_eq!(census(&house).await, before, "nobody twice, nobody gone");
}

// proves: BEY-14, R-24
#[tokio::test]
async fn a_sync_comes_back_only_after_it_has_ended_so_that_no_deletion_in_between_travels() {
    let mut house = House::kind(0).await;
    for name in ["ada", "bob", "cem"] {
        let email = format!("{name}@example.com");
        house.zoho().adds(zoho_person(name, "Again", &email)).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let ada = house.zoho().only("ada@example.com").await.id();

    // The reconciler is away while the sync is deleted and a contact is deleted.
    house.system.kill("reconciler").await.unwrap();
    delete(&house, SYNC).await;
    let right = house.google().only("ada@example.com").await.id();
    house.google().deletes(&right).await;
    let file = house.system.folder.join("sync.yaml");
    let words = ["apply", "-f", &file.to_string_lossy()];
    let (status, said) = house.system.rapport_fails(&words).await.unwrap();
    assert_eq!(status, 1, "{said}");
    house.system.restart("reconciler").unwrap();
    eventually("it has ended and comes back", SOON, async || {
        let said = house.system.apply(&yaml("")).await;
        said.is_ok_and(|said| said.contains("its links are adopted"))
    })
    .await;
    house.quiet().await;
    assert!(house.zoho().one(&ada).await.is_some(), "the survivor stays");
    assert_eq!(house.zoho().all().await.len(), 3);
    assert_eq!(house.google().clients().await.len(), 3);
}
