//! The caller's calendar list.

use serde_json::{Value, json};

use super::pages::Page;
use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::calendar::Role;
use crate::google::calendar::cursor::{Fit, SyncToken};
use crate::google::calendar::entry::Entry;
use crate::google::calendar::error::CalendarError;
use crate::google::calendar::store::Calendars;
use crate::google::cursor::binding;

/// `calendarList.list`.
pub(super) fn list(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let query = request.query;
    let delta = query.text("syncToken").is_some();
    let least = match query.text("minAccessRole") {
        None => None,
        Some(word) => Some(
            serde_json::from_value::<Role>(json!(word))
                .map_err(|_| CalendarError::parameter("minAccessRole"))?,
        ),
    };
    if delta && (least.is_some() || query.text("showOwnOrganizationOnly").is_some()) {
        return Err(CalendarError::token_with_filter());
    }
    let show_hidden = request.flag("showHidden")?.unwrap_or(false) || delta;
    let show_deleted = request.flag("showDeleted")?.unwrap_or(false) || delta;
    let bound = binding(&[act.account, "calendarList"]);
    let fit = Fit {
        binding: &bound,
        parameters: "",
        epoch: act.epoch,
        revision: 0,
        now: act.now,
        life_seconds: act.settings.sync_token_seconds,
    };
    let token = query
        .text("syncToken")
        .map(|text| SyncToken::open(text, &fit))
        .transpose()?;
    let after = token.map_or(0, |token| token.sequence);
    let most = request.number("maxResults", 100, 250)?;
    let own = act.calendars.lists.get(act.account);
    let newest = own.map_or(0, |list| list.entries.newest());
    let page = Page::open(act, request, "calendarList", most, newest, after)?;
    let changes = own
        .into_iter()
        .flat_map(|list| list.entries.changes(page.after, page.horizon));
    let mut rest = changes
        .filter(|version| show_hidden || !version.value.is_hidden())
        .filter(|version| show_deleted || !version.deleted)
        .filter(|version| {
            least.is_none_or(|least| {
                let calendar = act.calendars.by_id.get(&version.value.calendar);
                calendar.and_then(|calendar| calendar.role(act.account)) >= Some(least)
            })
        })
        .peekable();
    let mut last = page.after;
    let mut items: Vec<Value> = Vec::new();
    for version in rest.by_ref().take(page.size) {
        last = version.sequence;
        items.extend(shown(
            act,
            &version.value,
            version.sequence,
            version.deleted,
        ));
    }
    let mut body = json!({
        "kind": "calendar#calendarList", "etag": format!("\"p{newest}\""), "items": items,
    });
    if rest.peek().is_some() {
        body["nextPageToken"] = json!(page.next(last));
    } else if least.is_none() {
        let token = SyncToken {
            binding: bound,
            parameters: String::new(),
            sequence: page.horizon,
            made_at: act.now,
            epoch: act.epoch,
            revision: 0,
        };
        body["nextSyncToken"] = json!(token.seal());
    }
    Ok(Reply::of(body))
}

/// `calendarList.get`.
pub(super) fn get(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    one(act, Calendars::resolved(act.account, request.segment(0)))
}

/// `calendarList.insert`: a calendar that was shared, by its id.
pub(super) fn insert(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = request.body["id"].as_str();
    let id = id.ok_or_else(|| CalendarError::required("Missing resource id."))?;
    let (calendar, _) = act.calendars.visible(act.account, id)?;
    let id = calendar.id.clone();
    let mut entry = Entry::new(calendar, act.account);
    entry.change(request.body)?;
    let now = act.now;
    let list = act.calendars.list(act.account);
    list.put(entry, false, now);
    act.written.push(id.clone());
    one(act, &id)
}

/// `calendarList.patch` and `calendarList.update`.
pub(super) fn change(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = Calendars::resolved(act.account, request.segment(0)).to_owned();
    let now = act.now;
    let list = act.calendars.list(act.account);
    let (entry, _) = list.find(&id).ok_or_else(CalendarError::not_found)?;
    let mut entry = entry.clone();
    entry.change(request.body)?;
    list.put(entry, false, now);
    act.written.push(id.clone());
    one(act, &id)
}

/// `calendarList.delete`; one's own calendars stay.
pub(super) fn delete(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = Calendars::resolved(act.account, request.segment(0)).to_owned();
    let calendar = act.calendars.by_id.get(&id);
    if calendar.is_some_and(|calendar| calendar.owner == act.account && !calendar.deleted) {
        return Err(CalendarError::forbidden(
            "You cannot remove a calendar that you own from your list.",
        ));
    }
    let now = act.now;
    let list = act.calendars.list(act.account);
    let (entry, _) = list.find(&id).ok_or_else(CalendarError::not_found)?;
    let entry = entry.clone();
    list.put(entry, true, now);
    act.written.push(id);
    Ok(Reply::default())
}

fn one(act: &Act<'_>, id: &str) -> Result<Reply, CalendarError> {
    let list = act.calendars.lists.get(act.account);
    let found = list.and_then(|list| list.find(id));
    found
        .and_then(|(entry, sequence)| shown(act, entry, sequence, false))
        .map(Reply::of)
        .ok_or_else(CalendarError::not_found)
}

fn shown(act: &Act<'_>, entry: &Entry, sequence: u64, deleted: bool) -> Option<Value> {
    let calendar = act.calendars.by_id.get(&entry.calendar)?;
    let etag = format!("\"{sequence:016}\"");
    Some(entry.json(calendar, act.account, &etag, deleted))
}
