//! Reading records: `fields`, order, empty answers, the caller's time zone, list views.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, access_token, refused, text};

#[tokio::test]
async fn fields_are_required_and_at_most_fifty() {
    let crm = Crm::kind().await;
    let missing = crm.get("/Contacts").await;
    refused(
        &missing,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({"param_name": "fields"}),
    );
    let names = |count: usize| {
        (0..count)
            .map(|n| format!("F{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let many = crm.get(&format!("/Contacts?fields={}", names(51))).await;
    refused(
        &many,
        400,
        "LIMIT_EXCEEDED",
        &json!({"limit": 50, "param_name": "fields"}),
    );
    assert_eq!(
        crm.get(&format!("/Contacts?fields={}", names(50)))
            .await
            .status,
        204
    );
    refused(
        &crm.get("/Contacts?fields=id").await,
        400,
        "INVALID_DATA",
        &json!({}),
    );
}

#[tokio::test]
async fn nothing_found_is_204_and_nothing_newer_304_both_without_a_body() {
    let crm = Crm::kind().await;
    let none = crm.get("/Contacts?fields=Email").await;
    assert_eq!((none.status, none.text.as_str()), (204, ""));
    assert!(!none.headers.contains_key("content-type"));
    crm.contact(json!({"Last_Name": "Xu"})).await;
    let later = crm
        .get_since("/Contacts?fields=Email", "2100-01-01T00:00:00+03:00")
        .await;
    assert_eq!((later.status, later.text.as_str()), (304, ""));
    let earlier = crm
        .get_since("/Contacts?fields=Email", "2020-01-01T00:00:00+03:00")
        .await;
    assert_eq!(earlier.status, 200);
    let malformed = crm.get_since("/Contacts?fields=Email", "yesterday").await;
    assert_eq!(malformed.status, 400);
}

#[tokio::test]
async fn the_default_order_is_by_id_descending() {
    let crm = Crm::kind().await;
    for name in ["One", "Two", "Three"] {
        crm.contact(json!({"Last_Name": name})).await;
    }
    assert_eq!(
        crm.names("/Contacts?fields=Last_Name").await,
        ["Three", "Two", "One"]
    );
    let ascending = "/Contacts?fields=Last_Name&sort_by=Created_Time&sort_order=asc";
    assert_eq!(crm.names(ascending).await, ["One", "Two", "Three"]);
}

#[tokio::test]
async fn sorting_by_modified_time_puts_the_edited_record_last() {
    let crm = Crm::kind().await;
    let first = crm.contact(json!({"Last_Name": "One"})).await;
    crm.contact(json!({"Last_Name": "Two"})).await;
    crm.lab.advance(5).await;
    crm.put(
        "/Contacts",
        json!({"data": [{"id": first, "Title": "x"}], "trigger": []}),
    )
    .await;
    let path = "/Contacts?fields=Last_Name&sort_by=Modified_Time&sort_order=asc";
    assert_eq!(crm.names(path).await, ["Two", "One"]);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let crm = Crm::kind().await;
    for (parameter, name) in [
        ("sort_by=Email", "sort_by"),
        ("sort_by=id&sort_order=up", "sort_order"),
        ("per_page=0", "per_page"),
        ("per_page=201", "per_page"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("ids=1,x", "ids"),
        ("cvid=x", "cvid"),
        ("cvid=123", "cvid"),
    ] {
        let answer = crm
            .get(&format!("/Contacts?fields=Email&{parameter}"))
            .await;
        refused(&answer, 400, "INVALID_DATA", &json!({"param_name": name}));
    }
}

#[tokio::test]
async fn unknown_modules_verbs_and_paths_have_their_own_errors() {
    let crm = Crm::kind().await;
    let module = crm.get("/Dragons?fields=Email").await;
    refused(
        &module,
        400,
        "INVALID_MODULE",
        &json!({"resource_path_index": 0}),
    );
    refused(
        &crm.post("/Contacts/search", json!({})).await,
        400,
        "INVALID_REQUEST_METHOD",
        &json!({}),
    );
    refused(
        &crm.get("/Contacts/1/2/3/4").await,
        404,
        "INVALID_URL_PATTERN",
        &json!({}),
    );
    let answer =
        crate::client::send(crm.lab.request("zoho", Method::GET, "/crm/v2/Contacts")).await;
    refused(&answer, 404, "INVALID_URL_PATTERN", &json!({}));
}

#[tokio::test]
async fn times_come_in_the_callers_zone_with_whole_seconds() {
    let mut crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let ana = text(&crm.record(&id).await["Modified_Time"]);
    crm.token = access_token(&crm.lab, 1).await;
    let ben = text(&crm.record(&id).await["Modified_Time"]);
    assert!(ana.ends_with("+03:00") && ana.len() == 25, "{ana}");
    assert!(ben.ends_with("-05:00") || ben.ends_with("-04:00"), "{ben}");
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(instant(&ana), instant(&ben));
}

#[tokio::test]
async fn a_read_by_id_gives_every_field_and_a_list_those_asked_for() {
    let crm = Crm::kind().await;
    let id = crm
        .contact(json!({"Last_Name": "Xu", "First_Name": "Zoe"}))
        .await;
    let whole = crm.record(&id).await;
    assert_eq!(whole["Full_Name"], "Zoe Xu");
    assert_eq!(
        (&whole["Email"], &whole["Tag"], &whole["Email_Opt_Out"]),
        (&Value::Null, &json!([]), &json!(false))
    );
    assert_eq!(whole["$approved"], true);
    let row = crm.get("/Contacts?fields=Last_Name,Nonsense").await.body["data"][0].clone();
    assert_eq!(row, json!({"id": id, "Last_Name": "Xu"}));
    assert_eq!(crm.get("/Contacts/5725767000000999999").await.status, 204);
    refused(
        &crm.get("/Contacts/xyz").await,
        400,
        "INVALID_DATA",
        &json!({}),
    );
}

#[tokio::test]
async fn ids_narrow_a_list_and_keep_its_order() {
    let crm = Crm::kind().await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(crm.contact(json!({"Last_Name": name})).await);
    }
    let path = format!("/Contacts?fields=Last_Name&ids={},{},123", ids[0], ids[2]);
    assert_eq!(crm.names(&path).await, ["Three", "One"]);
}

#[tokio::test]
async fn a_view_with_a_criterion_follows_edits() {
    let crm = Crm::kind().await;
    let view = crm.view("Key accounts").await;
    let path = format!("/Contacts?fields=Last_Name&cvid={view}");
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.contact(json!({"Last_Name": "Outside", "Tier": "Regular"}))
        .await;
    assert_eq!(crm.names(&path).await, ["Xu"], "an empty tier is inside");
    let body = json!({"Tier": "Regular"});
    crm.control(Method::PATCH, &format!("/records/Contacts/{id}"), body)
        .await;
    assert_eq!(crm.get(&path).await.status, 204);
    let count = crm
        .get(&format!("/Contacts/actions/count?cvid={view}"))
        .await;
    assert_eq!(count.body, json!({"count": "0"}));
}

#[tokio::test]
async fn a_view_with_fixed_members_shows_only_those() {
    let crm = Crm::kind().await;
    let view = crm.view("Hand-picked").await;
    let path = format!("/Contacts?fields=Last_Name&cvid={view}");
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    assert_eq!(crm.get(&path).await.status, 204);
    let member = format!("/views/{view}/members/{id}");
    crm.control(Method::PUT, &member, Value::Null).await;
    assert_eq!(crm.names(&path).await, ["Xu"]);
    assert_eq!(crm.names(&format!("{path}&ids={id}")).await, ["Xu"]);
    crm.control(Method::DELETE, &member, Value::Null).await;
    assert_eq!(crm.get(&format!("{path}&ids={id}")).await.status, 204);
}

#[tokio::test]
async fn a_deleted_or_hidden_view_is_refused() {
    let crm = Crm::kind().await;
    crm.contact(json!({"Last_Name": "Xu"})).await;
    for (method, body) in [
        (Method::PATCH, json!({"hidden": true})),
        (Method::DELETE, Value::Null),
    ] {
        let name = if body.is_null() {
            "Hand-picked"
        } else {
            "Key accounts"
        };
        let view = crm.view(name).await;
        crm.control(method, &format!("/views/{view}"), body).await;
        let answer = crm
            .get(&format!("/Contacts?fields=Email&cvid={view}"))
            .await;
        refused(&answer, 400, "INVALID_DATA", &json!({"param_name": "cvid"}));
        assert_eq!(
            crm.get(&format!("/settings/custom_views/{view}?module=Contacts"))
                .await
                .status,
            400
        );
    }
}

#[tokio::test]
async fn a_view_cannot_be_sorted() {
    let crm = Crm::kind().await;
    let view = crm.view("Key accounts").await;
    let path = format!("/Contacts?fields=Email&cvid={view}&sort_by=Modified_Time");
    let due_to = json!({"ambiguity_due_to": [{"param_name": "cvid"}, {"param_name": "sort_by"}]});
    refused(
        &crm.get(&path).await,
        400,
        "AMBIGUITY_DURING_PROCESSING",
        &due_to,
    );
}
