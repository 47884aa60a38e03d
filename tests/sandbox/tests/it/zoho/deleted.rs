//! The deleted feed and the recycle bin.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, refused, text};

#[tokio::test]
async fn a_deleted_record_is_in_the_feed_without_its_values() {
    let crm = Crm::kind().await;
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 204);
    let id = crm
        .contact(json!({"Last_Name": "Xu", "First_Name": "Zoe", "Email": "z@example.com"}))
        .await;
    crm.delete(&format!("/Contacts/{id}")).await;
    let answer = crm.get("/Contacts/deleted?type=all").await;
    let row = &answer.body["data"][0];
    assert_eq!(
        (&row["id"], &row["type"], &row["display_name"]),
        (&json!(id), &json!("recycle"), &json!("Zoe Xu"))
    );
    assert_eq!(row["deleted_by"]["name"], "Ana Demir");
    assert!(text(&row["deleted_time"]).ends_with("+03:00"));
    assert!(row.get("Email").is_none());
    let info = &answer.body["info"];
    assert_eq!(
        (&info["more_records"], &info["count"]),
        (&json!(false), &json!(1))
    );
    assert!(info.get("next_page_token").is_none());
}

#[tokio::test]
async fn types_narrow_the_feed_and_the_bin_is_emptied_after_sixty_days() {
    let crm = Crm::kind().await;
    crm.settings(json!({"access_token_seconds": 90 * 24 * 3600}))
        .await;
    let mut crm = crm;
    crm.token = super::access_token(&crm.lab, 0).await;
    let bin = crm.contact(json!({"Last_Name": "Bin"})).await;
    let gone = crm.contact(json!({"Last_Name": "Gone"})).await;
    crm.delete(&format!("/Contacts?ids={bin}")).await;
    crm.control(
        Method::DELETE,
        &format!("/records/Contacts/{gone}?permanent=true"),
        Value::Null,
    )
    .await;
    let recycle = crm.get("/Contacts/deleted?type=recycle").await;
    assert_eq!(recycle.body["data"][0]["id"], json!(bin));
    let permanent = crm.get("/Contacts/deleted?type=permanent").await;
    let row = &permanent.body["data"][0];
    assert_eq!(
        (&row["id"], &row["display_name"]),
        (&json!(gone), &Value::Null)
    );
    crm.lab.advance(61 * 24 * 3600).await;
    assert_eq!(crm.get("/Contacts/deleted?type=recycle").await.status, 204);
    assert_eq!(
        crm.get("/Contacts/deleted?type=permanent").await.body["info"]["count"],
        2
    );
    let restore = format!("/zoho/records/Contacts/{bin}/restore");
    assert_eq!(
        crm.lab
            .try_control(Method::POST, &restore, Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn the_feed_is_read_since_an_instant_and_by_pages() {
    let crm = Crm::kind().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let id = crm.contact(json!({"Last_Name": format!("P{n}")})).await;
        crm.delete(&format!("/Contacts/{id}")).await;
        crm.lab.advance(10).await;
        ids.push(id);
    }
    let all = crm.get("/Contacts/deleted?type=all&per_page=2").await;
    assert_eq!(all.body["info"]["more_records"], true);
    let rest = crm
        .get("/Contacts/deleted?type=all&per_page=2&page=2")
        .await;
    assert_eq!(rest.body["data"].as_array().unwrap().len(), 1);
    let oldest = text(&rest.body["data"][0]["deleted_time"]);
    let newer = crm.get_since("/Contacts/deleted?type=all", &oldest).await;
    assert_eq!(newer.body["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        crm.get_since("/Contacts/deleted?type=all", "2100-01-01T00:00:00Z")
            .await
            .status,
        204
    );
    refused(
        &crm.get("/Contacts/deleted?type=lost").await,
        400,
        "INVALID_DATA",
        &json!({"param_name": "type"}),
    );
    refused(
        &crm.get("/Contacts/deleted?per_page=0").await,
        400,
        "INVALID_DATA",
        &json!({"param_name": "per_page"}),
    );
}

#[tokio::test]
async fn a_restored_record_leaves_the_feed_and_comes_back_alive_and_newer() {
    let crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let before = crm.record(&id).await;
    crm.delete(&format!("/Contacts/{id}")).await;
    crm.lab.advance(5).await;
    crm.control(
        Method::POST,
        &format!("/records/Contacts/{id}/restore"),
        Value::Null,
    )
    .await;
    assert_eq!(crm.get("/Contacts/deleted?type=all").await.status, 204);
    let after = crm.record(&id).await;
    assert_eq!(
        (&after["Last_Name"], &after["Created_Time"]),
        (&json!("Xu"), &before["Created_Time"])
    );
    assert_ne!(after["Modified_Time"], before["Modified_Time"]);
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
}
