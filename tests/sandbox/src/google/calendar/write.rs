//! Every change of an event: insert, import, patch, update, delete, move. People and clients take the same way.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::act::{Act, Notify};
use super::checks::{changeable, expect, prepared, restricted, sequence};
use super::content::{Content, overlay};
use super::error::CalendarError;
use super::event::{Event, is_valid_id};
use super::guests;
use super::properties;
use super::recurrence;
use super::reminding;
use super::sight::Seen;

/// How a body changes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::google) enum Mode {
    /// What it names is laid over the event.
    Patch,
    /// What it does not name is gone.
    Replace,
}

/// What a write asks for beside its body.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::google) struct Wish<'a> {
    pub(super) notify: Notify,
    /// `conferenceDataVersion=1`; without it conference data is ignored without a word.
    pub(super) conference: bool,
    /// `supportsAttachments=true`.
    pub(super) attachments: bool,
    /// The value of `If-Match`.
    pub(super) if_match: Option<&'a str>,
}

type Body = Map<String, Value>;

/// Adds an event.
pub(in crate::google) fn insert(
    act: &mut Act<'_>,
    calendar: &str,
    body: &Body,
    wish: Wish<'_>,
) -> Result<Seen, CalendarError> {
    let calendar = act.writable(calendar)?;
    let body = prepared(act, body, wish)?;
    let invalid_id = || CalendarError::invalid("Invalid resource id value.");
    let chosen = body.get("id").filter(|id| !id.is_null());
    let uid = body.get("iCalUID").and_then(Value::as_str);
    let id = match chosen {
        None => act.dice.token(),
        Some(_) if uid.is_some() => return Err(invalid_id()),
        Some(id) => {
            let id = id.as_str().filter(|id| is_valid_id(id));
            id.ok_or_else(invalid_id)?.to_owned()
        }
    };
    // Deleting does not free an id.
    if act.calendars.calendar_mut(&calendar)?.stored(&id).is_some() {
        return Err(CalendarError::duplicate());
    }
    let event_type = body
        .get("eventType")
        .and_then(Value::as_str)
        .unwrap_or("default");
    if event_type != "default" && !act.by_people {
        return Err(restricted("An event of this type cannot be created here."));
    }
    let ical_uid = uid.map_or_else(|| format!("{id}@google.com"), str::to_owned);
    let mut event = fresh(act, &calendar, id, ical_uid, &body)?;
    event_type.clone_into(&mut event.kind);
    let seen = stored(act, &calendar, None, &event, wish.notify)?;
    reminding::count(act, &calendar, None, &event);
    Ok(seen)
}

/// Adds a private copy of an event that is known elsewhere: nobody is invited.
pub(in crate::google) fn import(
    act: &mut Act<'_>,
    calendar: &str,
    body: &Body,
    wish: Wish<'_>,
) -> Result<Seen, CalendarError> {
    let calendar = act.writable(calendar)?;
    let body = prepared(act, body, wish)?;
    let uid = body.get("iCalUID").and_then(Value::as_str);
    let uid = uid
        .ok_or_else(|| CalendarError::required("Missing iCalUID."))?
        .to_owned();
    if body.get("eventType").is_some_and(|kind| kind != "default") {
        return Err(restricted(
            "Only events of the default type can be imported.",
        ));
    }
    let known = {
        let own = act.calendars.calendar_mut(&calendar)?;
        own.ids_of_uid(&uid).next().map(str::to_owned)
    };
    let id = match known {
        Some(_) if !act.settings.import_replaces => return Err(CalendarError::duplicate()),
        Some(id) => id,
        None => act.dice.token(),
    };
    let mut event = fresh(act, &calendar, id, uid, &body)?;
    event.imported = true;
    if let Some(email) = body
        .get("organizer")
        .and_then(|organizer| organizer["email"].as_str())
    {
        email.clone_into(&mut event.organizer.email);
        event.organizer.display_name = body["organizer"]["displayName"].as_str().map(str::to_owned);
    }
    let seen = stored(act, &calendar, None, &event, Notify::Nobody)?;
    reminding::count(act, &calendar, None, &event);
    Ok(seen)
}

/// Changes an event or one instance of a series.
pub(in crate::google) fn change(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    mode: Mode,
    body: &Body,
    wish: Wish<'_>,
) -> Result<Seen, CalendarError> {
    let calendar = act.writable(calendar)?;
    let seen = act.find(&calendar, id)?;
    expect(&seen, wish.if_match)?;
    let before = seen.event.clone();
    let body = prepared(act, body, wish)?;
    changeable(act, &before, &body)?;
    let mut whole = body.clone();
    if mode == Mode::Patch {
        whole = before.content.wire();
        let own = before.reminders.get(act.account).cloned();
        whole.insert(
            "reminders".to_owned(),
            own.unwrap_or_else(|| json!({"useDefault": true})),
        );
        overlay(&mut whole, &body);
    } else if before.content.is_cancelled() && !body.contains_key("status") {
        whole.insert("status".to_owned(), json!("confirmed"));
    }
    if before.place.is_some() {
        whole.remove("recurrence");
    }
    let mut content = Content::parse(&whole)?;
    let organizers = guests::is_organizers(&before, &calendar) || before.imported;
    if !organizers {
        content = guests::as_guest(&calendar, &before, content)?;
    }
    let mut after = Event {
        sequence: sequence(&before, &content, &body, organizers)?,
        content,
        ..before.clone()
    };
    let reminders = properties::reminders(whole.get("reminders").unwrap_or(&Value::Null))?;
    set_reminders(&mut after, act.account, reminders);
    if after == before && act.settings.unchanged_writes_are_silent {
        return Ok(seen);
    }
    if after.content != before.content {
        after.updated = act.now;
    }
    if organizers {
        let seen = stored(act, &calendar, Some(&before), &after, wish.notify)?;
        reminding::count(act, &calendar, Some(&before), &after);
        return Ok(seen);
    }
    reminding::count(act, &calendar, Some(&before), &after);
    let answered = after.content.response(&calendar) != before.content.response(&calendar);
    act.written.push(after.id.clone());
    let seen = act.put(&calendar, after.clone())?;
    if answered {
        guests::answer(act, &calendar, &after, wish.notify)?;
    }
    act.find(&calendar, &seen.event.id)
}

