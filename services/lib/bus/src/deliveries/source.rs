//! The messages of one partition, without end: whatever happens to the server, its streams and consumers,
//! they are declared and opened again.

use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior},
};

use crate::{Bus, Queue, bus::Standing};

/// How often a consumer that works is compared with its stream.
const CHECK: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Every message of this partition.
pub(super) fn messages(
    bus: Bus,
    queue: Queue,
    partition: u32,
) -> impl Stream<Item = jetstream::Message> {
    let mut checks = tokio::time::interval_at(Instant::now() + CHECK, CHECK);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let source = Source {
        reconnections: bus.reconnections(),
        bus,
        queue,
        partition,
        pulling: None,
        checks,
    };
    stream::unfold(source, |mut source| async {
        let message = source.next().await;
        Some((message, source))
    })
}

struct Source {
    bus: Bus,
    queue: Queue,
    partition: u32,
    pulling: Option<pull::Stream>,
    reconnections: watch::Receiver<u64>,
    checks: tokio::time::Interval,
}

/// What happened while waiting.
enum Woken {
    Message(Box<jetstream::Message>),
    Failed(String),
    LookAgain,
}

impl Source {
    async fn next(&mut self) -> jetstream::Message {
        loop {
            match self.wait().await {
                Woken::Message(message) => return *message,
                Woken::Failed(reason) => {
                    tracing::warn!(
                        consumer = self.name(),
                        reason,
                        "a consumer stopped; it is opened again"
                    );
                    self.pulling = None;
                }
                Woken::LookAgain => self.check().await,
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        if self.pulling.is_none() {
            self.pulling = Some(self.open().await);
        }
        let Some(pulling) = &mut self.pulling else {
            return Woken::LookAgain;
        };
        tokio::select! {
            message = pulling.next() => match message {
                Some(Ok(message)) => Woken::Message(Box::new(message)),
                Some(Err(error)) => Woken::Failed(error.to_string()),
                None => Woken::Failed("the subscription ended".to_owned()),
            },
            Ok(()) = self.reconnections.changed() => Woken::LookAgain,
            _ = self.checks.tick() => Woken::LookAgain,
        }
    }

    /// Opens the consumer, for as long as it takes.
    async fn open(&self) -> pull::Stream {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.bus.open(&self.queue, self.partition).await {
                Ok(pulling) => return pulling,
                Err(error) => {
                    tracing::warn!(
                        consumer = self.name(),
                        error = &error as &dyn std::error::Error,
                        "cannot open a consumer yet"
                    );
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Closes the consumer if it cannot work as it stands. Without an answer nothing is known, and it stays.
    async fn check(&mut self) {
        match self.bus.standing(&self.queue, self.partition).await {
            Ok(Standing::Sound) => {}
            Ok(standing) => {
                tracing::warn!(
                    consumer = self.name(),
                    ?standing,
                    "a consumer does not fit its stream"
                );
                self.pulling = None;
            }
            Err(error) => {
                tracing::debug!(consumer = self.name(), %error, "cannot compare a consumer with its stream");
            }
        }
    }

    fn name(&self) -> String {
        self.queue.consumer_name(self.partition)
    }
}
