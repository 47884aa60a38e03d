//! Upsert, and why a sync must not call it.

use reqwest::Method;
use serde_json::json;

use super::{Crm, refused};

#[tokio::test]
async fn upsert_merges_a_stranger_who_shares_the_address() {
    let crm = Crm::kind().await;
    let ann = crm
        .contact(
            json!({"Last_Name": "O'Brien", "First_Name": "Ann", "Email": "office@example.com"}),
        )
        .await;
    let stranger = json!({"data": [{"Last_Name": "Xu", "First_Name": "Zoe", "Email": "OFFICE@example.com"}], "trigger": []});
    let answer = crm.post("/Contacts/upsert", stranger).await;
    assert_eq!(answer.status, 200);
    let item = &answer.body["data"][0];
    assert_eq!(
        (&item["action"], &item["duplicate_field"]),
        (&json!("update"), &json!("Email"))
    );
    assert_eq!(item["details"]["id"], json!(ann));
    assert_eq!(crm.record(&ann).await["Full_Name"], "Zoe Xu");
}

#[tokio::test]
async fn named_fields_come_first_and_an_unnamed_email_is_ignored() {
    let crm = Crm::kind().await;
    let field = "/fields/Contacts/Customer_Number";
    crm.control(Method::PATCH, field, json!({"unique": true}))
        .await;
    let by_email = crm
        .contact(json!({"Last_Name": "One", "Email": "one@example.com"}))
        .await;
    let by_number = crm
        .contact(json!({"Last_Name": "Two", "Customer_Number": "7"}))
        .await;
    let upsert = |fields: serde_json::Value| {
        let body = json!({
            "data": [{"Last_Name": "New", "Email": "one@example.com", "Customer_Number": "7"}],
            "duplicate_check_fields": fields, "trigger": [],
        });
        crm.post("/Contacts/upsert", body)
    };
    let answer = upsert(json!(["Customer_Number"])).await;
    assert_eq!(answer.body["data"][0]["details"]["id"], json!(by_number));
    let answer = upsert(json!(["Last_Name"])).await;
    let item = &answer.body["data"][0];
    assert_eq!(
        (&item["details"]["id"], &item["duplicate_field"]),
        (&json!(by_number), &json!("Last_Name"))
    );
    let answer = upsert(json!(["Email"])).await;
    assert_eq!(
        answer.body["data"][0]["code"], "DUPLICATE_DATA",
        "its number belongs to another record"
    );
    assert_eq!(crm.record(&by_email).await["Last_Name"], "One");
    refused(
        &upsert(json!(["Nonsense"])).await,
        400,
        "INVALID_DATA",
        &json!({"api_name": "Nonsense"}),
    );
}

#[tokio::test]
async fn mixed_upserts_tell_insert_from_update() {
    let crm = Crm::kind().await;
    crm.contact(json!({"Last_Name": "One", "Email": "one@example.com"}))
        .await;
    let body = json!({"data": [
        {"Last_Name": "One", "Email": "one@example.com"}, {"Last_Name": "Two", "Email": "two@example.com"},
        {"Email": "three@example.com"}, {"Last_Name": "Two again", "Email": "two@example.com"},
    ], "trigger": []});
    let answer = crm.post("/Contacts/upsert", body).await;
    assert_eq!(answer.status, 207);
    let data = &answer.body["data"];
    assert_eq!(
        (&data[0]["action"], &data[1]["action"]),
        (&json!("update"), &json!("insert"))
    );
    assert_eq!(data[2]["code"], "MANDATORY_NOT_FOUND");
    assert_eq!(
        (&data[3]["action"], &data[3]["details"]["id"]),
        (&json!("update"), &data[1]["details"]["id"])
    );
}

#[tokio::test]
async fn upsert_keeps_the_precondition() {
    let crm = Crm::kind().await;
    crm.contact(json!({"Last_Name": "One", "Email": "one@example.com"}))
        .await;
    let body = json!({"data": [{"Last_Name": "Other", "Email": "one@example.com"}]});
    let request = crm.request(Method::POST, "/Contacts/upsert").json(&body);
    let answer =
        crate::client::send(request.header("If-Unmodified-Since", "2020-01-01T00:00:00Z")).await;
    assert_eq!(
        (answer.status, &answer.body["data"][0]["code"]),
        (412, &json!("ALREADY_MODIFIED"))
    );
}
