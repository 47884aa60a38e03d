//! What people do in the web interface, through control.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, names, text};

fn id(person: &Value) -> String {
    text(person, "resourceName")
        .trim_start_matches("people/")
        .to_owned()
}

#[tokio::test]
async fn people_type_edit_and_move_contacts_without_api_calls() {
    let peer = Peer::kind().await;
    let control =
        async |method: Method, path: &str, body: Value| peer.lab.control(method, path, body).await;
    let group = control(Method::POST, "/google/groups", json!({"name": "Clients"})).await;
    let group = text(&group, "resource_name");
    let (_, token) = peer.full_sync().await;
    let new = json!({"person": {"names": [{"givenName": "Ana"}]}, "groups": ["Clients"]});
    let ana = control(Method::POST, "/google/contacts", new).await;
    let path = format!("/google/contacts/{}", id(&ana));
    let edit = json!({"person": {"names": [{"givenName": "Anna"}], "phoneNumbers": []}});
    control(Method::PATCH, &path, edit).await;
    control(
        Method::POST,
        &format!("{path}/groups"),
        json!({"remove": ["Clients"], "add": ["starred"]}),
    )
    .await;
    let (changes, _) = peer.delta(&token).await;
    assert_eq!(changes[0]["names"][0]["givenName"], "Anna");
    let groups: Vec<&str> = changes[0]["memberships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item["contactGroupMembership"]["contactGroupId"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(groups, ["myContacts", "starred"]);
    assert_eq!(
        peer.get(&format!("/v1/{group}")).await.get("memberCount"),
        None
    );
    let writes = peer
        .lab
        .control(Method::GET, "/journal?writes=true", Value::Null)
        .await;
    assert_eq!(writes["entries"], json!([]));
}

#[tokio::test]
async fn a_copy_carries_application_data_with_it() {
    let peer = Peer::kind().await;
    let marked =
        json!({"names": [{"givenName": "Ana"}], "clientData": [{"key": "acme.id", "value": "7"}]});
    let original = peer.create(marked).await;
    let path = format!("/google/contacts/{}/copy", id(&original));
    let copy = peer.lab.control(Method::POST, &path, Value::Null).await;
    assert_ne!(copy["resourceName"], original["resourceName"]);
    assert_eq!(copy["clientData"][0]["value"], "7");
}

#[tokio::test]
async fn a_contact_goes_to_the_trash_and_comes_back_under_its_name() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let path = format!("/google/contacts/{}", name.trim_start_matches("people/"));
    let (_, token) = peer.full_sync().await;
    peer.lab.control(Method::DELETE, &path, Value::Null).await;
    let truth = peer
        .lab
        .control(Method::GET, "/google/truth", Value::Null)
        .await;
    let ana = &truth["accounts"]["ana@example.com"];
    assert_eq!(ana["contacts"], json!([]));
    assert_eq!(ana["trash"][0]["resourceName"], name.as_str());
    let (changes, token) = {
        let (changes, next) = peer.delta(&token).await;
        (changes, next)
    };
    assert_eq!(changes[0]["metadata"]["deleted"], true);
    peer.lab
        .control(Method::POST, &format!("{path}/restore"), Value::Null)
        .await;
    let (changes, _) = peer.delta(&token).await;
    assert_eq!(names(&changes), [name]);
    assert!(changes[0]["metadata"].get("deleted").is_none());
    peer.lab
        .control(Method::DELETE, &format!("{path}?purge=true"), Value::Null)
        .await;
    let gone = peer
        .lab
        .try_control(Method::POST, &format!("{path}/restore"), Value::Null)
        .await;
    assert_eq!(gone.status, 400);
}

#[tokio::test]
async fn truth_has_no_lag() {
    let peer = Peer::kind().await;
    peer.lab
        .settings("google", json!({"list_lag_milliseconds": 60_000}))
        .await;
    let name = peer.named("Fresh").await;
    assert!(peer.full_sync().await.0.is_empty());
    let truth = peer
        .lab
        .control(Method::GET, "/google/truth", Value::Null)
        .await;
    let contacts = &truth["accounts"]["ana@example.com"]["contacts"];
    assert_eq!(contacts[0]["resourceName"], name.as_str());
}

#[tokio::test]
async fn the_scenario_fills_a_group_and_twice_as_many_outside_it() {
    let peer = Peer::unkind().await;
    let scenario = json!({"scenario": "two-address-books", "people": 40, "seed": 2});
    let answer = peer.lab.control(Method::POST, "/seed", scenario).await;
    assert_eq!(answer["google"]["group_name"], "Clients");
    let group = text(&answer["google"], "group");
    let (all, _) = peer.full_sync().await;
    assert_eq!(all.len(), 120);
    let inside = all
        .iter()
        .filter(|person| {
            person["memberships"]
                .as_array()
                .unwrap()
                .iter()
                .any(|item| {
                    item["contactGroupMembership"]["contactGroupResourceName"] == group.as_str()
                })
        })
        .count();
    assert_eq!(inside, 40);
    assert_eq!(answer["figures"]["inside_each"], 40);
}

#[tokio::test]
async fn reset_empties_the_accounts_and_keeps_the_credentials() {
    let peer = Peer::kind().await;
    peer.named("Ana").await;
    let (_, token) = peer.full_sync().await;
    peer.lab.control(Method::POST, "/reset", Value::Null).await;
    assert_eq!(
        peer.call(Method::GET, "/v1/contactGroups", Value::Null)
            .await
            .status,
        401
    );
    let peer = Peer {
        token: peer.token_of(0).await,
        ..peer
    };
    assert!(peer.full_sync().await.0.is_empty());
    let path = super::peer::sync_path(&format!("&syncToken={token}"));
    assert_eq!(
        peer.call(Method::GET, &path, Value::Null).await.status,
        400,
        "old cursors are dead"
    );
}

#[tokio::test]
async fn accounts_can_be_added_and_have_stable_ids() {
    let peer = Peer::kind().await;
    let body = json!({"email": "cara@example.com", "name": "Cara Novak"});
    let cara = peer
        .lab
        .control(Method::POST, "/google/accounts", body)
        .await;
    assert!(cara["refresh_token"].is_string());
    let me = peer
        .get("/v1/people/me?personFields=metadata,emailAddresses")
        .await;
    assert_ne!(me["resourceName"], cara["resource_name"]);
    let by_id = format!("/v1/{}?personFields=metadata", text(&me, "resourceName"));
    assert_eq!(peer.get(&by_id).await["metadata"], me["metadata"]);
}

#[tokio::test]
async fn control_refuses_what_does_not_exist() {
    let peer = Peer::kind().await;
    for (method, path, body) in [
        (Method::GET, "/google/contacts/c404", Value::Null),
        (Method::POST, "/google/contacts/c404/copy", Value::Null),
        (Method::DELETE, "/google/groups/none", Value::Null),
        (
            Method::POST,
            "/google/contacts?account=nobody@example.com",
            json!({"person": {}}),
        ),
        (
            Method::POST,
            "/google/contacts",
            json!({"person": {"emails": []}}),
        ),
        (
            Method::POST,
            "/google/contacts",
            json!({"person": {}, "groups": ["None"]}),
        ),
        (Method::PATCH, "/google/settings", json!({"lag": 1})),
        (
            Method::POST,
            "/google/accounts/nobody@example.com/revoke",
            Value::Null,
        ),
    ] {
        let answer = peer.lab.try_control(method, path, body).await;
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
}
