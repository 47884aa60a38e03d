//! What is in both calendars, without lag, and what was planted in them.

use std::collections::BTreeMap;

use e2e::Sandbox;
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::{Value, json};

use super::{Form, Meeting, ZONE, midnight};
use crate::crowd::{items, text};

/// Events of Ana's calendar.
pub const EVENTS: &str = "google/calendars/primary/events";
/// Meetings of the CRM.
pub const MEETINGS: &str = "zoho/records/Events";
/// Ana in the CRM, by whose clock meetings recur.
pub const AS_ANA: &str = "?as=ana@harbour-hill.example.com";

/// What ended longer ago is outside the scope.
const PAST_DAYS: i64 = 90;

/// Both calendars.
pub struct Diary<'a>(pub &'a Sandbox);

/// An hour of Google's, by the clock of the CRM's user.
pub fn hour(start: Timestamp) -> Value {
    let end = start + SignedDuration::from_hours(1);
    let time = |at: Timestamp| json!({ "dateTime": at.to_string(), "timeZone": ZONE });
    json!({ "start": time(start), "end": time(end) })
}

/// An hour of the CRM's.
pub fn crm_hour(start: Timestamp) -> Value {
    let end = start + SignedDuration::from_hours(1);
    json!({ "Start_DateTime": start.to_string(), "End_DateTime": end.to_string() })
}

/// A value with further members.
pub fn with(mut value: Value, more: &Value) -> Value {
    let members = value.as_object_mut().unwrap();
    members.extend(more.as_object().cloned().unwrap());
    value
}

