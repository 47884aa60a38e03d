//! `If-Unmodified-Since`: one header for the whole call, stamps of whole seconds.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, text};
use crate::client::{Answer, send};

async fn put_since(crm: &Crm, body: Value, since: &str) -> Answer {
    let request = crm.request(Method::PUT, "/Contacts").json(&body);
    send(request.header("If-Unmodified-Since", since)).await
}

fn title(ids: &[&str], title: &str) -> Value {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "Title": title}))
        .collect();
    json!({"data": data, "trigger": []})
}

#[tokio::test]
async fn a_newer_record_refuses_the_whole_call_and_is_named() {
    let crm = Crm::kind().await;
    let old = crm.contact(json!({"Last_Name": "Old"})).await;
    let read_at = text(&crm.record(&old).await["Modified_Time"]);
    crm.lab.advance(10).await;
    let new = crm.contact(json!({"Last_Name": "New"})).await;
    let answer = put_since(&crm, title(&[&old, &new], "x"), &read_at).await;
    assert_eq!(answer.status, 412);
    let items = answer.body["data"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["code"], &items[0]["details"]["id"]),
        (&json!("ALREADY_MODIFIED"), &json!(new))
    );
    assert!(items[0]["details"]["Modified_Time"].is_string());
    assert_eq!(
        crm.record(&old).await["Title"],
        Value::Null,
        "nothing was written"
    );
    assert_eq!(
        put_since(&crm, title(&[&old], "x"), &read_at).await.status,
        200
    );
}

#[tokio::test]
async fn the_other_reading_of_the_documentation_refuses_only_the_newer_record() {
    let crm = Crm::kind().await;
    crm.settings(json!({"stale_batches": "refuse_record"}))
        .await;
    let old = crm.contact(json!({"Last_Name": "Old"})).await;
    let read_at = text(&crm.record(&old).await["Modified_Time"]);
    crm.lab.advance(10).await;
    let new = crm.contact(json!({"Last_Name": "New"})).await;
    let answer = put_since(&crm, title(&[&new, &old], "x"), &read_at).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.body["data"][0]["code"], "ALREADY_MODIFIED");
    assert_eq!(answer.body["data"][1]["code"], "SUCCESS");
    assert_eq!(
        put_since(&crm, title(&[&new], "x"), &read_at).await.status,
        412
    );
}

#[tokio::test]
async fn a_change_within_the_same_second_is_not_seen() {
    let crm = Crm::kind().await;
    // The clock decides whether both writes fall into one second, so it may take a few attempts.
    for _ in 0..50 {
        let id = crm.contact(json!({"Last_Name": "Xu"})).await;
        let read_at = text(&crm.record(&id).await["Modified_Time"]);
        crm.control(
            Method::PATCH,
            &format!("/records/Contacts/{id}"),
            json!({"Title": "by a person"}),
        )
        .await;
        if crm.record(&id).await["Modified_Time"] == read_at.as_str() {
            assert_eq!(
                put_since(&crm, title(&[&id], "by the sync"), &read_at)
                    .await
                    .status,
                200
            );
            assert_eq!(crm.record(&id).await["Title"], "by the sync");
            return;
        }
    }
    panic!("no two writes within one second");
}

#[tokio::test]
async fn a_fraction_or_another_offset_in_the_header_makes_no_difference() {
    let crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let modified: jiff::Timestamp = text(&crm.record(&id).await["Modified_Time"])
        .parse()
        .unwrap();
    let utc = modified.strftime("%Y-%m-%dT%H:%M:%S.999Z").to_string();
    assert_eq!(put_since(&crm, title(&[&id], "x"), &utc).await.status, 200);
    let earlier = (modified - jiff::SignedDuration::from_secs(1)).to_string();
    assert_eq!(
        put_since(&crm, title(&[&id], "y"), &earlier).await.status,
        412
    );
    assert_eq!(
        put_since(&crm, title(&[&id], "y"), "soon").await.status,
        400
    );
}

#[tokio::test]
async fn the_date_header_is_the_time_of_the_stamps() {
    let crm = Crm::kind().await;
    crm.settings(json!({"access_token_seconds": 200_000})).await;
    let mut crm = crm;
    crm.token = super::access_token(&crm.lab, 0).await;
    crm.lab.advance(100_000).await;
    let answer = crm
        .post(
            "/Contacts",
            json!({"data": [{"Last_Name": "Xu"}], "trigger": []}),
        )
        .await;
    let date = answer.headers["date"].to_str().unwrap();
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(date)
        .unwrap();
    let created: jiff::Timestamp = text(&answer.body["data"][0]["details"]["Created_Time"])
        .parse()
        .unwrap();
    assert!((0..=2).contains(&(date.as_second() - created.as_second())));
}
