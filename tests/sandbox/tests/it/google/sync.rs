//! Sync tokens, tombstones, propagation delay.

use reqwest::Method;
use serde_json::{Value, json};

use super::peer::{ALL, Peer, names, refusal, sync_path, text};

const WEEK: i64 = 7 * 24 * 3600;

fn reason(answer: &crate::client::Answer) -> Value {
    answer.body["error"]["details"][0]["reason"].clone()
}

#[tokio::test]
async fn a_delta_brings_what_changed_once_and_tombstones_without_fields() {
    let peer = Peer::kind().await;
    let (kept, edited, deleted) = (
        peer.named("Kept").await,
        peer.named("Edited").await,
        peer.named("Deleted").await,
    );
    let (found, token) = peer.full_sync().await;
    assert_eq!(found.len(), 3);
    for given in ["Edited once", "Edited twice"] {
        let mut person = peer.person(&edited).await;
        person["names"] = json!([{"givenName": given}]);
        let path = format!("/v1/{edited}:updateContact?updatePersonFields=names");
        peer.ok(Method::PATCH, &path, person).await;
    }
    peer.ok(
        Method::DELETE,
        &format!("/v1/{deleted}:deleteContact"),
        Value::Null,
    )
    .await;
    let (changes, next) = peer.delta(&token).await;
    let mut expected = vec![edited.clone(), deleted.clone()];
    expected.sort();
    assert_eq!(names(&changes), expected);
    for change in &changes {
        if text(change, "resourceName") == deleted {
            assert_eq!(change["metadata"]["deleted"], true);
            assert!(change.get("names").is_none());
        } else {
            assert_eq!(change["names"][0]["givenName"], "Edited twice");
        }
    }
    assert!(peer.delta(&next).await.0.is_empty());
    assert_eq!(
        peer.delta(&token).await.0.len(),
        2,
        "a token can be used again"
    );
    let (all, _) = peer.full_sync().await;
    assert_eq!(all.len(), 2, "a full list has no tombstones");
    assert!(names(&all).contains(&kept));
}

#[tokio::test]
async fn the_token_comes_only_on_the_last_page_and_only_if_asked_for() {
    let peer = Peer::kind().await;
    for number in 0..5 {
        peer.named(&format!("P{number}")).await;
    }
    let path = format!("/v1/people/me/connections?personFields={ALL}&pageSize=2");
    let (found, last) = peer.pages(&path, "connections").await;
    assert_eq!(found.len(), 5);
    assert!(last.get("nextSyncToken").is_none());
    assert_eq!(last["totalItems"], 5);
    let (found, last) = peer
        .pages(&format!("{path}&requestSyncToken=true"), "connections")
        .await;
    assert_eq!(found.len(), 5);
    assert!(last["nextSyncToken"].is_string());
}

#[tokio::test]
async fn other_parameters_than_the_tokens_own_are_refused() {
    let peer = Peer::kind().await;
    for number in 0..3 {
        peer.named(&format!("P{number}")).await;
    }
    let (_, token) = peer.full_sync().await;
    let page = peer
        .get("/v1/people/me/connections?personFields=names&pageSize=1")
        .await;
    let page_token = text(&page, "nextPageToken");
    let other = peer.token_of(1).await;
    let sources = sync_path("").replace("&sources=READ_SOURCE_TYPE_CONTACT", "");
    for (as_whom, path) in [
        (
            &peer.token,
            format!(
                "/v1/people/me/connections?personFields=names&requestSyncToken=true&syncToken={token}"
            ),
        ),
        (&peer.token, format!("{sources}&syncToken={token}")),
        (&peer.token, sync_path("&syncToken=made-up")),
        (
            &peer.token,
            format!(
                "/v1/people/me/connections?personFields=metadata&pageSize=1&pageToken={page_token}"
            ),
        ),
        (&other, sync_path(&format!("&syncToken={token}"))),
    ] {
        let answer = peer.call_as(as_whom, Method::GET, &path, Value::Null).await;
        assert_eq!(refusal(&answer).1, "INVALID_ARGUMENT", "{path}");
        assert_ne!(reason(&answer), "EXPIRED_SYNC_TOKEN");
    }
}

#[tokio::test]
async fn tokens_expire_seven_days_after_the_full_sync_whatever_deltas_came_between() {
    for (renews, expected) in [(false, 400), (true, 200)] {
        let peer = Peer::kind().await;
        peer.lab
            .settings(
                "google",
                json!({"delta_renews_sync_token": renews, "access_token_seconds": 10_000_000}),
            )
            .await;
        let peer = Peer {
            token: peer.token_of(0).await,
            ..peer
        };
        peer.named("Ana").await;
        let (_, token) = peer.full_sync().await;
        peer.lab.advance(WEEK - 3600).await;
        let (_, token) = peer.delta(&token).await;
        peer.lab.advance(2 * 3600).await;
        let path = sync_path(&format!("&syncToken={token}"));
        let answer = peer.call(Method::GET, &path, Value::Null).await;
        assert_eq!(answer.status, expected, "renews: {renews}");
    }
}

