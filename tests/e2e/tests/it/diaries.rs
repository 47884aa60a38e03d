//! What people do in Ana's Google calendar and with the CRM's meetings, and what is true of them: without lag.

use agreement::Reader;
use e2e::Sandbox;
use proto::reconcile::StatusResponse;
use serde_json::{Value, json};

use crate::{
    house::House,
    people::{Moment, with},
};

/// The name of the tests' sync.
pub const MEETINGS: &str = "ana-meetings";

/// The sync of Ana's own calendar and all of the CRM's meetings, with these policies of events.
pub fn meetings(events: &str) -> String {
    format!(
        "kind: Sync\nname: {MEETINGS}\nrecipe: zoho-google-calendar\n\
         left: {{ connection: acme-zoho }}\nright: {{ connection: ana-google }}\n\
         policies:\n  frequency_seconds: 1\n  events: {{ {events} }}\n"
    )
}

/// The meetings in Zoho CRM. Changes are made by Ben, Ana's colleague.
pub struct Crm<'a>(&'a Sandbox);

/// Ana's calendar.
pub struct Calendar<'a>(&'a Sandbox);

impl House {
    /// As [`House::kind`], with the sync of meetings begun and at rest.
    pub async fn with_meetings(events: &str) -> Self {
        let mut house = Self::kind(0).await;
        house.system.apply(&meetings(events)).await.unwrap();
        house.rests().await;
        house
    }

    pub fn crm(&self) -> Crm<'_> {
        Crm(&self.system.sandbox)
    }

    pub fn calendar(&self) -> Calendar<'_> {
        Calendar(&self.system.sandbox)
    }

    /// Waits until the sync of meetings is at rest.
    pub async fn rests(&mut self) -> StatusResponse {
        self.quiet_of(MEETINGS).await
    }

    /// What reads both calendars as the providers list them.
    pub fn reader(&self) -> Reader {
        let credentials = &self.system.sandbox.credentials;
        let both = json!({ "zoho": credentials.zoho, "google": credentials.google });
        Reader::new(serde_json::from_value(both).unwrap())
    }

    /// How many meetings were written through the providers' APIs since then.
    pub async fn meetings_written(&self, since: Moment) -> usize {
        self.written_to_zoho(since).await.len() + self.events_written(since).await.len()
    }
}

/// An hour of Google's from this time on, `2031-03-10T09:00:00`, by the clock of a zone.
pub fn hour(start: &str, zone: &str) -> Value {
    let end = start.replacen(":00:00", ":59:00", 1);
    json!({
        "start": { "dateTime": start, "timeZone": zone },
        "end": { "dateTime": end, "timeZone": zone },
    })
}

/// An hour of the CRM's from this time on, `2031-03-10T09:00:00Z`.
pub fn crm_hour(start: &str) -> Value {
    let end = start.replacen(":00:00", ":59:00", 1);
    json!({ "Start_DateTime": start, "End_DateTime": end })
}

impl Crm<'_> {
    /// Types a meeting in; answers its id, of a series that of its first occurrence.
    pub async fn adds(&self, title: &str, when: Value, more: Value) -> String {
        let values = with(with(json!({ "Event_Title": title }), when), more);
        let created = self.0.post("zoho/records/Events", &values).await.unwrap();
        created["ids"][0].as_str().unwrap().to_owned()
    }

    pub async fn edits(&self, id: &str, values: Value) {
        let path = format!("zoho/records/Events/{id}");
        self.0.patch(&path, &values).await.unwrap();
    }

    pub async fn deletes(&self, id: &str) {
        let path = format!("zoho/records/Events/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// Every meeting, each occurrence of a series for itself, by beginning; times are in UTC and end in `Z`.
    pub async fn all(&self) -> Vec<Value> {
        let rows = self.0.get("zoho/records/Events").await.unwrap();
        let mut rows = rows["records"].as_array().unwrap().clone();
        for row in &mut rows {
            for name in ["Start_DateTime", "End_DateTime"] {
                let at = row[name].as_str().unwrap().replace("+00:00", "Z");
                row[name] = json!(at);
            }
        }
        rows.sort_by_key(|row| row["Start_DateTime"].as_str().unwrap().to_owned());
        rows
    }

    /// Every meeting of this title, by beginning.
    pub async fn titled(&self, title: &str) -> Vec<Value> {
        let mut rows = self.all().await;
        rows.retain(|row| row["Event_Title"] == title);
        rows
    }

    /// The only meeting of this title.
    pub async fn only(&self, title: &str) -> Value {
        let mut rows = self.titled(title).await;
        assert_eq!(rows.len(), 1, "{title}: {rows:?}");
        rows.remove(0)
    }
}

impl Calendar<'_> {
    /// Types an event in; answers its id.
    pub async fn adds(&self, event: Value) -> String {
        let new = json!({ "event": event });
        let path = "google/calendars/primary/events";
        let event = self.0.post(path, &new).await.unwrap();
        id(&event)
    }

    /// Changes an event, a series or one instance.
    pub async fn edits(&self, id: &str, event: Value) {
        let path = format!("google/calendars/primary/events/{id}");
        let change = json!({ "event": event });
        self.0.patch(&path, &change).await.unwrap();
    }

    /// Cancels an event, a series or one instance.
    pub async fn deletes(&self, id: &str) {
        let path = format!("google/calendars/primary/events/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// Everything stored: events, series and exceptions, cancelled ones too; times are in UTC.
    pub async fn stored(&self) -> Vec<Value> {
        let path = "google/calendars/primary/events";
        let events = self.0.get(path).await.unwrap();
        events["events"].as_array().unwrap().clone()
    }

    /// Every event and series that is not cancelled.
    pub async fn all(&self) -> Vec<Value> {
        let mut events = self.stored().await;
        events.retain(|event| {
            event["status"] != "cancelled" && event.get("recurringEventId").is_none()
        });
        events
    }

    /// The exceptions of a series, cancelled ones too, by their original beginning.
    pub async fn exceptions(&self, series: &str) -> Vec<Value> {
        let mut events = self.stored().await;
        events.retain(|event| event["recurringEventId"] == series);
        events.sort_by_key(id);
        events
    }

    /// Every event and series of this title.
    pub async fn titled(&self, title: &str) -> Vec<Value> {
        let mut events = self.all().await;
        events.retain(|event| event["summary"] == title);
        events
    }

    /// The only event or series of this title.
    pub async fn only(&self, title: &str) -> Value {
        let mut events = self.titled(title).await;
        assert_eq!(events.len(), 1, "{title}: {events:?}");
        events.remove(0)
    }
}

/// A record's id.
pub fn id(record: &Value) -> String {
    record["id"].as_str().unwrap().to_owned()
}
