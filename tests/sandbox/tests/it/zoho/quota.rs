//! 429 and its three reasons.

use serde_json::{Value, json};

use super::{Crm, refused};
use crate::client::{Answer, send};

/// Sends the same read at the same time and counts the answers by status.
async fn at_once(crm: &Crm, path: &str, calls: usize) -> (usize, Vec<Answer>) {
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..calls {
        sent.spawn(send(crm.request(reqwest::Method::GET, path)));
    }
    let (fine, refused): (Vec<Answer>, Vec<Answer>) = sent
        .join_all()
        .await
        .into_iter()
        .partition(|answer| answer.status < 300);
    (fine.len(), refused)
}

#[tokio::test]
async fn more_calls_at_a_time_than_allowed_are_refused() {
    let crm = Crm::kind().await;
    crm.settings(json!({"concurrency": 3, "work_milliseconds": 1_000}))
        .await;
    let (fine, refusals) = at_once(&crm, "/Contacts?fields=Email", 8).await;
    assert_eq!((fine, refusals.len()), (3, 5));
    for refusal in &refusals {
        refused(refusal, 429, "TOO_MANY_REQUESTS", &json!({}));
        assert!(
            refusal.body["message"]
                .as_str()
                .unwrap()
                .contains(" concurrency")
        );
        assert!(!refusal.headers.contains_key("retry-after"));
    }
    assert_eq!(crm.mark("zoho.refused_for_concurrency").await, 5);
    assert_eq!(
        crm.get("/Contacts?fields=Email").await.status,
        204,
        "slots are given back"
    );
}

#[tokio::test]
async fn expensive_calls_have_a_pool_of_their_own() {
    let crm = Crm::kind().await;
    crm.settings(json!({"sub_concurrency": 2, "work_milliseconds": 1_000}))
        .await;
    let sorted = "/Contacts?fields=Email&sort_by=Modified_Time";
    let (fine, refusals) = at_once(&crm, sorted, 5).await;
    assert_eq!((fine, refusals.len()), (2, 3));
    assert!(
        refusals[0].body["message"]
            .as_str()
            .unwrap()
            .contains("sub-concurrency")
    );
    let (fine, _) = at_once(&crm, "/Contacts?fields=Email", 5).await;
    assert_eq!(fine, 5);
}

#[tokio::test]
async fn credits_run_out_and_come_back_after_a_day() {
    let crm = Crm::kind().await;
    crm.settings(json!({"credits_per_day": 10, "access_token_seconds": 200_000}))
        .await;
    let mut crm = crm;
    crm.token = super::access_token(&crm.lab, 0).await;
    assert_eq!(crm.get("/org").await.status, 200);
    crm.get("/Contacts/search?word=x").await;
    let people: Vec<Value> = (0..25).map(|_| json!({"Last_Name": "Xu"})).collect();
    crm.post("/Contacts", json!({"data": people, "trigger": []}))
        .await;
    let credits = crm
        .control(reqwest::Method::GET, "/credits", Value::Null)
        .await;
    assert_eq!(credits, json!({"spent": 7, "ceiling": 10}));
    crm.get("/Contacts/search?word=x").await;
    let refusal = crm.get("/org").await;
    refused(&refusal, 429, "TOO_MANY_REQUESTS", &json!({}));
    assert!(
        refusal.body["message"]
            .as_str()
            .unwrap()
            .contains("credits")
    );
    crm.lab.advance(25 * 3600).await;
    assert_eq!(crm.get("/org").await.status, 200);
}

#[tokio::test]
async fn the_older_shape_of_429_can_be_had() {
    let crm = Crm::kind().await;
    crm.settings(json!({"credits_per_day": 0, "legacy_429": true}))
        .await;
    let refusal = crm.get("/org").await;
    assert_eq!(
        (
            refusal.status,
            &refusal.body["code"],
            &refusal.body["error"]
        ),
        (429, &json!(429), &json!("TOO_MANY_REQUESTS"))
    );
}

#[tokio::test]
async fn the_fault_script_answers_in_the_providers_words() {
    let crm = Crm::kind().await;
    for (status, code) in [(429, "TOO_MANY_REQUESTS"), (503, "INTERNAL_ERROR")] {
        let rule = json!({"provider": "zoho", "method": "org.*", "nth": 1, "fault": {"kind": "status", "status": status}});
        crm.lab
            .control(reqwest::Method::POST, "/faults", rule)
            .await;
        refused(&crm.get("/org").await, status, code, &json!({}));
    }
    assert_eq!(crm.get("/org").await.status, 200);
}
