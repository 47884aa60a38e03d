//! Other contacts and search.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, text};

#[tokio::test]
async fn an_other_contact_is_listed_and_copied_into_my_contacts() {
    let peer = Peer::kind().await;
    let person = json!({"person": {"names": [{"givenName": "Olu"}], "emailAddresses": [{"value": "o@example.com"}]}});
    peer.lab
        .control(Method::POST, "/google/other-contacts", person)
        .await;
    let path = "/v1/otherContacts?readMask=names,emailAddresses,metadata&requestSyncToken=true";
    let (others, last) = peer.pages(path, "otherContacts").await;
    let name = text(&others[0], "resourceName");
    assert!(name.starts_with("otherContacts/"));
    assert_eq!(others[0]["metadata"]["sources"][0]["type"], "OTHER_CONTACT");
    assert!(last["nextSyncToken"].is_string());
    let copy = format!("/v1/{name}:copyOtherContactToMyContactsGroup");
    let body = json!({"copyMask": "names,emailAddresses", "readMask": "names,memberships"});
    let copied = peer.ok(Method::POST, &copy, body).await;
    assert_eq!(copied["names"][0]["givenName"], "Olu");
    assert_eq!(peer.full_sync().await.0.len(), 1);
    let wrong = json!({"copyMask": "addresses"});
    assert_eq!(peer.call(Method::POST, &copy, wrong).await.status, 400);
    let unknown = "/v1/otherContacts?readMask=addresses";
    assert_eq!(
        peer.call(Method::GET, unknown, Value::Null).await.status,
        400
    );
}

#[tokio::test]
async fn search_knows_only_what_the_warm_up_call_saw() {
    let peer = Peer::kind().await;
    peer.create(
        json!({"names": [{"givenName": "Ana"}], "clientData": [{"key": "k", "value": "needle"}]}),
    )
    .await;
    let search = async |query: &str| {
        let path = format!("/v1/people:searchContacts?readMask=names&query={query}");
        peer.get(&path).await["results"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(search("ana").await, 0);
    peer.get("/v1/people:searchContacts?readMask=names&query=")
        .await;
    assert_eq!(search("an").await, 1);
    assert_eq!(
        search("needle").await,
        0,
        "application data cannot be searched"
    );
    peer.named("Anatole").await;
    assert_eq!(search("an").await, 1, "the cache is old");
}
