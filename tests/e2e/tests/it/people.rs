//! What people do in both accounts, and what is true of them: through the sandbox's control API, without lag.

use std::collections::BTreeMap;

use e2e::Sandbox;
use serde_json::{Value, json};

use crate::house::House;

/// The Google group that the tests' syncs pair.
pub const GROUP: &str = "Clients";

/// How often a call wrote each record, by its id.
pub type Written = BTreeMap<String, u64>;

/// Ana's Google contacts.
pub struct Google<'a>(&'a Sandbox);

/// The contacts of Ana's organisation in Zoho CRM. Changes are made by Ben, her colleague.
pub struct Zoho<'a>(&'a Sandbox);

/// A Google contact as the People API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact(pub Value);

/// A record of Zoho CRM as its API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Value);

/// A moment in the sandbox's journal.
#[derive(Debug, Clone, Copy)]
pub struct Moment(u64);

impl House {
    pub fn google(&self) -> Google<'_> {
        Google(&self.system.sandbox)
    }

    pub fn zoho(&self) -> Zoho<'_> {
        Zoho(&self.system.sandbox)
    }

    /// Lets the providers' clock go on, so that what people did before is seen by everybody.
    pub async fn later(&self, seconds: u32) {
        let step = json!({ "seconds": seconds });
        let sandbox = &self.system.sandbox;
        sandbox.post("clock/advance", &step).await.unwrap();
    }

    /// The sandbox's journal up to now.
    pub async fn now(&self) -> Moment {
        Moment(self.system.sandbox.newest_entry().await.unwrap())
    }

    /// What was written through Google's API since then. A new contact is written twice: the create, and its
    /// being put into the group.
    pub async fn written_to_google(&self, since: Moment) -> Written {
        self.written("google", since, "people/").await
    }

    /// What was written through Zoho CRM's API since then, companies included.
    pub async fn written_to_zoho(&self, since: Moment) -> Written {
        self.written("zoho", since, "").await
    }

    /// How many records of either side were written through the providers' APIs since then.
    pub async fn written_since(&self, since: Moment) -> usize {
        self.written_to_google(since).await.len() + self.written_to_zoho(since).await.len()
    }

    async fn written(&self, provider: &str, since: Moment, prefix: &str) -> Written {
        let sandbox = &self.system.sandbox;
        let records = sandbox.written_records(provider, since.0).await.unwrap();
        records
            .into_iter()
            .filter_map(|(name, times)| Some((name.strip_prefix(prefix)?.to_owned(), times)))
            .collect()
    }

    /// Events that the sandbox counts beside calls, such as `zoho.workflow_runs`.
    pub async fn marks(&self, name: &str) -> u64 {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        counts["marks"][name].as_u64().unwrap_or_default()
    }

    /// Mails that providers would have sent.
    pub async fn mails(&self) -> u64 {
        let counts = self.system.sandbox.get("counts").await.unwrap();
        let mails = counts["mails"].as_object().cloned().unwrap_or_default();
        mails.values().filter_map(Value::as_u64).sum()
    }
}

/// Somebody's name and work address, as a Google contact.
pub fn google_person(given: &str, family: &str, email: &str) -> Value {
    json!({
        "names": [{ "givenName": given, "familyName": family }],
        "emailAddresses": [{ "value": email, "type": "work" }],
    })
}

/// Somebody's name and primary address, as a contact of the CRM inside the list view.
pub fn zoho_person(given: &str, family: &str, email: &str) -> Value {
    json!({ "First_Name": given, "Last_Name": family, "Email": email })
}

/// A value with further members.
pub fn with(mut value: Value, more: Value) -> Value {
    let (Some(members), Value::Object(more)) = (value.as_object_mut(), more) else {
        panic!("both must be objects");
    };
    members.extend(more);
    value
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

fn text(item: &Value, part: &str) -> String {
    item[part].as_str().unwrap_or_default().to_owned()
}

impl Zoho<'_> {
    /// Types a contact in; answers its id.
    pub async fn adds(&self, values: Value) -> String {
        let created = self.0.post("zoho/records/Contacts", &values).await.unwrap();
        created["ids"][0].as_str().unwrap().to_owned()
    }

    /// Types in a contact that is outside the list view.
    pub async fn adds_regular(&self, values: Value) -> String {
        self.adds(with(values, json!({ "Tier": "Regular" }))).await
    }

    /// Changes the values that are named; null clears one.
    pub async fn edits(&self, id: &str, values: Value) {
        let path = format!("zoho/records/Contacts/{id}");
        self.0.patch(&path, &values).await.unwrap();
    }

    /// Takes a contact out of the list view.
    pub async fn makes_regular(&self, id: &str) {
        self.edits(id, json!({ "Tier": "Regular" })).await;
    }

    /// Puts a contact into the list view.
    pub async fn makes_key(&self, id: &str) {
        self.edits(id, json!({ "Tier": "Key" })).await;
    }

    /// Moves a contact into the recycle bin.
    pub async fn deletes(&self, id: &str) {
        let path = format!("zoho/records/Contacts/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// Switches a right of the profile of the connected account on or off.
    pub async fn permits(&self, permission: &str, allowed: bool) {
        let path = format!("zoho/permissions/{permission}");
        let change = json!({ "allowed": allowed, "profile": "Standard" });
        self.0.put(&path, &change).await.unwrap();
    }

    /// Every contact.
    pub async fn all(&self) -> Vec<Row> {
        self.rows("Contacts").await
    }

    /// Every contact of the list view.
    pub async fn key(&self) -> Vec<Row> {
        let mut all = self.all().await;
        all.retain(Row::is_key);
        all
    }

    /// Every company.
    pub async fn companies(&self) -> Vec<Row> {
        self.rows("Accounts").await
    }

    async fn rows(&self, module: &str) -> Vec<Row> {
        let path = format!("zoho/records/{module}");
        let rows = self.0.get(&path).await.unwrap();
        let rows = rows["records"].as_array().unwrap();
        rows.iter().map(|row| Row(row.clone())).collect()
    }

    /// A contact by its id, if it is not deleted.
    pub async fn one(&self, id: &str) -> Option<Row> {
        let all = self.all().await;
        all.into_iter().find(|row| row.id() == id)
    }

    /// Every contact with this primary or secondary address, in capitals or not.
    pub async fn with_email(&self, email: &str) -> Vec<Row> {
        let mut all = self.all().await;
        all.retain(|row| {
            ["Email", "Secondary_Email"]
                .iter()
                .any(|field| row.text(field).eq_ignore_ascii_case(email))
        });
        all
    }

    /// The only contact with this address.
    pub async fn only(&self, email: &str) -> Row {
        let mut found = self.with_email(email).await;
        assert_eq!(found.len(), 1, "{email} is there {} times", found.len());
        found.remove(0)
    }
}

impl Row {
    pub fn id(&self) -> String {
        self.text("id")
    }

    /// A field's value; empty when it has none.
    pub fn text(&self, field: &str) -> String {
        text(&self.0, field)
    }

    /// Given and family name.
    pub fn name(&self) -> String {
        let names = [self.text("First_Name"), self.text("Last_Name")];
        names.join(" ").trim().to_owned()
    }

    /// The name of the company.
    pub fn company(&self) -> String {
        text(&self.0["Account_Name"], "name")
    }

    /// Whether it is in the list view.
    pub fn is_key(&self) -> bool {
        self.text("Tier") != "Regular"
    }
}
