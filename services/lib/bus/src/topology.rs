//! The streams and their consumers, declared here and nowhere else.
//!
//! | stream | kept | full |
//! |---|---|---|
//! | `CHANGES`, `WRITES`, `OUTCOMES` | until acknowledged | refuses |
//! | `NOTICES` | a week | drops the oldest |
//! | `DEAD` | a month | drops the oldest |
//! | `KV_TIDE`, a key-value bucket | the newest value of each key | refuses |
//!
//! # Order
//! Each partition of a work queue has one consumer, and each consumer serves one process at a time (the
//! *pinned client* of JetStream); another process takes over when that one has not pulled for a few
//! seconds. In the process, [`crate::Deliveries`] hands out one message per sync (per connection, for
//! writes) at a time and in order, so a sync's batches are applied as they were published without one sync
//! waiting for another. This is for speed alone: nothing breaks when two processes briefly share a
//! partition.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, PriorityPolicy, pull},
    stream::{Config, DiscardPolicy, RetentionPolicy},
};

use crate::{BusError, BusSettings, subject::word};

/// Bytes that a message may have; NATS itself stops at a mebibyte, headers included.
pub const MAX_MESSAGE_BYTES: usize = 960 * 1024;

/// How long a consumer waits for an acknowledgement or a sign of life before it delivers again.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(10);

/// Messages of one partition that may be unacknowledged at a time.
const MAX_ACK_PENDING: i64 = 64;

/// How long the process that reads a partition may be silent before another one takes over.
/// Longer than [`PULL_EXPIRES`], so that a process that lives pulls in time.
const PINNED_FOR: Duration = Duration::from_secs(8);

/// How long one request for messages waits on the server.
pub(crate) const PULL_EXPIRES: Duration = Duration::from_secs(4);

/// The only priority group of each consumer.
pub(crate) const GROUP: &str = "reader";

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stream {
    Changes,
    Writes,
    Outcomes,
    Notices,
    Dead,
    Tide,
}

impl Stream {
    pub(crate) const ALL: [Self; 6] = [
        Self::Changes,
        Self::Writes,
        Self::Outcomes,
        Self::Notices,
        Self::Dead,
        Self::Tide,
    ];
    pub(crate) const INNER: [Self; 3] = [Self::Changes, Self::Writes, Self::Outcomes];

    /// The second word of its subjects.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Writes => "writes",
            Self::Outcomes => "outcomes",
            Self::Notices => "notices",
            Self::Dead => "dead",
            Self::Tide => "tide",
        }
    }

    /// Its name on the server.
    pub(crate) fn name(self, namespace: &str) -> String {
        let name = self.word().to_uppercase();
        let name = if namespace == "rapport" {
            name
        } else {
            format!("{namespace}-{name}")
        };
        match self {
            Self::Tide => format!("KV_{name}"),
            _ => name,
        }
    }

    fn subjects(self, namespace: &str) -> String {
        match self {
            Self::Tide => format!("{}.>", bucket(namespace)),
            _ => format!("{namespace}.{}.>", self.word()),
        }
    }

    pub(crate) fn config(self, settings: &BusSettings) -> Config {
        let namespace = &settings.nats_namespace;
        let bytes = i64::from(settings.nats_stream_mebibytes) * 1024 * 1024;
        let kept = match self {
            Self::Changes | Self::Writes | Self::Outcomes => Config {
                retention: RetentionPolicy::WorkQueue,
                discard: DiscardPolicy::New,
                max_bytes: bytes,
                ..Config::default()
            },
            Self::Notices => Config {
                discard: DiscardPolicy::Old,
                max_bytes: bytes,
                max_age: 7 * DAY,
                allow_direct: true,
                ..Config::default()
            },
            Self::Dead => Config {
                discard: DiscardPolicy::Old,
                max_bytes: bytes / 4,
                max_age: 30 * DAY,
                ..Config::default()
            },
            // What `nats kv add` would make, but that only the leader answers: a follower may lag behind.
            Self::Tide => Config {
                discard: DiscardPolicy::New,
                max_messages_per_subject: 1,
                max_bytes: 1024 * 1024,
                allow_rollup: true,
                deny_delete: true,
                ..Config::default()
            },
        };
        Config {
            name: self.name(namespace),
            subjects: vec![self.subjects(namespace)],
            storage: settings.nats_storage.into(),
            num_replicas: settings.nats_replicas,
            duplicate_window: 2 * MINUTE,
            ..kept
        }
    }
}

