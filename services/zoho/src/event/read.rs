//! Zoho CRM's row → canonical event.

use model::{
    Element, Path, Record, SIMPLE_PART, Value,
    event::{self, Alert, AlertAction, EventStatus, Trigger, Zone},
};
use serde_json::Value as Json;

use super::{NotCarried, participants::participants, place::is_placed, when::when};
use crate::{
    map,
    wire::{Row, instant},
};

/// What people read where a meeting has no title, which Zoho CRM needs.
const NO_TITLE: &str = "Not Provided";

/// The event that a row shows. `zone` is the caller's: the clock by which Zoho CRM's own pages show times.
pub(crate) fn read(row: &Row, zone: Option<&Zone>) -> Result<Record, NotCarried> {
    let shown = |name: &str| row.0.get(name).filter(|value| !value.is_null());
    if shown("$recurrence_id").is_some() || shown("Recurring_Activity").is_some() {
        return Err(NotCarried::Recurs);
    }
    let mut record = Record::new(event::KIND);
    let mut set = |root: &str, value: Option<Value>| {
        if let Ok(path) = Path::parse(root) {
            record.set(path, value);
        }
    };
    let text = |name: &str| row.text(name).and_then(Value::text);
    let title = row
        .text("Event_Title")
        .filter(|title| title.trim() != NO_TITLE);
    set("title", title.and_then(Value::text));
    set("when", Value::text(&when(row, zone)?.to_string()));
    set("location", text("Venue"));
    set("description", text("Description"));
    let member = |name: &str| row.0.get(name).unwrap_or(&Json::Null);
    set("participants", participants(member("Participants"))?);
    set("alerts", alerts(member("Remind_At"))?);
    let cancelled = member("$event_cancelled").as_bool() == Some(true);
    set(
        "status",
        cancelled
            .then(|| Value::text(EventStatus::Cancelled.as_str()))
            .flatten(),
    );
    let owner = member("Owner").get("email").and_then(Json::as_str);
    set("organizer", owner.and_then(Value::text));
    set("uid", text("$u_id"));
    for (path, value) in map::custom_values(row, is_placed) {
        record.set(path, Some(value));
    }
    event::check(&record)?;
    Ok(record)
}

/// The reminders of a meeting: units of time before its start, or, as older versions of the API have it, an instant.
fn alerts(value: &Json) -> Result<Option<Value>, NotCarried> {
    let unknown = || NotCarried::Form { field: "Remind_At" };
    let triggers = match value {
        Json::Null => return Ok(None),
        Json::String(at) => vec![Trigger::At(instant(at).ok_or_else(unknown)?)],
        Json::Array(reminders) => {
            let before = reminders
                .iter()
                .map(|one| minutes_before(one).ok_or_else(unknown));
            before
                .map(|minutes| Ok(Alert::minutes_before(minutes?).trigger))
                .collect::<Result<_, NotCarried>>()?
        }
        _ => return Err(unknown()),
    };
    let mut elements: Vec<Element> = Vec::new();
    for trigger in triggers {
        let action = AlertAction::Display;
        let element = Alert { trigger, action }.element();
        if elements
            .iter()
            .all(|known| known.part(SIMPLE_PART) != element.part(SIMPLE_PART))
        {
            elements.push(element);
        }
    }
    Ok(Value::elements(elements))
}

fn minutes_before(reminder: &Json) -> Option<u32> {
    let unit = match reminder.get("unit")? {
        Json::Number(unit) => unit.as_u64()?.try_into().ok()?,
        Json::String(unit) => unit.trim().parse::<u32>().ok()?,
        _ => return None,
    };
    let minutes = match reminder.get("period")?.as_str()? {
        "minutes" => 1,
        "hours" => 60,
        "days" => 24 * 60,
        "weeks" => 7 * 24 * 60,
        _ => return None,
    };
    unit.checked_mul(minutes)
}