#[tokio::test]
async fn an_expired_token_is_a_400_with_a_reason_under_either_status() {
    let peer = Peer::kind().await;
    peer.named("Ana").await;
    let (_, token) = peer.full_sync().await;
    peer.lab
        .control(Method::POST, "/google/cursors/expire", Value::Null)
        .await;
    for (switch, expected) in [(false, "INVALID_ARGUMENT"), (true, "FAILED_PRECONDITION")] {
        peer.lab
            .settings(
                "google",
                json!({"expired_token_is_failed_precondition": switch}),
            )
            .await;
        let path = sync_path(&format!("&syncToken={token}"));
        let answer = peer.call(Method::GET, &path, Value::Null).await;
        let (status, code, message) = refusal(&answer);
        assert_eq!((status, code.as_str()), (400, expected));
        assert!(message.starts_with("Sync token is expired. Clear local cache"));
        assert_eq!(reason(&answer), "EXPIRED_SYNC_TOKEN");
        assert_eq!(
            answer.body["error"]["details"][0]["domain"],
            "people.googleapis.com"
        );
    }
    assert_eq!(peer.full_sync().await.0.len(), 1);
}

#[tokio::test]
async fn the_fault_script_expires_cursors_between_two_pages() {
    let peer = Peer::kind().await;
    for number in 0..4 {
        peer.named(&format!("P{number}")).await;
    }
    let (_, token) = peer.full_sync().await;
    let rule =
        json!({"method": "people.connections.list", "nth": 2, "fault": {"kind": "expire_cursors"}});
    peer.lab.control(Method::POST, "/faults", rule).await;
    let first = peer
        .get("/v1/people/me/connections?personFields=names&pageSize=2")
        .await;
    let next = format!(
        "/v1/people/me/connections?personFields=names&pageSize=2&pageToken={}",
        text(&first, "nextPageToken")
    );
    assert_eq!(peer.call(Method::GET, &next, Value::Null).await.status, 400);
    let path = sync_path(&format!("&syncToken={token}"));
    let answer = peer.call(Method::GET, &path, Value::Null).await;
    assert_eq!(reason(&answer), "EXPIRED_SYNC_TOKEN");
}

#[tokio::test]
async fn a_write_shows_up_in_get_before_it_shows_up_in_lists() {
    let peer = Peer::unkind().await;
    peer.lab
        .settings(
            "google",
            json!({"list_lag_milliseconds": 60_000, "get_lag_milliseconds": 20_000}),
        )
        .await;
    let (_, token) = peer.full_sync().await;
    let name = peer.named("Late").await;
    let get = async || {
        let path = format!("/v1/{name}?personFields=names");
        peer.call(Method::GET, &path, Value::Null).await.status
    };
    assert_eq!(get().await, 404);
    assert!(peer.delta(&token).await.0.is_empty());
    peer.lab.advance(21).await;
    assert_eq!(get().await, 200);
    let (changes, next) = peer.delta(&token).await;
    assert!(changes.is_empty());
    assert!(peer.full_sync().await.0.is_empty());
    peer.lab.advance(60).await;
    assert_eq!(
        names(&peer.delta(&token).await.0),
        std::slice::from_ref(&name)
    );
    assert_eq!(
        names(&peer.delta(&next).await.0),
        [name],
        "no token skips it"
    );
}

#[tokio::test]
async fn a_stale_get_gives_a_stale_etag() {
    let peer = Peer::kind().await;
    let name = peer.named("Ana").await;
    peer.lab
        .settings("google", json!({"get_lag_milliseconds": 30_000}))
        .await;
    peer.lab.advance(31).await;
    let update = async |person: Value| {
        let mut person = person;
        person["names"] = json!([{"givenName": "Again"}]);
        let path = format!("/v1/{name}:updateContact?updatePersonFields=names");
        peer.call(Method::PATCH, &path, person).await
    };
    let first = update(peer.person(&name).await).await;
    assert_eq!(first.status, 200);
    let second = update(peer.person(&name).await).await;
    assert_eq!(
        refusal(&second).1,
        "FAILED_PRECONDITION",
        "get lags behind the write"
    );
    assert_eq!(
        update(first.body).await.status,
        200,
        "the answer's etag is current"
    );
}

#[tokio::test]
async fn unkind_pages_are_short_and_lose_nothing_while_people_edit() {
    let peer = Peer::unkind().await;
    let seeded = json!({"scenario": "two-address-books", "people": 200, "seed": 5});
    peer.lab.control(Method::POST, "/seed", seeded).await;
    let first = peer.get(&sync_path("")).await;
    let length = first["connections"].as_array().unwrap().len();
    assert!((125..=250).contains(&length), "{length}");
    let victim = text(&first["connections"][0], "resourceName");
    let id = victim.trim_start_matches("people/");
    let edit = json!({"person": {"names": [{"givenName": "Edited"}]}});
    peer.lab
        .control(Method::PATCH, &format!("/google/contacts/{id}"), edit)
        .await;
    let path = sync_path(&format!("&pageToken={}", text(&first, "nextPageToken")));
    let mut found = first["connections"].as_array().unwrap().clone();
    let mut page = peer.get(&path).await;
    loop {
        found.extend(page["connections"].as_array().unwrap().iter().cloned());
        let Some(token) = page["nextPageToken"].as_str() else {
            break;
        };
        page = peer.get(&sync_path(&format!("&pageToken={token}"))).await;
    }
    let mut unique = names(&found);
    unique.dedup();
    assert_eq!((found.len(), unique.len()), (600, 600));
    peer.lab.advance(3).await;
    let (changes, _) = peer.delta(&text(&page, "nextSyncToken")).await;
    assert_eq!(
        names(&changes),
        [victim],
        "the edit between pages comes with the delta"
    );
}

