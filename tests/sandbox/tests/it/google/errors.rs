//! Paths and parameters that the API does not have, and mutations that run into each other.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, refusal};

#[tokio::test]
async fn a_wrong_path_is_an_html_page() {
    let peer = Peer::kind().await;
    for (method, path) in [
        (Method::POST, "/v1/people/me:createContact"),
        (Method::GET, "/v1/nothing"),
        (Method::PUT, "/v1/people/c1"),
        (Method::GET, "/"),
    ] {
        let answer = peer.call(method, path, Value::Null).await;
        assert_eq!(answer.status, 404);
        assert!(answer.text.starts_with("<!DOCTYPE html>"), "{path}");
    }
}

#[tokio::test]
async fn parameters_that_a_method_does_not_have_are_refused() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    for (method, path) in [
        (
            Method::GET,
            "/v1/people/me/connections?personFields=names&pagesize=5".to_owned(),
        ),
        (
            Method::GET,
            "/v1/people/me/connections?personFields=names&pageSize=1001".to_owned(),
        ),
        (
            Method::GET,
            "/v1/people/me/connections?personFields=names&pageSize=many".to_owned(),
        ),
        (
            Method::GET,
            "/v1/people/me/connections?personFields=names&sortOrder=RANDOM".to_owned(),
        ),
        (
            Method::GET,
            "/v1/people/me/connections?personFields=names&pageToken=made-up".to_owned(),
        ),
        (Method::DELETE, format!("/v1/{name}:deleteContact?etag=x")),
    ] {
        let (status, code, _) = refusal(&peer.call(method, &path, Value::Null).await);
        assert_eq!((status, code.as_str()), (400, "INVALID_ARGUMENT"), "{path}");
    }
}

#[tokio::test]
async fn a_call_without_a_token_is_refused() {
    let peer = Peer::kind().await;
    let request = peer.lab.request("google", Method::GET, "/v1/contactGroups");
    assert_eq!(crate::client::send(request).await.status, 401);
    let forged = peer
        .call_as("ya29.forged", Method::GET, "/v1/contactGroups", Value::Null)
        .await;
    assert_eq!(forged.status, 401);
}

#[tokio::test]
async fn two_mutations_of_one_user_at_once_are_refused_and_counted() {
    let peer = Peer::unkind().await;
    peer.lab
        .settings("google", json!({"mutation_milliseconds": 1000}))
        .await;
    let other = peer.token_of(1).await;
    let create = async |token: &str| {
        let person = json!({"names": [{"givenName": "A"}]});
        peer.call_as(token, Method::POST, "/v1/people:createContact", person)
            .await
            .status
    };
    let (one, two, of_another) =
        tokio::join!(create(&peer.token), create(&peer.token), create(&other));
    let mut statuses = [one, two];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(of_another, 200, "another user is another lane");
    let counts = peer.lab.control(Method::GET, "/counts", Value::Null).await;
    assert_eq!(counts["marks"]["google.parallel_mutations"], 1);
    assert_eq!(create(&peer.token).await, 200);
}

#[tokio::test]
async fn faults_hit_the_named_method_and_a_cut_after_commit_leaves_the_record() {
    let peer = Peer::kind().await;
    let rule = json!({"provider": "google", "method": "people.createContact", "nth": 1,
        "fault": {"kind": "cut_after_commit"}});
    peer.lab.control(Method::POST, "/faults", rule).await;
    let request = peer
        .lab
        .request("google", Method::POST, "/v1/people:createContact")
        .bearer_auth(&peer.token)
        .json(&json!({"names": [{"givenName": "Ghost"}]}));
    assert!(request.send().await.is_err());
    let (found, _) = peer.full_sync().await;
    assert_eq!(found.len(), 1);
    let journal = peer
        .lab
        .control(Method::GET, "/journal?writes=true", Value::Null)
        .await;
    let entry = &journal["entries"][0];
    assert_eq!(entry["status"], Value::Null);
    assert_eq!(entry["written"][0], found[0]["resourceName"]);
    assert_eq!(entry["account"], "ana@example.com");
}

#[tokio::test]
async fn an_ordered_503_has_googles_envelope() {
    let peer = Peer::kind().await;
    let rule = json!({"method": "contactGroups.list", "times": 1, "fault": {"kind": "status", "status": 503}});
    peer.lab.control(Method::POST, "/faults", rule).await;
    let answer = peer
        .call(Method::GET, "/v1/contactGroups", Value::Null)
        .await;
    assert_eq!(
        refusal(&answer),
        (
            503,
            "UNAVAILABLE".to_owned(),
            "The service is currently unavailable.".to_owned()
        )
    );
    peer.get("/v1/contactGroups").await;
}
