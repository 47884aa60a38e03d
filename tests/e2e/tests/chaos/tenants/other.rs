//! The other tenant's accounts: Mei's in another organisation of Zoho CRM, and Ben's at Google.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    crowd::{items, text},
    kind::Kind,
    meetings::{crm_hour, midnight, with},
    stage::Stage,
};

/// Records of the other tenant's.
pub const RECORDS: usize = 20;
/// The group, or the calendar, that they are in.
const COLLECTION: &str = "Clients";
const AS_BEN: &str = "account=ben@example.com";

/// What is in both accounts, and what Mei types into hers.
pub struct Account<'a>(pub &'a Stage);

impl Account<'_> {
    /// Mei has records, and Ben an empty collection for them.
    pub async fn fill(&self) {
        let sandbox = &self.0.system.sandbox;
        let (collections, named) = match self.0.kind {
            Kind::Contacts => ("groups", json!({ "name": COLLECTION })),
            Kind::Meetings => ("calendars", json!({ "summary": COLLECTION })),
        };
        let path = format!("google/{collections}?{AS_BEN}");
        sandbox.post(&path, &named).await.unwrap();
        // The collection is seen by everybody from now on.
        let past_the_lag = json!({ "seconds": 5 });
        sandbox.post("clock/advance", &past_the_lag).await.unwrap();
        let rows: Vec<Value> = (0..RECORDS).map(|number| self.row(number)).collect();
        let path = format!("{}?org=1", self.rows());
        sandbox.post(&path, &json!(rows)).await.unwrap();
    }

    /// The sync of the two, under this name.
    pub fn yaml(&self, sync: &str) -> String {
        let yaml = self.0.kind.yaml("").replace(self.0.kind.sync(), sync);
        let yaml = yaml.replace("acme-zoho", "mei");
        match self.0.kind {
            Kind::Contacts => yaml.replace("ana-google", "ben"),
            Kind::Meetings => {
                let collection = format!("ben, collection: {{ calendar: {COLLECTION} }}");
                yaml.replace("ana-google", &collection)
            }
        }
    }

    /// The ids of each record: Zoho CRM's, Google's.
    pub async fn pairs(&self) -> Vec<(String, String)> {
        let sandbox = &self.0.system.sandbox;
        let path = format!("{}?org=1", self.rows());
        let rows = sandbox.get(&path).await.unwrap();
        let at_google = self.at_google().await;
        let named = self.named();
        let pair = |number| {
            let name = name(number);
            let row = items(&rows["records"]).find(|row| row[named.0] == name);
            let other = at_google
                .iter()
                .find(|record| *record.pointer(named.1).unwrap() == name);
            let (row, other) = (row.unwrap(), other.unwrap());
            let id = if self.0.kind == Kind::Contacts {
                "resourceName"
            } else {
                "id"
            };
            (text(&row["id"]), text(&other[id]))
        };
        (0..RECORDS).map(pair).collect()
    }

    /// Mei writes something down about a record.
    pub async fn edits(&self, id: &str, value: &str) {
        let field = match self.0.kind {
            Kind::Contacts => "Title",
            Kind::Meetings => "Venue",
        };
        let path = format!("{}/{id}?org=1", self.rows());
        let edit = json!({ field: value });
        self.0.system.sandbox.patch(&path, &edit).await.unwrap();
    }

    /// What Ben's record says of it.
    pub async fn shows(&self, id: &str) -> String {
        let records = self.at_google().await;
        let record = records
            .iter()
            .find(|record| record["resourceName"] == id || record["id"] == id);
        let record = record.unwrap();
        match self.0.kind {
            Kind::Contacts => text(&record["organizations"][0]["title"]),
            Kind::Meetings => text(&record["location"]),
        }
    }

    fn rows(&self) -> &'static str {
        match self.0.kind {
            Kind::Contacts => "zoho/records/Contacts",
            Kind::Meetings => "zoho/records/Events",
        }
    }

    fn row(&self, number: usize) -> Value {
        let name = name(number);
        if self.0.kind == Kind::Contacts {
            let email = format!("other{number}@example.com");
            return json!({ "First_Name": "Lin", "Last_Name": name, "Email": email });
        }
        let hours = i64::try_from(number).unwrap();
        let start = midnight(8) + SignedDuration::from_hours(hours);
        with(crm_hour(start), &json!({ "Event_Title": name }))
    }

    /// Where a record's name is: Zoho CRM's field, and the place in Google's.
    fn named(&self) -> (&'static str, &'static str) {
        match self.0.kind {
            Kind::Contacts => ("Last_Name", "/names/0/familyName"),
            Kind::Meetings => ("Event_Title", "/summary"),
        }
    }

    /// Ben's records.
    async fn at_google(&self) -> Vec<Value> {
        let sandbox = &self.0.system.sandbox;
        if self.0.kind == Kind::Contacts {
            let truth = sandbox.get("google/truth").await.unwrap();
            let contacts = &truth["accounts"]["ben@example.com"]["contacts"];
            return items(contacts).cloned().collect();
        }
        let calendars = sandbox.get(&format!("google/calendars?{AS_BEN}")).await;
        let calendars = calendars.unwrap();
        let own = items(&calendars["calendars"]).find(|one| one["summary"] == COLLECTION);
        let path = format!(
            "google/calendars/{}/events?{AS_BEN}",
            text(&own.unwrap()["id"])
        );
        let events = sandbox.get(&path).await.unwrap();
        items(&events["events"]).cloned().collect()
    }
}

fn name(number: usize) -> String {
    format!("Other {number}")
}
