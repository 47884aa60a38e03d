//! `settings.list`, `settings.get` and `colors.get`: what a person has chosen, and the palettes.

use serde_json::{Map, Value, json};

use super::pages::Page;
use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::cursor::{Fit, SyncToken};
use crate::google::calendar::error::CalendarError;
use crate::google::cursor::binding;

/// Settings as a new account has them; `timezone` is that of the primary calendar.
const SETTINGS: &[(&str, &str)] = &[
    ("autoAddHangouts", "true"),
    ("dateFieldOrder", "DMY"),
    ("defaultEventLength", "60"),
    ("format24HourTime", "true"),
    ("hideInvitations", "false"),
    ("hideWeekends", "false"),
    ("locale", "en"),
    ("remindOnRespondedEventsOnly", "false"),
    ("showDeclinedEvents", "true"),
    ("timezone", ""),
    ("useKeyboardShortcuts", "true"),
    ("weekStart", "1"),
];

/// Colours of calendars, from number 1.
const CALENDAR_COLOURS: &[&str] = &[
    "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765",
    "#7bd148", "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7",
    "#9a9cff", "#b99aff", "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2",
];
/// Colours of events, from number 1.
const EVENT_COLOURS: &[&str] = &[
    "#a4bdfc", "#7ae7bf", "#dbadff", "#ff887c", "#fbd75b", "#ffb878", "#46d6db", "#e1e1e1",
    "#5484ed", "#51b749", "#dc2127",
];

/// `settings.list`. Nothing here changes them, so that a delta is empty.
pub(super) fn list(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let bound = binding(&[act.account, "settings"]);
    let fit = Fit {
        binding: &bound,
        parameters: "",
        epoch: act.epoch,
        revision: 0,
        now: act.now,
        life_seconds: act.settings.sync_token_seconds,
    };
    let token = request.query.text("syncToken");
    let token = token.map(|text| SyncToken::open(text, &fit)).transpose()?;
    let most = request.number("maxResults", 100, 250)?;
    let all = SETTINGS.len() as u64;
    let first = if token.is_some() { all } else { 0 };
    let page = Page::open(act, request, "settings", most, all, first)?;
    let from = usize::try_from(page.after).unwrap_or(SETTINGS.len());
    let items: Vec<Value> = SETTINGS
        .iter()
        .skip(from)
        .take(page.size)
        .map(|(id, value)| shown(act, id, value))
        .collect();
    let next = page.after + items.len() as u64;
    let mut body = json!({"kind": "calendar#settings", "etag": "\"s0\"", "items": items});
    if next < all {
        body["nextPageToken"] = json!(page.next(next));
    } else {
        let token = SyncToken {
            binding: bound,
            parameters: String::new(),
            sequence: 0,
            made_at: act.now,
            epoch: act.epoch,
            revision: 0,
        };
        body["nextSyncToken"] = json!(token.seal());
    }
    Ok(Reply::of(body))
}

/// `settings.get`.
pub(super) fn get(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    SETTINGS
        .iter()
        .find(|(id, _)| *id == request.segment(0))
        .map(|(id, value)| Reply::of(shown(act, id, value)))
        .ok_or_else(CalendarError::not_found)
}

fn shown(act: &Act<'_>, id: &str, value: &str) -> Value {
    let value = match id {
        "timezone" => act
            .calendars
            .by_id
            .get(act.account)
            .map_or("UTC", |primary| primary.time_zone.as_str()),
        _ => value,
    };
    json!({"kind": "calendar#setting", "etag": "\"s0\"", "id": id, "value": value})
}

/// `colors.get`.
pub(super) fn colours() -> Reply {
    Reply {
        body: Some(json!({
            "kind": "calendar#colors", "updated": "2012-02-14T00:00:00.000Z",
            "calendar": palette(CALENDAR_COLOURS), "event": palette(EVENT_COLOURS),
        })),
        ..Reply::default()
    }
}

fn palette(colours: &[&str]) -> Map<String, Value> {
    let numbered = colours.iter().enumerate();
    numbered
        .map(|(index, colour)| {
            let both = json!({"background": colour, "foreground": "#1d1d1d"});
            ((index + 1).to_string(), both)
        })
        .collect()
}