#[tokio::test]
async fn a_rekeyed_contact_tells_its_former_name_in_deltas_only() {
    let peer = Peer::kind().await;
    let old = peer.named("Ana").await;
    let source = peer.person(&old).await["metadata"]["sources"][0]["id"].clone();
    let (_, token) = peer.full_sync().await;
    let id = old.trim_start_matches("people/");
    peer.lab
        .control(
            Method::POST,
            &format!("/google/contacts/{id}/rekey"),
            Value::Null,
        )
        .await;
    let (changes, _) = peer.delta(&token).await;
    assert_eq!(changes.len(), 1);
    let new = text(&changes[0], "resourceName");
    assert_ne!(new, old);
    assert_eq!(
        changes[0]["metadata"]["previousResourceNames"],
        json!([old])
    );
    assert_eq!(changes[0]["metadata"]["sources"][0]["id"], source);
    let by_old_name = peer.person(&old).await;
    assert_eq!(text(&by_old_name, "resourceName"), new);
    assert!(
        by_old_name["metadata"]
            .get("previousResourceNames")
            .is_none()
    );
}

#[tokio::test]
async fn a_merge_leaves_a_tombstone_and_a_trace_on_the_survivor() {
    let peer = Peer::kind().await;
    let marked = |value: &str| json!({"names": [{"givenName": "Ana"}], "clientData": [{"key": "k", "value": value}]});
    let loser = text(&peer.create(marked("1")).await, "resourceName");
    let survivor = text(&peer.create(marked("2")).await, "resourceName");
    let (_, token) = peer.full_sync().await;
    let path = format!(
        "/google/contacts/{}/merge",
        loser.trim_start_matches("people/")
    );
    let into = json!({"into": survivor.trim_start_matches("people/")});
    peer.lab.control(Method::POST, &path, into).await;
    let (changes, _) = peer.delta(&token).await;
    assert_eq!(changes.len(), 2);
    for change in &changes {
        if text(change, "resourceName") == loser {
            assert_eq!(change["metadata"]["deleted"], true);
        } else {
            assert_eq!(change["metadata"]["previousResourceNames"], json!([loser]));
            assert_eq!(change["clientData"].as_array().unwrap().len(), 2);
            assert_eq!(change["names"].as_array().unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn sorted_lists_are_sorted_across_pages() {
    let peer = Peer::kind().await;
    for given in ["Cara", "ana", "Ben", "Dora"] {
        peer.named(given).await;
    }
    let list = async |order: &str| {
        let path =
            format!("/v1/people/me/connections?personFields=names&pageSize=3&sortOrder={order}");
        let (found, _) = peer.pages(&path, "connections").await;
        found
            .iter()
            .map(|person| text(&person["names"][0], "givenName"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list("FIRST_NAME_ASCENDING").await,
        ["ana", "Ben", "Cara", "Dora"]
    );
    assert_eq!(
        list("LAST_MODIFIED_DESCENDING").await,
        ["Dora", "Ben", "ana", "Cara"]
    );
    assert_eq!(
        list("LAST_MODIFIED_ASCENDING").await,
        ["Cara", "ana", "Ben", "Dora"]
    );
}

#[tokio::test]
async fn ten_thousand_contacts_list_in_well_under_a_second_a_page() {
    let peer = Peer::kind().await;
    let seeded = json!({"scenario": "two-address-books", "people": 3500, "seed": 1});
    peer.lab.control(Method::POST, "/seed", seeded).await;
    let started = std::time::Instant::now();
    let (found, token) = peer.full_sync().await;
    assert_eq!(found.len(), 10_500);
    let a_page = started.elapsed() / 11;
    assert!(a_page.as_millis() < 1000, "{a_page:?}");
    let started = std::time::Instant::now();
    assert!(peer.delta(&token).await.0.is_empty());
    assert!(started.elapsed().as_millis() < 1000);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_address_book() {
    let mut dumps = Vec::new();
    for seed in [9, 9, 10] {
        let peer = Peer::seeded(seed).await;
        let scenario = json!({"scenario": "two-address-books", "people": 20, "seed": seed});
        peer.lab.control(Method::POST, "/seed", scenario).await;
        let truth = peer
            .lab
            .control(Method::GET, "/google/truth", Value::Null)
            .await;
        let contacts = truth["accounts"]["ana@example.com"]["contacts"]
            .as_array()
            .unwrap()
            .clone();
        dumps.push(names(&contacts));
    }
    assert_eq!(dumps[0], dumps[1]);
    assert_ne!(dumps[0], dumps[2]);
}