/// Cancels an event or one instance of a series.
pub(in crate::google) fn remove(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    wish: Wish<'_>,
) -> Result<(), CalendarError> {
    let calendar = act.writable(calendar)?;
    let seen = act.find(&calendar, id)?;
    if seen.event.content.is_cancelled() {
        return Err(CalendarError::deleted());
    }
    expect(&seen, wish.if_match)?;
    let mut after = seen.event.clone();
    "cancelled".clone_into(&mut after.content.status);
    after.updated = act.now;
    if guests::is_organizers(&after, &calendar) || after.imported {
        after.sequence += 1;
        stored(act, &calendar, Some(&seen.event), &after, wish.notify)?;
        return Ok(());
    }
    // Who deletes an invitation declines it (unverified).
    for attendee in &mut after.content.attendees {
        if attendee["email"] == calendar.as_str() {
            attendee["responseStatus"] = json!("declined");
        }
    }
    act.written.push(after.id.clone());
    guests::answer(act, &calendar, &after, wish.notify)?;
    act.put(&calendar, after)?;
    Ok(())
}

/// Moves an event to another calendar, which becomes its organizer; answers it as it is there.
pub(in crate::google) fn relocate(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    destination: &str,
    wish: Wish<'_>,
) -> Result<Seen, CalendarError> {
    let calendar = act.writable(calendar)?;
    let destination = act.writable(destination)?;
    let seen = act.find(&calendar, id)?;
    if seen.event.content.is_cancelled() {
        return Err(CalendarError::deleted());
    }
    expect(&seen, wish.if_match)?;
    if !guests::is_organizers(&seen.event, &calendar) {
        return Err(CalendarError::non_organizer());
    }
    if seen.event.place.is_some() || seen.event.kind != "default" {
        return Err(restricted("This event cannot be moved."));
    }
    let organizer = act.calendars.calendar_mut(&destination)?.organizer();
    let moved = Event {
        organizer,
        updated: act.now,
        ..seen.event.clone()
    };
    let mut left = seen.event;
    "cancelled".clone_into(&mut left.content.status);
    left.updated = act.now;
    act.put(&calendar, left)?;
    stored(act, &destination, None, &moved, wish.notify)
}

/// An event that does not exist yet.
fn fresh(
    act: &mut Act<'_>,
    calendar: &str,
    id: String,
    ical_uid: String,
    body: &Body,
) -> Result<Event, CalendarError> {
    let reminders = properties::reminders(body.get("reminders").unwrap_or(&Value::Null))?;
    let organizer = act.calendars.calendar_mut(calendar)?.organizer();
    let mut event = Event {
        id,
        ical_uid,
        created: act.now,
        updated: act.now,
        sequence: body.get("sequence").and_then(Value::as_i64).unwrap_or(0),
        creator: act.account.to_owned(),
        organizer,
        kind: "default".to_owned(),
        place: None,
        imported: false,
        content: Content::parse(body)?,
        reminders: BTreeMap::new(),
    };
    set_reminders(&mut event, act.account, reminders);
    Ok(event)
}

fn set_reminders(event: &mut Event, account: &str, reminders: Value) {
    if reminders == json!({"useDefault": true}) {
        event.reminders.remove(account);
    } else {
        event.reminders.insert(account.to_owned(), reminders);
    }
}

/// Stores the organizer's copy, tells the guests, and drops the exceptions that the series has outgrown.
fn stored(
    act: &mut Act<'_>,
    calendar: &str,
    before: Option<&Event>,
    after: &Event,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    let letters = guests::letters(act, calendar, before, after, notify);
    if !act.by_people {
        let strangers = guests::strangers(&letters, act.account);
        let quota = &act.settings.quota;
        act.calendars
            .meter
            .invite(act.account, strangers, quota, act.now)?;
    }
    act.letters.extend(letters);
    act.written.push(after.id.clone());
    let seen = act.put(calendar, after.clone())?;
    guests::deliver(act, calendar, before, after, notify)?;
    if let Some(before) = before.filter(|before| before.is_series()) {
        let moved = before.content.start != after.content.start
            || before.content.recurrence != after.content.recurrence;
        if moved && !after.content.is_cancelled() {
            prune(act, calendar, after)?;
        }
    }
    Ok(seen)
}

/// Exceptions whose original start is no occurrence any more are gone (unverified; the web interface resets them).
fn prune(act: &mut Act<'_>, calendar: &str, series: &Event) -> Result<(), CalendarError> {
    let own = act.calendars.calendar_mut(calendar)?;
    let zone = own.zone();
    let content = &series.content;
    let outgrown: Vec<Event> = own
        .truth()
        .exceptions(&series.id)
        .into_iter()
        .map(|seen| seen.event)
        .filter(|event| !event.content.is_cancelled())
        .filter(|event| {
            let original = event.place.as_ref().map(|place| &place.original);
            original.is_some_and(|original| {
                !recurrence::includes(&content.recurrence, &content.start, &zone, original)
            })
        })
        .collect();
    for mut event in outgrown {
        "cancelled".clone_into(&mut event.content.status);
        event.updated = act.now;
        act.put(calendar, event)?;
    }
    Ok(())
}
