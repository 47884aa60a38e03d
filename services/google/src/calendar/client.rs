//! The Calendar API: a method per HTTP call, without policy.

use std::time::Duration;

use http::header::{ACCEPT_LANGUAGE, IF_MATCH};
use provider::{Fault, Quota, Reply, Session};
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    fault::fault,
    options::Notify,
    wire::{CalendarList, Events, ListEntry, NewChannel, OpenChannel},
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

/// Who gets mail; said with every write, whatever Google's default is.
const SEND_UPDATES: &str = "sendUpdates";

/// The parameters of a write that is answered with the event. A client that knows no calls might be shown none
/// (unverified).
fn with_answer(notify: Notify) -> [(&'static str, &'static str); 2] {
    [
        (SEND_UPDATES, notify.word()),
        ("conferenceDataVersion", "1"),
    ]
}

/// What a listing of events is for. What stands in a list never varies otherwise, for a sync token is bound to it:
/// series and their exceptions, not instances.
#[derive(Clone, Copy)]
pub(crate) enum Listing<'a> {
    /// A round of the feed: with a sync token what changed since, without one everything.
    Feed { sync_token: Option<&'a str> },
    /// A series with its exceptions, which share a UID.
    Uid(&'a str),
    /// Events with a property of ours, as `name=value`.
    Marker(&'a str),
    /// Events that end after the first and begin before the second of these times.
    Between(&'a str, &'a str),
    /// Events that changed at this time or later, deleted ones included. Google knows of a few weeks.
    Since(&'a str),
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
            Listing::Marker(marker) => query.push(("privateExtendedProperty", marker)),
            Listing::Between(from, to) => query.extend([("timeMin", from), ("timeMax", to)]),
            Listing::Since(from) => query.push(("updatedMin", from)),
        }
        query.extend(page_token.map(|token| ("pageToken", token)));
        let path = ["calendars", calendar, "events"];
        self.read("calendar.events.list", &path, &query).await
    }

    /// `events.instances` of a series, cancelled ones too: those that end after the first time, if there is one, and begin
    /// before the second.
    pub(super) async fn instances(
        &self,
        calendar: &str,
        series: &str,
        (from, until): (Option<&str>, &str),
        page_token: Option<&str>,
    ) -> Result<Dated<Events>, Fault> {
        let mut query = vec![
            ("showDeleted", "true"),
            ("maxResults", PAGE),
            ("timeMax", until),
        ];
        query.extend(from.map(|from| ("timeMin", from)));
        query.extend(page_token.map(|token| ("pageToken", token)));
        let path = ["calendars", calendar, "events", series, "instances"];
        self.read("calendar.events.instances", &path, &query).await
    }

    /// `events.get`.
    pub(super) async fn event(&self, calendar: &str, id: &str) -> Result<Dated<Value>, Fault> {
        let path = ["calendars", calendar, "events", id];
        self.read("calendar.events.get", &path, &[]).await
    }

    /// `events.insert`, with an id of ours if there is one.
    pub(super) async fn insert(
        &self,
        calendar: &str,
        event: &Value,
        notify: Notify,
    ) -> Result<Value, Fault> {
        let path = ["calendars", calendar, "events"];
        let request = self
            .request(Method::POST, &path)
            .query(&with_answer(notify))
            .json(event);
        self.write("calendar.events.insert", request).await?.json()
    }

    /// `events.patch` of an event, a series or an instance, if it still has this etag. Members are replaced, those of
    /// objects one by one; null removes.
    pub(super) async fn patch(
        &self,
        calendar: &str,
        id: &str,
        changes: &Value,
        etag: Option<&str>,
        notify: Notify,
    ) -> Result<Value, Fault> {
        let path = ["calendars", calendar, "events", id];
        let mut request = self
            .request(Method::PATCH, &path)
            .query(&with_answer(notify))
            .json(changes);
        if let Some(etag) = etag {
            request = request.header(IF_MATCH, etag);
        }
        self.write("calendar.events.patch", request).await?.json()
    }

    /// `events.delete`, if the event still has this etag.
    pub(super) async fn delete(
        &self,
        calendar: &str,
        id: &str,
        etag: &str,
        notify: Notify,
    ) -> Result<(), Fault> {
        let path = ["calendars", calendar, "events", id];
        let request = self
            .request(Method::DELETE, &path)
            .query(&[(SEND_UPDATES, notify.word())])
            .header(IF_MATCH, etag);
        self.write("calendar.events.delete", request).await?;
        Ok(())
    }

    /// `events.watch`.
    pub(super) async fn watch(
        &self,
        calendar: &str,
        channel: &NewChannel<'_>,
    ) -> Result<Dated<OpenChannel>, Fault> {
        let path = ["calendars", calendar, "events", "watch"];
        let request = self.request(Method::POST, &path).json(channel);
        let reply = self.write("calendar.events.watch", request).await?;
        Ok(Dated {
            body: reply.json()?,
            at: reply.date(),
        })
    }

    /// `channels.stop`.
    pub(super) async fn stop(&self, id: &str, resource_id: &str) -> Result<(), Fault> {
        let request = self
            .request(Method::POST, &["channels", "stop"])
            .json(&json!({"id": id, "resourceId": resource_id}));
        self.write("calendar.channels.stop", request).await?;
        Ok(())
    }

    /// The account whose access it is.
    pub(super) fn account_id(&self) -> &str {
        self.session.account_id
    }

    /// For how long Google may still show the past.
    pub(super) fn horizon(&self) -> Duration {
        self.settings.horizon()
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.session
            .http
            .request(method, address(&self.settings.calendar_url, ROOT, path))
            .bearer_auth(self.session.access.token.expose_secret())
            // Names of calendars come in the language of the caller.
            .header(ACCEPT_LANGUAGE, "en")
    }

    async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Dated<T>, Fault> {
        let request = self.request(Method::GET, path).query(query);
        let reply = match self.send(method, request, Effect::Read).await {
            Err(Fault::LostAnswer { reason }) => return Err(Fault::Transient { reason }),
            reply => reply?,
        };
        Ok(Dated {
            body: reply.json()?,
            at: reply.date(),
        })
    }

    async fn write(&self, method: &'static str, request: RequestBuilder) -> Result<Reply, Fault> {
        self.send(method, request, Effect::Write).await
    }

    /// A successful answer, or what is wrong.
    async fn send(
        &self,
        method: &'static str,
        request: RequestBuilder,
        effect: Effect,
    ) -> Result<Reply, Fault> {
        let quota = self.quota();
        let reply = self.session.send(method, &quota, request).await?;
        if reply.is_success() {
            return Ok(reply);
        }
        let fault = fault(&reply, effect);
        if let Fault::Throttled { until } = fault {
            // Google says "too many" with 403 as well as with 429.
            self.session.http.pause(&quota, until);
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
