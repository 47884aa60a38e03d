//! One contact: masks, etags, what an update replaces, what the server computes.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{ALL, Peer, refusal, text};

async fn update(peer: &Peer, name: &str, mask: &str, person: Value) -> crate::client::Answer {
    let path = format!("/v1/{name}:updateContact?updatePersonFields={mask}&personFields={ALL}");
    peer.call(Method::PATCH, &path, person).await
}

#[tokio::test]
async fn a_read_shows_the_masked_fields_and_always_name_and_etag() {
    let peer = Peer::kind().await;
    let name = text(
        &peer
            .create(json!({"names": [{"givenName": "Ana"}], "emailAddresses": [{"value": "a@example.com"}]}))
            .await,
        "resourceName",
    );
    let person = peer.get(&format!("/v1/{name}?personFields=names")).await;
    let mut members: Vec<&str> = person
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(members, ["etag", "names", "resourceName"]);
}

#[tokio::test]
async fn missing_and_unknown_masks_are_refused() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    for (path, start) in [
        (format!("/v1/{name}"), "personFields mask is required"),
        (
            format!("/v1/{name}?personFields="),
            "personFields mask is required",
        ),
        (
            format!("/v1/{name}?personFields=names,foo"),
            "Invalid personFields mask path: \"foo\"",
        ),
        (
            format!("/v1/{name}?personFields=etag"),
            "Invalid personFields mask path: \"etag\"",
        ),
        (
            "/v1/people/me/connections".to_owned(),
            "personFields mask is required",
        ),
    ] {
        let (status, code, message) = refusal(&peer.call(Method::GET, &path, Value::Null).await);
        assert_eq!((status, code.as_str()), (400, "INVALID_ARGUMENT"));
        assert!(message.starts_with(start), "{path}: {message}");
    }
    let person = peer.person(&name).await;
    for mask in ["", "photos", "metadata", "names.givenName"] {
        assert_eq!(
            update(&peer, &name, mask, person.clone()).await.status,
            400,
            "{mask}"
        );
    }
}

#[tokio::test]
async fn every_mutation_changes_both_etags_and_they_differ_from_each_other() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let before = peer.person(&name).await;
    let source = |person: &Value| text(&person["metadata"]["sources"][0], "etag");
    assert_ne!(text(&before, "etag"), source(&before));
    let mut edited = before.clone();
    edited["names"][0]["givenName"] = json!("Anna");
    let after = update(&peer, &name, "names", edited).await.body;
    assert_ne!(text(&before, "etag"), text(&after, "etag"));
    assert_ne!(source(&before), source(&after));
    let other_mask = peer.get(&format!("/v1/{name}?personFields=names")).await;
    assert_ne!(
        text(&other_mask, "etag"),
        text(&after, "etag"),
        "the mask is in the etag"
    );
}

#[tokio::test]
async fn an_update_needs_a_current_etag_in_the_right_place() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let old = peer.person(&name).await;
    let mut with_old = old.clone();
    with_old["names"][0]["givenName"] = json!("Anna");
    let current = update(&peer, &name, "names", with_old.clone()).await.body;
    let source_etag = current["metadata"]["sources"][0]["etag"].clone();

    let bare = json!({"names": [{"givenName": "X"}]});
    let (status, code, message) = refusal(&update(&peer, &name, "names", bare).await);
    assert_eq!((status, code.as_str()), (400, "INVALID_ARGUMENT"));
    assert!(message.starts_with("Request must set person.etag or person.metadata.sources.etag"));

    let (status, code, message) = refusal(&update(&peer, &name, "names", with_old).await);
    assert_eq!((status, code.as_str()), (400, "FAILED_PRECONDITION"));
    assert!(message.starts_with("Request person.etag is different than the current person.etag."));
    let stale = update(&peer, &name, "names", old).await;
    assert!(stale.body["error"].get("details").is_none());

    let misplaced = json!({"etag": source_etag, "names": [{"givenName": "X"}]});
    assert_eq!(
        refusal(&update(&peer, &name, "names", misplaced).await).1,
        "FAILED_PRECONDITION"
    );

    let only_source = json!({
        "metadata": {"sources": [{"type": "CONTACT", "etag": source_etag}]}, "names": [{"givenName": "Y"}],
    });
    let next = update(&peer, &name, "names", only_source.clone()).await;
    assert_eq!(next.status, 200, "{}", next.text);
    let (_, code, message) = refusal(&update(&peer, &name, "names", only_source).await);
    assert_eq!(code, "FAILED_PRECONDITION");
    assert!(message.contains("person.metadata.sources.etag"));
    let chained = update(&peer, &name, "names", next.body).await;
    assert_eq!(chained.status, 200, "an answer's etag is current");
}

