//! Late visibility: lists, counts and search show writes later than reads by id do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, text};

/// Lags in tens of seconds, so that no slow machine waits them out by accident. The clock is pushed instead.
async fn slow() -> Crm {
    let crm = Crm::unkind().await;
    crm.settings(json!({
        "list_lag_min_milliseconds": 20_000, "list_lag_max_milliseconds": 30_000, "search_lag_milliseconds": 50_000,
    }))
    .await;
    crm
}

#[tokio::test]
async fn the_default_lag_is_one_to_two_seconds_for_lists_and_five_for_search() {
    let crm = Crm::unkind().await;
    let settings = crm.control(Method::GET, "/settings", Value::Null).await;
    assert_eq!(settings["list_lag_min_milliseconds"], 1_000);
    assert_eq!(settings["list_lag_max_milliseconds"], 2_000);
    assert_eq!(settings["search_lag_milliseconds"], 5_000);
    crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.lab.advance(2).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
}

#[tokio::test]
async fn lists_and_counts_show_a_write_late_and_a_read_by_id_at_once() {
    let crm = slow().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    assert_eq!(crm.record(&id).await["Last_Name"], "Xu");
    let count = async || crm.get("/Contacts/actions/count").await.body["count"].clone();
    assert_eq!(crm.get("/Contacts?fields=Last_Name").await.status, 204);
    assert_eq!(count().await, "0");
    crm.lab.advance(30).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    assert_eq!(count().await, "1");
}

#[tokio::test]
async fn a_list_gives_the_old_picture_of_an_edited_record() {
    let crm = slow().await;
    let id = crm.contact(json!({"Last_Name": "Old"})).await;
    crm.lab.advance(30).await;
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
    crm.lab.advance(30).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["New"]);
    assert_eq!(
        crm.post("/coql", query).await.body["data"][0]["Last_Name"],
        "New"
    );
}

#[tokio::test]
async fn a_deleted_record_lingers_in_lists_and_is_late_in_the_deleted_feed() {
    let crm = slow().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.lab.advance(30).await;
    crm.delete(&format!("/Contacts/{id}")).await;
    assert_eq!(crm.get(&format!("/Contacts/{id}")).await.status, 204);
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 204);
    crm.lab.advance(30).await;
    assert_eq!(crm.get("/Contacts?fields=Last_Name").await.status, 204);
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 200);
}

#[tokio::test]
async fn search_lags_longer_than_lists() {
    let crm = slow().await;
    crm.contact(json!({"Last_Name": "Xu", "Email": "zoe@example.com"}))
        .await;
    crm.lab.advance(30).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    assert_eq!(
        crm.get("/Contacts/search?email=zoe@example.com")
            .await
            .status,
        204
    );
    crm.lab.advance(20).await;
    assert_eq!(
        crm.get("/Contacts/search?email=zoe@example.com")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_truth_has_no_lag() {
    let crm = slow().await;
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
    crm.settings(json!({"list_lag_min_milliseconds": 1_000, "list_lag_max_milliseconds": 80_000}))
        .await;
    let people: Vec<Value> = (0..60)
        .map(|n| json!({"Last_Name": format!("P{n:02}")}))
        .collect();
    crm.post("/Contacts", json!({"data": people, "trigger": []}))
        .await;
    crm.lab.advance(40).await;
    let some = crm.names("/Contacts?fields=Last_Name&sort_order=asc").await;
    assert!(
        (10..50).contains(&some.len()),
        "{} of 60 are visible",
        some.len()
    );
    let overtaken = some
        .iter()
        .enumerate()
        .any(|(at, name)| *name != format!("P{at:02}"));
    assert!(overtaken);
    crm.lab.advance(40).await;
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await.len(), 60);
}
