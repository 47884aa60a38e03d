//! Cost units and both forms of 429.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, refusal, sync_path};

#[tokio::test]
async fn writes_spend_read_quota_too_and_the_next_minute_is_fresh() {
    let peer = Peer::kind().await;
    peer.lab
        .settings("google", json!({"quota": {"critical_reads": 2}}))
        .await;
    peer.named("One").await;
    peer.named("Two").await;
    let answer = peer
        .call(
            Method::GET,
            "/v1/people/me/connections?personFields=names",
            Value::Null,
        )
        .await;
    let (status, code, message) = refusal(&answer);
    assert_eq!((status, code.as_str()), (429, "RESOURCE_EXHAUSTED"));
    assert!(message.starts_with("Quota exceeded for quota metric 'Critical read requests"));
    assert!(message.contains("per minute per user"));
    peer.lab.advance(60).await;
    peer.get("/v1/people/me/connections?personFields=names")
        .await;
    let other = peer.token_of(1).await;
    let path = "/v1/people/me/connections?personFields=names";
    assert_eq!(
        peer.call_as(&other, Method::GET, path, Value::Null)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_batch_costs_six_units_and_its_contacts() {
    let peer = Peer::kind().await;
    peer.lab
        .settings(
            "google",
            json!({"quota": {"critical_writes": 12, "daily_contact_writes": 5}}),
        )
        .await;
    let create = async |count: usize| {
        let contacts: Vec<Value> = (0..count).map(|_| json!({"contactPerson": {}})).collect();
        let body = json!({"contacts": contacts, "readMask": ""});
        peer.call(Method::POST, "/v1/people:batchCreateContacts", body)
            .await
    };
    assert_eq!(create(3).await.status, 200);
    let answer = create(3).await;
    assert_eq!(
        refusal(&answer).2,
        "Resource has been exhausted (e.g. check quota)."
    );
    let violation = &answer.body["error"]["details"][0]["violations"][0];
    assert_eq!(violation["description"], "FBS quota limit exceeded");
    assert_eq!(create(2).await.status, 200, "a refused call spends nothing");
    assert!(
        refusal(&create(0).await)
            .2
            .contains("Critical write requests")
    );
}

#[tokio::test]
async fn first_pages_of_full_syncs_have_a_bucket_of_their_own() {
    let peer = Peer::kind().await;
    peer.lab
        .settings("google", json!({"quota": {"full_sync_starts": 1}}))
        .await;
    let (_, token) = peer.full_sync().await;
    assert_eq!(
        peer.call(Method::GET, &sync_path(""), Value::Null)
            .await
            .status,
        429
    );
    peer.delta(&token).await;
    peer.get("/v1/people/me/connections?personFields=names")
        .await;
}

#[tokio::test]
async fn default_ceilings_carry_a_demo_and_still_bite() {
    let peer = Peer::unkind().await;
    let mut refused = 0;
    for _ in 0..640 {
        let answer = peer
            .call(Method::GET, "/v1/contactGroups", Value::Null)
            .await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused > 0);
}
