//! Ana's Google contacts.

use e2e::Sandbox;
use serde_json::{Value, json};

use super::text;

/// The Google group that the tests' syncs pair.
pub const GROUP: &str = "Clients";

/// Ana's Google contacts.
pub struct Google<'a>(pub(super) &'a Sandbox);

/// A Google contact as the People API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact(pub Value);

/// Somebody's name and work address, as a Google contact.
pub fn google_person(given: &str, family: &str, email: &str) -> Value {
    json!({
        "names": [{ "givenName": given, "familyName": family }],
        "emailAddresses": [{ "value": email, "type": "work" }],
    })
}

impl Google<'_> {
    /// Types a contact in; answers its id.
    pub async fn adds(&self, person: Value, groups: &[&str]) -> String {
        let new = json!({ "person": person, "groups": groups });
        let contact = self.0.post("google/contacts", &new).await.unwrap();
        Contact(contact).id()
    }

    /// Types a contact into the group that is synced.
    pub async fn adds_client(&self, person: Value) -> String {
        self.adds(person, &[GROUP]).await
    }

    /// Replaces the fields that are named; an empty list clears one.
    pub async fn edits(&self, id: &str, person: Value) {
        let edit = json!({ "person": person });
        let path = format!("google/contacts/{id}");
        self.0.patch(&path, &edit).await.unwrap();
    }

    /// Moves a contact to the trash.
    pub async fn deletes(&self, id: &str) {
        let path = format!("google/contacts/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// Puts a contact into groups and takes it out of others.
    pub async fn moves(&self, id: &str, add: &[&str], remove: &[&str]) {
        let path = format!("google/contacts/{id}/groups");
        let change = json!({ "add": add, "remove": remove });
        self.0.post(&path, &change).await.unwrap();
    }

    /// Every contact that is not in the trash.
    pub async fn all(&self) -> Vec<Contact> {
        let truth = self.0.get("google/truth").await.unwrap();
        let contacts = truth["accounts"]["ana@example.com"]["contacts"].as_array();
        contacts
            .unwrap()
            .iter()
            .map(|contact| Contact(contact.clone()))
            .collect()
    }

    /// Every contact of the group that is synced.
    pub async fn clients(&self) -> Vec<Contact> {
        let truth = self.0.get("google/truth").await.unwrap();
        let groups = truth["accounts"]["ana@example.com"]["groups"].as_array();
        let group = groups
            .unwrap()
            .iter()
            .find(|group| group["name"] == GROUP)
            .and_then(|group| group["resourceName"].as_str())
            .unwrap_or_else(|| panic!("there is no group {GROUP}"))
            .to_owned();
        let mut clients = self.all().await;
        clients.retain(|contact| contact.is_in(&group));
        clients
    }

    /// A contact by its id, in the trash or not.
    pub async fn one(&self, id: &str) -> Contact {
        Contact(self.0.get(&format!("google/contacts/{id}")).await.unwrap())
    }

    /// Every contact with this address, in capitals or not.
    pub async fn with_email(&self, email: &str) -> Vec<Contact> {
        let mut all = self.all().await;
        all.retain(|contact| {
            contact
                .emails()
                .iter()
                .any(|own| own.eq_ignore_ascii_case(email))
        });
        all
    }

    /// The only contact with this address.
    pub async fn only(&self, email: &str) -> Contact {
        let mut found = self.with_email(email).await;
        assert_eq!(found.len(), 1, "{email} is there {} times", found.len());
        found.remove(0)
    }

    /// Whether this contact is in the group that is synced.
    pub async fn is_client(&self, id: &str) -> bool {
        self.clients().await.iter().any(|client| client.id() == id)
    }
}

impl Contact {
    /// The last part of its resource name.
    pub fn id(&self) -> String {
        let name = self.0["resourceName"].as_str().unwrap();
        name.trim_start_matches("people/").to_owned()
    }

    pub fn is_deleted(&self) -> bool {
        self.0["deleted"] == true
    }

    /// A value by its place, for example `/names/0/givenName`; empty when it is not there.
    pub fn at(&self, place: &str) -> String {
        let found = self.0.pointer(place).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    }

    /// Given and family name.
    pub fn name(&self) -> String {
        let names = [
            self.at("/names/0/givenName"),
            self.at("/names/0/familyName"),
        ];
        names.join(" ").trim().to_owned()
    }

    pub fn title(&self) -> String {
        self.at("/organizations/0/title")
    }

    pub fn note(&self) -> String {
        self.at("/biographies/0/value")
    }

    pub fn emails(&self) -> Vec<String> {
        let items = self.items("emailAddresses").into_iter();
        items.map(|item| text(&item, "value")).collect()
    }

    /// The address of this type.
    pub fn email(&self, label: &str) -> String {
        self.labelled("emailAddresses", label, "value")
    }

    /// The number of this type.
    pub fn phone(&self, label: &str) -> String {
        self.labelled("phoneNumbers", label, "value")
    }

    /// A part of the postal address of this type.
    pub fn address(&self, label: &str, part: &str) -> String {
        self.labelled("addresses", label, part)
    }

    /// A custom field.
    pub fn custom(&self, key: &str) -> String {
        let mut items = self.items("userDefined").into_iter();
        items
            .find(|item| item["key"] == key)
            .map(|item| text(&item, "value"))
            .unwrap_or_default()
    }

    fn labelled(&self, field: &str, label: &str, part: &str) -> String {
        let mut items = self.items(field).into_iter();
        items
            .find(|item| item["type"] == label)
            .map(|item| text(&item, part))
            .unwrap_or_default()
    }

    fn items(&self, field: &str) -> Vec<Value> {
        self.0[field].as_array().cloned().unwrap_or_default()
    }

    fn is_in(&self, group: &str) -> bool {
        self.items("memberships")
            .iter()
            .any(|item| item["contactGroupMembership"]["contactGroupResourceName"] == group)
    }
}
