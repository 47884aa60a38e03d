//! No mass deletion by accident.

use crate::{
    books,
    house::{House, SYNC, yaml},
};

// proves: P5
#[tokio::test]
async fn an_emptied_book_and_a_vanished_collection_delete_nothing() {
    let mut house = House::new(20).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let zoho = books::zoho(&house.system.sandbox).await.len();

    // Somebody deletes most of the Google contacts.
    let people = books::google(&house.system.sandbox).await;
    for (_, person) in people.iter().skip(2) {
        let id = person["resourceName"]
            .as_str()
            .unwrap()
            .trim_start_matches("people/");
        house
            .system
            .sandbox
            .delete(&format!("google/contacts/{id}"))
            .await
            .unwrap();
    }
    let status = held(&house).await;
    assert!(
        status.reason.contains("resume"),
        "it says what to do: {}",
        status.reason
    );
    assert_eq!(
        books::zoho(&house.system.sandbox).await.len(),
        zoho,
        "nothing was deleted"
    );
    house
        .system
        .rapport(&["resume", SYNC, "--restore"])
        .await
        .unwrap();
    house.quiet().await;
    let total = books::google(&house.system.sandbox).await.len();
    assert!(total >= 20, "they are put back: {total}");
    books::agree(&house).await;

    // The list view vanishes.
    let views = house.system.sandbox.get("zoho/views").await.unwrap();
    let view = views["views"]
        .as_array()
        .unwrap()
        .iter()
        .find(|view| view["name"] == "Key accounts")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    house
        .system
        .sandbox
        .delete(&format!("zoho/views/{view}"))
        .await
        .unwrap();
    let status = held(&house).await;
    assert!(status.reason.contains("collection"), "{}", status.reason);
    assert_eq!(books::google(&house.system.sandbox).await.len(), total);
}

async fn held(house: &House) -> proto::reconcile::StatusResponse {
    for _ in 0..300 {
        if let Ok(status) = house.system.status(SYNC).await
            && status.phase == "paused"
        {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!(
        "the sync is not held: {:?}",
        house.system.status(SYNC).await
    );
}

// proves: P1
#[tokio::test]
async fn one_deletion_travels_and_is_restored_from_the_history() {
    let mut house = House::new(12).await;
    let email = "gone@example.net";
    let id = books::type_in_zoho(&house.system.sandbox, "Gone", email, "CTO").await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    house
        .system
        .sandbox
        .delete(&format!("zoho/records/Contacts/{id}"))
        .await
        .unwrap();
    house.quiet().await;
    assert_eq!(books::count(&house.system.sandbox, email).await, (0, 0));
    let history = house
        .system
        .rapport(&["history", SYNC, "--json"])
        .await
        .unwrap();
    let link = history
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|entry| entry["cause"] == "delete")
        .unwrap_or_else(|| panic!("a deletion in {history}"))["link"]
        .as_str()
        .unwrap()
        .to_owned();
    house
        .system
        .rapport(&["restore", SYNC, "--record", &link])
        .await
        .unwrap();
    house.quiet().await;
    assert_eq!(books::count(&house.system.sandbox, email).await, (1, 1));
    books::agree(&house).await;
}