#[tokio::test]
async fn masked_fields_are_replaced_absent_ones_cleared_others_untouched() {
    let peer = Peer::kind().await;
    let created = peer
        .create(json!({
            "names": [{"givenName": "Ana"}],
            "emailAddresses": [{"value": "a@example.com"}, {"value": "b@example.com"}],
            "phoneNumbers": [{"value": "+43 1 5550"}],
            "clientData": [{"key": "acme.id", "value": "1"}],
        }))
        .await;
    let name = text(&created, "resourceName");
    let body = json!({"etag": created["etag"], "emailAddresses": [{"value": "c@example.com"}],
        "clientData": [{"key": "ignored", "value": "not in the mask"}]});
    let after = update(&peer, &name, "emailAddresses,phoneNumbers", body)
        .await
        .body;
    assert_eq!(after["emailAddresses"].as_array().unwrap().len(), 1);
    assert_eq!(after["emailAddresses"][0]["value"], "c@example.com");
    assert!(
        after.get("phoneNumbers").is_none(),
        "in the mask, absent in the body"
    );
    assert_eq!(after["names"][0]["givenName"], "Ana");
    assert_eq!(after["clientData"][0]["key"], "acme.id");
}

#[tokio::test]
async fn singletons_and_memberships_are_guarded() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let person = peer.person(&name).await;
    for (mask, field) in [
        ("names", json!([{"givenName": "A"}, {"givenName": "B"}])),
        (
            "birthdays",
            json!([{"date": {"month": 1, "day": 2}}, {"date": {"month": 1, "day": 3}}]),
        ),
        ("biographies", json!([{"value": "a"}, {"value": "b"}])),
        ("genders", json!([{"value": "male"}, {"value": "female"}])),
        ("memberships", json!([])),
        (
            "memberships",
            json!([{"contactGroupMembership": {"contactGroupResourceName": "contactGroups/none"}}]),
        ),
        (
            "memberships",
            json!([{"contactGroupMembership": {"contactGroupResourceName": "contactGroups/friends"}}]),
        ),
    ] {
        let body = json!({"etag": person["etag"], mask: field});
        let (status, code, _) = refusal(&update(&peer, &name, mask, body).await);
        assert_eq!((status, code.as_str()), (400, "INVALID_ARGUMENT"), "{mask}");
    }
}

#[tokio::test]
async fn the_server_computes_names_numbers_and_types() {
    let peer = Peer::kind().await;
    let person = peer
        .create(json!({
            "names": [{"givenName": " Ana ", "familyName": "Petrov", "displayName": "ignored"}],
            "phoneNumbers": [{"value": "+43 (1) 5550", "type": "workMobile"}],
            "emailAddresses": [{"value": "not an address at all"}, {"value": "  "}],
        }))
        .await;
    let name = &person["names"][0];
    assert_eq!(name["displayName"], "Ana Petrov");
    assert_eq!(name["displayNameLastFirst"], "Petrov, Ana");
    assert_eq!(name["givenName"], "Ana");
    assert_eq!(person["phoneNumbers"][0]["canonicalForm"], "+4315550");
    assert_eq!(person["phoneNumbers"][0]["formattedType"], "Work Mobile");
    let emails = person["emailAddresses"].as_array().unwrap();
    assert_eq!(
        emails.len(),
        1,
        "Google takes any text as an address, but no empty one"
    );
    assert_eq!(emails[0]["metadata"]["primary"], true);
}