impl Diary<'_> {
    /// What the CRM has; a series is one.
    pub async fn crm(&self) -> Vec<Meeting> {
        let rows = self.0.get(MEETINGS).await.unwrap();
        let mut meetings: BTreeMap<String, Meeting> = BTreeMap::new();
        for row in items(&rows["records"]) {
            let series = row["$recurrence_id"].as_str();
            let id = series.map_or(text(&row["id"]), |series| format!("series:{series}"));
            let at = |name: &str| text(&row[name]).parse::<Timestamp>().unwrap();
            let guests = items(&row["Participants"]).next();
            let found = meetings.entry(id.clone()).or_insert_with(|| Meeting {
                id,
                title: text(&row["Event_Title"]),
                occurrences: BTreeMap::new(),
                is_inside: false,
                form: form(series.is_some(), row["All_day"] == true),
                has_guests: guests.is_some(),
            });
            found.is_inside |= at("End_DateTime") > midnight(-PAST_DAYS);
            found
                .occurrences
                .insert(at("Start_DateTime"), text(&row["id"]));
        }
        meetings.into_values().collect()
    }

    /// What Ana's calendar has; a series is one.
    pub async fn google(&self) -> Vec<Meeting> {
        let events = self.0.get(EVENTS).await.unwrap();
        let own = items(&events["events"]).filter(|event| {
            event["status"] != "cancelled" && event.get("recurringEventId").is_none()
        });
        own.map(meeting).collect()
    }

    pub async fn removes_event(&self, id: &str) {
        let path = format!("{EVENTS}/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// Types an event in; answers its id.
    pub async fn adds_event(&self, event: &Value) -> String {
        let new = json!({ "event": event });
        text(&self.0.post(EVENTS, &new).await.unwrap()["id"])
    }

    pub async fn edits_event(&self, id: &str, event: &Value) {
        let path = format!("{EVENTS}/{id}");
        let edit = json!({ "event": event });
        self.0.patch(&path, &edit).await.unwrap();
    }

    /// Types a meeting in; answers the record's id, as the sync calls it.
    pub async fn adds_row(&self, values: &Value) -> String {
        let path = format!("{MEETINGS}{AS_ANA}");
        let created = self.0.post(&path, values).await.unwrap();
        let id = text(&created["ids"][0]);
        let row = self.0.get(&format!("{MEETINGS}/{id}")).await.unwrap();
        let series = row["$recurrence_id"].as_str();
        series.map_or(id, |series| format!("series:{series}"))
    }

    pub async fn edits_row(&self, id: &str, values: &Value) {
        let path = format!("{MEETINGS}/{id}");
        self.0.patch(&path, values).await.unwrap();
    }

    pub async fn removes_row(&self, id: &str) {
        let path = format!("{MEETINGS}/{id}");
        self.0.delete(&path).await.unwrap();
    }

    /// A series of Google's; every second one has an instance that was moved, and one that was cancelled.
    pub(super) async fn plants_board(&self, number: u32) {
        let start = midnight(3 + i64::from(number)) + SignedDuration::from_hours(7);
        let series = json!({
            "summary": format!("Board {number}"), "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"],
        });
        let id = self.adds_event(&with(hour(start), &series)).await;
        if number.is_multiple_of(2) {
            let week = SignedDuration::from_hours(7 * 24);
            let [second, third] = [start + week, start + week * 2]
                .map(|at| format!("{id}_{}", at.strftime("%Y%m%dT%H%M%SZ")));
            let later = start + week + SignedDuration::from_hours(2);
            self.edits_event(&second, &hour(later)).await;
            self.removes_event(&third).await;
        }
    }

    /// A series of the CRM's; every second one has an occurrence that was moved, and one that was deleted.
    pub(super) async fn plants_staff(&self, number: u32) {
        let start = midnight(4 + i64::from(number)) + SignedDuration::from_hours(12);
        let title = format!("Staff {number}");
        let series = json!({ "Event_Title": title, "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=5" } });
        self.adds_row(&with(crm_hour(start), &series)).await;
        if number.is_multiple_of(2) {
            let all = self.crm().await;
            let planted = all.iter().find(|meeting| meeting.title == title).unwrap();
            let occurrences: Vec<_> = planted.occurrences.iter().collect();
            let (at, second) = occurrences[1];
            let later = *at + SignedDuration::from_hours(2);
            self.edits_row(second, &crm_hour(later)).await;
            self.removes_row(occurrences[2].1).await;
        }
    }

    pub(super) async fn plants_series_on_both(&self) {
        let start = midnight(5) + SignedDuration::from_hours(9);
        let series = json!({ "summary": "Class", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=6"] });
        self.adds_event(&with(hour(start), &series)).await;
        let series = json!({ "Event_Title": "Class", "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=6" } });
        self.adds_row(&with(crm_hour(start), &series)).await;
    }

    pub(super) async fn plants_days_on_both(&self) {
        let [first, last, end] = [10, 11, 12].map(|days| midnight(days).strftime("%F").to_string());
        self.adds_event(&json!({
            "summary": "Fair", "start": { "date": first }, "end": { "date": end },
            "reminders": { "useDefault": false },
        }))
        .await;
        self.adds_row(&json!({
            "Event_Title": "Fair", "All_day": true,
            "Start_DateTime": format!("{first}T00:00:00Z"), "End_DateTime": format!("{last}T23:59:59Z"),
        }))
        .await;
    }
}

fn form(is_series: bool, is_of_days: bool) -> Form {
    match (is_series, is_of_days) {
        (true, _) => Form::Series,
        (false, true) => Form::Days,
        (false, false) => Form::Times,
    }
}

fn meeting(event: &Value) -> Meeting {
    let at = |time: &Value| match time["date"].as_str() {
        Some(day) => {
            let day: Date = day.parse().unwrap();
            day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
        }
        None => text(&time["dateTime"]).parse().unwrap(),
    };
    let (start, end) = (at(&event["start"]), at(&event["end"]));
    let is_series = !event["recurrence"].is_null();
    let is_private = event["visibility"] == "private";
    Meeting {
        id: text(&event["id"]),
        title: text(&event["summary"]),
        occurrences: BTreeMap::from([(start, text(&event["id"]))]),
        is_inside: !is_private && (is_series || end > midnight(-PAST_DAYS)),
        form: form(is_series, event["start"]["date"].is_string()),
        has_guests: items(&event["attendees"]).next().is_some(),
    }
}