/// Where the keys of the bucket `TIDE` begin.
pub(crate) fn bucket(namespace: &str) -> String {
    let stream = Stream::Tide.name(namespace);
    format!("$KV.{}", stream.trim_start_matches("KV_"))
}

/// A work queue that a service consumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queue {
    /// Batches of changes, for the reconciler.
    Changes,
    /// Batches of writes, for the writer of this provider.
    Writes {
        /// The provider's name.
        provider: String,
    },
    /// Batches of outcomes, for the reconciler.
    Outcomes,
}

impl Queue {
    pub(crate) const fn stream(&self) -> Stream {
        match self {
            Self::Changes => Stream::Changes,
            Self::Writes { .. } => Stream::Writes,
            Self::Outcomes => Stream::Outcomes,
        }
    }

    /// The consumer's name for a partition: the queue's own subject words, joined.
    pub(crate) fn consumer_name(&self, partition: u32) -> String {
        match self {
            Self::Changes | Self::Outcomes => format!("{}-{partition}", self.stream().word()),
            Self::Writes { provider } => format!("writes-{provider}-{partition}"),
        }
    }

    fn filter(&self, namespace: &str, partition: u32) -> String {
        match self {
            Self::Changes | Self::Outcomes => {
                format!("{namespace}.{}.{partition}.>", self.stream().word())
            }
            Self::Writes { provider } => format!("{namespace}.writes.{provider}.{partition}.>"),
        }
    }

    /// What is handed out one at a time, in order: the tenant with the sync, or with the connection.
    pub(crate) fn key<'a>(&self, subject: &'a str) -> &'a str {
        let words_before = match self {
            Self::Changes | Self::Outcomes => 3,
            Self::Writes { .. } => 4,
        };
        let mut rest = subject;
        for _ in 0..words_before {
            rest = rest.split_once('.').map_or("", |(_, rest)| rest);
        }
        match rest.match_indices('.').nth(1) {
            Some((end, _)) => &rest[..end],
            None => rest,
        }
    }

    pub(crate) fn check(&self) -> Result<(), BusError> {
        if let Self::Writes { provider } = self {
            word("provider", provider)?;
        }
        Ok(())
    }

    pub(crate) fn consumer(&self, settings: &BusSettings, partition: u32) -> pull::Config {
        let name = self.consumer_name(partition);
        pull::Config {
            durable_name: Some(name.clone()),
            name: Some(name),
            filter_subject: self.filter(&settings.nats_namespace, partition),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            // A message is never given up: it stays until its consumer is done with it.
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            priority_policy: PriorityPolicy::PinnedClient,
            priority_groups: vec![GROUP.to_owned()],
            priority_timeout: PINNED_FOR,
            ..pull::Config::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Queue, Stream};

    #[test]
    fn key_is_the_tenant_with_the_sync_or_connection() {
        assert_eq!(
            Queue::Changes.key("rapport.changes.3.acme.s1.left"),
            "acme.s1"
        );
        assert_eq!(Queue::Outcomes.key("rapport.outcomes.3.acme.s1"), "acme.s1");
        let writes = Queue::Writes {
            provider: "zoho".to_owned(),
        };
        assert_eq!(writes.key("rapport.writes.zoho.3.acme.c1"), "acme.c1");
        assert_eq!(writes.key("rapport.writes"), "");
    }

    #[test]
    fn only_another_namespace_shows_in_a_stream_name() {
        assert_eq!(Stream::Changes.name("rapport"), "CHANGES");
        assert_eq!(Stream::Dead.name("t7"), "t7-DEAD");
        assert_eq!(Stream::Tide.name("t7"), "KV_t7-TIDE");
        assert_eq!(Stream::Tide.subjects("t7"), "$KV.t7-TIDE.>");
    }
}
