//! The demo's meetings as Google events.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::act::{Act, Notify};
use super::calendar::Role;
use super::control::{cancel, create, edit, insert, put_entry, share};
use super::error::CalendarError;
use super::event::instance_id;
use super::moment::Moment;
use super::recurrence;
use crate::seed::{Meeting, Reminders, When};

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

/// What a colleague adds: a calendar that the account may only read, and an invitation, which is the same meeting in two
/// mailboxes. Answers the calendar's id and the invitation's.
pub(in crate::google) fn seed_colleague(
    act: &mut Act<'_>,
    account: &str,
    meetings: &[Meeting],
) -> Result<(String, Value), CalendarError> {
    let calendar = create(act, "Team", None)?;
    let plain = meetings.iter().filter(|meeting| meeting.special.is_none());
    let plain: Vec<&Meeting> = plain.take(3).collect();
    for meeting in &plain {
        insert(act, &calendar, &wire(meeting), Notify::Nobody)?;
    }
    share(act, &calendar, account, Some(Role::Reader))?;
    let mut invitation = meetings.first().map(wire).unwrap_or_default();
    invitation.insert("summary".to_owned(), json!("Invitation of a colleague"));
    let attendees =
        json!([{"email": account}, {"email": act.account, "responseStatus": "accepted"}]);
    invitation.insert("attendees".to_owned(), attendees);
    let seen = insert(act, "primary", &invitation, Notify::Nobody)?;
    let told = json!({
        "read_only": {"calendar": calendar, "account": act.account, "events": plain.len()},
        "second_mailbox": {"account": act.account, "invitation": seen.event.id},
    });
    Ok((calendar, told))
}

/// Puts the colleague's calendar into the account's list.
pub(in crate::google) fn seed_entry(
    act: &mut Act<'_>,
    calendar: &str,
) -> Result<(), CalendarError> {
    put_entry(act, calendar, &json!({}))
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
    put("reminders", reminders(&meeting.reminders));
    body
}

fn reminders(reminders: &Reminders) -> Value {
    let Reminders::Own { popups, emails } = reminders else {
        return json!({"useDefault": true});
    };
    let of = |method: &'static str, minutes: &[u32]| -> Vec<Value> {
        let each = minutes.iter();
        each.map(|minutes| json!({"method": method, "minutes": minutes}))
            .collect()
    };
    let overrides = [of("popup", popups), of("email", emails)].concat();
    json!({"useDefault": false, "overrides": overrides})
}
