//! `events.list` and `events.instances`: full reads, deltas, and windows of expanded series.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::pages::Page;
use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::cursor::{Fit, SyncToken};
use crate::google::calendar::error::CalendarError;
use crate::google::calendar::moment::rfc3339;
use crate::google::calendar::sight::{Seen, Sight, Window};
use crate::google::calendar::view::View;
use crate::google::cursor::binding;

/// Parameters that a sync token cannot stand beside.
const FILTERS: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
];
/// Filters after which a full read gives no sync token (all but the window of Google's own sample; unverified).
const UNSYNCABLE: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "updatedMin",
];
/// How far ahead a series without an end is expanded when nobody says (unverified).
const AHEAD_MILLISECONDS: i64 = 2 * 366 * 24 * 3600 * 1000;

/// In which order events are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Any,
    Start,
    Updated,
}

/// What of a call decides which events it shows.
struct Filter<'a> {
    single: bool,
    /// Cancelled events are wanted as well.
    deleted: bool,
    window: Window,
    updated_min: Option<i64>,
    order: Order,
    uid: Option<&'a str>,
    text: Option<String>,
    private: Vec<(&'a str, &'a str)>,
    shared: Vec<(&'a str, &'a str)>,
    types: Vec<&'a str>,
    /// Where a series without an end is cut.
    end: Timestamp,
}

impl<'a> Filter<'a> {
    fn parse(act: &Act<'_>, request: &Request<'a>) -> Result<Self, CalendarError> {
        let query = request.query;
        let time = |name: &'static str| match query.text(name) {
            None => Ok(None),
            Some(text) => rfc3339(text)
                .map(Some)
                .ok_or_else(|| CalendarError::new(400, "global", "badRequest", "Bad Request")),
        };
        let window = (time("timeMin")?, time("timeMax")?);
        if let (Some(from), Some(to)) = window
            && from >= to
        {
            return Err(CalendarError::empty_range());
        }
        let updated_min = time("updatedMin")?.map(Timestamp::as_millisecond);
        let back = i64::try_from(act.settings.updated_min_seconds).unwrap_or(i64::MAX / 1000);
        if updated_min.is_some_and(|at| at < act.now - back * 1000) {
            return Err(CalendarError::updated_min());
        }
        let single = request.flag("singleEvents")?.unwrap_or(false);
        let order = match query.text("orderBy") {
            None => Order::Any,
            Some("updated") => Order::Updated,
            Some("startTime") if single => Order::Start,
            Some("startTime") => {
                return Err(CalendarError::new(
                    400,
                    "global",
                    "badRequest",
                    "The requested ordering is not available for the particular query.",
                ));
            }
            Some(_) => return Err(CalendarError::parameter("orderBy")),
        };
        let end = Timestamp::from_millisecond(act.now.saturating_add(AHEAD_MILLISECONDS));
        Ok(Self {
            single,
            deleted: request.flag("showDeleted")?.unwrap_or(false) || updated_min.is_some(),
            window,
            updated_min,
            order,
            uid: query.text("iCalUID"),
            text: query.text("q").map(str::to_lowercase),
            private: pairs(request, "privateExtendedProperty")?,
            shared: pairs(request, "sharedExtendedProperty")?,
            types: query.all("eventTypes").collect(),
            end: window.1.or(end.ok()).unwrap_or(Timestamp::MAX),
        })
    }

    /// Whether an event passes everything but the window.
    fn passes(&self, seen: &Seen) -> bool {
        let event = &seen.event;
        let content = &event.content;
        let has = |side: &serde_json::Map<String, Value>, wanted: &[(&str, &str)]| {
            wanted
                .iter()
                .all(|(key, value)| side.get(*key).is_some_and(|own| own == value))
        };
        let found = |text: &String| {
            let places = ["summary", "description", "location"];
            places
                .iter()
                .any(|name| content.text(name).to_lowercase().contains(text))
                || content.guests().any(|guest| guest.contains(text.as_str()))
        };
        self.uid.is_none_or(|uid| uid == event.ical_uid)
            && self.updated_min.is_none_or(|at| event.updated >= at)
            && self.text.as_ref().is_none_or(found)
            && has(&content.private, &self.private)
            && has(&content.shared, &self.shared)
            && (self.types.is_empty() || self.types.contains(&event.kind.as_str()))
    }

    fn has_window(&self) -> bool {
        self.window.0.is_some() || self.window.1.is_some()
    }
}

