//! Events as JSON, the way one caller sees them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::calendar::{Calendar, Role};
use super::event::Event;
use super::moment::rendered;
use super::sight::Seen;

/// One caller's view of one calendar.
pub(super) struct View<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) account: &'a str,
    pub(super) role: Role,
    /// The zone in which times are shown.
    pub(super) zone: TimeZone,
    /// Most guests shown; of more only the caller is.
    pub(super) most_attendees: Option<usize>,
    /// Whether a cancelled event still shows what it was.
    pub(super) cancelled_in_full: bool,
}

impl View<'_> {
    /// An event.
    pub(super) fn event(&self, seen: &Seen) -> Value {
        let event = &seen.event;
        let content = &event.content;
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("kind", json!("calendar#event"));
        put("etag", json!(seen.etag()));
        put("id", json!(event.id));
        put("status", json!(content.status));
        if let Some(place) = &event.place {
            put("recurringEventId", json!(place.series));
            put("originalStartTime", place.original.json(&self.zone));
        }
        if content.is_cancelled() && !self.cancelled_in_full {
            return Value::Object(shown);
        }
        put("start", content.start.json(&self.zone));
        put("end", content.end.json(&self.zone));
        if !content.recurrence.is_empty() {
            put("recurrence", json!(content.recurrence));
        }
        put("updated", json!(milliseconds(event.updated)));
        if self.hides(event) {
            put("visibility", json!("private"));
            return Value::Object(shown);
        }
        let link = blake3::hash(format!("{}{}", event.id, self.calendar.id).as_bytes());
        put(
            "htmlLink",
            json!(format!(
                "https://calendar.example.com/event?eid={}",
                &link.to_hex()[..16]
            )),
        );
        put("created", json!(milliseconds(event.created / 1000 * 1000)));
        put("iCalUID", json!(event.ical_uid));
        put("sequence", json!(event.sequence));
        put("eventType", json!(event.kind));
        put("creator", self.person(&event.creator, None));
        put(
            "organizer",
            self.person(
                &event.organizer.email,
                event.organizer.display_name.as_deref(),
            ),
        );
        put("reminders", self.reminders(event));
        for (name, value) in &content.plain {
            put(name, value.clone());
        }
        if event.imported {
            put("privateCopy", json!(true));
        }
        self.attendees(event, &mut put);
        extended(event, &mut put);
        Value::Object(shown)
    }

    /// Whether this caller sees no more than that somebody is busy.
    fn hides(&self, event: &Event) -> bool {
        let private = matches!(event.content.text("visibility"), "private" | "confidential");
        self.role == Role::FreeBusyReader || (private && !self.role.sees_private())
    }

    fn person(&self, email: &str, display_name: Option<&str>) -> Value {
        let mut person = json!({"email": email});
        if let Some(name) = display_name {
            person["displayName"] = json!(name);
        }
        if email == self.calendar.id {
            person["self"] = json!(true);
        }
        person
    }

    fn reminders(&self, event: &Event) -> Value {
        event
            .reminders
            .get(self.account)
            .cloned()
            .unwrap_or_else(|| json!({"useDefault": true}))
    }

    fn attendees(&self, event: &Event, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
        let all = &event.content.attendees;
        if all.is_empty() {
            return;
        }
        let mut shown: Vec<Value> = all
            .iter()
            .map(|attendee| {
                let mut attendee = attendee.clone();
                if attendee["email"] == event.organizer.email.as_str() {
                    attendee["organizer"] = json!(true);
                }
                if attendee["email"] == self.calendar.id.as_str() {
                    attendee["self"] = json!(true);
                }
                attendee
            })
            .collect();
        let hidden = self.calendar.id != event.organizer.email
            && !event.content.flag("guestsCanSeeOtherGuests");
        if hidden || self.most_attendees.is_some_and(|most| shown.len() > most) {
            shown.retain(|attendee| attendee["self"] == true);
            put("attendeesOmitted", json!(true));
        }
        put("attendees", json!(shown));
    }
}

fn extended(event: &Event, put: &mut impl FnMut(&str, Value) -> Option<Value>) {
    let mut extended = Map::new();
    for (name, side) in [
        ("private", &event.content.private),
        ("shared", &event.content.shared),
    ] {
        if !side.is_empty() {
            extended.insert(name.to_owned(), json!(side));
        }
    }
    if !extended.is_empty() {
        put("extendedProperties", Value::Object(extended));
    }
}

/// Everything about a calendar, for control.
pub(super) fn truth(calendar: &Calendar) -> Value {
    let view = View {
        calendar,
        account: &calendar.owner,
        role: Role::Owner,
        zone: TimeZone::UTC,
        most_attendees: None,
        cancelled_in_full: true,
    };
    let sight = calendar.truth();
    let events: Vec<Value> = sight
        .changes(0)
        .map(|version| {
            let mut shown = view.event(&sight.shown(version));
            shown["remindersByAccount"] = json!(version.value.reminders);
            shown
        })
        .collect();
    let roles: Map<String, Value> = calendar
        .roles()
        .map(|(account, role)| (account.clone(), json!(role.word())))
        .collect();
    json!({
        "summary": calendar.summary, "timeZone": calendar.time_zone, "owner": calendar.owner,
        "roles": roles, "events": events,
    })
}

/// The calendar itself.
pub(super) fn calendar(calendar: &Calendar) -> Value {
    let etag = format!("\"c{}\"", calendar.revision);
    let mut shown = json!({
        "kind": "calendar#calendar", "etag": etag, "id": calendar.id, "summary": calendar.summary,
        "timeZone": calendar.time_zone, "dataOwner": calendar.owner,
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    });
    for (name, value) in [
        ("description", &calendar.description),
        ("location", &calendar.location),
    ] {
        if let Some(value) = value {
            shown[name] = json!(value);
        }
    }
    shown
}

/// `2026-12-01T08:00:00.000Z`; `created` has no fraction but its zeros.
pub(super) fn milliseconds(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    format!(
        "{}.{:03}Z",
        rendered(at, &TimeZone::UTC).trim_end_matches('Z'),
        at.subsec_millisecond()
    )
}
