//! The task behind a [`super::Deliveries`]: takes messages in, keeps them alive, hands them out in order.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use async_nats::jetstream::{self, AckKind};
use futures_util::{StreamExt as _, stream::SelectAll};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::time::DelayQueue;

use super::{
    delivery::{Held, Report, Verdict, usual_delay},
    in_order::InOrder,
    source,
};
use crate::{Bus, Queue, metrics, topology::ACK_WAIT};

/// How often the server is told that a message is in good hands.
const SIGN_OF_LIFE: Duration = Duration::from_secs(ACK_WAIT.as_secs() / 3);

/// More than the server delivers without an acknowledgement, over all partitions.
const REPORTS: usize = 256 * 64;

/// Says whether bytes can be decoded, or why not.
type Decodes = fn(&[u8]) -> Result<(), String>;

/// A message that is taken in and not finished.
#[derive(Debug, Clone)]
struct Taken {
    key: String,
    id: Id,
    message: jetstream::Message,
    attempt: u64,
}

/// What makes a message the same when it is delivered again. The time tells a stream that was lost and
/// begins to count from 1 again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Id {
    sequence: u64,
    published: i128,
}

pub(super) fn start(bus: Bus, queue: Queue, decodes: Decodes) -> mpsc::Receiver<Held> {
    let (out, ready) = mpsc::channel(1);
    let (reports, reported) = mpsc::channel(REPORTS);
    let pump = Pump {
        bus,
        queue,
        decodes,
        order: InOrder::default(),
        held: HashMap::new(),
        ready: VecDeque::new(),
        delayed: DelayQueue::new(),
        reports,
        out,
    };
    spawn(pump.run(reported));
    ready
}

/// The task ends when its `Deliveries` is dropped and what was handed out is finished.
#[allow(
    clippy::disallowed_methods,
    reason = "tied to the life of its Deliveries"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

struct Pump {
    bus: Bus,
    queue: Queue,
    decodes: Decodes,
    order: InOrder<Taken>,
    /// Everything taken in and not finished, whether the service has it or not.
    held: HashMap<Id, jetstream::Message>,
    ready: VecDeque<Taken>,
    delayed: DelayQueue<Taken>,
    reports: mpsc::Sender<Report>,
    out: mpsc::Sender<Held>,
}

impl Pump {
    async fn run(mut self, mut reported: mpsc::Receiver<Report>) {
        let mut incoming = SelectAll::new();
        for partition in 0..self.bus.settings().nats_partitions {
            incoming.push(Box::pin(source::messages(
                self.bus.clone(),
                self.queue.clone(),
                partition,
            )));
        }
        let mut signs = tokio::time::interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
        signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let out = self.out.clone();
        loop {
            tokio::select! {
                biased;
                () = out.closed() => break,
                Some(report) = reported.recv() => self.settle(report),
                _ = signs.tick() => self.give_signs_of_life().await,
                Some(due) = self.delayed.next(), if !self.delayed.is_empty() => self.ready.push_back(due.into_inner()),
                Ok(place) = out.reserve(), if !self.ready.is_empty() => {
                    if let Some(held) = self.hand_out().await {
                        place.send(held);
                    }
                }
                Some(message) = incoming.next() => self.take_in(message),
            }
        }
        drop(incoming);
        self.give_back().await;
        while !self.held.is_empty() {
            tokio::select! {
                Some(report) = reported.recv() => self.forget(&report.message),
                _ = signs.tick() => self.give_signs_of_life().await,
            }
        }
    }

    /// A message arrives, or one that is held arrives again because the server lost patience.
    fn take_in(&mut self, message: jetstream::Message) {
        let Some((id, delivered)) = identify(&message) else {
            return;
        };
        if self.held.insert(id, message.clone()).is_some() {
            return;
        }
        let key = self.queue.key(&message.subject).to_owned();
        let taken = Taken {
            key,
            id,
            message,
            attempt: delivered,
        };
        let key = taken.key.clone();
        if let Some(taken) = self.order.offer(&key, taken) {
            self.ready.push_back(taken);
        }
    }

    /// The next message that can be decoded.
    async fn hand_out(&mut self) -> Option<Held> {
        let taken = self.ready.pop_front()?;
        if let Err(reason) = (self.decodes)(&taken.message.payload) {
            self.bury(taken, &reason).await;
            return None;
        }
        metrics::delivered(self.queue.stream().word());
        Some(Held {
            key: taken.key,
            stream: self.queue.stream().word(),
            message: taken.message,
            attempt: taken.attempt,
            verdict: Verdict::Again(None),
            reports: self.reports.clone(),
        })
    }

    async fn bury(&mut self, taken: Taken, reason: &str) {
        match self.bus.bury(&self.queue, &taken.message, reason).await {
            Ok(()) => {
                self.held.remove(&taken.id);
                self.advance(&taken.key);
            }
            Err(error) => {
                tracing::warn!(%error, "a message that cannot be decoded stays for now");
                self.again(taken, None);
            }
        }
    }

    /// The service is done with a message, or sends it back.
    fn settle(&mut self, report: Report) {
        let Some((id, _)) = identify(&report.message) else {
            return;
        };
        match report.delay() {
            None => {
                self.held.remove(&id);
                self.advance(&report.key);
            }
            Some(delay) => {
                let Report {
                    key,
                    message,
                    attempt,
                    ..
                } = report;
                self.again(
                    Taken {
                        key,
                        id,
                        message,
                        attempt,
                    },
                    Some(delay),
                );
            }
        }
    }

    fn again(&mut self, mut taken: Taken, delay: Option<Duration>) {
        let delay = delay.unwrap_or_else(|| usual_delay(taken.attempt));
        taken.attempt += 1;
        self.delayed.insert(taken, delay);
    }

    fn advance(&mut self, key: &str) {
        if let Some(next) = self.order.finish(key) {
            self.ready.push_back(next);
        }
    }

    async fn give_signs_of_life(&self) {
        for message in self.held.values() {
            if let Err(error) = message.ack_with(AckKind::Progress).await {
                tracing::debug!(%error, "the server was not told that a message is in hand");
                return;
            }
        }
    }

    /// Gives what the service has not seen back to the server, for another process to take.
    async fn give_back(&mut self) {
        let mut unseen: Vec<Taken> = self.ready.drain(..).collect();
        unseen.extend(self.order.take_waiting());
        while let Some(key) = self.delayed.peek() {
            unseen.push(self.delayed.remove(&key).into_inner());
        }
        for taken in unseen {
            self.held.remove(&taken.id);
            // Without this the server waits a few seconds longer; it needs no confirmation.
            let _later = taken.message.ack_with(AckKind::Nak(None)).await;
        }
    }

    fn forget(&mut self, message: &jetstream::Message) {
        if let Some((id, _)) = identify(message) {
            self.held.remove(&id);
        }
    }
}

/// The identity of a message and how often the server has delivered it.
fn identify(message: &jetstream::Message) -> Option<(Id, u64)> {
    let info = message.info().ok()?;
    let id = Id {
        sequence: info.stream_sequence,
        published: info.published.unix_timestamp_nanos(),
    };
    Some((id, u64::try_from(info.delivered).unwrap_or(1)))
}
