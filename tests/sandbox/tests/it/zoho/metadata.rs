//! Modules, fields, list views, people.

use serde_json::{Value, json};

use super::{Crm, refused, text};

async fn rows(crm: &Crm, path: &str, key: &str) -> Vec<Value> {
    let answer = crm.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body[key].as_array().unwrap().clone()
}

#[tokio::test]
async fn fields_tell_length_type_and_who_writes_them() {
    let crm = Crm::kind().await;
    let fields = rows(&crm, "/settings/fields?module=Contacts", "fields").await;
    let field = |name: &str| {
        fields
            .iter()
            .find(|field| field["api_name"] == name)
            .unwrap()
    };
    let surname = field("Last_Name");
    assert_eq!(
        (&surname["length"], &surname["system_mandatory"]),
        (&json!(80), &json!(true))
    );
    assert_eq!(surname["operation_type"]["api_update"], true);
    let full_name = field("Full_Name");
    assert_eq!(
        (
            &full_name["read_only"],
            &full_name["operation_type"]["api_update"]
        ),
        (&json!(true), &json!(false))
    );
    let custom = field("Twitter_Handle");
    assert_eq!(
        (&custom["custom_field"], &custom["data_type"]),
        (&json!(true), &json!("text"))
    );
    assert_eq!(
        field("Account_Name")["lookup"]["module"]["api_name"],
        "Accounts"
    );
    assert_eq!(field("Tier")["pick_list_values"][0]["actual_value"], "Key");
    let id = text(&surname["id"]);
    let one = rows(
        &crm,
        &format!("/settings/fields/{id}?module=Contacts"),
        "fields",
    )
    .await;
    assert_eq!(one, std::slice::from_ref(surname));
    refused(
        &crm.get("/settings/fields").await,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({"param_name": "module"}),
    );
    refused(
        &crm.get("/settings/fields?module=X").await,
        400,
        "INVALID_DATA",
        &json!({"param_name": "module"}),
    );
}

#[tokio::test]
async fn an_administrator_adds_and_removes_custom_fields() {
    let crm = Crm::kind().await;
    let added = json!({"api_name": "Shoe_Size", "length": 3});
    crm.control(reqwest::Method::POST, "/fields/Contacts", added)
        .await;
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Shoe_Size": "38"}))
        .await;
    assert_eq!(crm.record(&id).await["Shoe_Size"], "38");
    let long = crm
        .post(
            "/Contacts",
            json!({"data": [{"Last_Name": "Xu", "Shoe_Size": "3838"}]}),
        )
        .await;
    assert_eq!(long.body["data"][0]["details"]["maximum_length"], 3);
    crm.control(
        reqwest::Method::DELETE,
        "/fields/Contacts/Shoe_Size",
        Value::Null,
    )
    .await;
    assert!(crm.record(&id).await.get("Shoe_Size").is_none());
    let standard = crm
        .lab
        .try_control(
            reqwest::Method::DELETE,
            "/zoho/fields/Contacts/Phone",
            Value::Null,
        )
        .await;
    assert_eq!(standard.status, 400);
}

#[tokio::test]
async fn list_views_are_listed_and_read_with_their_criteria() {
    let crm = Crm::kind().await;
    let views = rows(
        &crm,
        "/settings/custom_views?module=Contacts",
        "custom_views",
    )
    .await;
    let view = views
        .iter()
        .find(|view| view["name"] == "Key accounts")
        .unwrap();
    assert_eq!(
        (&view["category"], &view["system_defined"]),
        (&json!("created_by_me"), &json!(false))
    );
    assert!(view.get("criteria").is_none());
    let id = text(&view["id"]);
    let one = rows(
        &crm,
        &format!("/settings/custom_views/{id}?module=Contacts"),
        "custom_views",
    )
    .await;
    let criteria =
        json!({"comparator": "not_equal", "field": {"api_name": "Tier"}, "value": "Regular"});
    assert_eq!(one[0]["criteria"], criteria);
    let info = crm
        .get("/settings/custom_views?module=Contacts&per_page=1&page=2")
        .await
        .body["info"]
        .clone();
    assert_eq!(
        (&info["count"], &info["more_records"]),
        (&json!(1), &json!(true))
    );
    refused(
        &crm.get("/settings/custom_views/1?module=Contacts").await,
        400,
        "INVALID_DATA",
        &json!({}),
    );
    refused(
        &crm.get("/settings/custom_views").await,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({}),
    );
}

#[tokio::test]
async fn my_contacts_shows_those_of_the_caller() {
    let crm = Crm::kind().await;
    crm.contact(json!({"Last_Name": "Mine"})).await;
    crm.control(
        reqwest::Method::POST,
        "/records/Contacts",
        json!({"Last_Name": "Bens"}),
    )
    .await;
    let view = crm.view("My Contacts").await;
    assert_eq!(
        crm.names(&format!("/Contacts?fields=Last_Name&cvid={view}"))
            .await,
        ["Mine"]
    );
}

#[tokio::test]
async fn the_organisation_and_its_people_are_told() {
    let crm = Crm::kind().await;
    let org = rows(&crm, "/org", "org").await;
    assert_eq!(
        (&org[0]["time_zone"], &org[0]["privacy_settings"]),
        (&json!("Europe/Istanbul"), &json!(false))
    );
    assert!(org[0]["zgid"].is_string());
    let me = rows(&crm, "/users?type=CurrentUser", "users").await;
    assert_eq!(
        (me.len(), &me[0]["full_name"], &me[0]["offset"]),
        (1, &json!("Ana Demir"), &json!(10_800_000))
    );
    assert_eq!(
        (&me[0]["status"], &me[0]["profile"]["name"]),
        (&json!("active"), &json!("Standard"))
    );
    assert_eq!(
        rows(&crm, "/users?type=ActiveUsers", "users").await.len(),
        2
    );
    assert_eq!(crm.get("/users?type=DeactiveUsers").await.status, 204);
    refused(
        &crm.get("/users?type=Robots").await,
        400,
        "INVALID_DATA",
        &json!({"param_name": "type"}),
    );
    let id = text(&me[0]["id"]);
    assert_eq!(rows(&crm, &format!("/users/{id}"), "users").await, me);
    assert_eq!(rows(&crm, "/settings/roles", "roles").await.len(), 2);
    assert_eq!(rows(&crm, "/settings/profiles", "profiles").await.len(), 2);
    let modules = rows(&crm, "/settings/modules", "modules").await;
    assert_eq!(modules[0]["api_name"], "Contacts");
    assert_eq!(
        rows(&crm, "/settings/modules/Accounts", "modules").await[0]["creatable"],
        true
    );
    refused(
        &crm.get("/settings/modules/X").await,
        400,
        "INVALID_MODULE",
        &json!({}),
    );
}