fn pairs<'a>(
    request: &Request<'a>,
    name: &'static str,
) -> Result<Vec<(&'a str, &'a str)>, CalendarError> {
    request
        .query
        .all(name)
        .map(|pair| {
            pair.split_once('=')
                .ok_or_else(|| CalendarError::parameter(name))
        })
        .collect()
}

/// `events.list`.
pub(super) fn events(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let view = request.view(act)?;
    let calendar = view.calendar;
    let query = request.query;
    let delta = query.text("syncToken").is_some();
    if delta && FILTERS.iter().any(|name| query.text(name).is_some()) {
        return Err(CalendarError::token_with_filter());
    }
    if delta && request.flag("showDeleted")? == Some(false) {
        return Err(CalendarError::token_with_filter());
    }
    let filter = Filter::parse(act, request)?;
    let bound = binding(&[act.account, &calendar.id]);
    let mut words = vec![if filter.single { "single" } else { "series" }];
    words.extend(&filter.types);
    let parameters = binding(&words);
    let fit = Fit {
        binding: &bound,
        parameters: &parameters,
        epoch: act.epoch,
        revision: calendar.revision,
        now: act.now,
        life_seconds: act.settings.sync_token_seconds,
    };
    let token = query
        .text("syncToken")
        .map(|text| SyncToken::open(text, &fit))
        .transpose()?;
    let lag = i64::try_from(act.settings.list_lag_milliseconds).unwrap_or(i64::MAX / 2);
    let visible = calendar.seen(act.now - lag).horizon;
    let most = request.number("maxResults", 250, 2_500)?;
    let page = Page::open(act, request, &calendar.id, most, visible, 0)?;
    let sight = Sight::new(calendar, page.horizon);
    let after = token.as_ref().map_or(0, |token| token.sequence);
    let all = collected(act, sight, &filter, after, delta);
    let (items, next) = cut(&page, all);
    let mut body = head(act, &view);
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    } else if delta || UNSYNCABLE.iter().all(|name| query.text(name).is_none()) {
        let token = SyncToken {
            binding: bound,
            parameters,
            sequence: page.horizon,
            made_at: act.now,
            epoch: act.epoch,
            revision: calendar.revision,
        };
        body["nextSyncToken"] = json!(token.seal());
    }
    let in_full = request.flag("showDeleted")? == Some(true);
    body["items"] = shown(act, view, &items, in_full, filter.order == Order::Any);
    Ok(Reply::of(body))
}

/// `events.instances`. Given one occurrence, it answers that one, or nothing if it is cancelled.
pub(super) fn instances(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let view = request.view(act)?;
    let filter = Filter::parse(act, request)?;
    let lag = i64::try_from(act.settings.get_lag_milliseconds).unwrap_or(i64::MAX / 2);
    let visible = view.calendar.seen(act.now - lag).horizon;
    let most = request.number("maxResults", 250, 2_500)?;
    let id = request.segment(1);
    let page = Page::open(act, request, id, most, visible, 0)?;
    let sight = Sight::new(view.calendar, page.horizon);
    let seen = sight
        .find(id)
        .filter(|seen| !act.is_forgotten(seen))
        .ok_or_else(CalendarError::not_found)?;
    let mut all = match sight.stored(id).filter(|version| version.value.is_series()) {
        Some(series) => sight.instances(series, (filter.window.0, Some(filter.end))),
        None => vec![seen],
    };
    if let Some(original) = request.query.text("originalStart") {
        let wanted = rfc3339(original);
        let zone = view.calendar.zone();
        all.retain(|seen| {
            let place = seen.event.place.as_ref();
            place.is_some_and(|place| {
                Some(place.original.instant(&zone)) == wanted
                    || place.original.civil(&zone).date().to_string() == original
            })
        });
    }
    all.retain(|seen| filter.deleted || !seen.event.content.is_cancelled());
    let (items, next) = cut(&page, all);
    let mut body = head(act, &view);
    if let Some(next) = next {
        body["nextPageToken"] = json!(next);
    }
    body["items"] = shown(act, view, &items, filter.deleted, false);
    Ok(Reply::of(body))
}

