//! The demo's scenario in this CRM: everybody becomes a contact, companies become accounts.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::control::ControlError;
use crate::seed::{Label, Person, TwoAddressBooks, TwoCalendars};

use super::id::Id;
use super::meeting;
use super::module::Visibility;
use super::org::Org;
use super::record::{Record, whole_seconds};
use super::start::{ALL_EVENTS, KEY_ACCOUNTS};

/// Puts the CRM's book into an organisation: who is in scope is of the tier `Key`, everybody else `Regular`.
/// Everything is old enough to be visible at once.
pub(super) fn plant(
    org: &mut Org,
    books: &TwoAddressBooks,
    now: Timestamp,
) -> Result<Value, ControlError> {
    let view = org
        .views
        .iter()
        .find(|view| view.name == KEY_ACCOUNTS)
        .map(|view| view.id);
    let view = view.ok_or_else(|| ControlError::not_found("list view Key accounts"))?;
    let mut planter = Planter {
        org,
        now,
        at: now - SignedDuration::from_hours(30 * 24),
        accounts: HashMap::new(),
    };
    let inside = planter.people(&books.crm.inside, "Key");
    let outside = planter.people(&books.crm.outside, "Regular");
    let accounts = planter.accounts.len();
    Ok(json!({
        "collection": {"id": view, "name": KEY_ACCOUNTS, "kind": "list_view"},
        "inside": inside, "outside": outside, "accounts": accounts,
    }))
}

/// Puts the CRM's diary into an organisation; its first user owns every meeting.
pub(super) fn plant_meetings(
    org: &mut Org,
    diaries: &TwoCalendars,
    now: Timestamp,
) -> Result<Value, ControlError> {
    let view = org.views.iter().find(|view| view.name == ALL_EVENTS);
    let view = view.map(|view| view.id);
    let view = view.ok_or_else(|| ControlError::not_found("list view All Events"))?;
    let mut planter = Planter {
        org,
        now,
        at: now - SignedDuration::from_hours(30 * 24),
        accounts: HashMap::new(),
    };
    let mut planted =
        meeting::seed::plant(&diaries.crm, |module, values| planter.put(module, values));
    planted["collection"] = json!({"id": view, "name": ALL_EVENTS, "kind": "list_view"});
    Ok(planted)
}

struct Planter<'a> {
    org: &'a mut Org,
    now: Timestamp,
    /// When the next record was created: a few seconds after the one before.
    at: Timestamp,
    accounts: HashMap<String, Id>,
}

impl Planter<'_> {
    fn people(&mut self, people: &[Person], tier: &str) -> Vec<Id> {
        people
            .iter()
            .map(|person| {
                let mut values = contact(person);
                values.insert("Tier".to_owned(), json!(tier));
                if let Some(company) = &person.company {
                    let account = self.account(company);
                    values.insert("Account_Name".to_owned(), json!({"id": account}));
                }
                self.put("Contacts", values)
            })
            .collect()
    }

    fn account(&mut self, name: &str) -> Id {
        if let Some(id) = self.accounts.get(name) {
            return *id;
        }
        let values = [("Account_Name".to_owned(), json!(name))]
            .into_iter()
            .collect();
        let id = self.put("Accounts", values);
        self.accounts.insert(name.to_owned(), id);
        id
    }

    fn put(&mut self, module: &str, values: Map<String, Value>) -> Id {
        let id = self.org.ids.next();
        self.at = (self.at + SignedDuration::from_secs(5)).min(self.now);
        let stamp = whole_seconds(self.at);
        let owner = self.org.users[0].id;
        let author = self.org.users.last().map_or(owner, |user| user.id);
        let record = Record {
            id,
            owner,
            created: stamp,
            created_by: author,
            modified: stamp,
            modified_by: author,
            values,
        };
        let visible = Visibility {
            lists: stamp,
            search: stamp,
        };
        if let Some(module) = self.org.module_mut(module) {
            module.put(record, visible);
        }
        id
    }
}

/// A person as a contact. Without a surname the company or the given name stands in for it.
fn contact(person: &Person) -> Map<String, Value> {
    let mut values = Map::new();
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            values.insert(name.to_owned(), json!(value));
        }
    };
    let surname = person.family.as_deref();
    let stand_in = person.company.as_deref().or(person.given.as_deref());
    set("Last_Name", surname.or(stand_in).or(Some("Unknown")));
    set("First_Name", person.given.as_deref());
    set("Title", person.title.as_deref());
    set("Department", person.department.as_deref());
    set("Description", person.note.as_deref());
    let mut emails = person.emails.iter().map(|email| email.value.as_str());
    set("Email", emails.next());
    set("Secondary_Email", emails.next());
    for phone in &person.phones {
        let name = match phone.label {
            Label::Work => "Phone",
            Label::Home => "Home_Phone",
            Label::Mobile => "Mobile",
        };
        set(name, Some(&phone.value));
    }
    for address in &person.addresses {
        let prefix = if address.label == Label::Home {
            "Other"
        } else {
            "Mailing"
        };
        set(&format!("{prefix}_Street"), Some(&address.street));
        set(&format!("{prefix}_City"), Some(&address.city));
        set(&format!("{prefix}_State"), address.region.as_deref());
        set(&format!("{prefix}_Zip"), Some(&address.postal_code));
        set(&format!("{prefix}_Country"), Some(&address.country));
    }
    if let Some(birthday) = person.birthday {
        let date = format!(
            "{:04}-{:02}-{:02}",
            birthday.year, birthday.month, birthday.day
        );
        set("Date_of_Birth", Some(&date));
    }
    values
}
