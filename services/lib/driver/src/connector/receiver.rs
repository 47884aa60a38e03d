//! Receives pushes: proves each one, answers at once, and makes its feed due. What a push says is never
//! believed, logged or kept; the feed reads the truth.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    routing::post,
};
use kit::{OnFailure, OnStop};
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;

use super::{
    Connector,
    hints::{self, Hints, NotStored},
};
use crate::{
    store::{channels, feeds},
    trace,
};

/// Bytes that a push may have.
const MAX_BYTES: usize = 64 * 1024;

/// How long a push may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pushes that are worked on at a time; more are told to come again.
const AT_ONCE: usize = 64;

struct Receiver {
    connector: Arc<Connector>,
    places: Semaphore,
    hints: Hints,
}

/// A push cannot be proved, or what it says cannot be stored.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Hint(#[from] NotStored),
}

/// Serves on the configured address until the process stops, if the provider pushes and knows where to.
pub(super) async fn serve(connector: Arc<Connector>) -> anyhow::Result<()> {
    let settings = &connector.settings.push;
    if connector.provider.push().is_none() || settings.push_url.is_none() {
        return Ok(());
    }
    let (process, listen) = (connector.process.clone(), settings.push_listen);
    let path = format!("/push/{}/{{*channel}}", connector.about.provider);
    let (hints, storing) = hints::way();
    let pool = connector.pool.clone();
    let store = async move {
        storing.run(&pool).await;
        anyhow::Ok(())
    };
    process
        .tasks
        .spawn("hints of pushes", OnFailure::ShutDown, OnStop::Abort, store);
    let receiver = Arc::new(Receiver {
        connector,
        places: Semaphore::new(AT_ONCE),
        hints,
    });
    let router = Router::new()
        .route(&path, post(receive))
        .with_state(receiver);
    kit::http::serve(&process, "push", listen, router).await?;
    Ok(())
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Genuine,
    Greeting,
    Busy,
    Oversized,
    Slow,
    Unrecognised,
    Unknown,
    Expired,
    Forged,
    Replayed,
    Failed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Greeting => "greeting",
            Self::Busy => "busy",
            Self::Oversized => "oversized",
            Self::Slow => "slow",
            Self::Unrecognised => "unrecognised",
            Self::Unknown => "unknown_channel",
            Self::Expired => "expired_channel",
            Self::Forged => "forged",
            Self::Replayed => "replayed",
            Self::Failed => "failed",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Genuine | Self::Greeting => StatusCode::NO_CONTENT,
            Self::Busy | Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Oversized => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Unrecognised => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Replayed => StatusCode::CONFLICT,
        }
    }
}

#[tracing::instrument(name = "push", parent = None, skip_all, fields(otel.kind = "server", result))]
async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> StatusCode {
    let verdict = receiver.judge(request).await;
    receiver.connector.metrics.push(verdict.word());
    tracing::Span::current().record("result", verdict.word());
    match verdict {
        Verdict::Genuine => receiver.connector.woken.notify_one(),
        // The feed was told to look when its channel was opened.
        Verdict::Greeting => {}
        refused => tracing::warn!(result = refused.word(), "a push was refused"),
    }
    verdict.status()
}

impl Receiver {
    async fn judge(&self, request: Request<Body>) -> Verdict {
        let Ok(_place) = self.places.try_acquire() else {
            return Verdict::Busy;
        };
        let Some(push) = self.connector.provider.push() else {
            return Verdict::Unknown;
        };
        let (parts, body) = request.into_parts();
        let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BYTES)).await {
            Ok(Ok(body)) => body,
            // The limit is the only error of a body that arrives whole.
            Ok(Err(_)) => return Verdict::Oversized,
            Err(_) => return Verdict::Slow,
        };
        let Ok(delivery) = push.identify(&parts.headers, &parts.uri, &body) else {
            return Verdict::Unrecognised;
        };
        self.prove(&delivery).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a push cannot be proved");
            Verdict::Failed
        })
    }

    async fn prove(&self, delivery: &provider::Delivery) -> Result<Verdict, Failed> {
        let pool = &self.connector.pool;
        let Some(channel) = channels::find(pool, &delivery.channel).await? else {
            return Ok(Verdict::Unknown);
        };
        if !token_matches(delivery.token.expose_secret(), &channel.token_hash) {
            return Ok(Verdict::Forged);
        }
        if channel.expired {
            return Ok(Verdict::Expired);
        }
        let Some(sequence) = delivery.sequence else {
            if !delivery.news {
                return Ok(Verdict::Greeting);
            }
            self.hints.store(channel.key, trace::current()).await?;
            return Ok(Verdict::Genuine);
        };
        // A number counts as taken only once its hint is stored.
        let mut tx = pool.begin().await?;
        if !channels::take_number(&mut *tx, channel.id, sequence).await? {
            return Ok(Verdict::Replayed);
        }
        if delivery.news {
            feeds::hint(&mut *tx, &channel.key, &trace::current()).await?;
        }
        tx.commit().await?;
        Ok(if delivery.news {
            Verdict::Genuine
        } else {
            Verdict::Greeting
        })
    }
}

/// The hash of a channel's token, as it is stored.
pub(super) fn token_hash(token: &str) -> blake3::Hash {
    blake3::hash(token.as_bytes())
}

/// Takes the same time whatever the token is: hashes compare in constant time.
fn token_matches(token: &str, hash: &[u8]) -> bool {
    blake3::Hash::from_slice(hash).is_ok_and(|hash| hash == token_hash(token))
}
