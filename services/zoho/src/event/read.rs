//! Zoho CRM's row → canonical event.

use model::{
    Path, Record, Value,
    event::{self, EventStatus, Zone},
};
use serde_json::Value as Json;

use super::{
    NotCarried, participants::participants, place::is_placed, reminders::alerts, when::when,
};
use crate::{map, wire::Row};

/// What people read where a meeting has no title, which Zoho CRM needs.
pub(super) const NO_TITLE: &str = "Not Provided";

/// The event that a row shows. `zone` is the caller's: the clock by which Zoho CRM's own pages show times.
pub(crate) fn read(row: &Row, zone: Option<&Zone>) -> Result<Record, NotCarried> {
    if super::recurs(row) {
        return Err(NotCarried::Recurs);
    }
    single(row, zone)
}

/// The meeting that a row shows, whether it recurs or not.
pub(super) fn single(row: &Row, zone: Option<&Zone>) -> Result<Record, NotCarried> {
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
