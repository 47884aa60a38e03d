//! What people do in both accounts, through the sandbox's control API.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::Sandbox;

use super::{SYNCS, inquiry::Inquiry, stage::Stage};

/// A person whom both sides have.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Zoho CRM's id.
    pub(super) left: String,
    /// Google's resource name.
    pub(super) right: String,
    /// The link between the two.
    pub(super) link: String,
}

/// Where somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// In Zoho CRM.
    Left,
    /// In Google.
    Right,
}

/// A field, by Zoho CRM's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Mobile,
    Description,
}

impl Field {
    /// Zoho CRM's name.
    pub(super) fn zoho(self) -> &'static str {
        match self {
            Self::Title => "Title",
            Self::Mobile => "Mobile",
            Self::Description => "Description",
        }
    }

    /// What Google's field holds when it says this, given what it held.
    fn google(self, person: &Value, value: &str) -> Value {
        let items = |name: &str| person[name].as_array().cloned().unwrap_or_default();
        match self {
            Self::Title => {
                let mut items = items("organizations");
                match items.first_mut() {
                    Some(first) => first["title"] = json!(value),
                    None => items.push(json!({ "title": value })),
                }
                json!({ "organizations": items })
            }
            Self::Mobile => {
                let mut items = items("phoneNumbers");
                items.retain(|item| item["type"] != "mobile");
                items.push(json!({ "type": "mobile", "value": value }));
                json!({ "phoneNumbers": items })
            }
            Self::Description => json!({ "biographies": [{ "value": value }] }),
        }
    }
}

/// What somebody types.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) person: Person,
    pub(super) at: At,
    pub(super) field: Field,
    pub(super) value: String,
}

impl Edit {
    pub(super) fn new(person: &Person, at: At, field: Field, value: &str) -> Self {
        Self {
            person: person.clone(),
            at,
            field,
            value: value.to_owned(),
        }
    }

    /// Types it.
    pub(super) async fn make(&self, sandbox: &Sandbox) -> anyhow::Result<()> {
        match self.at {
            At::Left => {
                let path = format!("zoho/records/Contacts/{}", self.person.left);
                let body = json!({ self.field.zoho(): self.value });
                sandbox.patch(&path, &body).await?;
            }
            At::Right => {
                let id = self.person.right.trim_start_matches("people/");
                let path = format!("google/contacts/{id}");
                let person = sandbox.get(&path).await?;
                let body = json!({ "person": self.field.google(&person, &self.value) });
                sandbox.patch(&path, &body).await?;
            }
        }
        Ok(())
    }
}

/// Everybody whom both sides have, in the order of their ids.
pub(super) async fn everybody(stage: &Stage) -> anyhow::Result<Vec<Person>> {
    let records = Inquiry::begin(&stage.system, SYNCS[0])
        .await?
        .settled_records()
        .await?;
    let mut people: Vec<Person> = records
        .into_iter()
        .filter(|record| record.state == "in sync")
        .filter(|record| !record.left_id.is_empty() && !record.right_id.is_empty())
        .map(|record| Person {
            left: record.left_id,
            right: record.right_id,
            link: record.link,
        })
        .collect();
    people.sort_by(|one, other| one.left.cmp(&other.left));
    anyhow::ensure!(people.len() >= 10, "too few people are in sync to go on");
    Ok(people)
}

/// What people do: two edit different fields of the same person, two edit the same field of another one, and
/// many edit many.
pub(super) struct Edits {
    /// Different fields of one person: both stay.
    pub(super) together: [Edit; 2],
    /// The same field of one person: the left one stays.
    pub(super) against: [Edit; 2],
    /// One edit each of many people.
    pub(super) many: Vec<Edit>,
    /// Made while the reconciler is down.
    pub(super) late: [Edit; 2],
}

/// How many people are edited at once.
const MANY: usize = 40;

impl Edits {
    /// What people will do.
    pub(super) fn plan(people: &[Person]) -> anyhow::Result<Self> {
        let [first, second, third, fourth, rest @ ..] = people else {
            anyhow::bail!("too few people are in sync");
        };
        let many = rest.iter().take(MANY).enumerate().map(|(number, person)| {
            let at = if number % 2 == 0 { At::Left } else { At::Right };
            let value = format!("Called back, note {number}.");
            Edit::new(person, at, Field::Description, &value)
        });
        Ok(Self {
            together: [
                Edit::new(first, At::Left, Field::Mobile, "+12025550143"),
                Edit::new(first, At::Right, Field::Title, "Chief of Staff"),
            ],
            against: [
                Edit::new(second, At::Left, Field::Title, "Head of Exports"),
                Edit::new(second, At::Right, Field::Title, "Head of Imports"),
            ],
            many: many.collect(),
            late: [
                Edit::new(third, At::Left, Field::Title, "Back from Leave"),
                Edit::new(fourth, At::Right, Field::Title, "On Leave"),
            ],
        })
    }

    /// Those that must be found on both sides in the end: all but the one that loses.
    pub(super) fn lasting(&self) -> impl Iterator<Item = &Edit> {
        let against = self.against.iter().take(1);
        let all = self.together.iter().chain(against).chain(&self.many);
        all.chain(&self.late)
    }

    /// Makes those that come before the reconciler is killed.
    pub(super) async fn make(&self, sandbox: &Sandbox) -> anyhow::Result<()> {
        for edit in self.together.iter().chain(&self.against).chain(&self.many) {
            edit.make(sandbox)
                .await
                .context("cannot edit as a person")?;
        }
        Ok(())
    }
}
