//! Calls that write records, with a verdict on each.

use http::Method;
use jiff::Timestamp;
use provider::Fault;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::{Answer, Client, Effect, Prepared, Weight};
use crate::{
    fault::Failure,
    wire::{Verdicts, stamp},
};

impl Client<'_> {
    /// Insert Records. Never the upsert call, which merges strangers that share an address.
    pub(crate) async fn insert(
        &self,
        module: &str,
        body: &Value,
    ) -> Result<Answer<Verdicts>, Failure> {
        let request = self
            .at(Method::POST, &format!("crm/v8/{module}"))
            .json(body);
        self.verdicts("records.insert", rows_of(body), request)
            .await
    }

    /// Update Records, unless one of them was modified since.
    pub(crate) async fn update(
        &self,
        module: &str,
        body: &Value,
        unmodified_since: Timestamp,
    ) -> Result<Answer<Verdicts>, Failure> {
        let request = self.at(Method::PUT, &format!("crm/v8/{module}")).json(body);
        let request = request.header("If-Unmodified-Since", stamp(unmodified_since));
        self.verdicts("records.update", rows_of(body), request)
            .await
    }

    /// Delete Records, into the recycle bin.
    pub(crate) async fn delete(
        &self,
        module: &str,
        ids: &[String],
        workflows: bool,
    ) -> Result<Answer<Verdicts>, Failure> {
        let query = [
            ("ids", ids.join(",")),
            ("wf_trigger", workflows.to_string()),
        ];
        let request = self
            .at(Method::DELETE, &format!("crm/v8/{module}"))
            .query(&query);
        self.verdicts("records.delete", ids.len(), request).await
    }

    /// A write: 200, 201 and 207 carry a verdict per record; so does a 400 when all of them failed, and a 412
    /// that tells which are newer.
    async fn verdicts(
        &self,
        method: &'static str,
        rows: usize,
        request: RequestBuilder,
    ) -> Result<Answer<Verdicts>, Failure> {
        let weight = if rows > 10 {
            Weight::Heavy
        } else {
            Weight::Light
        };
        let reply = self
            .raw(Prepared {
                method,
                weight,
                effect: Effect::Writes,
                request,
            })
            .await?;
        let verdicts: Option<Verdicts> = reply.json().ok();
        match verdicts.filter(|verdicts| verdicts.data.len() == rows) {
            Some(body) if reply.is_success() || matches!(reply.status.as_u16(), 400 | 403) => {
                Ok(Answer {
                    body,
                    at: reply.date(),
                })
            }
            _ if reply.is_success() => {
                Err(Fault::malformed("a write's answer has not one verdict per record").into())
            }
            _ => Err(self.failure(&reply, Effect::Writes)),
        }
    }
}

fn rows_of(body: &Value) -> usize {
    body.get("data")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}
