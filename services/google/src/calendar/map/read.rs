//! From Google's events to a canonical record.

use model::{
    Record, Value,
    event::{
        self, Alert, AlertAction, EventStatus, FreeBusy, Participant, Point, Privacy, Recurrence,
        Role, Status, When,
    },
};

use super::{Unmapped, exceptions::overrides, text::description};
use crate::calendar::wire::{Attendee, Event, Reminder, Time};

/// A series, or an event that does not recur, as one record. `defaults` are the calendar's own reminders.
pub(in crate::calendar) fn record(
    master: &Event,
    instances: &[Event],
    defaults: &[Reminder],
) -> Result<Record, Unmapped> {
    let when = when(master)?;
    let mut record = Record::new(crate::calendar::EVENT);
    let mut set = |field: &str, value: Option<Value>| super::set(&mut record, field, value);
    for (field, value) in own_values(master) {
        set(field, Value::text(&value));
    }
    let lines = master.recurrence.iter().map(String::as_str);
    if let Some(recurrence) = Recurrence::read(lines, &when)? {
        let overrides = overrides(master, &when, &recurrence, instances)?;
        set("recurrence", Value::text(&recurrence.rule.to_string()));
        set("overrides", Value::elements(overrides));
    }
    set("when", Value::text(&when.to_string()));
    let participants = master.attendees.iter().filter_map(participant);
    set(
        "participants",
        Value::elements(participants.map(|one| one.element())),
    );
    let organizer = master
        .organizer
        .as_ref()
        .and_then(|one| one.email.as_deref());
    set("organizer", organizer.and_then(Value::text));
    if let Some(reminders) = &master.reminders {
        // Reminders of the calendar's own for whole days are not told.
        let shown = match (reminders.use_default, when.is_days()) {
            (false, _) => &reminders.overrides[..],
            (true, false) => defaults,
            (true, true) => &[],
        };
        let alerts = shown.iter().filter_map(alert);
        set(
            "alerts",
            Value::elements(alerts.map(|alert| alert.element())),
        );
        let word = if reminders.use_default {
            "true"
        } else {
            "false"
        };
        set("useDefaultAlerts", Value::text(word));
    }
    let source = master
        .source
        .as_ref()
        .and_then(|source| source.url.as_deref());
    set("url", source.and_then(Value::text));
    set("uid", master.ical_uid.as_deref().and_then(Value::text));
    let recurrence_id = recurrence_id(master);
    set(
        "recurrenceId",
        recurrence_id.as_deref().and_then(Value::text),
    );
    event::check(&record)?;
    Ok(record)
}

/// Values that an instance may have of its own.
pub(super) fn own_values(event: &Event) -> Vec<(&'static str, String)> {
    let status = (event.status == "tentative").then_some(EventStatus::Tentative);
    let privacy = match event.visibility.as_deref() {
        Some("public") => Some(Privacy::Public),
        Some("private") => Some(Privacy::Private),
        Some("confidential") => Some(Privacy::Secret),
        _ => None,
    };
    let is_free = event.transparency.as_deref() == Some("transparent");
    let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let values = [
        ("title", text(&event.summary)),
        ("location", text(&event.location)),
        (
            "description",
            text(&event.description).map(|text| description(&text).to_string()),
        ),
        ("status", status.map(|word| word.to_string())),
        ("privacy", privacy.map(|word| word.to_string())),
        ("freeBusy", is_free.then(|| FreeBusy::Free.to_string())),
        ("conference", conference(event)),
    ];
    let given = values
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)));
    given.collect()
}

/// Of an instance to which alone the account is invited, where its series has it: an instant in UTC, or a day.
pub(super) fn recurrence_id(event: &Event) -> Option<String> {
    match point(event.original_start_time.as_ref()?).ok()? {
        Point::Day(day) => Some(day.to_string()),
        at => at.instant().map(|at| at.to_string()),
    }
}

/// When an event is.
pub(super) fn when(event: &Event) -> Result<When, Unmapped> {
    let (Some(start), Some(end)) = (&event.start, &event.end) else {
        return Err(Unmapped::Form);
    };
    Ok(When::new(point(start)?, point(end)?)?)
}

/// A beginning or an end: an instant, shown by the clock of the zone in which it was planned.
pub(super) fn point(time: &Time) -> Result<Point, Unmapped> {
    let zone = time.time_zone.as_deref();
    match (&time.date, &time.date_time) {
        (Some(date), _) => Ok(Point::read(date, None)?),
        (None, Some(at)) => Ok(Point::read(at, zone)?),
        (None, None) => Err(Unmapped::Form),
    }
}

pub(super) fn participant(attendee: &Attendee) -> Option<Participant> {
    let address = match (&attendee.email, &attendee.id) {
        (Some(email), _) => email.clone(),
        (None, Some(id)) => format!("urn:google:profile:{id}"),
        (None, None) => return None,
    };
    Some(Participant {
        name: attendee.display_name.clone(),
        role: match (attendee.resource, attendee.optional) {
            (true, _) => Some(Role::Resource),
            (false, true) => Some(Role::Optional),
            (false, false) => None,
        },
        status: match attendee.response_status.as_deref() {
            Some("needsAction") => Some(Status::NeedsAction),
            Some("accepted") => Some(Status::Accepted),
            Some("declined") => Some(Status::Declined),
            Some("tentative") => Some(Status::Tentative),
            _ => None,
        },
        comment: attendee.comment.clone(),
        ..Participant::new(&address)
    })
}

pub(super) fn alert(reminder: &Reminder) -> Option<Alert> {
    let action = match reminder.method.as_str() {
        "popup" => AlertAction::Display,
        "email" => AlertAction::Email,
        _ => return None,
    };
    Some(Alert {
        action,
        ..Alert::minutes_before(reminder.minutes)
    })
}

/// Where people join: the video call, or whatever else is given as an address of the web.
fn conference(event: &Event) -> Option<String> {
    let points = event
        .conference_data
        .as_ref()
        .map_or(&[][..], |call| &call.entry_points);
    let video = points
        .iter()
        .find(|point| point.entry_point_type == "video");
    let web = points
        .iter()
        .find(|point| point.uri.starts_with("https://"));
    let uri = video.or(web).map(|point| point.uri.clone());
    uri.or_else(|| event.hangout_link.clone())
}
