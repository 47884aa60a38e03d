//! `freebusy.query`: when calendars are taken, and nothing about why.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::calendar::Calendar;
use crate::google::calendar::error::CalendarError;
use crate::google::calendar::moment::{named_zone, rendered, rfc3339};
use crate::google::calendar::sight::{Seen, Sight};

/// Calendars of one query, whatever `calendarExpansionMax` says.
const MOST_CALENDARS: usize = 50;

type Span = (Timestamp, Timestamp);

/// Answers each calendar for itself: its busy times, or why there are none.
pub(super) fn query(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let body = request.object()?;
    let window = (time(body, "timeMin")?, time(body, "timeMax")?);
    if window.0 >= window.1 {
        return Err(CalendarError::empty_range());
    }
    let zone = match body.get("timeZone") {
        None | Some(Value::Null) => TimeZone::UTC,
        Some(name) => name
            .as_str()
            .and_then(named_zone)
            .map(|(_, zone)| zone)
            .ok_or_else(|| CalendarError::invalid("Invalid time zone."))?,
    };
    let items = body.get("items").and_then(Value::as_array);
    let items = items.ok_or_else(|| CalendarError::required("Required"))?;
    let most = match &body.get("calendarExpansionMax") {
        None | Some(Value::Null) => MOST_CALENDARS,
        Some(most) => most
            .as_u64()
            .and_then(|most| usize::try_from(most).ok())
            .filter(|most| *most <= MOST_CALENDARS)
            .ok_or_else(|| CalendarError::parameter("calendarExpansionMax"))?,
    };
    let mut calendars = Map::new();
    for (position, item) in items.iter().enumerate() {
        let id = item["id"].as_str();
        let id = id.ok_or_else(|| CalendarError::required("Required"))?;
        let shown = if position >= most {
            failed("tooManyCalendarsRequested")
        } else {
            match act.readable(id) {
                Ok((calendar, _)) => busy(act, calendar, window, &zone),
                Err(_) => failed("notFound"),
            }
        };
        calendars.insert(id.to_owned(), shown);
    }
    Ok(Reply {
        body: Some(json!({
            "kind": "calendar#freeBusy", "timeMin": rendered(window.0, &TimeZone::UTC),
            "timeMax": rendered(window.1, &TimeZone::UTC), "calendars": calendars,
        })),
        ..Reply::default()
    })
}

fn time(body: &Map<String, Value>, name: &'static str) -> Result<Timestamp, CalendarError> {
    match body.get(name) {
        None | Some(Value::Null) => Err(CalendarError::required("Required")),
        Some(text) => text
            .as_str()
            .and_then(rfc3339)
            .ok_or_else(|| CalendarError::new(400, "global", "badRequest", "Bad Request")),
    }
}

fn failed(reason: &str) -> Value {
    json!({"errors": [{"domain": "global", "reason": reason}], "busy": []})
}

/// The busy times of one calendar, joined where they touch.
fn busy(act: &Act<'_>, calendar: &Calendar, window: Span, zone: &TimeZone) -> Value {
    let lag = i64::try_from(act.settings.list_lag_milliseconds).unwrap_or(i64::MAX / 2);
    let own = calendar.zone();
    let mut spans: Vec<Span> = taken(calendar.seen(act.now - lag), calendar, window)
        .iter()
        .map(|seen| {
            let content = &seen.event.content;
            (
                content.start.instant(&own).max(window.0),
                content.end.instant(&own).min(window.1),
            )
        })
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    let shown: Vec<Value> = joined
        .iter()
        .map(|(start, end)| json!({"start": rendered(*start, zone), "end": rendered(*end, zone)}))
        .collect();
    json!({ "busy": shown })
}

/// Events of a window for which the calendar is not free: neither cancelled, nor shown as available, nor declined.
fn taken(sight: Sight<'_>, calendar: &Calendar, window: Span) -> Vec<Seen> {
    let bounds = (Some(window.0), Some(window.1));
    let zone = calendar.zone();
    let mut all: Vec<Seen> = Vec::new();
    for version in sight.changes(0).filter(|version| !version.deleted) {
        let place = version.value.place.as_ref();
        if version.value.is_series() {
            all.extend(sight.instances(version, bounds));
        } else if place.is_none_or(|place| sight.stored(&place.series).is_none()) {
            all.push(sight.shown(version));
        }
    }
    all.retain(|seen| {
        let content = &seen.event.content;
        !content.is_cancelled()
            && content.text("transparency") != "transparent"
            && content.response(&calendar.id) != Some("declined")
            && seen.event.within(bounds.0, bounds.1, &zone)
    });
    all
}
