//! One method per HTTP call, without policy: what a failure means is `fault`'s, what to do about it the caller's.

mod metadata;
mod rows;
mod writes;

use std::{
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
    time::Duration,
};

use http::{Method, StatusCode, header::AUTHORIZATION};
use jiff::Timestamp;
use provider::{Fault, Quota, Reply, Session};
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use url::Url;

use crate::{
    fault::{self, Failure},
    kind::Kind,
    wire::{DeletedRow, Listing, Query, Row, stamp},
};

/// Rows on a page, and the most that one call takes of ids when reading.
pub(crate) const PAGE: u32 = 200;
/// Records that one call writes, and ids that one call reads or deletes.
pub(crate) const BATCH: usize = 100;
/// Fields that one call reads.
pub(crate) const FIELDS: usize = 50;

/// An answer, and the provider's clock when it was given.
#[derive(Clone, Debug)]
pub(crate) struct Answer<T> {
    /// The answer.
    pub(crate) body: T,
    /// The `Date` header.
    pub(crate) at: Timestamp,
}

/// Calls with one session.
pub(crate) struct Client<'a> {
    session: Session<'a>,
    kind: Kind,
    base: Url,
    calls: AtomicU32,
    /// The last answer's `Date`, in seconds.
    date: AtomicI64,
}

/// What a list of records is asked for. A chain of page tokens needs everything but the token to stay the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records<'a> {
    /// API names of the fields, comma-separated; `id` comes by itself.
    pub(crate) fields: &'a str,
    /// Only these records.
    pub(crate) ids: &'a [String],
    /// Only the records of this list view.
    pub(crate) view: Option<&'a str>,
    /// Sorted by this field, `asc` or `desc`. Not together with a view.
    pub(crate) sort: Option<(&'static str, &'static str)>,
    /// The token of the page before.
    pub(crate) page_token: Option<&'a str>,
    /// Only what was modified since.
    pub(crate) modified_since: Option<Timestamp>,
}

/// Which limit a call counts against beside the credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// The organisation's concurrency.
    Light,
    /// The sub-concurrency of complex calls: `sort_by`, `cvid`, COQL, more than ten rows.
    Heavy,
}

/// What a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Reads,
    Writes,
}

struct Prepared {
    method: &'static str,
    weight: Weight,
    effect: Effect,
    request: RequestBuilder,
}

impl<'a> Client<'a> {
    /// Calls to the account's data centre, about no kind of record.
    pub(crate) fn new(session: Session<'a>) -> Result<Self, Fault> {
        Self::about(session, Kind::default())
    }

