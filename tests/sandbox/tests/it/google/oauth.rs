//! Consent, codes, refresh, expiry, revocation, service accounts.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::peer::{Peer, credentials, refusal, text};
use crate::client::{Answer, Lab, send};

const CONTACTS: &str = "https://www.googleapis.com/auth/contacts";
const READ_ONLY: &str = "https://www.googleapis.com/auth/contacts.readonly";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://127.0.0.1:7001/callback";

async fn consent(lab: &Lab, extra: &[(&str, &str)]) -> Answer {
    let client = text(credentials(lab), "client_id");
    let mut url = Url::parse(&text(credentials(lab), "authorize_url")).unwrap();
    url.query_pairs_mut()
        .extend_pairs([
            ("client_id", client.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("access_type", "offline"),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
        .extend_pairs(extra);
    send(lab.http.get(url)).await
}

fn sent_back(answer: &Answer) -> std::collections::HashMap<String, String> {
    assert_eq!(answer.status, 302, "{}", answer.text);
    let location = Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    location.query_pairs().into_owned().collect()
}

async fn token(lab: &Lab, pairs: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("client_id".to_owned(), text(credentials(lab), "client_id")),
        (
            "client_secret".to_owned(),
            text(credentials(lab), "client_secret"),
        ),
    ];
    form.extend(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    send(lab.request("google", Method::POST, "/token").form(&form)).await
}

async fn exchange(lab: &Lab, code: &str, verifier: &str) -> Answer {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier),
    ];
    token(lab, &pairs).await
}

async fn refresh(lab: &Lab, refresh_token: &str) -> Answer {
    token(
        lab,
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ],
    )
    .await
}

#[tokio::test]
async fn a_consent_ends_in_tokens_for_the_hinted_account() {
    let lab = Lab::kind().await;
    let hints = [
        ("scope", CONTACTS),
        ("prompt", "consent"),
        ("login_hint", "ben@example.com"),
        ("auto", "1"),
    ];
    let back = sent_back(&consent(&lab, &hints).await);
    assert_eq!(back["state"], "xyz");
    let answer = exchange(&lab, &back["code"], VERIFIER).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.body["refresh_token"].is_string());
    let access = text(&answer.body, "access_token");
    let me = lab
        .request(
            "google",
            Method::GET,
            "/v1/people/me?personFields=metadata,emailAddresses",
        )
        .bearer_auth(access);
    let me = send(me).await.body;
    assert_eq!(me["emailAddresses"][0]["value"], "ben@example.com");
    let ben = &credentials(&lab)["accounts"][1];
    assert_eq!(me["metadata"]["sources"][0]["id"], ben["id"]);
    let again = exchange(&lab, &back["code"], VERIFIER).await;
    assert_eq!(again.body["error"], "invalid_grant", "a code works once");
}

