//! The Calendar API: a method per HTTP call, without policy.

use std::time::Duration;

use http::header::ACCEPT_LANGUAGE;
use provider::{Call, Fault, Quota, Session};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    fault::fault,
    wire::{CalendarList, Events, ListEntry},
};
use crate::{
    client::{Dated, address},
    config::GoogleSettings,
    fault::Effect,
};

/// Where the API lives below its base.
const ROOT: &[&str] = &["calendar", "v3"];
/// Events that one page holds at most.
const PAGE: &str = "2500";
/// Calendars that one page of a person's list holds at most.
const LIST_PAGE: &str = "250";

/// What a listing of events is for. What stands in a list never varies otherwise, for a sync token is bound to it:
/// series and their exceptions, not instances.
#[derive(Clone, Copy)]
pub(crate) enum Listing<'a> {
    /// A round of the feed: with a sync token what changed since, without one everything.
    Feed { sync_token: Option<&'a str> },
    /// A series with its exceptions, which share a UID.
    Uid(&'a str),
}

/// Calls with the access of one account.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    settings: &'a GoogleSettings,
    session: Session<'a>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(settings: &'a GoogleSettings, session: Session<'a>) -> Self {
        Self { settings, session }
    }

    /// `calendarList.list`. Without `minAccessRole`, as every role's entries are wanted to choose from.
    pub(super) async fn calendars(&self, page_token: Option<&str>) -> Result<CalendarList, Fault> {
        let mut query = vec![("maxResults", LIST_PAGE)];
        query.extend(page_token.map(|token| ("pageToken", token)));
        let path = ["users", "me", "calendarList"];
        let list = self.read("calendar.calendarList.list", &path, &query);
        Ok(list.await?.body)
    }

    /// `calendarList.get`.
    pub(super) async fn calendar(&self, id: &str) -> Result<Dated<ListEntry>, Fault> {
        let path = ["users", "me", "calendarList", id];
        self.read("calendar.calendarList.get", &path, &[]).await
    }

    /// `events.list`.
    pub(super) async fn events(
        &self,
        calendar: &str,
        listing: Listing<'_>,
        page_token: Option<&str>,
    ) -> Result<Dated<Events>, Fault> {
        let mut query = vec![("singleEvents", "false"), ("maxResults", PAGE)];
        match listing {
            Listing::Feed { sync_token } => {
                query.extend(sync_token.map(|token| ("syncToken", token)));
            }
            Listing::Uid(uid) => query.push(("iCalUID", uid)),
        }
        query.extend(page_token.map(|token| ("pageToken", token)));
        let path = ["calendars", calendar, "events"];
        self.read("calendar.events.list", &path, &query).await
    }

    /// `events.get`.
    pub(super) async fn event(&self, calendar: &str, id: &str) -> Result<Value, Fault> {
        let path = ["calendars", calendar, "events", id];
        Ok(self.read("calendar.events.get", &path, &[]).await?.body)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Dated<T>, Fault> {
        let http = self.session.http;
        let request = http
            .request(
                Method::GET,
                address(&self.settings.calendar_url, ROOT, path),
            )
            .query(query)
            .bearer_auth(self.session.access.token.expose_secret())
            // Names of calendars come in the language of the caller.
            .header(ACCEPT_LANGUAGE, "en");
        let quota = self.quota();
        let call = Call {
            method,
            quota: &quota,
            lane: self.session.lane,
            request,
        };
        let reply = match http.send(call).await {
            Err(Fault::LostAnswer { reason }) => return Err(Fault::Transient { reason }),
            reply => reply?,
        };
        if reply.is_success() {
            return Ok(Dated {
                body: reply.json()?,
                at: reply.date(),
            });
        }
        let fault = fault(&reply, Effect::Read);
        if let Fault::Throttled { until } = fault {
            // Google says "too many" with 403 as well as with 429.
            http.pause(&quota, until);
        }
        Err(fault)
    }

    /// Google counts every call of a user by the sliding minute. Calls arrive a little nearer to each other than they
    /// were sent.
    fn quota(&self) -> Quota {
        let key = format!("user {} calendar", self.session.account_id);
        let per_minute = self.settings.calendar_requests_per_minute;
        Quota::window(key, per_minute, Duration::from_secs(61))
    }
}
