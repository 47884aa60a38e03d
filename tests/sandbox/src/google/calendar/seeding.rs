//! The demo's meetings as Google events.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::act::{Act, Notify};
use super::control::{cancel, edit, insert};
use super::error::CalendarError;
use super::event::instance_id;
use super::moment::Moment;
use super::recurrence;
use crate::seed::{Meeting, When};

/// Puts the office's diary into the account's primary calendar; answers the ids by what is special about them.
pub(in crate::google) fn seed(
    act: &mut Act<'_>,
    meetings: &[Meeting],
) -> Result<Value, CalendarError> {
    let mut specials = Map::new();
    let mut count = 0;
    for meeting in meetings {
        let body = wire(meeting);
        let seen = insert(act, "primary", &body, Notify::Nobody)?;
        count += 1;
        let id = seen.event.id.clone();
        let content = &seen.event.content;
        let starts =
            recurrence::occurrences(&content.recurrence, &content.start, &TimeZone::UTC, None);
        if let Some(original) = meeting.moved.and_then(|number| starts.get(number)) {
            let instance = instance_id(&id, original);
            edit(
                act,
                "primary",
                &instance,
                &later(&seen.event.instance(original)),
                Notify::Nobody,
            )?;
        }
        if let Some(original) = meeting.cancelled.and_then(|number| starts.get(number)) {
            cancel(act, "primary", &instance_id(&id, original), Notify::Nobody)?;
        }
        if let Some(special) = meeting.special {
            specials.insert(special.to_owned(), json!(id));
        }
    }
    Ok(json!({"calendar": act.account, "events": count, "special": specials}))
}

/// The same instance two hours later.
fn later(event: &super::event::Event) -> Map<String, Value> {
    let shifted = |moment: &Moment| match moment {
        Moment::Time { at, zone } => Moment::Time {
            at: *at + jiff::SignedDuration::from_hours(2),
            zone: zone.clone(),
        },
        Moment::Day(day) => Moment::Day(*day),
    };
    Map::from_iter([
        (
            "start".to_owned(),
            shifted(&event.content.start).json(&TimeZone::UTC),
        ),
        (
            "end".to_owned(),
            shifted(&event.content.end).json(&TimeZone::UTC),
        ),
    ])
}

/// A meeting in Google's words.
fn wire(meeting: &Meeting) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    let (start, end) = match &meeting.when {
        When::Days(day, days) => {
            let last = day
                .checked_add(jiff::Span::new().days(*days))
                .unwrap_or(*day);
            (
                json!({"date": day.to_string()}),
                json!({"date": last.to_string()}),
            )
        }
        When::Time(start, zone, minutes) => {
            let end = start
                .checked_add(jiff::Span::new().minutes(*minutes))
                .unwrap_or(*start);
            let time =
                |at: &jiff::civil::DateTime| json!({"dateTime": at.to_string(), "timeZone": zone});
            (time(start), time(&end))
        }
    };
    put("start", start);
    put("end", end);
    if let Some(title) = &meeting.title {
        put("summary", json!(title));
    }
    if let Some(place) = meeting.place {
        put("location", json!(place));
    }
    if let Some(note) = meeting.note {
        put("description", json!(note));
    }
    if meeting.private {
        put("visibility", json!("private"));
    }
    if let Some(rule) = meeting.rule {
        put("recurrence", json!([format!("RRULE:{rule}")]));
    }
    let guests: Vec<Value> = meeting
        .guests
        .iter()
        .map(|guest| json!({"email": guest.email, "displayName": guest.name}))
        .collect();
    if !guests.is_empty() {
        put("attendees", json!(guests));
    }
    let overrides: Vec<Value> = meeting
        .reminders
        .iter()
        .map(|minutes| json!({"method": "popup", "minutes": minutes}))
        .collect();
    put(
        "reminders",
        json!({"useDefault": false, "overrides": overrides}),
    );
    body
}
