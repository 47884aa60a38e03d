//! JetStream and nothing else: subjects, streams, publishing, consuming, trace headers.
//!
//! NATS carries what providers and PostgreSQL hold: any message may be lost, doubled or reordered,
//! and the whole JetStream store may vanish. So the streams and consumers are declared at start, after
//! every reconnection and on every "not found", and a consumer that is ahead of its stream is made anew.
//!
//! The inner streams (changes, writes, outcomes) are work queues of protobuf batches; notices are one
//! CloudEvent each, for other systems; bytes that cannot be decoded end in the stream `DEAD`; the bucket
//! `TIDE` tells when PostgreSQL went back.
//! [`Deliveries`] says in which order messages arrive and what becomes of those that fail.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bus;
mod changed;
mod dead;
mod deliveries;
mod error;
mod metrics;
mod notice;
mod notices;
mod publish;
mod settings;
mod subject;
mod tide;
mod topology;
mod trace;

pub use bus::Bus;
pub use changed::{Changed, Watch};
pub use deliveries::{Deliveries, Delivery};
pub use error::{BusError, Source};
pub use notice::{CloudEvent, Notice, Origin};
pub use notices::{Notices, Numbered, Since};
pub use settings::{BusSettings, Storage};
pub use tide::Copied;
pub use topology::{MAX_MESSAGE_BYTES, Queue};
