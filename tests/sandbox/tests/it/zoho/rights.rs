//! Profiles and field permissions.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, access_token, refused, text};

async fn deny(crm: &Crm, name: &str) {
    let body = json!({"allowed": false, "profile": "Standard"});
    crm.control(Method::PUT, &format!("/permissions/{name}"), body)
        .await;
}

#[tokio::test]
async fn a_missing_right_is_403_and_named_and_the_others_go_on() {
    let crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    deny(&crm, "Crm_Implied_Create_Contacts").await;
    let named = |name: &str| json!({"permissions": [name]});
    let create = crm
        .post("/Contacts", json!({"data": [{"Last_Name": "Y"}]}))
        .await;
    refused(
        &create,
        403,
        "NO_PERMISSION",
        &named("Crm_Implied_Create_Contacts"),
    );
    let upsert = crm
        .post("/Contacts/upsert", json!({"data": [{"Last_Name": "Y"}]}))
        .await;
    refused(
        &upsert,
        403,
        "NO_PERMISSION",
        &named("Crm_Implied_Create_Contacts"),
    );
    assert_eq!(
        crm.put("/Contacts", json!({"data": [{"id": id, "Title": "x"}]}))
            .await
            .status,
        200
    );
    deny(&crm, "Crm_Implied_Edit_Contacts").await;
    let edit = crm
        .put("/Contacts", json!({"data": [{"id": id, "Title": "y"}]}))
        .await;
    refused(
        &edit,
        403,
        "NO_PERMISSION",
        &named("Crm_Implied_Edit_Contacts"),
    );
    deny(&crm, "Crm_Implied_Delete_Contacts").await;
    let delete = crm.delete(&format!("/Contacts/{id}")).await;
    refused(
        &delete,
        403,
        "NO_PERMISSION",
        &named("Crm_Implied_Delete_Contacts"),
    );
    assert_eq!(crm.get("/Contacts?fields=Email").await.status, 200);
    deny(&crm, "Crm_Implied_View_Contacts").await;
    for path in [
        "/Contacts?fields=Email",
        "/Contacts/deleted",
        "/Contacts/search?word=x",
        "/Contacts/actions/count",
    ] {
        refused(
            &crm.get(path).await,
            403,
            "NO_PERMISSION",
            &named("Crm_Implied_View_Contacts"),
        );
    }
    assert_eq!(crm.get("/Accounts?fields=Phone").await.status, 204);
}

#[tokio::test]
async fn rights_are_those_of_the_profile_and_shown_in_the_metadata() {
    let mut crm = Crm::kind().await;
    deny(&crm, "Crm_Implied_Google_Contacts_Sync").await;
    let me = crm.get("/users?type=CurrentUser").await.body["users"][0].clone();
    let profile = text(&me["profile"]["id"]);
    let details = crm.get(&format!("/settings/profiles/{profile}")).await;
    let permissions = details.body["profiles"][0]["permissions_details"]
        .as_array()
        .unwrap()
        .clone();
    let switch =
        |name: &str| permissions.iter().find(|p| p["name"] == name).unwrap()["enabled"].clone();
    assert_eq!(switch("Crm_Implied_Google_Contacts_Sync"), false);
    assert_eq!(switch("Crm_Implied_View_Contacts"), true);
    deny(&crm, "Crm_Implied_View_Contacts").await;
    assert_eq!(crm.get("/Contacts?fields=Email").await.status, 403);
    crm.token = access_token(&crm.lab, 1).await;
    assert_eq!(
        crm.get("/Contacts?fields=Email").await.status,
        204,
        "administrators are another profile"
    );
    let unknown = crm
        .lab
        .try_control(
            Method::PUT,
            "/zoho/permissions/Fly",
            json!({"allowed": true}),
        )
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_hidden_field_is_absent_from_every_reply_and_keeps_its_value() {
    let mut crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu", "Phone": "1"})).await;
    let body = json!({"permission": "hidden", "profile": "Standard"});
    crm.control(Method::PATCH, "/fields/Contacts/Phone", body)
        .await;
    assert!(crm.record(&id).await.get("Phone").is_none());
    let row = crm.get("/Contacts?fields=Last_Name,Phone").await.body["data"][0].clone();
    assert_eq!(row, json!({"id": id, "Last_Name": "Xu"}));
    let query = json!({"select_query": "select Phone from Contacts where id > 0"});
    refused(
        &crm.post("/coql", query).await,
        400,
        "INVALID_QUERY",
        &json!({"column_name": "Phone"}),
    );
    let answer = crm
        .put(
            "/Contacts",
            json!({"data": [{"id": id, "Phone": null}], "trigger": []}),
        )
        .await;
    assert_eq!(answer.status, 200, "what is sent for it is ignored");
    let fields = crm.get("/settings/fields?module=Contacts").await;
    let fields = fields.body["fields"].as_array().unwrap().clone();
    let phone = fields
        .iter()
        .find(|field| field["api_name"] == "Phone")
        .unwrap();
    assert_eq!(phone["visible"], false);
    let permissions: Vec<&Value> = phone["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["permission_type"])
        .collect();
    assert_eq!(permissions, ["read_write", "hidden"]);
    crm.token = access_token(&crm.lab, 1).await;
    assert_eq!(crm.record(&id).await["Phone"], "1");
}

#[tokio::test]
async fn a_read_only_field_is_shown_and_not_written() {
    let crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu", "Phone": "1"})).await;
    crm.control(
        Method::PATCH,
        "/fields/Contacts/Phone",
        json!({"permission": "read_only"}),
    )
    .await;
    crm.put(
        "/Contacts",
        json!({"data": [{"id": id, "Phone": "2"}], "trigger": []}),
    )
    .await;
    assert_eq!(crm.record(&id).await["Phone"], "1");
}
