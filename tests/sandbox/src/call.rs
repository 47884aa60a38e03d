//! What happens around every call of a provider's API: name it, apply the fault script, log it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::emulator::{Emulator, Shared, Strike};
use crate::faults::Fault;
use crate::journal::{Effect, Entry};
use crate::serve::Scissors;

/// Wraps an emulator's router, so that its handlers know nothing of faults and of the journal.
pub(crate) fn layer(router: Router, emulator: Arc<dyn Emulator>, shared: Shared) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let (emulator, shared) = (Arc::clone(&emulator), shared.clone());
        // A task of its own: a server goes on with a write when its client hangs up.
        let tasks = shared.tasks.clone();
        let call = tasks.spawn(async move {
            through(emulator.as_ref(), &shared, request, |request| {
                next.run(request)
            })
            .await
        });
        async move {
            call.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a handler panicked");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            })
        }
    }))
}

/// Runs one call through the fault script and the journal. Public to the crate for calls that arrive
/// inside another one (multipart batches).
pub(crate) async fn through<F>(
    emulator: &dyn Emulator,
    shared: &Shared,
    request: Request,
    run: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let started = Instant::now();
    let verb = emulator.verb_of(request.method(), request.headers());
    let method = emulator.method_of(&verb, request.uri().path());
    let hits = shared
        .faults
        .decide(&shared.dice, emulator.provider(), &method);
    let mut entry = Entry {
        number: 0,
        at: shared.clock.now(),
        provider: emulator.provider(),
        method,
        verb: verb.to_string(),
        path: request
            .uri()
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        account: None,
        status: None,
        written: Vec::new(),
        faults: hits.iter().map(Fault::name).collect(),
        milliseconds: 0,
        ended_at: Timestamp::UNIX_EPOCH,
    };
    shared.journal.begin();
    let scissors = request.extensions().get::<ConnectInfo<Scissors>>().cloned();
    let mut answer = execute(emulator, &entry.method, &hits, request, run).await;
    stamp(&mut answer.response, shared);
    let mut letters = Vec::new();
    if let Some(effect) = answer.response.extensions().get::<Effect>() {
        entry.account.clone_from(&effect.account);
        entry.written.clone_from(&effect.written);
        letters.clone_from(&effect.letters);
    }
    if answer.cut {
        if let Some(ConnectInfo(scissors)) = scissors {
            scissors.cut();
        }
    } else {
        entry.status = Some(answer.response.status().as_u16());
    }
    entry.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    entry.ended_at = shared.clock.now();
    shared.journal.end(entry, letters);
    answer.response
}

/// Puts the provider's time into the `Date` header: the sandbox's clock may be ahead of the real one.
fn stamp(response: &mut Response, shared: &Shared) {
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&shared.clock.now());
    if let Some(date) = text.ok().and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::DATE, date);
    }
}

/// A response, and whether the client shall never see it.
struct Answer {
    response: Response,
    cut: bool,
}

async fn execute<F>(
    emulator: &dyn Emulator,
    method: &str,
    hits: &[Fault],
    request: Request,
    run: impl FnOnce(Request) -> F,
) -> Answer
where
    F: Future<Output = Response>,
{
    for fault in hits {
        match fault {
            Fault::Status {
                status,
                retry_after_seconds,
                body,
            } => {
                return Answer {
                    response: refusal(
                        emulator,
                        method,
                        *status,
                        *retry_after_seconds,
                        body.as_ref(),
                    ),
                    cut: false,
                };
            }
            Fault::CutBefore => {
                return Answer {
                    response: Response::default(),
                    cut: true,
                };
            }
            Fault::Latency {
                milliseconds,
                after_commit: false,
            } => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
            Fault::ExpireCursors => emulator.strike(Strike::ExpireCursors),
            Fault::RevokeGrants => emulator.strike(Strike::RevokeGrants),
            Fault::ExpireAccessTokens => emulator.strike(Strike::ExpireAccessTokens),
            Fault::Latency { .. } | Fault::CutAfterCommit => {}
        }
    }
    let response = run(request).await;
    for fault in hits {
        if let Fault::Latency {
            milliseconds,
            after_commit: true,
        } = fault
        {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
        }
    }
    Answer {
        response,
        cut: hits.contains(&Fault::CutAfterCommit),
    }
}

fn refusal(
    emulator: &dyn Emulator,
    method: &str,
    status: u16,
    retry_after_seconds: Option<u64>,
    body: Option<&serde_json::Value>,
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Some(body) => {
            let mut response = Response::new(body.to_string().into());
            *response.status_mut() = status;
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=UTF-8"),
            );
            response
        }
        None => emulator.failure(status, method),
    };
    if let Some(seconds) = retry_after_seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
