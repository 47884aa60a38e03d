//! What cannot be read is said, and never taken for empty.

use agreement::{Error, Reader};
use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;

async fn seeded() -> Stage {
    let stage = Stage::new().await;
    let seed = json!({"scenario": "two-address-books", "people": 10});
    stage.control(Method::POST, "seed", seed).await;
    stage
}

#[tokio::test]
async fn a_wrong_token_is_told_with_the_provider() {
    let stage = seeded().await;
    let mut accounts = stage.accounts();
    accounts.zoho.refresh_token = "1000.wrong".to_owned();
    let error = Reader::new(accounts).read().await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Unauthorised {
                provider: "zoho",
                ..
            }
        ),
        "{error}"
    );

    let mut accounts = stage.accounts();
    accounts.google.refresh_token = "1//wrong".to_owned();
    let error = Reader::new(accounts).read().await.unwrap_err();
    assert!(
        matches!(
            &error,
            Error::Unauthorised {
                provider: "google",
                ..
            }
        ),
        "{error}"
    );
    assert!(!error.to_string().contains("wrong"));
}

#[tokio::test]
async fn a_hidden_list_view_is_not_an_empty_one() {
    let stage = seeded().await;
    let views = stage.control(Method::GET, "zoho/views", json!({})).await;
    let views = views["views"].as_array().unwrap();
    let view = views
        .iter()
        .find(|view| view["name"] == "Key accounts")
        .unwrap();
    let path = format!("zoho/views/{}", view["id"].as_str().unwrap());
    stage
        .control(Method::PATCH, &path, json!({"hidden": true}))
        .await;
    let error = stage.compared().await.unwrap_err();
    assert!(
        matches!(&error, Error::NoCollection { provider: "zoho", name, .. } if name == "Key accounts"),
        "{error}"
    );
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_named_with_those_that_do() {
    let stage = seeded().await;
    let mut accounts = stage.accounts();
    accounts.google.group = "Customers".to_owned();
    let error = Reader::new(accounts).read().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("Customers") && text.contains("Clients"),
        "{text}"
    );
}

#[tokio::test]
async fn a_field_that_is_hidden_from_the_user_stops_the_comparison() {
    let stage = seeded().await;
    let hide = json!({"permission": "hidden", "profile": "Standard"});
    stage
        .control(Method::PATCH, "zoho/fields/Contacts/Mobile", hide)
        .await;
    let error = stage.compared().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Hidden {
                field: "Mobile",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_provider_that_is_busy_is_asked_again() {
    let stage = seeded().await;
    for provider in ["google", "zoho"] {
        let fault = json!({"kind": "status", "status": 503, "retry_after_seconds": 1});
        let rule = json!({"provider": provider, "nth": 2, "fault": fault});
        stage.control(Method::POST, "faults", rule).await;
    }
    assert!(stage.compared().await.is_ok());
}
