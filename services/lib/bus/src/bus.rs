//! The connection, and the declaration of the topology.

use std::{fmt, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{
        self,
        consumer::{PriorityGroupState, PullConsumer, pull},
        context::{CreateStreamErrorKind, GetStreamErrorKind},
        stream::{ConsumerError, ConsumerErrorKind},
    },
};
use tokio::sync::{Mutex, watch};

use crate::{
    BusError, BusSettings, Queue,
    error::Source,
    subject::{Subjects, word},
    topology::{GROUP, PULL_EXPIRES, Stream},
};

/// How long one request to the server may take.
const REQUEST: Duration = Duration::from_secs(5);

/// How long a start waits for a server that is not there yet.
const START: Duration = Duration::from_secs(30);

/// How often an idle consumer says that it lives; twice that without a word means that it is gone.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Messages that one request asks for.
const PULL_MESSAGES: usize = 32;

/// A connection to NATS whose streams are declared. Clones share it.
#[derive(Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

struct Shared {
    settings: BusSettings,
    subjects: Subjects,
    client: Client,
    jetstream: jetstream::Context,
    link: Link,
    declaring: Mutex<()>,
}

/// What is known of the connection.
#[derive(Clone)]
struct Link {
    up: watch::Receiver<bool>,
    /// How often it was made.
    times: watch::Receiver<u64>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Bus {
    /// Connects under a name that the server's monitoring shows, and declares the streams. A server that
    /// is still starting is waited for.
    ///
    /// # Errors
    /// No server answers within half a minute, or it refuses the streams.
    pub async fn connect(settings: BusSettings, name: &str) -> Result<Self, BusError> {
        word("namespace", &settings.nats_namespace)?;
        let deadline = tokio::time::Instant::now() + START;
        let bus = loop {
            match Self::connect_once(&settings, name).await {
                Ok(bus) => break bus,
                Err(error) if tokio::time::Instant::now() >= deadline => return Err(error),
                Err(_not_yet) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        loop {
            match bus.declare().await {
                Ok(()) => return Ok(bus),
                Err(error) if tokio::time::Instant::now() >= deadline => return Err(error),
                // JetStream may be reading its store while the server already takes connections.
                Err(BusError::Unconfirmed { .. }) => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn connect_once(settings: &BusSettings, name: &str) -> Result<Self, BusError> {
        let failed = |source: Source| BusError::Connect {
            url: settings.nats_url.clone(),
            source,
        };
        let ((is_up, up), (count, times)) = (watch::channel(true), watch::channel(0));
        let mut options = ConnectOptions::new()
            .name(name)
            .connection_timeout(REQUEST)
            .request_timeout(Some(REQUEST))
            .ping_interval(Duration::from_secs(10))
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(50 * (attempts as u64).min(40))
            })
            .event_callback(move |event| {
                note(&is_up, &count, &event);
                std::future::ready(())
            });
        if let Some(path) = &settings.nats_credentials {
            options = options
                .credentials_file(path)
                .await
                .map_err(|error| failed(error.into()))?;
        }
        let servers: Vec<&str> = settings.nats_url.split(',').map(str::trim).collect();
        let client = options
            .connect(servers)
            .await
            .map_err(|error| failed(error.into()))?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(REQUEST);
        Ok(Self {
            shared: Arc::new(Shared {
                subjects: Subjects {
                    namespace: settings.nats_namespace.clone(),
                    partitions: settings.nats_partitions,
                },
                settings: settings.clone(),
                client,
                jetstream,
                link: Link { up, times },
                declaring: Mutex::new(()),
            }),
        })
    }

    /// Whether the connection stands; it is made again by itself. Made to be followed by a part of
    /// the process's health.
    pub fn connection(&self) -> watch::Receiver<bool> {
        self.shared.link.up.clone()
    }

    /// Changes whenever the connection has been made again.
    pub(crate) fn reconnections(&self) -> watch::Receiver<u64> {
        let mut times = self.shared.link.times.clone();
        times.mark_unchanged();
        times
    }

    pub(crate) fn settings(&self) -> &BusSettings {
        &self.shared.settings
    }

    pub(crate) fn subjects(&self) -> &Subjects {
        &self.shared.subjects
    }

    pub(crate) fn client(&self) -> &Client {
        &self.shared.client
    }

    pub(crate) fn jetstream(&self) -> &jetstream::Context {
        &self.shared.jetstream
    }

    pub(crate) fn stream_name(&self, stream: Stream) -> String {
        stream.name(&self.shared.settings.nats_namespace)
    }

    /// Declares every stream; streams that are there already are left as they are, or brought up to date.
    pub(crate) async fn declare(&self) -> Result<(), BusError> {
        let _one_at_a_time = self.shared.declaring.lock().await;
        for stream in Stream::ALL {
            let config = stream.config(&self.shared.settings);
            let name = config.name.clone();
            let declared = self.shared.jetstream.create_or_update_stream(config).await;
            if let Err(error) = declared {
                let refused =
                    matches!(error.kind(), CreateStreamErrorKind::JetStream(e) if is_final(&e));
                return Err(failure(format!("stream {name}"), refused, error));
            }
        }
        Ok(())
    }

    /// Declares a consumer, made anew if it is ahead of its stream, and starts to pull from it.
    pub(crate) async fn open(
        &self,
        queue: &Queue,
        partition: u32,
    ) -> Result<pull::Stream, BusError> {
        let consumer = match self.consumer(queue, partition).await {
            Err(BusError::Topology { .. }) => {
                self.declare().await?;
                self.consumer(queue, partition).await?
            }
            other => other?,
        };
        let pulling = consumer
            .stream()
            .group(GROUP)
            .max_messages_per_batch(PULL_MESSAGES)
            .expires(PULL_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await;
        pulling.map_err(|error| BusError::Unconfirmed {
            what: format!("consumer {}", queue.consumer_name(partition)),
            source: error.into(),
        })
    }

    /// Declares a consumer. One that is ahead of its stream, or that the server cannot bring up to date, is
    /// made anew: its queue still holds everything that is not acknowledged.
    async fn consumer(&self, queue: &Queue, partition: u32) -> Result<PullConsumer, BusError> {
        let standing = self.standing(queue, partition).await?;
        if standing == Standing::Ahead {
            self.delete(queue, partition, "it is ahead of its stream")
                .await?;
        }
        match self.create(queue, partition).await {
            Err(BusError::Topology { .. }) if standing == Standing::Sound => {
                self.delete(queue, partition, "it differs from its declaration")
                    .await?;
                self.create(queue, partition).await
            }
            other => other,
        }
    }

    async fn create(&self, queue: &Queue, partition: u32) -> Result<PullConsumer, BusError> {
        let config = queue.consumer(&self.shared.settings, partition);
        let stream = self.stream_name(queue.stream());
        let created = self
            .shared
            .jetstream
            .create_consumer_on_stream(config, stream)
            .await;
        created.map_err(|error| consumer_failure(&queue.consumer_name(partition), error))
    }

    async fn delete(&self, queue: &Queue, partition: u32, why: &str) -> Result<(), BusError> {
        let name = queue.consumer_name(partition);
        let stream = self.stream_name(queue.stream());
        tracing::warn!(consumer = name, stream, why, "a consumer is made anew");
        match self
            .shared
            .jetstream
            .delete_consumer_from_stream(&name, &stream)
            .await
        {
            Ok(_deleted) => Ok(()),
            Err(error) => Err(consumer_failure(&name, error)),
        }
    }

    /// Compares a consumer with its stream.
    pub(crate) async fn standing(
        &self,
        queue: &Queue,
        partition: u32,
    ) -> Result<Standing, BusError> {
        let name = queue.consumer_name(partition);
        let stream = self.stream_name(queue.stream());
        let unconfirmed = |source| BusError::Unconfirmed {
            what: format!("the state of consumer {name}"),
            source,
        };
        // The consumer first: its stream can only have grown by the time that it is asked.
        let consumer: Result<PullConsumer, _> = self
            .shared
            .jetstream
            .get_consumer_from_stream(name.as_str(), stream.as_str())
            .await;
        let delivered = match consumer {
            Ok(consumer) => consumer.cached_info().delivered.stream_sequence,
            Err(error) if is_missing(error.kind()) => return Ok(Standing::Missing),
            Err(error) => return Err(unconfirmed(error.into())),
        };
        match self.shared.jetstream.get_stream(&stream).await {
            Ok(stream) if delivered > stream.cached_info().state.last_sequence => {
                Ok(Standing::Ahead)
            }
            Ok(_stream) => Ok(Standing::Sound),
            Err(error) if matches!(error.kind(), GetStreamErrorKind::JetStream(_)) => {
                Ok(Standing::Missing)
            }
            Err(error) => Err(unconfirmed(error.into())),
        }
    }

    /// Lets another process read a partition at once, if this one is still its reader.
    pub(crate) async fn hand_over(
        &self,
        queue: &Queue,
        consumer: &str,
        pin: &str,
    ) -> Result<(), Source> {
        let stream = self.stream_name(queue.stream());
        let found: PullConsumer = self
            .shared
            .jetstream
            .get_consumer_from_stream(consumer, &stream)
            .await?;
        let is_ours = |group: &PriorityGroupState| group.pinned_client_id.as_deref() == Some(pin);
        if found.cached_info().priority_groups.iter().any(is_ours) {
            let stream = self.shared.jetstream.get_stream_no_info(&stream).await?;
            stream.unpin_consumer(consumer, GROUP).await?;
        }
        Ok(())
    }

    /// Empties the inner streams; what they held is derived again from PostgreSQL and the providers.
    pub async fn purge_inner(&self) -> Result<(), BusError> {
        for stream in Stream::INNER {
            let name = self.stream_name(stream);
            let unconfirmed = |source: Source| BusError::Unconfirmed {
                what: format!("the purge of stream {name}"),
                source,
            };
            let stream = self
                .shared
                .jetstream
                .get_stream(&name)
                .await
                .map_err(|error| unconfirmed(error.into()))?;
            stream
                .purge()
                .await
                .map_err(|error| unconfirmed(error.into()))?;
        }
        Ok(())
    }
}

/// How a consumer stands to its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// All is well.
    Sound,
    /// One of the two does not exist.
    Missing,
    /// It has delivered messages that its stream has yet to receive: the stream was lost or went back, and
    /// everything up to there would be skipped.
    Ahead,
}

fn is_missing(kind: ConsumerErrorKind) -> bool {
    matches!(kind, ConsumerErrorKind::JetStream(error) if error.code() == 404)
}

/// A server that answers with an error refuses; one that does not answer has not confirmed.
fn failure(what: String, refused: bool, source: impl Into<Source>) -> BusError {
    let source = source.into();
    if refused {
        BusError::Topology { what, source }
    } else {
        BusError::Unconfirmed { what, source }
    }
}

/// Whether asking again will get the same answer: not while the server starts, or a cluster elects a leader.
fn is_final(error: &jetstream::Error) -> bool {
    error.code() != 503
}

fn consumer_failure(name: &str, error: ConsumerError) -> BusError {
    let refused = matches!(error.kind(), ConsumerErrorKind::JetStream(e) if is_final(&e));
    failure(format!("consumer {name}"), refused, error)
}

fn note(up: &watch::Sender<bool>, times: &watch::Sender<u64>, event: &Event) {
    match event {
        Event::Connected => {
            tracing::info!("connected to NATS");
            up.send_replace(true);
            times.send_modify(|times| *times += 1);
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!(%event, "NATS");
            up.send_replace(false);
        }
        other => tracing::debug!(event = %other, "NATS"),
    }
}
