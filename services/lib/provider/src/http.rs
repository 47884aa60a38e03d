//! The one way out to a provider's API: paced, bounded, counted, and never retried behind our back.

mod oauth;
mod retry_after;

use std::{
    error::Error as _,
    fmt,
    time::{Duration, Instant},
};

use ::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram},
};
use reqwest::{IntoUrl, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use tracing::{Instrument, Span, field::Empty};

pub use self::{
    oauth::{OAuthCalls, token_fault},
    retry_after::{http_date, retry_after},
};
use crate::{
    fault::Fault,
    pace::{Gates, Lane, Quota},
};

/// Makes TLS ready for this process. Call it once, before the first [`HttpClient`]; again does no harm.
pub fn install_tls() {
    // An error only says that a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Bounds of a provider's calls.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The provider's name, for metrics.
    pub provider: &'static str,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a call may take until its answer counts as lost.
    pub request_timeout: Duration,
    /// How long a call may wait for its turn at a quota key; then it is throttled.
    pub longest_wait: Duration,
    /// How many bytes an answer may have, decompressed.
    pub max_body_bytes: usize,
}

impl HttpSettings {
    /// The usual bounds, with the provider's own time-out.
    pub fn new(provider: &'static str, request_timeout: Duration) -> Self {
        Self {
            provider,
            connect_timeout: Duration::from_secs(10).min(request_timeout),
            request_timeout,
            longest_wait: Duration::from_mins(1),
            max_body_bytes: 32 * 1024 * 1024,
        }
    }
}

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built")]
pub struct BuildError(#[from] reqwest::Error);

/// Makes calls to one provider. Shared by everything in the process that calls it, so that all keep one pace.
pub struct HttpClient {
    client: reqwest::Client,
    settings: HttpSettings,
    gates: Gates,
    calls: Counter<u64>,
    seconds: Histogram<f64>,
}

/// One call, before it is made.
pub struct Call<'a> {
    /// The provider's name for the method, for example "people.connections.list": in spans and metrics.
    pub method: &'static str,
    /// What the provider counts it by.
    pub quota: &'a Quota,
    /// Who waits for it.
    pub lane: Lane,
    /// The request, from [`HttpClient::request`].
    pub request: RequestBuilder,
    /// It is not made at all if its turn comes later than this.
    pub begin_before: Option<Instant>,
}

/// A complete answer, of whatever status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl HttpClient {
    /// A client of its own pool. [`install_tls`] must have been called.
    pub fn new(settings: HttpSettings) -> Result<Self, BuildError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("rapport/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            .build()?;
        let meter = global::meter("rapport");
        Ok(Self {
            client,
            settings,
            gates: Gates::default(),
            calls: meter
                .u64_counter("rapport_provider_calls")
                .with_description("Calls to providers by method and status")
                .build(),
            seconds: meter
                .f64_histogram("rapport_provider_call_seconds")
                .with_description(
                    "How long calls to providers took, without waiting for their turn",
                )
                .build(),
        })
    }

    /// How long a call may take until its answer counts as lost.
    pub fn request_timeout(&self) -> Duration {
        self.settings.request_timeout
    }

    /// Begins a request. Nothing that identifies a person belongs into a path; a query is never logged.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Makes one call when it is its turn, once.
    ///
    /// `Ok` is a complete answer of any status, which the provider's `fault.rs` classifies. `Err` is
    /// [`Fault::Transient`] if the request was surely not sent, also because it is too late for it,
    /// [`Fault::LostAnswer`] if it may have been,
    /// [`Fault::Throttled`] if its turn does not come, [`Fault::Malformed`] if the answer is too large.
    /// An answer 429 that names a time closes the quota key for everybody until then.
    pub async fn send(&self, call: Call<'_>) -> Result<Reply, Fault> {
        let span = tracing::info_span!(
            "provider.call",
            otel.name = call.method,
            otel.kind = "client",
            provider = self.settings.provider,
            method = call.method,
            status = Empty,
        );
        self.send_in_span(call).instrument(span).await
    }

    /// Lets no call of this quota key pass until then: for answers that say "too many" in the provider's own way.
    pub fn pause(&self, quota: &Quota, until: Timestamp) {
        self.gates.close(quota, until);
    }

    async fn send_in_span(&self, call: Call<'_>) -> Result<Reply, Fault> {
        let Call {
            method,
            quota,
            lane,
            request,
            begin_before,
        } = call;
        let permit = self
            .gates
            .enter(quota, lane, self.settings.longest_wait)
            .await;
        let permit = permit.inspect_err(|_| self.count(method, "not_sent_throttled"))?;
        let begin = Instant::now();
        if begin_before.is_some_and(|latest| begin > latest) {
            self.count(method, "not_sent_late");
            return Err(Fault::transient("not sent: its turn came too late"));
        }
        let result = self.exchange(request).await;
        drop(permit);
        let status = match &result {
            Ok(reply) => reply.status.as_u16().to_string(),
            Err(fault) => fault.word().to_owned(),
        };
        self.count(method, &status);
        self.seconds
            .record(begin.elapsed().as_secs_f64(), &self.labels(method));
        if let Ok(reply) = &result
            && reply.status == StatusCode::TOO_MANY_REQUESTS
            && let Some(until) = reply.retry_after()
        {
            self.pause(quota, until);
        }
        result
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Reply, Fault> {
        let mut response = request.send().await.map_err(|error| not_answered(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
            if body.len() + chunk.len() > self.settings.max_body_bytes {
                return Err(Fault::malformed(format!(
                    "larger than {} bytes",
                    self.settings.max_body_bytes
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            body: body.freeze(),
        })
    }

    fn count(&self, method: &'static str, status: &str) {
        Span::current().record("status", status);
        let [provider, method] = self.labels(method);
        self.calls.add(
            1,
            &[provider, method, KeyValue::new("status", status.to_owned())],
        );
    }

    fn labels(&self, method: &'static str) -> [KeyValue; 2] {
        [
            KeyValue::new("provider", self.settings.provider),
            KeyValue::new("method", method),
        ]
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Reads the body as JSON. What is wrong with it is told by its path, never by its content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            Fault::malformed(format!(
                "JSON of an HTTP {} answer at {}: {:?}",
                self.status.as_u16(),
                error.path(),
                error.inner().classify()
            ))
        })
    }

    /// The provider's clock when it answered; ours if it does not say.
    pub fn date(&self) -> Timestamp {
        self.headers
            .get(::http::header::DATE)
            .and_then(|date| http_date(date.to_str().ok()?))
            .unwrap_or_else(Timestamp::now)
    }

    /// The end of the wait that the provider asks for, if it names one.
    pub fn retry_after(&self) -> Option<Timestamp> {
        retry_after(&self.headers, Timestamp::now())
    }
}

/// Only a failure to connect proves that nothing was sent.
fn not_answered(error: &reqwest::Error) -> Fault {
    if error.is_connect() || error.is_builder() {
        Fault::transient(format!("not sent: {}", cause(error)))
    } else {
        lost(error)
    }
}

fn lost(error: &reqwest::Error) -> Fault {
    Fault::LostAnswer {
        reason: cause(error),
    }
}

/// The innermost cause: the outer ones repeat the URL.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let Some(mut cause) = error.source() else {
        return "the request cannot be built".to_owned();
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
