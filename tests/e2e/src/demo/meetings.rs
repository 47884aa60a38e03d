//! Meetings that are hard to carry over: people type them in before the first sync, and change them after it.

mod edits;
mod known;
mod shown;

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use crate::Sandbox;

pub(super) use edits::{MeetingEdit, MeetingEdits};
pub(super) use known::known;
#[cfg(test)]
pub(super) use shown::standing_of;
pub(super) use shown::{Standing, standing, tell};

use super::people::At;

/// Ana's calendar.
const EVENTS: &str = "google/calendars/primary/events";
/// The CRM's meetings.
const MEETINGS: &str = "zoho/records/Events";
/// Ana in the CRM, which repeats her meetings by her clock.
const AS_ANA: &str = "?as=ana@harbour-hill.example.com";
/// Whom the scenario makes contacts, because they are guests.
const GUESTS: [&str; 2] = ["ben@example.com", "carla@example.org"];
/// Ana's zone.
const ZONE: &str = "Europe/Istanbul";

/// A meeting that somebody types in.
pub(super) struct Hard {
    pub(super) title: &'static str,
    /// Where.
    pub(super) at: At,
    /// What is hard about it.
    pub(super) what: &'static str,
    /// How many times it takes place.
    pub(super) times: usize,
}

/// A series of Google's.
pub(super) const BOARD: Hard = Hard {
    title: "Board",
    at: At::Right,
    what: "four weeks, one moved, one cancelled",
    times: 3,
};
/// A series of the CRM's.
pub(super) const TRAINING: Hard = Hard {
    title: "Training",
    at: At::Left,
    what: "three days, one moved",
    times: 3,
};
/// Whole days.
pub(super) const FAIR: Hard = Hard {
    title: "Trade fair",
    at: At::Left,
    what: "two whole days",
    times: 1,
};
/// By another clock.
pub(super) const CALL: Hard = Hard {
    title: "Quarterly call",
    at: At::Right,
    what: "9 o'clock in Vancouver",
    times: 1,
};
/// All of them.
pub(super) const HARD: [&Hard; 4] = [&BOARD, &TRAINING, &FAIR, &CALL];

/// How many of them are typed in there.
pub(super) fn typed_in(at: At) -> u64 {
    HARD.iter().filter(|hard| hard.at == at).count() as u64
}

/// People type them in; none is near enough to be reminded of.
pub(super) async fn type_in(sandbox: &Sandbox) -> anyhow::Result<()> {
    let today = Timestamp::now().to_zoned(TimeZone::get(ZONE)?).date();
    let day = |days: i64| -> anyhow::Result<Date> { Ok(today.checked_add(days.days())?) };
    board(sandbox, day(7)?).await?;
    training(sandbox, day(10)?).await?;
    let fair = json!({
        "Event_Title": FAIR.title, "All_day": true, "Venue": "Hall 4",
        "Start_DateTime": format!("{}T00:00:00Z", day(12)?), "End_DateTime": format!("{}T23:59:59Z", day(13)?),
    });
    sandbox.post(&format!("{MEETINGS}{AS_ANA}"), &fair).await?;
    let mut call = hour(at(day(8)?, 9, "America/Vancouver")?, "America/Vancouver");
    call["summary"] = json!(CALL.title);
    let call = json!({ "event": call });
    sandbox.post(EVENTS, &call).await?;
    Ok(())
}

