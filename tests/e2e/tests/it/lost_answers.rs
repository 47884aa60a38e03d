//! The provider commits and the connection drops before the answer.

use serde_json::json;

use crate::{
    books,
    house::{House, SYNC, yaml},
};

async fn cut(house: &House, provider: &str, method: &str, times: u32) {
    house
        .system
        .sandbox
        .post(
            "faults",
            &json!({
                "provider": provider, "method": method, "times": times,
                "fault": { "kind": "cut_after_commit" },
            }),
        )
        .await
        .unwrap();
}

// proves: BEY-08, P2
#[tokio::test]
async fn a_create_whose_answer_is_lost_does_not_make_a_second_record() {
    let mut house = House::new(0).await;
    let sandbox = &house.system.sandbox;
    for at in 0..6 {
        books::type_in_zoho(sandbox, "Zoe", &format!("z{at}@example.com"), "CTO").await;
        books::type_in_google(sandbox, "Gus", &format!("g{at}@example.com"), "CEO").await;
    }
    cut(&house, "google", "people.batchCreateContacts", 1).await;
    cut(&house, "zoho", "Contacts.createRecords", 1).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    books::agree(&house).await;
    for at in 0..6 {
        for name in ["z", "g"] {
            let email = format!("{name}{at}@example.com");
            assert_eq!(
                books::count(&house.system.sandbox, &email).await,
                (1, 1),
                "{email}"
            );
        }
    }
}

// proves: P1, P3
#[tokio::test]
async fn faults_of_the_ordinary_kind_cost_time_and_nothing_else() {
    let mut house = House::new(30).await;
    house.system.apply(&yaml("")).await.unwrap();
    for (provider, status) in [
        ("google", 503),
        ("zoho", 500),
        ("google", 429),
        ("zoho", 429),
    ] {
        house
            .system
            .sandbox
            .post(
                "faults",
                &json!({
                    "provider": provider, "method": "*", "rate": 0.1,
                    "fault": { "kind": "status", "status": status, "retry_after_seconds": 1 },
                }),
            )
            .await
            .unwrap();
    }
    cut(&house, "google", "people.batchUpdateContacts", 1).await;
    cut(&house, "zoho", "Contacts.updateRecords", 1).await;
    tokio::time::timeout(std::time::Duration::from_mins(1), async {
        loop {
            if let Ok(status) = house.system.status(SYNC).await
                && status.totals.values().sum::<u64>() > 10
            {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("writes happen in spite of the faults");
    house.system.sandbox.delete("faults").await.unwrap();
    for provider in ["google", "zoho"] {
        house
            .system
            .sandbox
            .post(&format!("{provider}/cursors/expire"), &json!({}))
            .await
            .unwrap();
    }
    house.quiet().await;
    books::agree(&house).await;
    let before = written(&house).await;
    house.quiet().await;
    assert_eq!(written(&house).await, before, "no echo");
}

async fn written(house: &House) -> u64 {
    let sandbox = &house.system.sandbox;
    sandbox.written("google").await.unwrap() + sandbox.written("zoho").await.unwrap()
}
