//! The contacts of Ana's organisation in Zoho CRM.

use e2e::Sandbox;
use serde_json::{Value, json};

use super::{text, with};

/// The contacts of Ana's organisation in Zoho CRM. Changes are made by Ben, her colleague.
pub struct Zoho<'a>(pub(super) &'a Sandbox);

/// A record of Zoho CRM as its API shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Value);

/// Somebody's name and primary address, as a contact of the CRM inside the list view.
pub fn zoho_person(given: &str, family: &str, email: &str) -> Value {
    json!({ "First_Name": given, "Last_Name": family, "Email": email })
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
