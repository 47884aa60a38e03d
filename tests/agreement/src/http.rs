//! Calls to a provider: few, patient, and silent about what they carry.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

use crate::error::Error;

/// The longest call.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a provider that is busy is asked again.
const TRIES: u32 = 6;
/// The longest wait that a provider may ask for.
const LONGEST_WAIT: u64 = 60;

/// A client for both providers.
#[allow(
    clippy::disallowed_methods,
    reason = "the comparison shares nothing with the engine, its HTTP client included"
)]
pub(crate) fn client() -> reqwest::Client {
    // A second installation in one process fails, and the first one serves.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none());
    builder.build().unwrap_or_default()
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Null when there is no body.
    pub(crate) body: Value,
}

/// Who is asked what, for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) provider: &'static str,
    pub(crate) method: &'static str,
}

impl Asked {
    /// Sends; a provider that is busy or fails for a moment is asked again. Other answers are the caller's.
    pub(crate) async fn send(self, request: RequestBuilder) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            // Bodies are short forms, so that they can be cloned.
            let Some(again) = request.try_clone() else {
                return Err(self.malformed("the request cannot be repeated"));
            };
            match self.once(again).await {
                Ok(Err(wait)) if tries < TRIES => tokio::time::sleep(wait).await,
                Err(Error::Unreachable { .. }) if tries < TRIES => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(_)) => return Err(self.refused(StatusCode::SERVICE_UNAVAILABLE)),
                Err(error) => return Err(error),
            }
        }
    }

    /// An answer, or how long to wait before asking again.
    async fn once(self, request: RequestBuilder) -> Result<Result<Answer, Duration>, Error> {
        let unreachable = |source: reqwest::Error| Error::Unreachable {
            provider: self.provider,
            method: self.method,
            // URLs carry tokens.
            source: source.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let asked = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(1);
            return Ok(Err(Duration::from_secs(asked.clamp(1, LONGEST_WAIT))));
        }
        let text = response.text().await.map_err(unreachable)?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).map_err(|_| self.malformed("it is no JSON"))?
        };
        Ok(Ok(Answer { status, body }))
    }

    pub(crate) fn malformed(self, reason: impl Into<String>) -> Error {
        Error::Malformed {
            provider: self.provider,
            method: self.method,
            reason: reason.into(),
        }
    }

    pub(crate) fn refused(self, status: StatusCode) -> Error {
        Error::Refused {
            provider: self.provider,
            method: self.method,
            status: status.as_u16(),
        }
    }

    /// The body of an answer with status 200.
    pub(crate) fn body(self, answer: Answer) -> Result<Value, Error> {
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(self.refused(answer.status))
        }
    }
}
