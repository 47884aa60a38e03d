//! Consent, tokens, throttles, scopes.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{Crm, access_token, refresh, refused, text};
use crate::client::{Answer, Lab, send};

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

const REDIRECT: &str = "http://127.0.0.1:9/callback";

async fn authorize(lab: &Lab, changes: &[(&str, &str)]) -> Answer {
    let client_id = text(&lab.sandbox.credentials()["zoho"]["client_id"]);
    let mut pairs: HashMap<&str, &str> = HashMap::from([
        ("response_type", "code"),
        ("client_id", client_id.as_str()),
        ("scope", "ZohoCRM.modules.ALL"),
        ("redirect_uri", REDIRECT),
        ("access_type", "offline"),
        ("state", "xyz"),
        ("auto", "1"),
    ]);
    pairs.extend(changes.iter().copied());
    let pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
    send(lab.request(
        "zoho",
        Method::GET,
        &format!("/oauth/v2/auth?{}", form(&pairs)),
    ))
    .await
}

fn redirected(answer: &Answer) -> HashMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT));
    location.query_pairs().into_owned().collect()
}

async fn exchange(lab: &Lab, code: &str, redirect_uri: &str) -> Answer {
    let zoho = &lab.sandbox.credentials()["zoho"];
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", zoho["client_id"].as_str().unwrap()),
        ("client_secret", zoho["client_secret"].as_str().unwrap()),
        ("code", code),
        ("redirect_uri", redirect_uri),
    ];
    // The parameters may stand in the query as well as in the body.
    send(lab.request(
        "zoho",
        Method::POST,
        &format!("/oauth/v2/token?{}", form(&pairs)),
    ))
    .await
}

#[tokio::test]
async fn consent_redirects_with_code_location_and_accounts_server() {
    let lab = Lab::unkind().await;
    let answer = redirected(&authorize(&lab, &[]).await);
    assert_eq!(answer["state"], "xyz");
    assert_eq!(
        answer["accounts-server"],
        lab.sandbox.base_url("zoho").unwrap()
    );
    assert!(answer.contains_key("location"));
    let tokens = exchange(&lab, &answer["code"], REDIRECT).await;
    assert_eq!(tokens.status, 200);
    assert_eq!(
        tokens.body["api_domain"],
        lab.sandbox.base_url("zoho").unwrap()
    );
    assert_eq!(tokens.body["expires_in"], 120);
    assert_eq!(tokens.body["token_type"], "Bearer");
    let refreshed = refresh(&lab, &text(&tokens.body["refresh_token"])).await;
    assert!(refreshed.body["access_token"].is_string());
    assert!(
        refreshed.body["refresh_token"].is_null(),
        "no new refresh token"
    );
}

#[tokio::test]
async fn a_code_is_good_once_for_its_redirect_and_for_three_minutes() {
    let lab = Lab::kind().await;
    let code = redirected(&authorize(&lab, &[]).await)["code"].clone();
    let elsewhere = exchange(&lab, &code, "http://127.0.0.1:9/other").await;
    assert_eq!(
        (elsewhere.status, &elsewhere.body["error"]),
        (200, &json!("invalid_code"))
    );
    let code = redirected(&authorize(&lab, &[]).await)["code"].clone();
    assert!(exchange(&lab, &code, REDIRECT).await.body["access_token"].is_string());
    assert_eq!(
        exchange(&lab, &code, REDIRECT).await.body["error"],
        "invalid_code"
    );
    let code = redirected(&authorize(&lab, &[]).await)["code"].clone();
    lab.advance(181).await;
    assert_eq!(
        exchange(&lab, &code, REDIRECT).await.body["error"],
        "invalid_code"
    );
}

#[tokio::test]
async fn online_access_gives_no_refresh_token() {
    let lab = Lab::kind().await;
    let code = redirected(&authorize(&lab, &[("access_type", "online")]).await)["code"].clone();
    let tokens = exchange(&lab, &code, REDIRECT).await;
    assert!(tokens.body["access_token"].is_string());
    assert!(tokens.body["refresh_token"].is_null());
}