    /// Calls to the account's data centre, about records of a kind.
    pub(crate) fn about(session: Session<'a>, kind: Kind) -> Result<Self, Fault> {
        let base = session.access.api_base.clone();
        let mut base =
            base.ok_or_else(|| Fault::malformed("no API address came with the access token"))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            session,
            kind,
            base,
            calls: AtomicU32::new(0),
            date: AtomicI64::new(0),
        })
    }

    /// How many calls were made so far.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The provider's clock when it last answered.
    pub(crate) fn provider_time(&self) -> Option<Timestamp> {
        let seconds = self.date.load(Ordering::Relaxed);
        Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)
    }

    /// Get Records.
    pub(crate) async fn records(
        &self,
        module: &str,
        list: &Records<'_>,
    ) -> Result<Answer<Listing<Row>>, Failure> {
        let mut query = vec![
            ("fields", list.fields.to_owned()),
            ("per_page", PAGE.to_string()),
        ];
        if !list.ids.is_empty() {
            query.push(("ids", list.ids.join(",")));
        }
        if let Some(view) = list.view {
            query.push(("cvid", view.to_owned()));
        }
        if let Some((field, order)) = list.sort {
            query.extend([
                ("sort_by", field.to_owned()),
                ("sort_order", order.to_owned()),
            ]);
        }
        if let Some(token) = list.page_token {
            query.push(("page_token", token.to_owned()));
        }
        let mut request = self.get(&format!("crm/v8/{module}")).query(&query);
        if let Some(since) = list.modified_since {
            request = request.header("If-Modified-Since", stamp(since));
        }
        let heavy = list.view.is_some() || list.sort.is_some();
        let weight = if heavy { Weight::Heavy } else { Weight::Light };
        self.list(Prepared {
            method: "records.list",
            weight,
            effect: Effect::Reads,
            request,
        })
        .await
    }

    /// Get a Record by id: what it is now, whatever lists still show. `None` if there is no such record.
    pub(crate) async fn record(
        &self,
        module: &str,
        id: &str,
        fields: &str,
    ) -> Result<Answer<Option<Row>>, Failure> {
        let request = self.get(&format!("crm/v8/{module}/{id}"));
        self.one(request.query(&[("fields", fields)])).await
    }

    /// The same with every field that the account sees.
    pub(crate) async fn whole_record(
        &self,
        module: &str,
        id: &str,
    ) -> Result<Answer<Option<Row>>, Failure> {
        self.one(self.get(&format!("crm/v8/{module}/{id}"))).await
    }

    async fn one(&self, request: RequestBuilder) -> Result<Answer<Option<Row>>, Failure> {
        let answer: Answer<Listing<Row>> = self
            .list(Prepared {
                method: "records.get",
                weight: Weight::Light,
                effect: Effect::Reads,
                request,
            })
            .await?;
        Ok(Answer {
            body: answer.body.data.into_iter().next(),
            at: answer.at,
        })
    }

    /// Get Deleted Records of all types, newest pages by number from 1.
    pub(crate) async fn deleted(
        &self,
        module: &str,
        since: Option<Timestamp>,
        page: u32,
    ) -> Result<Answer<Listing<DeletedRow>>, Failure> {
        let query = [
            ("type", "all".to_owned()),
            ("page", page.to_string()),
            ("per_page", PAGE.to_string()),
        ];
        let mut request = self.get(&format!("crm/v8/{module}/deleted")).query(&query);
        if let Some(since) = since {
            request = request.header("If-Modified-Since", stamp(since));
        }
        self.list(Prepared {
            method: "records.deleted",
            weight: Weight::Light,
            effect: Effect::Reads,
            request,
        })
        .await
    }

    /// Query Records (COQL).
    pub(crate) async fn query(&self, query: &Query) -> Result<Answer<Listing<Row>>, Failure> {
        let request = self.at(Method::POST, "crm/v8/coql").json(query);
        self.list(Prepared {
            method: "coql",
            weight: Weight::Heavy,
            effect: Effect::Reads,
            request,
        })
        .await
    }

    fn at(&self, verb: Method, path: &str) -> RequestBuilder {
        // Paths are our own literals with ids of digits: joining them cannot fail on a base that has a host.
        let url = self.base.join(path).unwrap_or_else(|_| self.base.clone());
        let token = format!(
            "Zoho-oauthtoken {}",
            self.session.access.token.expose_secret()
        );
        self.session
            .http
            .request(verb, url)
            .header(AUTHORIZATION, token)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.at(Method::GET, path)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let request = Prepared {
            method,
            weight: Weight::Light,
            effect: Effect::Reads,
            request,
        };
        Ok(self.send(request).await?.json()?)
    }

    /// A list: nothing matched is 204, nothing changed is 304, both with an empty body.
    async fn list<T: DeserializeOwned + Default>(
        &self,
        request: Prepared,
    ) -> Result<Answer<T>, Failure> {
        let reply = self.send(request).await?;
        let empty = matches!(
            reply.status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) || reply.body.is_empty();
        let body = if empty { T::default() } else { reply.json()? };
        Ok(Answer {
            body,
            at: reply.date(),
        })
    }

    async fn send(&self, request: Prepared) -> Result<Reply, Failure> {
        let effect = request.effect;
        let reply = self.raw(request).await?;
        if reply.is_success() || reply.status == StatusCode::NOT_MODIFIED {
            return Ok(reply);
        }
        Err(self.failure(&reply, effect))
    }

    async fn raw(&self, request: Prepared) -> Result<Reply, Failure> {
        let Prepared {
            method,
            weight,
            effect,
            request,
        } = request;
        let quota = self.quota(weight);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let sent = self.session.send(method, &quota, request).await;
        if let Ok(reply) = &sent {
            self.date.store(reply.date().as_second(), Ordering::Relaxed);
        }
        sent.map_err(|fault| match fault {
            // A read whose answer was lost is simply made again.
            Fault::LostAnswer { reason } if effect == Effect::Reads => {
                Fault::Transient { reason }.into()
            }
            fault => fault.into(),
        })
    }

    fn failure(&self, reply: &Reply, effect: Effect) -> Failure {
        let mut failure = fault::of_reply(self.kind, reply, Timestamp::now());
        match failure.fault {
            Fault::Throttled { until } => {
                for weight in [Weight::Light, Weight::Heavy] {
                    self.session.http.pause(&self.quota(weight), until);
                }
            }
            // A write that a server failed to answer may have been made all the same.
            Fault::Transient { reason } if effect == Effect::Writes => {
                failure.fault = Fault::LostAnswer { reason };
            }
            _ => {}
        }
        failure
    }

    /// Zoho counts by organisation. Even the smallest edition allows five calls at a time, which connector and
    /// writer share; complex ones go one after another in each.
    fn quota(&self, weight: Weight) -> Quota {
        let org = self
            .session
            .account_id
            .split('/')
            .next()
            .unwrap_or_default();
        let (pool, concurrent) = match weight {
            Weight::Light => ("all", 2),
            Weight::Heavy => ("complex", 1),
        };
        Quota::new(format!("org {org} {pool}"), 20, Duration::from_secs(1))
            .burst(10)
            .concurrent(concurrent)
    }
}
