//! batchGet, batchCreateContacts, batchUpdateContacts, batchDeleteContacts.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{Peer, refusal, text};

fn contacts(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| {
            json!({"contactPerson": {
                "names": [{"givenName": format!("P{number}")}],
                "clientData": [{"key": "acme.id", "value": number.to_string()}],
            }})
        })
        .collect()
}

async fn batch_create(peer: &Peer, count: usize) -> Vec<Value> {
    let body = json!({"contacts": contacts(count), "readMask": "metadata,names,clientData"});
    let answer = peer
        .ok(Method::POST, "/v1/people:batchCreateContacts", body)
        .await;
    answer["createdPeople"]
        .as_array()
        .unwrap()
        .iter()
        .map(|response| response["person"].clone())
        .collect()
}

#[tokio::test]
async fn caps_are_200_200_500_and_200() {
    let peer = Peer::kind().await;
    let too_many = json!({"contacts": contacts(201), "readMask": "metadata"});
    let answer = peer
        .call(Method::POST, "/v1/people:batchCreateContacts", too_many)
        .await;
    assert_eq!(answer.status, 400);
    let created = batch_create(&peer, 200).await;
    assert_eq!(created.len(), 200);
    let names: Vec<String> = (0..501).map(|number| format!("people/c{number}")).collect();
    let delete = json!({"resourceNames": names});
    let answer = peer
        .call(Method::POST, "/v1/people:batchDeleteContacts", delete)
        .await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("at most 500"));
    let query = names[..201].join("&resourceNames=");
    let path = format!("/v1/people:batchGet?personFields=names&resourceNames={query}");
    assert_eq!(peer.call(Method::GET, &path, Value::Null).await.status, 400);
    let updates: serde_json::Map<String, Value> = (0..201)
        .map(|number| (format!("people/c{number}"), json!({})))
        .collect();
    let body = json!({"contacts": updates, "updateMask": "names", "readMask": ""});
    let answer = peer
        .call(Method::POST, "/v1/people:batchUpdateContacts", body)
        .await;
    assert!(answer.text.contains("at most 200"));
}

#[tokio::test]
async fn an_unkind_batch_create_answers_in_another_order() {
    let peer = Peer::unkind().await;
    let created = batch_create(&peer, 50).await;
    let order: Vec<String> = created
        .iter()
        .map(|person| text(&person["clientData"][0], "value"))
        .collect();
    let asked: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    assert_ne!(order, asked);
    let mut sorted = order;
    sorted.sort_by_key(|value| value.parse::<usize>().unwrap());
    assert_eq!(sorted, asked);
}

#[tokio::test]
async fn an_empty_read_mask_reads_nothing_back() {
    let peer = Peer::kind().await;
    let body = json!({"contacts": contacts(2), "readMask": ""});
    let answer = peer
        .ok(Method::POST, "/v1/people:batchCreateContacts", body)
        .await;
    assert_eq!(answer, json!({}));
    assert_eq!(peer.full_sync().await.0.len(), 2);
}

#[tokio::test]
async fn one_bad_item_fails_the_batch_and_is_named_by_its_index() {
    let peer = Peer::kind().await;
    let mut items = contacts(3);
    items[1]["contactPerson"]["names"] = json!([{"familyName": "x".repeat(2000)}]);
    let body = json!({"contacts": items, "readMask": "metadata"});
    let answer = peer
        .call(Method::POST, "/v1/people:batchCreateContacts", body.clone())
        .await;
    assert_eq!(refusal(&answer).1, "INVALID_ARGUMENT");
    let detail = &answer.body["error"]["details"][0];
    assert_eq!(
        detail["@type"],
        "type.googleapis.com/google.people.v1.BatchCreateContactsErrorDetails"
    );
    assert_eq!(detail["contactErrors"]["1"]["code"], 3);
    assert_eq!(peer.full_sync().await.0.len(), 0, "nothing is applied");
    peer.lab
        .settings("google", json!({"failed_batch_applies_rest": true}))
        .await;
    let answer = peer
        .call(Method::POST, "/v1/people:batchCreateContacts", body)
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        peer.full_sync().await.0.len(),
        2,
        "with the switch the others are applied"
    );
}

