//! Several calls in one `multipart/mixed` request.

use reqwest::Method;
use serde_json::Value;

use super::peer::Peer;
use crate::client::send;

#[tokio::test]
async fn inner_calls_are_answered_in_order_with_their_own_statuses() {
    let peer = Peer::kind().await;
    let body = "--b\r\nContent-Type: application/http\r\nContent-ID: <x + 1>\r\n\r\n\
                POST /v1/contactGroups?alt=json HTTP/1.1\r\nContent-Type: application/json\r\n\r\n\
                {\"contactGroup\": {\"name\": \"Clients\"}}\r\n\
                --b\r\nContent-Type: application/http\r\nContent-ID: <x + 2>\r\n\r\n\
                GET /v1/people/c404?personFields=names HTTP/1.1\r\n\r\n\r\n--b--\r\n";
    let request = peer
        .lab
        .request("google", Method::POST, "/batch")
        .bearer_auth(&peer.token)
        .header("content-type", "multipart/mixed; boundary=\"b\"")
        .body(body);
    let answer = send(request).await;
    assert_eq!(answer.status, 200);
    let first = answer.text.find("response-x + 1").unwrap();
    let second = answer.text.find("response-x + 2").unwrap();
    assert!(first < second);
    assert!(answer.text[first..second].contains("HTTP/1.1 200 OK"));
    assert!(answer.text[first..second].contains("\"Clients\""));
    assert!(answer.text[second..].contains("HTTP/1.1 404 Not Found"));
    assert_eq!(peer.lab.calls("google", "batch").await, 1);
    assert_eq!(peer.lab.calls("google", "contactGroups.create").await, 1);
    assert_eq!(peer.lab.calls("google", "people.get").await, 1);
}

#[tokio::test]
async fn a_body_that_is_no_batch_is_refused() {
    let peer = Peer::kind().await;
    let answer = peer.call(Method::POST, "/batch", Value::Null).await;
    assert_eq!(answer.status, 400);
}
