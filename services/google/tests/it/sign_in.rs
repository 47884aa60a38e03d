//! Signing in.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use pretty_assertions::assert_eq;
use provider::{Access, At, Fault, Grant, Provider, Session};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::account::{Account, secret};

const REDIRECT: &str = "http://127.0.0.1:9/done";
const VERIFIER: &str = "a-verifier-that-has-at-least-forty-three-characters";

/// Goes through the consent page like a person who allows everything; the grant that comes back.
async fn consent(account: &Account) -> Grant {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    let url = account
        .google
        .authorize_url(REDIRECT, "state-1", &challenge)
        .await
        .unwrap();
    let request = account
        .http
        .request(Method::GET, url)
        .query(&[("auto", "1")]);
    let response = request.send().await.unwrap();
    let location = response.headers()["location"].to_str().unwrap();
    let back: BTreeMap<String, String> = Url::parse(location)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    assert_eq!(back["state"], "state-1");
    Grant::Code {
        code: back["code"].clone().into(),
        redirect_uri: REDIRECT.into(),
        code_verifier: VERIFIER.into(),
        parameters: back,
    }
}

#[tokio::test]
async fn a_consent_becomes_an_account_whose_access_can_be_renewed() {
    let account = Account::kind().await;
    let grant = consent(&account).await;
    let signed_in = account.google.exchange(&account.http, grant).await.unwrap();
    let credentials = &account.sandbox.credentials()["google"]["accounts"][0];
    assert_eq!(signed_in.account.id, credentials["id"].as_str().unwrap());
    assert_eq!(
        signed_in.account.name,
        credentials["email"].as_str().unwrap()
    );
    assert!(signed_in.account.missing_rights.is_empty());
    let renewed = account
        .google
        .renew(&account.http, &signed_in.secret)
        .await
        .unwrap();
    assert!(renewed.expires_in.as_secs() > 60);
    let session = Session {
        access: &renewed.access,
        ..account.session()
    };
    assert_eq!(
        account.google.verify(session).await.unwrap().id,
        signed_in.account.id
    );
}

#[tokio::test]
async fn a_secret_file_signs_in_without_a_person() {
    let account = Account::kind().await;
    let file = secret(&account.sandbox).to_string();
    let grant = Grant::SecretFile(file.into());
    let signed_in = account.google.exchange(&account.http, grant).await.unwrap();
    assert_eq!(signed_in.account.name, "ana@example.com");
    let grant = Grant::SecretFile(json!({ "refresh_token": "1//forged" }).to_string().into());
    let fault = account
        .google
        .exchange(&account.http, grant)
        .await
        .err()
        .unwrap();
    assert!(matches!(fault, Fault::Unauthorised { .. }), "{fault}");
}

#[tokio::test]
async fn a_revoked_grant_needs_a_person_and_says_so() {
    let account = Account::kind().await;
    account
        .control(Method::POST, "google/grants/revoke", json!({}))
        .await;
    let secret = secret(&account.sandbox).to_string();
    let fault = account
        .google
        .renew(&account.http, secret.as_bytes())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&fault, Fault::Unauthorised { reason } if reason.contains("invalid_grant")),
        "{fault}"
    );
    let verified = account.google.verify(account.session()).await;
    let fault = verified.err().unwrap();
    assert!(matches!(fault, Fault::Unauthorised { .. }), "{fault}");
}

#[tokio::test]
async fn a_partial_consent_is_shown_as_missing_rights() {
    let account = Account::kind().await;
    let contacts = "https://www.googleapis.com/auth/contacts";
    account
        .configure(json!({ "withheld_scopes": [contacts] }))
        .await;
    let grant = consent(&account).await;
    let signed_in = account.google.exchange(&account.http, grant).await.unwrap();
    assert!(
        signed_in
            .account
            .missing_rights
            .contains(&"edit contacts".to_owned())
    );
    let renewed = account
        .google
        .renew(&account.http, &signed_in.secret)
        .await
        .unwrap();
    let session = Session {
        access: &renewed.access,
        ..account.session()
    };
    let fault = account
        .google
        .collections(session, "contact")
        .await
        .unwrap_err();
    assert_eq!(
        fault,
        Fault::Forbidden {
            right: "see contacts".into()
        }
    );
}

#[tokio::test]
async fn a_consent_that_leaves_the_calendar_out_says_to_sign_in_again() {
    let account = Account::kind().await;
    let all = ["calendar.events", "calendar.calendarlist.readonly"];
    let all = all.map(|name| format!("https://www.googleapis.com/auth/{name}"));
    let right = async |withheld: &[String]| {
        account
            .configure(json!({ "withheld_scopes": withheld }))
            .await;
        let grant = consent(&account).await;
        let signed_in = account.google.exchange(&account.http, grant).await.unwrap();
        let secret = &signed_in.secret;
        let renewed = account.google.renew(&account.http, secret).await.unwrap();
        let session = Session {
            access: &renewed.access,
            ..account.session()
        };
        // What is read first is the calendar's entry in the list.
        let scope = crate::diary::events_of("primary");
        let start = At::Start { cursor: None };
        let page = account.google.page(session, &scope, &start).await;
        let Err(Fault::Forbidden { right }) = page else {
            panic!("it may be read: {page:?}");
        };
        right
    };
    for withheld in [&all[..], &all[..1], &all[1..]] {
        let right = right(withheld).await;
        assert!(right.starts_with("see calendars"), "{right}");
        assert!(right.contains("sign in again"), "{right}");
    }
}

#[tokio::test]
async fn a_wrong_access_token_is_unauthorised() {
    let account = Account::kind().await;
    let access = Access::new("ya29.forged".into(), None);
    let session = Session {
        access: &access,
        ..account.session()
    };
    let fault = account
        .google
        .collections(session, "contact")
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::Unauthorised { .. }), "{fault}");
}

#[tokio::test]
async fn the_account_offers_its_groups_and_its_fields() {
    let account = Account::kind().await;
    let clients = account.group("Clients").await;
    let custom =
        json!({"names": [{"givenName": "A"}], "userDefined": [{"key": "Twitter", "value": "@a"}]});
    account.add(custom, &[]).await;
    let collections = account
        .google
        .collections(account.session(), "contact")
        .await
        .unwrap();
    let names: Vec<_> = collections
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert!(names.contains(&"Clients"), "{names:?}");
    assert!(
        collections
            .iter()
            .any(|group| group.id == "contactGroups/myContacts")
    );
    assert!(
        !collections
            .iter()
            .any(|group| group.id == "contactGroups/starred")
    );
    assert!(
        collections
            .iter()
            .any(|group| group.id == clients && group.form == "group")
    );
    let fields = account
        .google
        .fields(account.session(), "contact")
        .await
        .unwrap();
    assert_eq!(
        fields
            .entry(&"custom[Twitter]".parse().unwrap())
            .unwrap()
            .name,
        "Twitter"
    );
    assert!(
        account
            .google
            .fields(account.session(), "task")
            .await
            .is_err()
    );
}
