//! Pages, page tokens and their ends.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, refused, text};

async fn fill(crm: &Crm, count: usize) {
    let people: Vec<Value> = (0..count)
        .map(|n| json!({"Last_Name": format!("P{n:04}")}))
        .collect();
    crm.control(
        Method::POST,
        "/records/Contacts?workflows=false",
        json!(people),
    )
    .await;
}

#[tokio::test]
async fn a_chain_of_tokens_gives_every_record_once() {
    let crm = Crm::kind().await;
    fill(&crm, 25).await;
    let path = "/Contacts?fields=Last_Name&per_page=10&sort_by=Modified_Time&sort_order=asc";
    let mut names = Vec::new();
    let mut next = String::new();
    for page in 1..=3 {
        let answer = crm.get(&format!("{path}{next}")).await;
        let info = &answer.body["info"];
        assert_eq!(
            (&info["page"], &info["more_records"]),
            (&json!(page), &json!(page < 3))
        );
        assert_eq!(info["next_page_token"].is_null(), page == 3);
        assert_eq!(info["page_token_expiry"].is_null(), page == 3);
        names.extend(
            answer.body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["Last_Name"])),
        );
        next = format!(
            "&page_token={}",
            info["next_page_token"].as_str().unwrap_or_default()
        );
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 25);
}

#[tokio::test]
async fn the_default_settings_give_shorter_pages_than_asked_for() {
    let crm = Crm::unkind().await;
    crm.settings(json!({"list_lag_min_milliseconds": 0, "list_lag_max_milliseconds": 0}))
        .await;
    fill(&crm, 130).await;
    let answer = crm.get("/Contacts?fields=Last_Name&per_page=200").await;
    assert_eq!(answer.body["data"].as_array().unwrap().len(), 120);
    assert_eq!(answer.body["info"]["more_records"], true);
}

#[tokio::test]
async fn a_record_edited_during_a_chain_comes_again_at_its_end() {
    let crm = Crm::kind().await;
    fill(&crm, 3).await;
    let path = "/Contacts?fields=Last_Name&per_page=1&sort_by=Modified_Time&sort_order=asc";
    let first = crm.get(path).await;
    let id = text(&first.body["data"][0]["id"]);
    crm.lab.advance(2).await;
    crm.control(
        Method::PATCH,
        &format!("/records/Contacts/{id}"),
        json!({"Title": "x"}),
    )
    .await;
    let mut seen = vec![id.clone()];
    let mut token = first.body["info"]["next_page_token"].clone();
    while let Some(next) = token.as_str() {
        let page = crm.get(&format!("{path}&page_token={next}")).await;
        seen.push(text(&page.body["data"][0]["id"]));
        token = page.body["info"]["next_page_token"].clone();
    }
    assert_eq!(seen.len(), 4);
    assert_eq!(seen.last(), Some(&id));
}

#[tokio::test]
async fn a_token_is_bound_to_the_parameters_and_to_the_header() {
    let crm = Crm::kind().await;
    fill(&crm, 5).await;
    let first = crm.get("/Contacts?fields=Last_Name&per_page=2").await;
    let token = text(&first.body["info"]["next_page_token"]);
    for changed in [
        "/Contacts?fields=Last_Name,Email&per_page=2",
        "/Contacts?fields=Last_Name&per_page=3",
        "/Contacts?fields=Last_Name&per_page=2&sort_by=id",
        "/Accounts?fields=Last_Name&per_page=2",
    ] {
        let answer = crm.get(&format!("{changed}&page_token={token}")).await;
        refused(
            &answer,
            400,
            "TOKEN_BOUND_DATA_MISMATCH",
            &json!({"param_name": "page_token"}),
        );
    }
    let same = format!("/Contacts?fields=Last_Name&per_page=2&page_token={token}");
    let answer = crm.get_since(&same, "2020-01-01T00:00:00Z").await;
    refused(&answer, 400, "TOKEN_BOUND_DATA_MISMATCH", &json!({}));
    let answer = crm
        .get("/Contacts?fields=Last_Name&page_token=made-up")
        .await;
    refused(&answer, 400, "TOKEN_BOUND_DATA_MISMATCH", &json!({}));
    assert_eq!(crm.get(&same).await.status, 200);
    assert_eq!(
        crm.get(&same).await.status,
        200,
        "a token may be used again"
    );
}

#[tokio::test]
async fn page_and_page_token_together_are_ambiguous() {
    let crm = Crm::kind().await;
    let answer = crm.get("/Contacts?fields=Email&page=1&page_token=x").await;
    let due_to =
        json!({"ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]});
    refused(&answer, 400, "AMBIGUITY_DURING_PROCESSING", &due_to);
}

#[tokio::test]
async fn a_token_expires_after_a_day_or_when_control_says_so() {
    let crm = Crm::kind().await;
    fill(&crm, 3).await;
    let path = "/Contacts?fields=Last_Name&per_page=2";
    let details = json!({"api_name": "page_token", "json_path": "$.query.page_token"});
    let first = crm.get(path).await;
    let token = text(&first.body["info"]["next_page_token"]);
    crm.control(Method::POST, "/cursors/expire", Value::Null)
        .await;
    let answer = crm.get(&format!("{path}&page_token={token}")).await;
    refused(&answer, 400, "EXPIRED_VALUE", &details);
    crm.settings(json!({"access_token_seconds": 200_000})).await;
    let mut crm = crm;
    crm.token = super::access_token(&crm.lab, 0).await;
    let first = crm.get(path).await;
    let token = text(&first.body["info"]["next_page_token"]);
    crm.lab.advance(24 * 3600).await;
    let answer = crm.get(&format!("{path}&page_token={token}")).await;
    refused(&answer, 400, "EXPIRED_VALUE", &details);
}

#[tokio::test]
async fn page_numbers_end_at_ten_and_token_chains_at_their_limit() {
    let crm = Crm::kind().await;
    fill(&crm, 7).await;
    assert_eq!(
        crm.names("/Contacts?fields=Last_Name&per_page=3&page=3")
            .await,
        ["P0000"]
    );
    assert_eq!(
        crm.get("/Contacts?fields=Last_Name&per_page=3&page=4")
            .await
            .status,
        204
    );
    let answer = crm.get("/Contacts?fields=Last_Name&page=11").await;
    refused(
        &answer,
        400,
        "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
        &json!({"limit": 2000}),
    );
    crm.settings(json!({"page_token_rows": 4})).await;
    let path = "/Contacts?fields=Last_Name&per_page=2";
    let first = text(&crm.get(path).await.body["info"]["next_page_token"]);
    let second = crm.get(&format!("{path}&page_token={first}")).await;
    let second = text(&second.body["info"]["next_page_token"]);
    let answer = crm.get(&format!("{path}&page_token={second}")).await;
    refused(
        &answer,
        400,
        "PAGINATION_LIMIT_EXCEEDED",
        &json!({"param_name": "page_token"}),
    );
}