#[tokio::test]
async fn the_page_lists_accounts_and_a_refusal_comes_back_as_access_denied() {
    let lab = Lab::kind().await;
    let page = consent(&lab, &[("scope", CONTACTS)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("ana@example.com") && page.text.contains("ben@example.com"));
    let back = sent_back(&consent(&lab, &[("scope", CONTACTS), ("decision", "deny")]).await);
    assert_eq!(back["error"], "access_denied");
}

#[tokio::test]
async fn settings_can_make_the_page_agree_by_itself_as_somebody_else() {
    let lab = Lab::kind().await;
    let automatic = json!({"auto_consent": true, "consent_user": "ben@example.com"});
    lab.settings("google", automatic).await;
    let hints = [("scope", CONTACTS), ("login_hint", "ana@example.com")];
    let back = sent_back(&consent(&lab, &hints).await);
    let access = text(
        &exchange(&lab, &back["code"], VERIFIER).await.body,
        "access_token",
    );
    let peer = Peer { lab, token: access };
    let me = peer.get("/v1/people/me?personFields=emailAddresses").await;
    assert_eq!(me["emailAddresses"][0]["value"], "ben@example.com");
}

#[tokio::test]
async fn a_bad_authorisation_request_shows_a_page_and_never_redirects() {
    let lab = Lab::kind().await;
    for extra in [
        [
            ("scope", CONTACTS),
            ("redirect_uri", "http://evil.example.com/"),
        ],
        [("scope", CONTACTS), ("client_id", "stranger")],
        [
            ("scope", "https://www.googleapis.com/auth/nonsense"),
            ("auto", "1"),
        ],
        [("scope", CONTACTS), ("response_type", "token")],
        [("scope", ""), ("auto", "1")],
    ] {
        let answer = consent(&lab, &extra).await;
        assert_eq!(answer.status, 400, "{extra:?}");
    }
}

#[tokio::test]
async fn a_second_consent_gives_a_refresh_token_only_when_asked_to_prompt() {
    let lab = Lab::kind().await;
    let code = async |extra: &[(&str, &str)]| {
        let mut all = vec![("scope", CONTACTS), ("auto", "1")];
        all.extend(extra);
        let back = sent_back(&consent(&lab, &all).await);
        exchange(&lab, &back["code"], VERIFIER).await.body
    };
    assert!(code(&[]).await.get("refresh_token").is_none());
    assert!(code(&[("prompt", "consent")]).await["refresh_token"].is_string());
}

#[tokio::test]
async fn the_exchange_checks_verifier_redirect_and_client() {
    let lab = Lab::kind().await;
    let code = async || {
        let answer = consent(&lab, &[("scope", CONTACTS), ("auto", "1")]).await;
        sent_back(&answer)["code"].clone()
    };
    let wrong_verifier = exchange(&lab, &code().await, "another").await;
    assert_eq!(wrong_verifier.body["error"], "invalid_grant");
    let fresh = code().await;
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", fresh.as_str()),
        ("redirect_uri", "http://127.0.0.1:1/"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(
        token(&lab, &elsewhere).await.body["error"],
        "redirect_uri_mismatch"
    );
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "x"),
        ("client_secret", "y"),
    ];
    let stranger = send(lab.request("google", Method::POST, "/token").form(&form)).await;
    assert_eq!(
        (stranger.status, &stranger.body["error"]),
        (401, &json!("invalid_client"))
    );
    let odd = token(&lab, &[("grant_type", "password")]).await;
    assert_eq!(odd.body["error"], "unsupported_grant_type");
    let none = token(&lab, &[]).await;
    assert_eq!(none.body["error"], "invalid_request");
}

#[tokio::test]
async fn access_tokens_expire_in_the_middle_of_a_run_and_refresh_goes_on() {
    let peer = Peer::unkind().await;
    peer.get("/v1/contactGroups").await;
    peer.lab.advance(121).await;
    let answer = peer
        .call(Method::GET, "/v1/contactGroups", Value::Null)
        .await;
    let (status, code, message) = refusal(&answer);
    assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"));
    assert!(message.starts_with("Request had invalid authentication credentials."));
    assert!(answer.headers.contains_key("www-authenticate"));
    let again = peer.token_of(0).await;
    let answer = peer
        .call_as(&again, Method::GET, "/v1/contactGroups", Value::Null)
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_token_tells_its_scopes_until_it_expires() {
    let peer = Peer::unkind().await;
    let ask = async || {
        let path = format!("/tokeninfo?access_token={}", peer.token);
        send(peer.lab.request("google", Method::GET, &path)).await
    };
    let told = ask().await.body;
    assert!(text(&told, "scope").contains(CONTACTS));
    assert!((115..=120).contains(&text(&told, "expires_in").parse::<i64>().unwrap()));
    let form = [("access_token", peer.token.as_str())];
    let posted = send(
        peer.lab
            .request("google", Method::POST, "/tokeninfo")
            .form(&form),
    )
    .await;
    assert_eq!(posted.body["scope"], told["scope"]);
    peer.lab.advance(121).await;
    let expired = ask().await;
    assert_eq!(
        (expired.status, &expired.body["error"]),
        (400, &json!("invalid_token"))
    );
}

#[tokio::test]
async fn a_forced_revoke_kills_both_tokens_for_good() {
    let peer = Peer::kind().await;
    let old = text(&credentials(&peer.lab)["accounts"][0], "refresh_token");
    peer.lab
        .control(Method::POST, "/google/grants/revoke", Value::Null)
        .await;
    assert_eq!(
        peer.call(Method::GET, "/v1/contactGroups", Value::Null)
            .await
            .status,
        401
    );
    let answer = refresh(&peer.lab, &old).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body,
        json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
    );
}

