//! What people do through control.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, text};

#[tokio::test]
async fn people_edit_as_themselves_and_are_told_what_is_wrong() {
    let crm = Crm::kind().await;
    let created = crm
        .control(
            Method::POST,
            "/records/Contacts",
            json!([{"Last_Name": "A"}, {"Last_Name": "B"}]),
        )
        .await;
    let id = text(&created["ids"][0]);
    let path = format!("/records/Contacts/{id}?as=ana@harbour-hill.example.com");
    crm.control(Method::PATCH, &path, json!({"Title": "x"}))
        .await;
    let record = crm.record(&id).await;
    assert_eq!(
        (
            &record["Created_By"]["name"],
            &record["Modified_By"]["name"]
        ),
        (&json!("Ben Carter"), &json!("Ana Demir"))
    );
    for (method, path, body, status) in [
        (
            Method::PATCH,
            format!("/zoho/records/Contacts/{id}"),
            json!({"Nonsense": 1}),
            404,
        ),
        (
            Method::PATCH,
            format!("/zoho/records/Contacts/{id}"),
            json!({"Email": "x"}),
            400,
        ),
        (
            Method::PATCH,
            "/zoho/records/Contacts/1".to_owned(),
            json!({"Title": "x"}),
            400,
        ),
        (
            Method::POST,
            "/zoho/records/Dragons".to_owned(),
            json!({}),
            404,
        ),
        (
            Method::GET,
            "/zoho/records/Contacts?as=nobody@example.com".to_owned(),
            Value::Null,
            404,
        ),
        (
            Method::GET,
            "/zoho/records/Contacts?nonsense=1".to_owned(),
            Value::Null,
            400,
        ),
        (
            Method::DELETE,
            "/zoho/records/Contacts/1".to_owned(),
            Value::Null,
            404,
        ),
        (
            Method::PATCH,
            "/zoho/settings".to_owned(),
            json!({"page_kap": 1}),
            400,
        ),
    ] {
        let answer = crm.lab.try_control(method, &path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_copy_carries_every_value() {
    let crm = Crm::kind().await;
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Customer_Number": "7", "Email": "z@example.com"}))
        .await;
    let copied = crm
        .control(
            Method::POST,
            &format!("/records/Contacts/{id}/copy"),
            json!({"Last_Name": "Copy"}),
        )
        .await;
    let copy = crm.record(&text(&copied["id"])).await;
    assert_eq!(
        (&copy["Customer_Number"], &copy["Last_Name"]),
        (&json!("7"), &json!("Copy"))
    );
    assert_ne!(copy["id"], json!(id));
}

#[tokio::test]
async fn a_merge_keeps_the_master_and_fills_its_gaps() {
    let crm = Crm::kind().await;
    let master = crm.contact(json!({"Last_Name": "Xu", "Phone": "1"})).await;
    let twin = crm
        .contact(json!({"Last_Name": "Xu-Old", "Phone": "2", "Email": "z@example.com"}))
        .await;
    crm.control(
        Method::POST,
        &format!("/records/Contacts/{master}/merge"),
        json!({"duplicates": [twin]}),
    )
    .await;
    let record = crm.record(&master).await;
    assert_eq!(
        (&record["Last_Name"], &record["Phone"], &record["Email"]),
        (&json!("Xu"), &json!("1"), &json!("z@example.com"))
    );
    assert_eq!(crm.get(&format!("/Contacts/{twin}")).await.status, 204);
    let gone = crm.get("/Contacts/deleted?type=permanent").await;
    assert_eq!(gone.body["data"][0]["id"], json!(twin));
}

#[tokio::test]
async fn views_are_made_renamed_and_told_with_their_members() {
    let crm = Crm::kind().await;
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Description": "VIP guest"}))
        .await;
    let criteria =
        json!({"comparator": "contains", "field": {"api_name": "Description"}, "value": "vip"});
    let made = crm
        .control(
            Method::POST,
            "/views",
            json!({"name": "VIPs", "criteria": criteria}),
        )
        .await;
    let view = text(&made["id"]);
    assert_eq!(
        crm.names(&format!("/Contacts?fields=Last_Name&cvid={view}"))
            .await,
        ["Xu"]
    );
    crm.control(
        Method::PATCH,
        &format!("/views/{view}"),
        json!({"name": "Guests"}),
    )
    .await;
    let views = crm.control(Method::GET, "/views", Value::Null).await;
    let row = views["views"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "Guests")
        .unwrap()
        .clone();
    assert_eq!(
        (&row["members"], &row["criteria"]),
        (&json!([id]), &criteria)
    );
    let bad = json!({"criteria": {"comparator": "smells_like"}});
    assert_eq!(
        crm.lab
            .try_control(Method::POST, "/zoho/views", bad)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_reset_forgets_records_and_settings_and_keeps_the_credentials() {
    let mut crm = Crm::kind().await;
    crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.settings(json!({"page_cap": 3})).await;
    crm.lab.control(Method::POST, "/reset", Value::Null).await;
    crm.token = super::access_token(&crm.lab, 0).await;
    assert_eq!(crm.get("/Contacts?fields=Email").await.status, 204);
    assert_eq!(
        crm.control(Method::GET, "/settings", Value::Null).await["page_cap"],
        200
    );
    let organisations = crm
        .control(Method::GET, "/organisations", Value::Null)
        .await;
    assert_eq!(organisations["organisations"].as_array().unwrap().len(), 2);
}