#[tokio::test]
async fn malformed_consent_requests_show_an_error_instead_of_redirecting() {
    let lab = Lab::kind().await;
    for bad in [
        ("client_id", "someone-else"),
        ("response_type", "token"),
        ("scope", "Mail.read"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        assert_eq!(authorize(&lab, &[bad]).await.status, 400, "{bad:?}");
    }
}

#[tokio::test]
async fn the_consent_page_asks_who_signs_in_and_takes_no_for_an_answer() {
    let lab = Lab::kind().await;
    let page = authorize(&lab, &[("auto", ""), ("state", "\"><script>")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("mei@other-company.example.com"));
    assert!(!page.text.contains("<script>"));
    let client_id = text(&lab.sandbox.credentials()["zoho"]["client_id"]);
    for (decision, key) in [("accept", "code"), ("reject", "error")] {
        let body = form(&[
            ("response_type", "code"),
            ("client_id", &client_id),
            ("scope", "ZohoCRM.modules.ALL"),
            ("redirect_uri", REDIRECT),
            ("user", "mei@other-company.example.com"),
            ("decision", decision),
        ]);
        let answer = send(
            lab.request("zoho", Method::POST, "/oauth/v2/auth")
                .body(body),
        )
        .await;
        assert!(redirected(&answer).contains_key(key));
    }
}

#[tokio::test]
async fn wrong_credentials_are_answered_with_status_200_and_an_error() {
    let lab = Lab::kind().await;
    let unknown = refresh(&lab, "1000.unknown").await;
    assert_eq!(
        (unknown.status, &unknown.body["error"]),
        (200, &json!("invalid_code"))
    );
    for (body, error) in [
        ("grant_type=refresh_token", "invalid_client"),
        (
            "client_id=1000.SANDBOX0CLIENT0FOR0TESTS&client_secret=x",
            "invalid_client_secret",
        ),
    ] {
        let answer = send(
            lab.request("zoho", Method::POST, "/oauth/v2/token")
                .body(body),
        )
        .await;
        assert_eq!((answer.status, &answer.body["error"]), (200, &json!(error)));
    }
}

#[tokio::test]
async fn the_eleventh_token_in_ten_minutes_is_refused_with_status_200() {
    let lab = Lab::kind().await;
    let token = "1000.sandbox-refresh-ana";
    for _ in 0..10 {
        assert!(refresh(&lab, token).await.body["access_token"].is_string());
    }
    let throttled = refresh(&lab, token).await;
    assert_eq!(
        (throttled.status, &throttled.body["error"]),
        (200, &json!("Access Denied"))
    );
    lab.settings("zoho", json!({"tokens_per_ten_minutes": 11}))
        .await;
    assert!(
        refresh(&lab, token).await.body["access_token"].is_string(),
        "the ceiling is configurable"
    );
    lab.advance(600).await;
    assert!(refresh(&lab, token).await.body["access_token"].is_string());
}

#[tokio::test]
async fn access_tokens_die_after_their_time_and_say_when() {
    let crm = Crm::unkind().await;
    let alive = crm.get("/org").await;
    assert_eq!(alive.status, 200);
    let reset = alive.headers["x-accesstoken-reset"].to_str().unwrap();
    assert!(reset.ends_with("+03:00"), "{reset}");
    crm.lab.advance(121).await;
    refused(&crm.get("/org").await, 401, "INVALID_TOKEN", &json!({}));
    refused(
        &crm.get("/Contacts?fields=Email").await,
        401,
        "INVALID_TOKEN",
        &json!({}),
    );
}

#[tokio::test]
async fn missing_and_foreign_authorization_is_refused() {
    let crm = Crm::kind().await;
    let bare = send(crm.lab.request("zoho", Method::GET, "/crm/v8/org")).await;
    refused(&bare, 401, "AUTHENTICATION_FAILURE", &json!({}));
    let bearer = crm
        .lab
        .request("zoho", Method::GET, "/crm/v8/org")
        .header("Authorization", format!("Bearer {}", crm.token));
    refused(
        &send(bearer).await,
        401,
        "AUTHENTICATION_FAILURE",
        &json!({}),
    );
    let unknown = crm
        .lab
        .request("zoho", Method::GET, "/crm/v8/org")
        .header("Authorization", "Zoho-oauthtoken 1000.x");
    refused(&send(unknown).await, 401, "INVALID_TOKEN", &json!({}));
}

#[tokio::test]
async fn revoking_a_refresh_token_kills_its_access_tokens() {
    let crm = Crm::kind().await;
    let path = "/oauth/v2/token/revoke?token=1000.sandbox-refresh-ana";
    assert_eq!(
        send(crm.lab.request("zoho", Method::POST, path))
            .await
            .status,
        200
    );
    refused(&crm.get("/org").await, 401, "INVALID_TOKEN", &json!({}));
    assert_eq!(
        refresh(&crm.lab, "1000.sandbox-refresh-ana").await.body["error"],
        "invalid_code"
    );
    assert_eq!(
        send(crm.lab.request("zoho", Method::POST, path))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn control_expires_access_tokens_and_revokes_grants() {
    let mut crm = Crm::kind().await;
    crm.control(Method::POST, "/access-tokens/expire", Value::Null)
        .await;
    refused(&crm.get("/org").await, 401, "INVALID_TOKEN", &json!({}));
    crm.token = access_token(&crm.lab, 0).await;
    assert_eq!(crm.get("/org").await.status, 200);
    crm.control(Method::POST, "/grants/revoke", Value::Null)
        .await;
    refused(&crm.get("/org").await, 401, "INVALID_TOKEN", &json!({}));
    assert_eq!(
        refresh(&crm.lab, "1000.sandbox-refresh-ana").await.body["error"],
        "invalid_code"
    );
}

#[tokio::test]
async fn a_narrow_scope_is_refused_elsewhere() {
    let mut crm = Crm::kind().await;
    let wanted = json!({"scope": "ZohoCRM.modules.contacts.READ,ZohoCRM.settings.fields.READ"});
    let grant = crm.control(Method::POST, "/grants", wanted).await;
    let answer = refresh(&crm.lab, &text(&grant["refresh_token"])).await;
    crm.token = text(&answer.body["access_token"]);
    assert_eq!(crm.get("/Contacts?fields=Email").await.status, 204);
    assert_eq!(
        crm.get("/settings/fields?module=Contacts").await.status,
        200
    );
    for path in [
        "/Accounts?fields=Phone",
        "/org",
        "/settings/profiles",
        "/actions/watch",
    ] {
        refused(
            &crm.get(path).await,
            401,
            "OAUTH_SCOPE_MISMATCH",
            &json!({}),
        );
    }
    let body = json!({"data": [{"Last_Name": "Xu"}]});
    refused(
        &crm.post("/Contacts", body).await,
        401,
        "OAUTH_SCOPE_MISMATCH",
        &json!({}),
    );
    let query = json!({"select_query": "select id from Contacts where id > 0"});
    refused(
        &crm.post("/coql", query).await,
        401,
        "OAUTH_SCOPE_MISMATCH",
        &json!({}),
    );
}

#[tokio::test]
async fn a_token_sees_one_organisation_only() {
    let mut crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let ours = crm.get("/org").await.body["org"][0]["zgid"].clone();
    crm.token = access_token(&crm.lab, 2).await;
    let theirs = crm.get("/org").await.body["org"][0]["zgid"].clone();
    assert_ne!(ours, theirs);
    assert_eq!(crm.get(&format!("/Contacts/{id}")).await.status, 204);
    assert_eq!(crm.get("/Contacts?fields=Last_Name").await.status, 204);
}

#[tokio::test]
async fn a_setting_agrees_as_the_user_it_names() {
    let lab = Lab::kind().await;
    let ben = "ben@harbour-hill.example.com";
    lab.settings("zoho", json!({"auto_consent": true, "consent_user": ben}))
        .await;
    let code = redirected(&authorize(&lab, &[("auto", "")]).await)["code"].clone();
    let tokens = exchange(&lab, &code, REDIRECT).await;
    let grants = lab.control(Method::GET, "/zoho/grants", Value::Null).await;
    let newest = grants["grants"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&newest["user"], &newest["refresh_token"]),
        (&json!(ben), &tokens.body["refresh_token"])
    );
    let hinted = authorize(&lab, &[("login_hint", "mei@other-company.example.com")]).await;
    assert!(redirected(&hinted).contains_key("code"));
    assert_eq!(
        authorize(&lab, &[("login_hint", "nobody@example.com")])
            .await
            .status,
        400
    );
}
