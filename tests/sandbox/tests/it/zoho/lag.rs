//! Late visibility: lists, counts and search show writes later than reads by id do.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, text};

#[tokio::test]
async fn lists_show_a_write_within_two_seconds_and_a_read_by_id_at_once() {
    let crm = Crm::unkind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    assert_eq!(crm.record(&id).await["Last_Name"], "Xu");
    let count = async || crm.get("/Contacts/actions/count").await.body["count"].clone();
    assert_eq!(crm.get("/Contacts?fields=Last_Name").await.status, 204);
    assert_eq!(count().await, "0");
    crm.lab.advance(2).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    assert_eq!(count().await, "1");
}

#[tokio::test]
async fn a_list_gives_the_old_picture_of_an_edited_record() {
    let crm = Crm::unkind().await;
    let id = crm.contact(json!({"Last_Name": "Old"})).await;
    crm.lab.advance(2).await;
    crm.put(
        "/Contacts",
        json!({"data": [{"id": id, "Last_Name": "New"}], "trigger": []}),
    )
    .await;
    assert_eq!(crm.record(&id).await["Last_Name"], "New");
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Old"]);
    let query = json!({"select_query": "select Last_Name from Contacts where id > 0"});
    assert_eq!(
        crm.post("/coql", query.clone()).await.body["data"][0]["Last_Name"],
        "Old"
    );
    crm.lab.advance(2).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["New"]);
    assert_eq!(
        crm.post("/coql", query).await.body["data"][0]["Last_Name"],
        "New"
    );
}

#[tokio::test]
async fn a_deleted_record_lingers_in_lists_and_is_late_in_the_deleted_feed() {
    let crm = Crm::unkind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.lab.advance(2).await;
    crm.delete(&format!("/Contacts/{id}")).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 204);
    crm.lab.advance(2).await;
    assert_eq!(crm.get("/Contacts?fields=Last_Name").await.status, 204);
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 200);
}

#[tokio::test]
async fn search_lags_longer_than_lists() {
    let crm = Crm::unkind().await;
    crm.contact(json!({"Last_Name": "Xu", "Email": "zoe@example.com"}))
        .await;
    crm.lab.advance(2).await;
    assert_eq!(
        crm.get("/Contacts/search?email=zoe@example.com")
            .await
            .status,
        204
    );
    crm.lab.advance(3).await;
    assert_eq!(
        crm.get("/Contacts/search?email=zoe@example.com")
            .await
            .status,
        200
    );
    crm.settings(json!({"search_lag_milliseconds": 60_000}))
        .await;
    crm.contact(json!({"Last_Name": "Yilmaz", "Email": "y@example.com"}))
        .await;
    crm.lab.advance(30).await;
    assert_eq!(
        crm.get("/Contacts/search?email=y@example.com").await.status,
        204
    );
}

#[tokio::test]
async fn the_truth_has_no_lag() {
    let crm = Crm::unkind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let truth = crm.control(Method::GET, "/truth", Value::Null).await;
    let records = truth["organisations"][0]["Contacts"]["records"]
        .as_array()
        .unwrap();
    assert_eq!(text(&records[0]["id"]), id);
    assert!(text(&records[0]["Created_Time"]).ends_with("+00:00"));
}

#[tokio::test]
async fn writes_become_visible_in_another_order_than_they_were_made() {
    let crm = Crm::unkind().await;
    crm.settings(json!({"list_lag_min_milliseconds": 0, "list_lag_max_milliseconds": 600}))
        .await;
    let people: Vec<Value> = (0..60)
        .map(|n| json!({"Last_Name": format!("P{n:02}")}))
        .collect();
    crm.post("/Contacts", json!({"data": people, "trigger": []}))
        .await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let mut overtaken = false;
    loop {
        let names = crm.names("/Contacts?fields=Last_Name&sort_order=asc").await;
        overtaken |= names
            .iter()
            .enumerate()
            .any(|(at, name)| *name != format!("P{at:02}"));
        if names.len() == 60 {
            break;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the writes never became visible"
        );
    }
    assert!(overtaken);
}
