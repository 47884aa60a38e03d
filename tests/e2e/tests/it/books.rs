//! What is true of both address books, read from the sandbox without lag.

use std::collections::{BTreeMap, BTreeSet};

use e2e::Sandbox;
use proto::reconcile::{RecordsRequest, SyncRef};
use serde_json::{Value, json};

use crate::house::{House, SYNC};

/// A person as both sides show them: mapped values that every test can compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    pub given: String,
    pub title: String,
    pub note: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

/// Google contacts in the group, with their work address.
pub async fn google(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let truth = sandbox.get("google/truth").await.unwrap();
    let contacts = truth["accounts"]["ana@example.com"]["contacts"].clone();
    contacts
        .as_array()
        .unwrap()
        .iter()
        .filter(|person| {
            person["memberships"].as_array().is_some_and(|groups| {
                groups.iter().any(|group| {
                    let name = &group["contactGroupMembership"]["contactGroupResourceName"];
                    !matches!(name.as_str(), None | Some("contactGroups/myContacts"))
                })
            })
        })
        .map(|person| {
            let work = person["emailAddresses"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|email| email["type"] == "work")
                .map(|email| text(&email["value"]).to_lowercase());
            (work.unwrap_or_default(), person.clone())
        })
        .collect()
}

/// Zoho contacts in the list view, with their primary address.
pub async fn zoho(sandbox: &Sandbox) -> Vec<(String, Value)> {
    let records = sandbox.get("zoho/records/Contacts").await.unwrap();
    records["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["Tier"] != "Regular")
        .map(|record| (text(&record["Email"]).to_lowercase(), record.clone()))
        .collect()
}

fn of_google(person: &Value) -> Shown {
    Shown {
        given: text(&person["names"][0]["givenName"]),
        title: text(&person["organizations"][0]["title"]),
        note: text(&person["biographies"][0]["value"]),
    }
}

fn of_zoho(record: &Value) -> Shown {
    Shown {
        given: text(&record["First_Name"]),
        title: text(&record["Title"]),
        note: text(&record["Description"]),
    }
}

/// Asserts that both books hold the same people, but for those that take no part.
pub async fn agree(house: &House) {
    let sandbox = &house.system.sandbox;
    let left_out = left_out(house).await;
    let collect = |people: Vec<(String, Shown)>| {
        let mut book: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
        for (email, shown) in people {
            if !email.is_empty() {
                book.entry(email).or_default().push(shown);
            }
        }
        for people in book.values_mut() {
            people.sort();
        }
        book
    };
    let takes_part = |id: &Value| !left_out.contains(id.as_str().unwrap_or_default());
    let mut google = google(sandbox).await;
    google.retain(|(_, person)| takes_part(&person["resourceName"]));
    let mut zoho = zoho(sandbox).await;
    zoho.retain(|(_, record)| takes_part(&record["id"]));
    pretty_assertions::assert_eq!(
        collect(
            google
                .into_iter()
                .map(|(email, one)| (email, of_google(&one)))
                .collect()
        ),
        collect(
            zoho.into_iter()
                .map(|(email, one)| (email, of_zoho(&one)))
                .collect()
        )
    );
}

/// The provider ids of records that are excluded or set aside.
async fn left_out(house: &House) -> BTreeSet<String> {
    let sync = SyncRef {
        tenant: "default".to_owned(),
        sync: house.system.sync_id(SYNC).await.unwrap(),
    };
    let records = house
        .system
        .control()
        .await
        .unwrap()
        .records(RecordsRequest {
            sync: Some(sync),
            ..RecordsRequest::default()
        })
        .await
        .unwrap()
        .into_inner()
        .records;
    records
        .into_iter()
        .filter(|record| matches!(record.state.as_str(), "excluded" | "set aside"))
        .flat_map(|record| [record.left_id, record.right_id])
        .collect()
}

/// A person whom somebody types in on Google.
pub async fn type_in_google(sandbox: &Sandbox, given: &str, email: &str, title: &str) -> String {
    let person = json!({
        "names": [{ "givenName": given, "familyName": "Tester" }],
        "emailAddresses": [{ "value": email, "type": "work" }],
        "organizations": [{ "title": title }],
    });
    let answer = sandbox
        .post(
            "google/contacts",
            &json!({ "person": person, "groups": ["Clients"] }),
        )
        .await
        .unwrap();
    let name = answer["resourceName"]
        .as_str()
        .or_else(|| answer["person"]["resourceName"].as_str())
        .expect("a resource name");
    name.trim_start_matches("people/").to_owned()
}

/// A person whom somebody types in on Zoho CRM, inside the list view.
pub async fn type_in_zoho(sandbox: &Sandbox, given: &str, email: &str, title: &str) -> String {
    let answer = sandbox
        .post(
            "zoho/records/Contacts",
            &json!({
                "First_Name": given, "Last_Name": "Tester", "Email": email, "Title": title, "Tier": "Key",
            }),
        )
        .await
        .unwrap();
    let id = answer["id"]
        .as_str()
        .or_else(|| answer["records"][0]["id"].as_str())
        .or_else(|| answer["ids"][0].as_str());
    id.unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
}

/// How many people with this address each side has, in scope: Google, Zoho.
pub async fn count(sandbox: &Sandbox, email: &str) -> (usize, usize) {
    let of = |people: Vec<(String, Value)>| people.iter().filter(|(own, _)| own == email).count();
    (of(google(sandbox).await), of(zoho(sandbox).await))
}
