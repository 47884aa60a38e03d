//! The task behind a [`super::Deliveries`]: takes messages in, keeps them alive, hands them out in order.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use async_nats::{
    header::NATS_PIN_ID,
    jetstream::{self, AckKind},
};
use futures_util::{StreamExt as _, stream::SelectAll};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, Interval, MissedTickBehavior},
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

/// A message that is taken in and not finished.
#[derive(Debug, Clone)]
struct Taken {
    key: String,
    id: Id,
    message: jetstream::Message,
    attempt: u64,
}

impl Taken {
    /// The message that a report is about.
    fn from_report(report: Report) -> Option<(Self, Verdict)> {
        let Report {
            key,
            message,
            attempt,
            verdict,
        } = report;
        let (id, _) = identify(&message)?;
        Some((
            Self {
                key,
                id,
                message,
                attempt,
            },
            verdict,
        ))
    }
}

/// What makes a message the same when it is delivered again. The time tells a stream that was lost and
/// begins to count from 1 again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Id {
    sequence: u64,
    published: i128,
}

/// Starts the task, which ends when the receiver is dropped and what was handed out is finished.
pub(super) fn start(bus: Bus, queue: Queue) -> (mpsc::Receiver<Held>, JoinHandle<()>) {
    let (out, ready) = mpsc::channel(1);
    let (reports, reported) = mpsc::channel(REPORTS);
    let pump = Pump {
        bus,
        queue,
        pins: HashMap::new(),
        order: InOrder::default(),
        held: HashMap::new(),
        ready: VecDeque::new(),
        delayed: DelayQueue::new(),
        reports,
        out,
    };
    #[allow(
        clippy::disallowed_methods,
        reason = "tied to the life of its Deliveries"
    )]
    let task = tokio::spawn(pump.run(reported));
    (ready, task)
}

struct Pump {
    bus: Bus,
    queue: Queue,
    /// Under which pin this process reads, by consumer.
    pins: HashMap<String, String>,
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
                Some(report) = reported.recv() => self.settle(report).await,
                _ = signs.tick() => self.give_signs_of_life().await,
                Some(due) = self.delayed.next(), if !self.delayed.is_empty() => self.ready.push_back(due.into_inner()),
                Ok(place) = out.reserve(), if !self.ready.is_empty() => {
                    if let Some(held) = self.hand_out() {
                        place.send(held);
                    }
                }
                Some(message) = incoming.next() => self.take_in(message),
            }
        }
        drop(incoming);
        self.leave(reported, signs).await;
    }

    /// Waits for what the service has in hand, so that another process does not overtake it; then lets that
    /// process read in this one's place, and gives the rest back for it to take.
    async fn leave(mut self, mut reported: mpsc::Receiver<Report>, mut signs: Interval) {
        let mut unseen = self.take_unseen();
        while self.held.len() > unseen.len() {
            tokio::select! {
                Some(report) = reported.recv() => match Taken::from_report(report) {
                    Some((taken, Verdict::Finished)) => self.finish(&taken),
                    Some((taken, _not_finished)) => unseen.push(taken),
                    None => {}
                },
                _ = signs.tick() => self.give_signs_of_life().await,
            }
        }
        unseen.sort_by_key(|taken| taken.id.sequence);
        for (consumer, pin) in &self.pins {
            if let Err(error) = self.bus.hand_over(&self.queue, consumer, pin).await {
                tracing::debug!(consumer, error, "a partition is taken over a little later");
            }
        }
        for taken in unseen {
            // Without this the server waits a few seconds longer; it needs no confirmation.
            let _later = taken.message.ack_with(AckKind::Nak(None)).await;
        }
        let _later = self.bus.client().flush().await;
    }

    /// A message arrives, or one that is held arrives again because the server lost patience.
    fn take_in(&mut self, message: jetstream::Message) {
        let Some((id, delivered)) = identify(&message) else {
            return;
        };
        self.remember_pin(&message);
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

    /// The next message, on its way to the service.
    fn hand_out(&mut self) -> Option<Held> {
        let taken = self.ready.pop_front()?;
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

    /// The service is done with a message, sends it back, or cannot decode it.
    async fn settle(&mut self, report: Report) {
        let Some((taken, verdict)) = Taken::from_report(report) else {
            return;
        };
        match verdict {
            Verdict::Finished => self.finish(&taken),
            Verdict::Again(delay) => self.again(taken, delay),
            Verdict::Broken(reason) => {
                match self.bus.bury(&self.queue, &taken.message, &reason).await {
                    Ok(()) => self.finish(&taken),
                    Err(error) => {
                        tracing::warn!(%error, "a message that cannot be decoded stays for now");
                        self.again(taken, None);
                    }
                }
            }
        }
    }

    fn finish(&mut self, taken: &Taken) {
        self.held.remove(&taken.id);
        if let Some(next) = self.order.finish(&taken.key) {
            self.ready.push_back(next);
        }
    }

    fn again(&mut self, mut taken: Taken, delay: Option<Duration>) {
        let delay = delay.unwrap_or_else(|| usual_delay(taken.attempt));
        taken.attempt += 1;
        self.delayed.insert(taken, delay);
    }

    async fn give_signs_of_life(&self) {
        for message in self.held.values() {
            if let Err(error) = message.ack_with(AckKind::Progress).await {
                tracing::debug!(%error, "the server was not told that a message is in hand");
                return;
            }
        }
    }

    /// Everything that the service does not have in hand.
    fn take_unseen(&mut self) -> Vec<Taken> {
        let mut unseen: Vec<Taken> = self.ready.drain(..).collect();
        unseen.extend(self.order.take_waiting());
        while let Some(key) = self.delayed.peek() {
            unseen.push(self.delayed.remove(&key).into_inner());
        }
        unseen
    }

    /// Under which pin the server delivered this message.
    fn remember_pin(&mut self, message: &jetstream::Message) {
        let pin = message
            .headers
            .as_ref()
            .and_then(|headers| headers.get_last(NATS_PIN_ID));
        if let (Some(pin), Ok(info)) = (pin, message.info())
            && self
                .pins
                .get(info.consumer)
                .is_none_or(|known| known != pin.as_str())
        {
            self.pins
                .insert(info.consumer.to_owned(), pin.as_str().to_owned());
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
