//! Contact groups and their members.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, refusal, text};

async fn create(peer: &Peer, title: &str) -> String {
    let body = json!({"contactGroup": {"name": title}});
    text(
        &peer.ok(Method::POST, "/v1/contactGroups", body).await,
        "resourceName",
    )
}

async fn modify(peer: &Peer, group: &str, add: &[&str], remove: &[&str]) -> crate::client::Answer {
    let body = json!({"resourceNamesToAdd": add, "resourceNamesToRemove": remove});
    peer.call(Method::POST, &format!("/v1/{group}/members:modify"), body)
        .await
}

#[tokio::test]
async fn a_taken_title_is_a_409() {
    let peer = Peer::kind().await;
    create(&peer, "Clients").await;
    for title in ["Clients", "clients", "Starred"] {
        let body = json!({"contactGroup": {"name": title}});
        let answer = peer.call(Method::POST, "/v1/contactGroups", body).await;
        assert_eq!(
            (answer.status, refusal(&answer).1.as_str()),
            (409, "ALREADY_EXISTS"),
            "{title}"
        );
    }
    for body in [
        json!({}),
        json!({"contactGroup": {"name": " "}}),
        json!({"name": "X"}),
    ] {
        assert_eq!(
            peer.call(Method::POST, "/v1/contactGroups", body)
                .await
                .status,
            400
        );
    }
}

#[tokio::test]
async fn groups_list_with_a_sync_token_and_tombstones() {
    let peer = Peer::kind().await;
    let clients = create(&peer, "Clients").await;
    let (all, last) = peer
        .pages("/v1/contactGroups?pageSize=3", "contactGroups")
        .await;
    assert_eq!(all.len(), 9, "eight system groups and one of the user's");
    let token = text(&last, "nextSyncToken");
    let body = json!({"contactGroup": {"name": "Customers"}});
    peer.ok(Method::PUT, &format!("/v1/{clients}"), body).await;
    let delta = async |token: &str| {
        let path = format!("/v1/contactGroups?syncToken={token}&pageSize=3");
        peer.pages(&path, "contactGroups").await
    };
    let (changed, last) = delta(&token).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0]["name"], "Customers");
    peer.ok(Method::DELETE, &format!("/v1/{clients}"), Value::Null)
        .await;
    let (changed, _) = delta(&text(&last, "nextSyncToken")).await;
    assert_eq!(changed[0]["metadata"]["deleted"], true);
    peer.lab.advance(7 * 24 * 3600).await;
    let fresh = peer.token_of(0).await;
    let path = format!("/v1/contactGroups?syncToken={token}&pageSize=3");
    let expired = peer.call_as(&fresh, Method::GET, &path, Value::Null).await;
    assert_eq!(
        expired.body["error"]["details"][0]["reason"],
        "EXPIRED_SYNC_TOKEN"
    );
}

#[tokio::test]
async fn members_modify_answers_partial_results_with_200() {
    let peer = Peer::kind().await;
    let group = create(&peer, "Clients").await;
    let (ana, ben) = (peer.named("Ana").await, peer.named("Ben").await);
    let answer = modify(&peer, &group, &[&ana, &ben, "people/c404"], &[]).await;
    assert_eq!(
        answer.body,
        json!({"notFoundResourceNames": ["people/c404"]})
    );
    let shown = peer.get(&format!("/v1/{group}?maxMembers=10")).await;
    assert_eq!(shown["memberCount"], 2);
    assert_eq!(shown["memberResourceNames"].as_array().unwrap().len(), 2);
    assert!(
        peer.get(&format!("/v1/{group}"))
            .await
            .get("memberResourceNames")
            .is_none()
    );
    let out = modify(&peer, "contactGroups/myContacts", &[], &[&ana]).await;
    assert_eq!(out.body, json!({}));
    let last = modify(&peer, &group, &[], &[&ana, &ben]).await;
    assert_eq!(last.status, 200);
    assert_eq!(
        last.body,
        json!({"canNotRemoveLastContactGroupResourceNames": [ana]})
    );
}

#[tokio::test]
async fn members_modify_has_limits_and_bounds() {
    let peer = Peer::kind().await;
    let group = create(&peer, "Clients").await;
    let ana = peer.named("Ana").await;
    let many: Vec<String> = (0..1001)
        .map(|number| format!("people/c{number}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(modify(&peer, &group, &many, &[]).await.status, 400);
    assert_eq!(
        modify(&peer, "contactGroups/friends", &[&ana], &[])
            .await
            .status,
        400
    );
    assert_eq!(
        modify(&peer, "contactGroups/none", &[&ana], &[])
            .await
            .status,
        404
    );
    assert_eq!(
        modify(&peer, "contactGroups/starred", &[&ana], &[])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_membership_edit_is_a_change_of_the_person() {
    let peer = Peer::kind().await;
    let group = create(&peer, "Clients").await;
    let ana = peer.named("Ana").await;
    let (_, token) = peer.full_sync().await;
    let before = text(&peer.person(&ana).await, "etag");
    modify(&peer, &group, &[&ana], &[]).await;
    let (changes, next) = peer.delta(&token).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["memberships"].as_array().unwrap().len(), 2);
    assert_ne!(text(&peer.person(&ana).await, "etag"), before);
    modify(&peer, &group, &[&ana], &[]).await;
    assert!(
        peer.delta(&next).await.0.is_empty(),
        "adding again changes nothing"
    );
}

#[tokio::test]
async fn deleting_a_group_keeps_its_contacts_unless_told_otherwise() {
    let peer = Peer::kind().await;
    let ana = peer.named("Ana").await;
    for (with_contacts, left) in [("", 1), ("?deleteContacts=true", 0)] {
        let group = create(&peer, "Clients").await;
        modify(&peer, &group, &[&ana], &[]).await;
        peer.ok(
            Method::DELETE,
            &format!("/v1/{group}{with_contacts}"),
            Value::Null,
        )
        .await;
        assert_eq!(peer.full_sync().await.0.len(), left);
        assert_eq!(
            peer.call(Method::GET, &format!("/v1/{group}"), Value::Null)
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn system_groups_cannot_be_changed() {
    let peer = Peer::kind().await;
    let body = json!({"contactGroup": {"name": "Mine"}});
    let renamed = peer
        .call(Method::PUT, "/v1/contactGroups/myContacts", body)
        .await;
    assert_eq!(renamed.status, 400);
    let deleted = peer
        .call(Method::DELETE, "/v1/contactGroups/starred", Value::Null)
        .await;
    assert_eq!(deleted.status, 400);
}

#[tokio::test]
async fn groups_carry_client_data_and_are_read_in_batches() {
    let peer = Peer::kind().await;
    let body =
        json!({"contactGroup": {"name": "Clients", "clientData": [{"key": "acme", "value": "1"}]}});
    let group = peer.ok(Method::POST, "/v1/contactGroups", body).await;
    assert_eq!(group["clientData"][0]["key"], "acme");
    let name = text(&group, "resourceName");
    let path = format!(
        "/v1/contactGroups:batchGet?resourceNames={name}&resourceNames=contactGroups/none&groupFields=name"
    );
    let answer = peer.get(&path).await;
    assert_eq!(answer["responses"][0]["contactGroup"]["name"], "Clients");
    assert!(
        answer["responses"][0]["contactGroup"]
            .get("groupType")
            .is_none()
    );
    assert_eq!(answer["responses"][1]["status"]["code"], 5);
}