#[tokio::test]
async fn too_long_unknown_and_ill_typed_fields_are_refused_by_name() {
    let peer = Peer::kind().await;
    for (person, field) in [
        (
            json!({"names": [{"familyName": "x".repeat(1025)}]}),
            "person.names[0].family_name",
        ),
        (json!({"names": [{"given": "Ana"}]}), "person.names[0]"),
        (json!({"emails": [{"value": "a"}]}), "person"),
        (
            json!({"names": [{"givenName": 5}]}),
            "person.names[0].given_name",
        ),
        (
            json!({"birthdays": [{"date": {"month": 13}}]}),
            "person.birthdays[0].date.month",
        ),
    ] {
        let answer = peer
            .call(Method::POST, "/v1/people:createContact", person)
            .await;
        assert_eq!(refusal(&answer).1, "INVALID_ARGUMENT");
        let violation = &answer.body["error"]["details"][0]["fieldViolations"][0];
        assert_eq!(violation["field"], field);
    }
    let note = json!({"biographies": [{"value": "x".repeat(5000)}]});
    assert_eq!(
        peer.call(Method::POST, "/v1/people:createContact", note)
            .await
            .status,
        200
    );
    let request = peer
        .lab
        .request("google", Method::POST, "/v1/people:createContact")
        .bearer_auth(&peer.token)
        .header("content-type", "application/json")
        .body("{\"names\": [");
    assert_eq!(crate::client::send(request).await.status, 400);
}

#[tokio::test]
async fn creating_the_same_person_twice_makes_two_contacts() {
    let peer = Peer::kind().await;
    let person =
        json!({"names": [{"givenName": "Ana"}], "emailAddresses": [{"value": "a@example.com"}]});
    let one = peer.create(person.clone()).await;
    let two = peer.create(person).await;
    assert_ne!(one["resourceName"], two["resourceName"]);
    let membership = &one["memberships"][0]["contactGroupMembership"];
    assert_eq!(
        membership["contactGroupResourceName"],
        "contactGroups/myContacts"
    );
}

#[tokio::test]
async fn memberships_on_create_are_a_switch() {
    let peer = Peer::unkind().await;
    let person = json!({
        "names": [{"givenName": "Ana"}],
        "memberships": [{"contactGroupMembership": {"contactGroupResourceName": "contactGroups/starred"}}],
    });
    let create = async || {
        let path = format!("/v1/people:createContact?personFields={ALL}");
        peer.call(Method::POST, &path, person.clone()).await
    };
    assert_eq!(create().await.status, 400);
    peer.lab
        .settings("google", json!({"memberships_on_create": true}))
        .await;
    let created = create().await.body;
    let membership = &created["memberships"][0]["contactGroupMembership"];
    assert_eq!(membership["contactGroupId"], "starred");
}

#[tokio::test]
async fn a_deleted_contact_is_gone_and_stays_gone() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let path = format!("/v1/{name}:deleteContact");
    assert_eq!(peer.ok(Method::DELETE, &path, Value::Null).await, json!({}));
    for (method, path) in [
        (Method::DELETE, path),
        (Method::GET, format!("/v1/{name}?personFields=names")),
    ] {
        let (status, code, message) = refusal(&peer.call(method, &path, Value::Null).await);
        assert_eq!((status, code.as_str()), (404, "NOT_FOUND"));
        assert_eq!(message, "Requested entity was not found.");
    }
    let update = update(&peer, &name, "names", json!({"etag": "x"})).await;
    assert_eq!(update.status, 404);
}

#[tokio::test]
async fn the_account_is_full_when_the_trash_counts() {
    let peer = Peer::kind().await;
    peer.lab.settings("google", json!({"contact_cap": 2})).await;
    let name = peer.named("One").await;
    peer.named("Two").await;
    peer.ok(
        Method::DELETE,
        &format!("/v1/{name}:deleteContact"),
        Value::Null,
    )
    .await;
    let full = async || {
        let person = json!({"names": [{"givenName": "Three"}]});
        peer.call(Method::POST, "/v1/people:createContact", person)
            .await
    };
    assert!(full().await.text.contains("MY_CONTACTS_OVERFLOW_COUNT"));
    peer.lab.advance(30 * 24 * 3600 + 1).await;
    let token = peer.token_of(0).await;
    let person = json!({"names": [{"givenName": "Three"}]});
    let later = peer
        .call_as(&token, Method::POST, "/v1/people:createContact", person)
        .await;
    assert_eq!(later.status, 200, "thirty days later the trash is empty");
}

