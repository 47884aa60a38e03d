//! Two syncs over the same two accounts.

use test_kit::eventually;

use crate::{
    asked::SOON,
    house::{House, SYNC, yaml},
    people::zoho_person,
};

const OTHER: &str = "ana-partners";

async fn counts(house: &House, name: &str) -> proto::reconcile::Counts {
    let status = house.system.status(name).await.unwrap();
    status.counts.unwrap()
}

// proves: R-10
#[tokio::test]
async fn a_pair_belongs_to_one_sync_until_it_lets_go() {
    let mut house = House::kind(0).await;
    let group = serde_json::json!({ "name": "Partners" });
    house
        .system
        .sandbox
        .post("google/groups", &group)
        .await
        .unwrap();
    house.later(5).await;
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    let left = house.zoho().adds(zoho_person("Ada", "Byron", ada)).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let right = house.google().only(ada).await.id();

    // The same list view with another group: everybody in it has a counterpart already.
    let began = house.now().await;
    let other = yaml("")
        .replace(SYNC, OTHER)
        .replace("group: Clients", "group: Partners");
    house.system.apply(&other).await.unwrap();
    house.quiet_of(OTHER).await;
    assert_eq!(house.written_since(began).await, 0);
    let records = house.json(&["get", "records", OTHER, "--limit", "0"]).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["state"], "excluded");
    assert_eq!(records[0]["reason"], "synced by ana-clients");

    // A new record and an edit travel once, although both syncs read them.
    house.zoho().adds(zoho_person("Bob", "Noyce", bob)).await;
    let title = serde_json::json!({ "Title": "Countess" });
    house.zoho().edits(&left, title).await;
    for name in [SYNC, OTHER, SYNC, OTHER] {
        house.quiet_of(name).await;
    }
    house.google().only(bob).await;
    assert_eq!(house.google().only(ada).await.title(), "Countess");
    assert_eq!(house.written_to_google(began).await[&right], 1);
    let (first, second) = (counts(&house, SYNC).await, counts(&house, OTHER).await);
    assert_eq!(first.in_sync + second.in_sync, 2, "{first:?} {second:?}");
    assert_eq!(first.excluded + second.excluded, 2, "{first:?} {second:?}");

    house.system.rapport(&["delete", SYNC]).await.unwrap();
    eventually("the other sync takes over", SOON, async || {
        let counts = counts(&house, OTHER).await;
        (counts.in_sync == 2)
            .then_some(())
            .ok_or(format!("{counts:?}"))
    })
    .await;
    let title = serde_json::json!({ "Title": "Countess of Lovelace" });
    house.zoho().edits(&left, title).await;
    house.quiet_of(OTHER).await;
    assert_eq!(
        house.google().only(ada).await.title(),
        "Countess of Lovelace"
    );
    house.google().only(bob).await;
}