#[tokio::test]
async fn one_stale_item_fails_the_update_and_current_ones_go_through() {
    let peer = Peer::kind().await;
    let created = batch_create(&peer, 2).await;
    let update = async |people: &[Value]| {
        let contacts: serde_json::Map<String, Value> = people
            .iter()
            .map(|person| {
                let mut person = person.clone();
                person["names"] = json!([{"givenName": "Changed"}]);
                (text(&person, "resourceName"), person)
            })
            .collect();
        let body =
            json!({"contacts": contacts, "updateMask": "names", "readMask": "names,metadata"});
        peer.call(Method::POST, "/v1/people:batchUpdateContacts", body)
            .await
    };
    let first = update(&created[..1]).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let stale = text(&created[0], "resourceName");
    assert_eq!(
        first.body["updateResult"][&stale]["person"]["names"][0]["givenName"],
        "Changed"
    );
    let answer = update(&created).await;
    assert_eq!(refusal(&answer).1, "FAILED_PRECONDITION");
    let detail = &answer.body["error"]["details"][0];
    assert_eq!(detail["contactErrors"][&stale]["code"], 9);
    assert_eq!(detail["contactErrors"].as_object().unwrap().len(), 1);
    let other = peer.person(&text(&created[1], "resourceName")).await;
    assert_eq!(other["names"][0]["givenName"], "P1");
}

#[tokio::test]
async fn batch_get_answers_for_each_name_found_or_not() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let path = format!(
        "/v1/people:batchGet?personFields=names&resourceNames={name}&resourceNames=people/c404"
    );
    let answer = peer.get(&path).await;
    let responses = answer["responses"].as_array().unwrap();
    assert_eq!(responses[0]["person"]["resourceName"], name.as_str());
    assert_eq!(responses[1]["requestedResourceName"], "people/c404");
    assert_eq!(responses[1]["status"]["code"], 5);
    assert!(responses[1].get("person").is_none());
    for bad in [
        "/v1/people:batchGet?personFields=names",
        "/v1/people:batchGet?resourceNames=people/c1",
    ] {
        assert_eq!(peer.call(Method::GET, bad, Value::Null).await.status, 400);
    }
}

#[tokio::test]
async fn a_long_get_may_come_as_a_post_with_a_form() {
    let peer = Peer::kind().await;
    let names: Vec<String> = batch_create(&peer, 3)
        .await
        .iter()
        .map(|person| text(person, "resourceName"))
        .collect();
    let mut form = vec![("personFields", "names")];
    form.extend(names.iter().map(|name| ("resourceNames", name.as_str())));
    let request = peer
        .lab
        .request("google", Method::POST, "/v1/people:batchGet")
        .bearer_auth(&peer.token)
        .header("x-http-method-override", "GET")
        .form(&form);
    let answer = crate::client::send(request).await;
    assert_eq!(answer.body["responses"].as_array().unwrap().len(), 3);
    assert_eq!(peer.lab.calls("google", "people.getBatchGet").await, 1);
}

#[tokio::test]
async fn batch_delete_removes_all_or_nothing() {
    let peer = Peer::kind().await;
    let names: Vec<String> = batch_create(&peer, 3)
        .await
        .iter()
        .map(|person| text(person, "resourceName"))
        .collect();
    let mut with_stranger = names.clone();
    with_stranger.push("people/c404".to_owned());
    let delete = async |names: &[String]| {
        let body = json!({"resourceNames": names});
        peer.call(Method::POST, "/v1/people:batchDeleteContacts", body)
            .await
    };
    assert_eq!(delete(&with_stranger).await.status, 404);
    assert_eq!(peer.full_sync().await.0.len(), 3);
    assert_eq!(delete(&names).await.body, json!({}));
    assert_eq!(peer.full_sync().await.0.len(), 0);
    assert_eq!(delete(&[]).await.status, 400);
}

#[tokio::test]
async fn malformed_batches_are_refused() {
    let peer = Peer::kind().await;
    for (path, body) in [
        (
            "batchCreateContacts",
            json!({"contacts": [], "readMask": "names"}),
        ),
        ("batchCreateContacts", json!({"contact": []})),
        (
            "batchCreateContacts",
            json!({"contacts": [{"person": {}}], "readMask": "names"}),
        ),
        (
            "batchCreateContacts",
            json!({"contacts": contacts(1), "readMask": "nonsense"}),
        ),
        (
            "batchCreateContacts",
            json!({"contacts": contacts(1), "readMask": "names", "sources": ["X"]}),
        ),
        (
            "batchUpdateContacts",
            json!({"contacts": {"people/c1": {}}, "readMask": "names"}),
        ),
        ("batchDeleteContacts", json!({"resourceNames": "people/c1"})),
        ("batchDeleteContacts", json!([])),
    ] {
        let answer = peer
            .call(Method::POST, &format!("/v1/people:{path}"), body.clone())
            .await;
        assert_eq!(answer.status, 400, "{path} {body}");
    }
}