#[tokio::test]
async fn one_account_can_be_revoked_and_a_client_can_revoke_its_own_token() {
    let peer = Peer::kind().await;
    let ben = peer.token_of(1).await;
    peer.lab
        .control(
            Method::POST,
            "/google/accounts/ana@example.com/revoke",
            Value::Null,
        )
        .await;
    assert_eq!(
        peer.call(Method::GET, "/v1/contactGroups", Value::Null)
            .await
            .status,
        401
    );
    let of_ben = async || {
        peer.call_as(&ben, Method::GET, "/v1/contactGroups", Value::Null)
            .await
            .status
    };
    assert_eq!(of_ben().await, 200);
    let revoke = peer
        .lab
        .request("google", Method::POST, "/revoke")
        .form(&[("token", &ben)]);
    assert_eq!(send(revoke).await.status, 200);
    assert_eq!(of_ben().await, 401);
    let again = peer
        .lab
        .request("google", Method::POST, "/revoke")
        .form(&[("token", &ben)]);
    assert_eq!(send(again).await.status, 400);
}

#[tokio::test]
async fn a_narrower_scope_is_enough_to_read_but_not_to_write() {
    let lab = Lab::kind().await;
    let hints = [("scope", READ_ONLY), ("prompt", "consent"), ("auto", "1")];
    let back = sent_back(&consent(&lab, &hints).await);
    let body = exchange(&lab, &back["code"], VERIFIER).await.body;
    let access = text(&body, "access_token");
    let peer = Peer { lab, token: access };
    peer.get("/v1/people/me/connections?personFields=names")
        .await;
    let answer = peer
        .call(
            Method::POST,
            "/v1/people:createContact",
            json!({"names": [{"givenName": "A"}]}),
        )
        .await;
    assert_eq!(refusal(&answer).1, "PERMISSION_DENIED");
    assert_eq!(
        answer.body["error"]["details"][0]["reason"],
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    );
}

#[tokio::test]
async fn scopes_left_unticked_on_the_page_are_missing_from_the_grant() {
    let lab = Lab::kind().await;
    lab.settings("google", json!({"withheld_scopes": [CONTACTS]}))
        .await;
    let both = format!("{CONTACTS} {READ_ONLY}");
    let hints = [
        ("scope", both.as_str()),
        ("prompt", "consent"),
        ("auto", "1"),
    ];
    let back = sent_back(&consent(&lab, &hints).await);
    assert_eq!(back["scope"], READ_ONLY);
    let body = exchange(&lab, &back["code"], VERIFIER).await.body;
    assert_eq!(body["scope"], READ_ONLY);
    let wider = [
        ("grant_type", "refresh_token"),
        ("refresh_token", body["refresh_token"].as_str().unwrap()),
        ("scope", CONTACTS),
    ];
    assert_eq!(token(&lab, &wider).await.body["error"], "invalid_scope");
}

fn assertion(key_file: &Value, subject: &str, scope: &str, lifetime: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key_file["private_key_id"]});
    let claims = json!({
        "iss": key_file["client_email"], "sub": subject, "scope": scope,
        "aud": key_file["token_uri"], "iat": now, "exp": now + lifetime,
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let pem = text(key_file, "private_key");
    let der: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn by_assertion(lab: &Lab, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", assertion),
    ];
    send(lab.request("google", Method::POST, "/token").form(&form)).await
}

#[tokio::test]
async fn a_delegated_service_account_acts_for_a_user() {
    let lab = Lab::kind().await;
    let body = json!({"scopes": [CONTACTS]});
    let key_file = lab
        .control(Method::POST, "/google/service-accounts", body)
        .await;
    let answer = by_assertion(
        &lab,
        &assertion(&key_file, "ben@example.com", CONTACTS, 3600),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.body.get("refresh_token").is_none());
    for (subject, scope, lifetime, error) in [
        ("nobody@example.com", CONTACTS, 3600, "invalid_grant"),
        ("not-an-address", CONTACTS, 3600, "invalid_grant"),
        ("ben@example.com", CONTACTS, 7200, "invalid_grant"),
        ("ben@example.com", READ_ONLY, 3600, "access_denied"),
    ] {
        let answer = by_assertion(&lab, &assertion(&key_file, subject, scope, lifetime)).await;
        assert_eq!(answer.body["error"], error, "{subject} {scope}");
    }
    let good = assertion(&key_file, "ben@example.com", CONTACTS, 3600);
    let (signed, _) = good.rsplit_once('.').unwrap();
    for forged in [format!("{signed}.AAAA"), "x".to_owned(), String::new()] {
        assert_eq!(
            by_assertion(&lab, &forged).await.body["error"],
            "invalid_grant"
        );
    }
    let without = lab
        .control(Method::POST, "/google/service-accounts", json!({}))
        .await;
    let answer = by_assertion(
        &lab,
        &assertion(&without, "ben@example.com", CONTACTS, 3600),
    )
    .await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (401, &json!("unauthorized_client"))
    );
}
