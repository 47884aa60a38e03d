//! Many accounts, filled and edited in a few calls.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Lab;
use crate::zoho::refresh;

const GOOGLE: &str = "owner@example.com";
const ZOHO: &str = "owner@crm.example.com";

async fn opened() -> (Lab, Value, Value) {
    let lab = Lab::kind().await;
    let account = json!({"email": GOOGLE, "name": "Owner"});
    let account = lab.control(Method::POST, "/google/accounts", account).await;
    let organisation = json!({"email": ZOHO});
    let organisation = lab
        .control(Method::POST, "/zoho/organisations", organisation)
        .await;
    (lab, account, organisation)
}

async fn contacts(lab: &Lab, owner: &str) -> Vec<Value> {
    let path = format!("/zoho/records/Contacts?as={owner}");
    let answer = lab.control(Method::GET, &path, Value::Null).await;
    answer["records"].as_array().unwrap().clone()
}

async fn people(lab: &Lab) -> Vec<Value> {
    let truth = lab.control(Method::GET, "/google/truth", Value::Null).await;
    truth["accounts"][GOOGLE]["contacts"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn an_account_that_is_opened_later_can_be_signed_in_to() {
    let (lab, _, organisation) = opened().await;
    let token = organisation["refresh_token"].as_str().unwrap();
    let answer = refresh(&lab, token).await;
    assert!(answer.body["access_token"].is_string(), "{}", answer.text);
    let again = json!({"email": ZOHO});
    let again = lab
        .try_control(Method::POST, "/zoho/organisations", again)
        .await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn a_scenario_fills_the_accounts_of_its_owners_alone() {
    let (lab, ..) = opened().await;
    let scenario = json!({
        "scenario": "two-address-books", "people": 10, "outside": 0,
        "owners": {"google": GOOGLE, "zoho": ZOHO},
    });
    lab.control(Method::POST, "/seed", scenario).await;
    assert_eq!(people(&lab).await.len(), 10);
    assert_eq!(contacts(&lab, ZOHO).await.len(), 10);
    let ana = contacts(&lab, "ana@harbour-hill.example.com").await;
    assert!(ana.is_empty());
    let unknown =
        json!({"scenario": "two-address-books", "people": 1, "owners": {"zoho": "x@example.com"}});
    let unknown = lab.try_control(Method::POST, "/seed", unknown).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn people_of_many_accounts_edit_in_one_call() {
    let (lab, ..) = opened().await;
    let scenario = json!({
        "scenario": "two-address-books", "people": 2, "outside": 0,
        "owners": {"google": GOOGLE, "zoho": ZOHO},
    });
    lab.control(Method::POST, "/seed", scenario).await;
    let edits: Vec<Value> = contacts(&lab, ZOHO)
        .await
        .iter()
        .map(|row| json!({"as": ZOHO, "id": row["id"], "values": {"Title": "Clerk"}}))
        .collect();
    lab.control(Method::PATCH, "/zoho/records/Contacts", json!(edits))
        .await;
    for row in contacts(&lab, ZOHO).await {
        assert_eq!(row["Title"], "Clerk");
    }
    let edits: Vec<Value> = people(&lab)
        .await
        .iter()
        .map(|person| {
            let id = person["resourceName"].as_str().unwrap();
            json!({
                "account": GOOGLE, "id": id.trim_start_matches("people/"),
                "person": {"biographies": [{"value": "Note"}]},
            })
        })
        .collect();
    lab.control(Method::PATCH, "/google/contacts", json!(edits))
        .await;
    for person in people(&lab).await {
        assert_eq!(person["biographies"][0]["value"], "Note");
    }
    let stranger = json!([{"as": ZOHO, "id": "1", "values": {"Title": "x"}}]);
    let stranger = lab
        .try_control(Method::PATCH, "/zoho/records/Contacts", stranger)
        .await;
    assert_eq!(stranger.status, 400);
}
