//! Calendars themselves.

use serde_json::Value;

use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::calendar::{Calendar, Role};
use crate::google::calendar::error::CalendarError;
use crate::google::calendar::moment::named_zone;
use crate::google::calendar::view;

/// `calendars.get`.
pub(super) fn get(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let (calendar, _) = act.readable(request.segment(0))?;
    Ok(Reply::of(view::calendar(calendar)))
}

/// `calendars.insert`: a secondary calendar, which goes into the caller's list.
pub(super) fn insert(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let summary = request.body["summary"]
        .as_str()
        .filter(|text| !text.is_empty());
    let summary = summary.ok_or_else(|| CalendarError::required("Missing summary."))?;
    let zone = zone(request.body)?.unwrap_or_else(|| "UTC".to_owned());
    let id = format!("c_{}@group.calendar.example.com", act.dice.token());
    let mut calendar = Calendar::new(&id, act.account, summary, &zone);
    calendar.app_created = true;
    described(&mut calendar, request.body);
    let shown = view::calendar(&calendar);
    act.calendars.add(calendar, act.now);
    act.written.push(id);
    Ok(Reply::of(shown))
}

/// `calendars.patch`.
pub(super) fn patch(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    change(act, request)
}

/// `calendars.update`: texts that it does not name are gone, the zone stays (unverified).
pub(super) fn update(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    if request.body["summary"].as_str().is_none_or(str::is_empty) {
        return Err(CalendarError::required("Missing summary."));
    }
    let id = owned(act, request)?;
    zone(request.body)?;
    let calendar = act.calendars.calendar_mut(&id)?;
    (calendar.description, calendar.location) = (None, None);
    change(act, request)
}

fn change(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = owned(act, request)?;
    let zone = zone(request.body)?;
    let calendar = act.calendars.calendar_mut(&id)?;
    if let Some(summary) = request.body["summary"].as_str() {
        summary.clone_into(&mut calendar.summary);
    }
    calendar.time_zone = zone.unwrap_or_else(|| calendar.time_zone.clone());
    described(calendar, request.body);
    let shown = view::calendar(calendar);
    act.written.push(id);
    Ok(Reply::of(shown))
}

/// `calendars.delete`: secondary ones only.
pub(super) fn delete(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = owned(act, request)?;
    if act.calendars.calendar_mut(&id)?.is_primary() {
        return Err(CalendarError::new(
            400,
            "global",
            "invalid",
            "Cannot delete the primary calendar.",
        ));
    }
    act.calendars.drop_calendar(&id, act.now)?;
    act.written.push(id);
    Ok(Reply::default())
}

fn owned(act: &Act<'_>, request: &Request<'_>) -> Result<String, CalendarError> {
    let (calendar, role) = act.readable(request.segment(0))?;
    if role < Role::Owner {
        return Err(CalendarError::forbidden("Forbidden"));
    }
    Ok(calendar.id.clone())
}

fn zone(body: &Value) -> Result<Option<String>, CalendarError> {
    match &body["timeZone"] {
        Value::Null => Ok(None),
        Value::String(name) if named_zone(name).is_some() => Ok(Some(name.clone())),
        _ => Err(CalendarError::invalid("Invalid time zone.")),
    }
}

fn described(calendar: &mut Calendar, body: &Value) {
    if let Some(text) = body["description"].as_str() {
        calendar.description = Some(text.to_owned());
    }
    if let Some(text) = body["location"].as_str() {
        calendar.location = Some(text.to_owned());
    }
}