/// The events that a list is made of, in its order.
fn collected(
    act: &Act<'_>,
    sight: Sight<'_>,
    filter: &Filter<'_>,
    after: u64,
    delta: bool,
) -> Vec<Seen> {
    let zone = sight.calendar.zone();
    let mut all: Vec<Seen> = Vec::new();
    for version in sight.changes(after) {
        let seen = sight.shown(version);
        if !version.value.is_series() {
            // Of an expanded series the exceptions come with it, unless only they changed.
            let series = seen
                .event
                .place
                .as_ref()
                .and_then(|place| sight.stored(&place.series));
            let comes_along = series.is_some_and(|series| series.sequence > after);
            if !(filter.single && comes_along) {
                all.push(seen);
            }
        } else if !filter.single {
            let expanded = filter.has_window() && !seen.event.content.is_cancelled();
            let inside = !expanded || {
                let window = (filter.window.0, Some(filter.end));
                let mut instances = sight.instances(version, window).into_iter();
                instances.any(|seen| !seen.event.content.is_cancelled())
            };
            if inside {
                all.push(seen);
            }
        } else {
            let gone = seen.event.content.is_cancelled();
            let window = (filter.window.0, Some(filter.end));
            for mut instance in sight.instances(version, window) {
                if gone {
                    "cancelled".clone_into(&mut instance.event.content.status);
                }
                all.push(instance);
            }
        }
    }
    all.retain(|seen| {
        let event = &seen.event;
        let cancelled = event.content.is_cancelled();
        // A cancelled instance of a living series is always shown, unless series are expanded.
        let series = event
            .place
            .as_ref()
            .and_then(|place| sight.stored(&place.series));
        let leaks = !filter.single && series.is_some_and(|series| !series.deleted);
        let wanted = !cancelled || delta || filter.deleted || leaks;
        let in_window =
            cancelled || event.is_series() || event.within(filter.window.0, filter.window.1, &zone);
        wanted && in_window && !act.is_forgotten(seen) && filter.passes(seen)
    });
    if filter.order == Order::Start {
        all.sort_by_key(|seen| {
            (
                seen.event.content.start.instant(&zone),
                seen.event.id.clone(),
            )
        });
    }
    if filter.order == Order::Updated {
        all.sort_by_key(|seen| (seen.event.updated, seen.event.id.clone()));
    }
    all
}

/// One page of a list, and the token of the next.
fn cut(page: &Page, all: Vec<Seen>) -> (Vec<Seen>, Option<String>) {
    let from = usize::try_from(page.after)
        .unwrap_or(usize::MAX)
        .min(all.len());
    let to = (from + page.size).min(all.len());
    let next = (to < all.len()).then(|| page.next(to as u64));
    let items = all.into_iter().skip(from).take(page.size).collect();
    (items, next)
}

fn shown(act: &Act<'_>, view: View<'_>, items: &[Seen], in_full: bool, unordered: bool) -> Value {
    let view = View {
        cancelled_in_full: in_full,
        ..view
    };
    let mut items: Vec<Value> = items.iter().map(|seen| view.event(seen)).collect();
    if act.settings.reorder && unordered {
        act.dice.shuffle(&mut items);
    }
    json!(items)
}

fn head(act: &Act<'_>, view: &View<'_>) -> Value {
    let calendar = view.calendar;
    json!({
        "kind": "calendar#events", "etag": format!("\"p{}\"", calendar.events.newest()),
        "summary": calendar.summary, "description": calendar.description.clone().unwrap_or_default(),
        "updated": crate::google::calendar::view::milliseconds(act.now),
        "timeZone": calendar.time_zone, "accessRole": view.role.word(),
        "defaultReminders": act.calendars.default_reminders(act.account, &calendar.id),
    })
}
