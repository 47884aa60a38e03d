//! The people who go on using both accounts while everything breaks, and what they typed.

use std::collections::BTreeSet;

use e2e::Sandbox;
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::stage::Stage;

/// Where somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Zoho,
    Google,
}

/// What somebody typed; no value is typed twice.
#[derive(Debug, Clone)]
pub struct Typed {
    pub at: At,
    /// The record's id at that provider, as the sync calls it.
    pub id: String,
    pub field: Field,
    pub value: String,
}

/// A field that people type into, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Title,
    Note,
}

/// Everything that people did.
#[derive(Debug, Default)]
pub struct Crowd {
    pub typed: Vec<Typed>,
    /// Ids of records that somebody typed in.
    pub new: BTreeSet<String>,
    /// What is in use, so that nobody types over what another has typed.
    taken: BTreeSet<String>,
}

impl Crowd {
    fn next(&self) -> usize {
        self.typed.len() + self.new.len() + 1
    }
}

impl Stage {
    /// So many people type: half of them on each side, each into another record that is in scope, and every fourth a
    /// new person.
    pub async fn people_type(&mut self, times: usize) {
        for time in 0..times {
            let at = if time % 2 == 0 { At::Zoho } else { At::Google };
            if self.random.random_range(0..4) == 0 {
                self.somebody_adds(at).await;
            } else {
                self.somebody_edits(at).await;
            }
        }
    }

    /// Somebody types a new person in on Zoho CRM, who is to be created at Google.
    pub async fn somebody_adds_to_zoho(&mut self) {
        self.somebody_adds(At::Zoho).await;
    }

    async fn somebody_edits(&mut self, at: At) {
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
            field,
            value,
        });
    }

    async fn somebody_adds(&mut self, at: At) {
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
    pub fn zoho(self) -> &'static str {
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

/// The items of a list, none if it is no list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}
