//! Two address books: who is in them, and what people type into them.

use std::collections::BTreeSet;

use e2e::Sandbox;
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::{
    crowd::{At, Typed, items, text},
    kind::{Row, Written},
    stage::Stage,
};

pub const SYNC: &str = "ana-clients";

pub fn yaml(policies: &str) -> String {
    format!(
        "kind: Sync\nname: {SYNC}\nrecipe: zoho-google-contacts\n\
         left: {{ connection: acme-zoho, collection: {{ list_view: Key accounts }} }}\n\
         right: {{ connection: ana-google, collection: {{ group: Clients }} }}\n\
         policies:\n  frequency_seconds: 1\n{policies}"
    )
}

pub async fn fill(sandbox: &Sandbox, people: u32, seed: u64) {
    let books = json!({ "scenario": "two-address-books", "people": people, "seed": seed });
    sandbox.post("seed", &books).await.unwrap();
}

pub async fn rows(sandbox: &Sandbox) -> [Vec<Row>; 2] {
    [zoho(sandbox).await, google(sandbox).await]
}

async fn zoho(sandbox: &Sandbox) -> Vec<Row> {
    let records = sandbox.get("zoho/records/Contacts").await.unwrap();
    let rows = items(&records["records"]).map(|record| Row {
        id: text(&record["id"]),
        inside: record["Tier"] != "Regular",
        keys: ["Email", "Secondary_Email"]
            .iter()
            .map(|field| text(&record[*field]).to_lowercase())
            .filter(|address| !address.is_empty())
            .collect(),
    });
    rows.collect()
}

async fn google(sandbox: &Sandbox) -> Vec<Row> {
    let truth = sandbox.get("google/truth").await.unwrap();
    let account = &truth["accounts"]["ana@example.com"];
    let group = items(&account["groups"]).find(|group| group["name"] == "Clients");
    let group = text(&group.expect("the group")["resourceName"]);
    let in_group =
        |item: &Value| item["contactGroupMembership"]["contactGroupResourceName"] == group;
    let rows = items(&account["contacts"]).map(|person| Row {
        id: text(&person["resourceName"]),
        inside: items(&person["memberships"]).any(in_group),
        keys: items(&person["emailAddresses"])
            .map(|item| text(&item["value"]).to_lowercase())
            .collect(),
    });
    rows.collect()
}

/// Companies are written with contacts, and are none.
pub async fn leave_companies_out(sandbox: &Sandbox, written: &mut Written) {
    let companies = sandbox.get("zoho/records/Accounts").await.unwrap();
    let companies: BTreeSet<String> = items(&companies["records"])
        .map(|company| text(&company["id"]))
        .collect();
    written.retain(|id, _| !companies.contains(id));
}

/// A field that people type into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Note,
}

impl Stage {
    /// Somebody edits a person, or types one in.
    pub async fn somebody_uses_the_book(&mut self, at: At) {
        if self.random.random_range(0..4) == 0 {
            self.somebody_adds_a_person(at).await;
        } else {
            self.somebody_edits_a_person(at).await;
        }
    }

    async fn somebody_edits_a_person(&mut self, at: At) {
        let known = match at {
            At::Zoho => &self.before.zoho_inside,
            At::Google => &self.before.google_inside,
        };
        let free: Vec<_> = known.difference(&self.crowd.taken).cloned().collect();
        let Some(id) = free.get(self.random.random_range(0..free.len().max(1))) else {
            return;
        };
        let field = match self.random.random_range(0..2) {
            0 => Field::Title,
            _ => Field::Note,
        };
        let value = format!("typed {}", self.crowd.next());
        field.types(at, &self.system.sandbox, id, &value).await;
        self.crowd.taken.insert(id.clone());
        self.crowd.typed.push(Typed {
            at,
            id: id.clone(),
            field: field.zoho(),
            value,
        });
    }

    pub async fn somebody_adds_a_person(&mut self, at: At) {
        let number = self.crowd.next();
        let (family, email) = (format!("New {number}"), format!("new{number}@example.com"));
        let sandbox = &self.system.sandbox;
        let id = match at {
            At::Zoho => {
                let row = json!({ "First_Name": "Noa", "Last_Name": family, "Email": email });
                let created = sandbox.post("zoho/records/Contacts", &row).await.unwrap();
                created["ids"][0].as_str().unwrap().to_owned()
            }
            At::Google => {
                let person = json!({
                    "names": [{ "givenName": "Noa", "familyName": family }],
                    "emailAddresses": [{ "value": email, "type": "work" }],
                });
                let new = json!({ "person": person, "groups": ["Clients"] });
                let created = sandbox.post("google/contacts", &new).await.unwrap();
                created["resourceName"].as_str().unwrap().to_owned()
            }
        };
        self.crowd.new.insert(id);
    }
}

impl Field {
    /// The field's name in Zoho CRM.
    fn zoho(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Note => "Description",
        }
    }

    async fn types(self, at: At, sandbox: &Sandbox, id: &str, value: &str) {
        match at {
            At::Zoho => {
                let path = format!("zoho/records/Contacts/{id}");
                let values = json!({ self.zoho(): value });
                sandbox.patch(&path, &values).await.unwrap();
            }
            At::Google => {
                let path = format!("google/contacts/{}", id.trim_start_matches("people/"));
                let person = sandbox.get(&path).await.unwrap();
                let edit = json!({ "person": self.google(&person, value) });
                sandbox.patch(&path, &edit).await.unwrap();
            }
        }
    }

    /// What Google's field holds when it says this, given what it held.
    fn google(self, person: &Value, value: &str) -> Value {
        match self {
            Self::Note => json!({ "biographies": [{ "value": value }] }),
            Self::Title => {
                let mut items = person["organizations"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                match items.first_mut() {
                    Some(first) => first["title"] = json!(value),
                    None => items.push(json!({ "title": value })),
                }
                json!({ "organizations": items })
            }
        }
    }
}
