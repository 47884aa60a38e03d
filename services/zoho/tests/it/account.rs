//! Signing in, what the account may do, and what it offers.

use std::collections::BTreeMap;

use http::Method;
use provider::{At, Fault, Grant, Provider, Scope, Session};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use url::Url;

use crate::lab::{Lab, path, scope};

/// The verifier and challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn consent(lab: &Lab, redirect: &str) -> BTreeMap<String, String> {
    let mut url = lab
        .zoho
        .authorize_url(redirect, "state-1", CHALLENGE)
        .await
        .unwrap();
    url.query_pairs_mut().append_pair("auto", "1");
    let people = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = people.get(url).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap();
    location
        .parse::<Url>()
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

fn code(parameters: &BTreeMap<String, String>, redirect: &str) -> Grant {
    Grant::Code {
        code: SecretString::from(parameters["code"].clone()),
        redirect_uri: redirect.to_owned(),
        code_verifier: SecretString::from(VERIFIER),
        parameters: parameters.clone(),
    }
}

#[tokio::test]
async fn a_person_consents_and_the_secret_renews_access() {
    let lab = Lab::kind().await;
    let redirect = "http://127.0.0.1:9/callback";
    let parameters = consent(&lab, redirect).await;
    assert_eq!(parameters["state"], "state-1");
    let signed_in = lab
        .zoho
        .exchange(&lab.http, code(&parameters, redirect))
        .await
        .unwrap();
    assert_eq!(signed_in.account.id, lab.account.id);
    assert!(
        signed_in
            .account
            .name
            .contains("ana@harbour-hill.example.com")
    );
    let renewed = lab.zoho.renew(&lab.http, &signed_in.secret).await.unwrap();
    assert!(renewed.replacement.is_none() && renewed.expires_in.as_secs() > 0);
    assert_eq!(renewed.access.api_base, lab.access.api_base);
    // What was consented to is enough for both kinds.
    let session = Session {
        access: &renewed.access,
        ..lab.session()
    };
    for kind in ["contact", "event"] {
        let scope = Scope {
            kind: kind.to_owned(),
            ..scope("")
        };
        let start = At::Start { cursor: None };
        let page = lab.zoho.page(session, &scope, &start).await.unwrap();
        assert!(page.restart.is_some(), "{kind}");
        lab.zoho.fields(session, kind).await.unwrap();
        lab.zoho.collections(session, kind).await.unwrap();
    }
    // A code is good once.
    let again = lab
        .zoho
        .exchange(&lab.http, code(&parameters, redirect))
        .await
        .err();
    assert!(
        matches!(again, Some(Fault::Unauthorised { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn an_account_is_the_organisation_and_the_user() {
    let lab = Lab::kind().await;
    let (org, user) = lab.account.id.split_once('/').unwrap();
    let listed = lab
        .control(Method::GET, "/zoho/organisations", Json::Null)
        .await;
    assert_eq!(listed["organisations"][0]["zgid"], org);
    assert_eq!(listed["organisations"][0]["users"][0]["id"], user);
    assert!(lab.account.missing_rights.is_empty());
}

#[tokio::test]
async fn missing_rights_are_named() {
    let lab = Lab::kind().await;
    for right in [
        "Crm_Implied_Delete_Contacts",
        "Crm_Implied_Google_Contacts_Sync",
        "Crm_Implied_Google_Calendar_Sync",
    ] {
        lab.control(
            Method::PUT,
            &format!("/zoho/permissions/{right}"),
            json!({"allowed": false}),
        )
        .await;
    }
    let account = lab.zoho.verify(lab.session()).await.unwrap();
    assert_eq!(
        account.missing_rights,
        [
            "delete contacts",
            "sync with google contacts",
            "sync with google calendar"
        ]
    );
}

#[tokio::test]
async fn a_consent_that_leaves_meetings_out_lacks_the_right_to_view_them() {
    let lab = Lab::kind().await;
    let scope = "ZohoCRM.modules.contacts.ALL,ZohoCRM.modules.accounts.ALL,ZohoCRM.users.READ,\
                 ZohoCRM.org.READ,ZohoCRM.settings.READ";
    let wanted = json!({ "scope": scope });
    let granted = lab.control(Method::POST, "/zoho/grants", wanted).await;
    let file = json!({ "refresh_token": granted["refresh_token"] }).to_string();
    let grant = Grant::SecretFile(SecretString::from(file));
    let signed_in = lab.zoho.exchange(&lab.http, grant).await.unwrap();
    assert_eq!(signed_in.account.missing_rights, ["view events"]);
    let renewed = lab.zoho.renew(&lab.http, &signed_in.secret).await.unwrap();
    let narrow = Session {
        access: &renewed.access,
        ..lab.session()
    };
    let again = lab.zoho.verify(narrow).await.unwrap();
    assert_eq!(again.missing_rights, ["view events"]);
}

#[tokio::test]
async fn too_many_tokens_are_throttled_although_the_answer_is_200() {
    let lab = Lab::kind().await;
    let mut throttled = None;
    for _ in 0..11 {
        if let Err(fault) = lab.zoho.renew(&lab.http, &lab.secret).await {
            throttled = Some(fault);
        }
    }
    assert!(
        matches!(throttled, Some(Fault::Throttled { .. })),
        "{throttled:?}"
    );
}

#[tokio::test]
async fn a_revoked_grant_and_a_dead_token_are_unauthorised() {
    let lab = Lab::kind().await;
    lab.control(Method::POST, "/zoho/access-tokens/expire", Json::Null)
        .await;
    let dead = lab.page(&scope(""), &At::Start { cursor: None }).await;
    assert!(matches!(dead, Err(Fault::Unauthorised { .. })), "{dead:?}");
    lab.control(Method::POST, "/zoho/grants/revoke", Json::Null)
        .await;
    let revoked = lab.zoho.renew(&lab.http, &lab.secret).await.err();
    assert!(
        matches!(revoked, Some(Fault::Unauthorised { .. })),
        "{revoked:?}"
    );
    let rubbish = lab.zoho.renew(&lab.http, b"rubbish").await.err();
    assert!(
        matches!(rubbish, Some(Fault::Unauthorised { .. })),
        "{rubbish:?}"
    );
}

#[tokio::test]
async fn the_list_views_are_offered() {
    let lab = Lab::kind().await;
    let offered = lab
        .zoho
        .collections(lab.session(), "contact")
        .await
        .unwrap();
    let names: Vec<&str> = offered
        .iter()
        .map(|collection| collection.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["All Contacts", "My Contacts", "Key accounts", "Hand-picked"]
    );
    assert!(
        offered
            .iter()
            .all(|collection| collection.form == "list_view")
    );
}

#[tokio::test]
async fn the_catalogue_has_what_the_profile_may_see() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PATCH,
        "/zoho/fields/Contacts/Mobile",
        json!({"permission": "hidden"}),
    )
    .await;
    lab.control(
        Method::PATCH,
        "/zoho/fields/Contacts/Title",
        json!({"permission": "read_only"}),
    )
    .await;
    let catalogue = lab.zoho.fields(lab.session(), "contact").await.unwrap();
    let entry = |at: &str| catalogue.entry(&path(at));
    let email = entry("emails[work]").unwrap();
    assert_eq!(
        (email.name.as_str(), email.writable, email.max_length),
        ("Email", true, Some(100))
    );
    assert!(entry("phones[mobile]").is_none());
    assert!(entry("title").is_some_and(|title| title.readable && !title.writable));
    assert!(entry("custom[Twitter_Handle]").is_some_and(|field| field.writable));
    assert!(entry("custom[Tag]").is_none() && entry("custom[Full_Name]").is_none());
    assert!(entry("name.family").is_some_and(|family| !family.required));
    assert!(entry("organization").is_some_and(|company| company.writable));
}