#[tokio::test]
async fn profile_values_are_merged_unless_sources_keeps_them_out() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let id = name.trim_start_matches("people/");
    let profile = json!({"person": {"urls": [{"value": "https://profiles.example.com/ana"}]}});
    peer.lab
        .control(
            Method::PUT,
            &format!("/google/contacts/{id}/profile"),
            profile,
        )
        .await;
    let merged = peer
        .get(&format!("/v1/{name}?personFields=urls,metadata"))
        .await;
    assert_eq!(merged["urls"][0]["metadata"]["source"]["type"], "PROFILE");
    assert_eq!(merged["metadata"]["sources"].as_array().unwrap().len(), 2);
    let own = format!("/v1/{name}?personFields=urls,metadata&sources=READ_SOURCE_TYPE_CONTACT");
    let own = peer.get(&own).await;
    assert!(own.get("urls").is_none());
    assert_eq!(own["metadata"]["sources"].as_array().unwrap().len(), 1);
    let wrong = format!("/v1/{name}?personFields=urls&sources=CONTACT");
    assert_eq!(
        peer.call(Method::GET, &wrong, Value::Null).await.status,
        400
    );
}

#[tokio::test]
async fn lists_truncate_long_fields_and_get_does_not() {
    let peer = Peer::kind().await;
    let emails: Vec<Value> = (0..120)
        .map(|number| json!({"value": format!("a{number}@example.com")}))
        .collect();
    let created = peer
        .create(json!({"names": [{"givenName": "Ana"}], "emailAddresses": emails}))
        .await;
    let (found, _) = peer.full_sync().await;
    assert_eq!(found[0]["emailAddresses"].as_array().unwrap().len(), 100);
    let full = peer.person(&text(&created, "resourceName")).await;
    assert_eq!(full["emailAddresses"].as_array().unwrap().len(), 120);
}

#[tokio::test]
async fn unkind_items_come_in_other_orders_with_one_primary() {
    let peer = Peer::unkind().await;
    let emails =
        json!([{"value": "a@example.com"}, {"value": "b@example.com"}, {"value": "c@example.com"}]);
    let created = peer.create(json!({"emailAddresses": emails})).await;
    let name = text(&created, "resourceName");
    peer.lab.advance(60).await;
    let mut firsts = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let person = peer.person(&name).await;
        let items = person["emailAddresses"].as_array().unwrap();
        let primaries: Vec<&Value> = items
            .iter()
            .filter(|item| item["metadata"]["primary"] == true)
            .collect();
        assert_eq!(primaries.len(), 1);
        assert_eq!(primaries[0]["value"], "a@example.com");
        firsts.insert(text(&items[0], "value"));
    }
    assert!(firsts.len() > 1);
}

#[tokio::test]
async fn photos_must_be_images_and_a_placeholder_says_so() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    let shown =
        async || peer.get(&format!("/v1/{name}?personFields=photos")).await["photos"][0].clone();
    assert_eq!(shown().await["default"], true);
    let path = format!("/v1/{name}:updateContactPhoto");
    for bytes in ["aGVsbG8=", "***"] {
        let answer = peer
            .call(Method::PATCH, &path, json!({"photoBytes": bytes}))
            .await;
        assert_eq!(answer.status, 400);
    }
    let png = json!({"photoBytes": "iVBORw0KGgo=", "personFields": "metadata"});
    let answer = peer.ok(Method::PATCH, &path, png).await;
    assert!(answer["person"]["etag"].is_string());
    assert!(shown().await.get("default").is_none());
    let gone = peer
        .ok(
            Method::DELETE,
            &format!("/v1/{name}:deleteContactPhoto"),
            Value::Null,
        )
        .await;
    assert_eq!(gone, json!({}));
    assert_eq!(shown().await["default"], true);
}