/// The second of four is two hours later, and the third does not take place.
async fn board(sandbox: &Sandbox, day: Date) -> anyhow::Result<()> {
    let mut series = hour(at(day, 10, ZONE)?, ZONE);
    series["summary"] = json!(BOARD.title);
    series["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    let series = json!({ "event": series });
    let series = sandbox.post(EVENTS, &series).await?;
    let series = series["id"].as_str().context("an event without an id")?;
    let instance = |weeks: i64| -> anyhow::Result<(Timestamp, String)> {
        let start = at(day.checked_add(weeks.weeks())?, 10, ZONE)?;
        let path = format!("{EVENTS}/{series}_{}", start.strftime("%Y%m%dT%H%M%SZ"));
        Ok((start, path))
    };
    let (start, second) = instance(1)?;
    let later = json!({ "event": hour(start + SignedDuration::from_hours(2), ZONE) });
    sandbox.patch(&second, &later).await?;
    sandbox.delete(&instance(2)?.1).await?;
    Ok(())
}

/// The second of three is an hour later.
async fn training(sandbox: &Sandbox, day: Date) -> anyhow::Result<()> {
    let mut series = crm_hour(at(day, 14, ZONE)?);
    series["Event_Title"] = json!(TRAINING.title);
    series["Recurring_Activity"] = json!({ "RRULE": "FREQ=DAILY;COUNT=3" });
    sandbox
        .post(&format!("{MEETINGS}{AS_ANA}"), &series)
        .await?;
    let (id, start) = crm_rows(sandbox, TRAINING.title).await?[1].clone();
    let later = crm_hour(start + SignedDuration::from_hours(1));
    sandbox.patch(&format!("{MEETINGS}/{id}"), &later).await?;
    Ok(())
}

/// Every one of the CRM's meetings of this title: id and beginning, by beginning.
async fn crm_rows(sandbox: &Sandbox, title: &str) -> anyhow::Result<Vec<(String, Timestamp)>> {
    let rows = sandbox.get(MEETINGS).await?;
    let mut found = BTreeMap::new();
    for row in list(&rows["records"])? {
        if row["Event_Title"] == title {
            let start: Timestamp = text(row, "Start_DateTime")?.parse()?;
            found.insert(start, text(row, "id")?.to_owned());
        }
    }
    anyhow::ensure!(!found.is_empty(), "Zoho CRM has no meeting {title}");
    Ok(found.into_iter().map(|(start, id)| (id, start)).collect())
}

/// Google's event or series of this title.
async fn google_event(sandbox: &Sandbox, title: &str) -> anyhow::Result<Value> {
    let events = sandbox.get(EVENTS).await?;
    let mut events = list(&events["events"])?.iter();
    let found = events.find(|event| is_own(event) && event["summary"] == title);
    let found = found.with_context(|| format!("Google has no event {title}"))?;
    Ok(found.clone())
}

/// Whether an event is there, and no part of a series.
fn is_own(event: &Value) -> bool {
    event["status"] != "cancelled" && event.get("recurringEventId").is_none()
}

/// Cancels one of Google's: of sixty guests the CRM would hold fifty, and the calendars would differ for a good reason.
pub(super) async fn cancel(sandbox: &Sandbox, id: &str) -> anyhow::Result<()> {
    sandbox.delete(&format!("{EVENTS}/{id}")).await?;
    Ok(())
}

/// The scenario's guests are contacts of the CRM, and nobody's clients.
pub(super) async fn guests_are_no_clients(sandbox: &Sandbox) -> anyhow::Result<()> {
    let contacts = sandbox.get("zoho/records/Contacts").await?;
    for contact in list(&contacts["records"])? {
        let email = contact["Email"].as_str().unwrap_or_default();
        if GUESTS.contains(&email) {
            let path = format!("zoho/records/Contacts/{}", text(contact, "id")?);
            sandbox.patch(&path, &json!({ "Tier": "Regular" })).await?;
        }
    }
    Ok(())
}

/// An o'clock of a day, by the clock of a zone.
fn at(day: Date, o_clock: i8, zone: &str) -> anyhow::Result<Timestamp> {
    let zone = TimeZone::get(zone)?;
    Ok(zone.to_timestamp(day.at(o_clock, 0, 0, 0))?)
}

/// An hour of Google's, by the clock of a zone.
fn hour(start: Timestamp, zone: &str) -> Value {
    let end = start + SignedDuration::from_hours(1);
    let time = |at: Timestamp| json!({ "dateTime": at.to_string(), "timeZone": zone });
    json!({ "start": time(start), "end": time(end) })
}

/// An hour of the CRM's.
fn crm_hour(start: Timestamp) -> Value {
    let end = start + SignedDuration::from_hours(1);
    json!({ "Start_DateTime": start.to_string(), "End_DateTime": end.to_string() })
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("the sandbox shows no list")
}

fn text<'a>(record: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let text = record[name].as_str();
    text.with_context(|| format!("a meeting without {name}"))
}
