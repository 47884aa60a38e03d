//! What each method of the Calendar API does.

mod calendars;
mod channels;
mod entries;
mod events;
mod free_busy;
mod list;
mod pages;
mod preferences;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::act::{Act, Notify};
use super::error::CalendarError;
use super::methods::{Action, Method};
use super::moment::named_zone;
use super::view::View;
use super::write::Wish;
use crate::google::query::Query;

/// What a call brings.
pub(super) struct Request<'a> {
    pub(super) segments: &'a [String],
    pub(super) query: &'a Query,
    pub(super) body: &'a Value,
    pub(super) if_match: Option<&'a str>,
    pub(super) base_url: &'a str,
}

/// What a call answers; without a body it is 204.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) body: Option<Value>,
    pub(super) etag: Option<String>,
    /// Id of a channel that was opened.
    pub(super) opened: Option<String>,
}

impl Reply {
    /// A resource with its etag.
    fn of(body: Value) -> Self {
        Self {
            etag: body["etag"].as_str().map(str::to_owned),
            body: Some(body),
            opened: None,
        }
    }
}

/// Performs a call.
pub(super) fn perform(
    method: &Method,
    act: &mut Act<'_>,
    request: &Request<'_>,
) -> Result<Reply, CalendarError> {
    match method.action {
        Action::ListCalendars => entries::list(act, request),
        Action::GetListEntry => entries::get(act, request),
        Action::InsertListEntry => entries::insert(act, request),
        Action::PatchListEntry | Action::UpdateListEntry => entries::change(act, request),
        Action::DeleteListEntry => entries::delete(act, request),
        Action::GetCalendar => calendars::get(act, request),
        Action::InsertCalendar => calendars::insert(act, request),
        Action::PatchCalendar => calendars::patch(act, request),
        Action::UpdateCalendar => calendars::update(act, request),
        Action::DeleteCalendar => calendars::delete(act, request),
        Action::ListEvents => list::events(act, request),
        Action::Instances => list::instances(act, request),
        Action::GetEvent => events::get(act, request),
        Action::Insert => events::insert(act, request),
        Action::Import => events::import(act, request),
        Action::Patch => events::patch(act, request),
        Action::Update => events::update(act, request),
        Action::Delete => events::delete(act, request),
        Action::Move => events::relocate(act, request),
        Action::Watch => channels::watch(act, request),
        Action::StopChannel => channels::stop(act, request),
        Action::FreeBusy => free_busy::query(act, request),
        Action::ListSettings => preferences::list(act, request),
        Action::GetSetting => preferences::get(act, request),
        Action::Colours => Ok(preferences::colours()),
    }
}

impl<'a> Request<'a> {
    /// A segment of the path; the router has made sure that it is there.
    fn segment(&self, index: usize) -> &'a str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// The body as an object.
    fn object(&self) -> Result<&'a Map<String, Value>, CalendarError> {
        self.body
            .as_object()
            .ok_or_else(|| CalendarError::new(400, "global", "parseError", "Parse Error"))
    }

    /// A switch in the query.
    fn flag(&self, name: &'static str) -> Result<Option<bool>, CalendarError> {
        match self.query.text(name) {
            None => Ok(None),
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(_) => Err(CalendarError::parameter(name)),
        }
    }

    /// A number in the query; more than `most` is `most`.
    fn number(
        &self,
        name: &'static str,
        default: usize,
        most: usize,
    ) -> Result<usize, CalendarError> {
        match self.query.text(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number.min(most)),
                _ => Err(CalendarError::parameter(name)),
            },
        }
    }

    /// What a write asks for in its query and headers.
    fn wish(&self) -> Result<Wish<'a>, CalendarError> {
        let notify = match self.query.text("sendUpdates") {
            Some(word) => {
                Notify::from_word(word).ok_or_else(|| CalendarError::parameter("sendUpdates"))?
            }
            None if self.flag("sendNotifications")? == Some(true) => Notify::All,
            None => Notify::Nobody,
        };
        Ok(Wish {
            notify,
            conference: self.query.text("conferenceDataVersion") == Some("1"),
            attachments: self.flag("supportsAttachments")? == Some(true),
            if_match: self.if_match,
        })
    }

    /// The view of the calendar in the first segment that the query asks for.
    fn view<'v>(&self, act: &'v Act<'_>) -> Result<View<'v>, CalendarError> {
        let (calendar, role) = act.readable(self.segment(0))?;
        let zone: TimeZone = match self.query.text("timeZone") {
            None => calendar.zone(),
            Some(name) => {
                let (_, zone) =
                    named_zone(name).ok_or_else(|| CalendarError::parameter("timeZone"))?;
                zone
            }
        };
        let most = self.query.text("maxAttendees");
        Ok(View {
            calendar,
            account: act.account,
            role,
            zone,
            most_attendees: match most {
                None => None,
                Some(_) => Some(self.number("maxAttendees", 1, usize::MAX)?),
            },
            cancelled_in_full: false,
        })
    }
}
