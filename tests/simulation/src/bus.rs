//! A model of the bus: what JetStream promises with the reader that the `bus` crate has, and no more.
//!
//! A message stays in its queue until it is acknowledged. Messages of one key (a sync, or a connection for writes)
//! are handed out one at a time and in order; keys do not wait for each other. What a reader did not acknowledge
//! comes again, in its place. Bytes that cannot be decoded are set aside. The whole store may be lost.
//!
//! `tests/it/bus` plays the same histories on this model and on the real bus.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proto::{
    change::ChangeBatch,
    write::{OutcomeBatch, WriteBatch},
};

/// A work queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// Batches of changes.
    Changes,
    /// Writes for this provider.
    Writes(String),
    /// Answers to writes.
    Outcomes,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    sequence: u64,
    key: String,
    /// Its bytes.
    pub payload: Vec<u8>,
    attempts: u64,
    in_hand: bool,
}

/// A message in the hands of a reader.
#[derive(Debug)]
pub struct Delivery<T> {
    /// The decoded message.
    pub message: T,
    /// How often it has been handed out, this time included.
    pub attempt: u64,
    queue: Queue,
    sequence: u64,
}

/// Bytes that nobody can decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// The queue that they came in.
    pub queue: Queue,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// Why a message was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is larger than a message may be.
    #[error("the message is too large")]
    TooLarge,
    /// An id cannot be part of a subject.
    #[error("an id does not fit a subject")]
    Subject,
}

/// The bytes that a message may have.
const MOST_BYTES: usize = 960 * 1024;

/// The bus.
#[derive(Debug, Default)]
pub struct Bus {
    queues: BTreeMap<Queue, VecDeque<Message>>,
    /// Ids that the server remembers for a while.
    ids: BTreeSet<String>,
    sequence: u64,
    /// What could not be decoded.
    pub dead: Vec<Dead>,
}

impl Bus {
    /// Publishes a page of a feed. A page that was published before is not taken in again.
    pub fn publish_changes(&mut self, batch: &ChangeBatch) -> Result<(), Refusal> {
        let id = format!(
            "{}.{}.{}.{}.{}",
            batch.tenant, batch.sync, batch.side, batch.epoch, batch.number
        );
        let key = key(&batch.tenant, &batch.sync)?;
        let payload = prost::Message::encode_to_vec(batch);
        if payload.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        if self.ids.insert(id) {
            self.store(Queue::Changes, key, payload);
        }
        Ok(())
    }

    /// Publishes writes.
    pub fn publish_writes(&mut self, batch: &WriteBatch) -> Result<(), Refusal> {
        let key = key(&batch.tenant, &batch.connection)?;
        let queue = Queue::Writes(batch.provider.clone());
        self.publish_bytes(queue, key, prost::Message::encode_to_vec(batch))
    }

    /// Publishes answers to writes.
    pub fn publish_outcomes(&mut self, batch: &OutcomeBatch) -> Result<(), Refusal> {
        let key = key(&batch.tenant, &batch.sync)?;
        self.publish_bytes(Queue::Outcomes, key, prost::Message::encode_to_vec(batch))
    }

    /// Publishes whatever bytes.
    pub fn publish_bytes(
        &mut self,
        queue: Queue,
        key: String,
        payload: Vec<u8>,
    ) -> Result<(), Refusal> {
        if payload.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        self.store(queue, key, payload);
        Ok(())
    }

    fn store(&mut self, queue: Queue, key: String, payload: Vec<u8>) {
        self.sequence += 1;
        self.queues.entry(queue).or_default().push_back(Message {
            sequence: self.sequence,
            key,
            payload,
            attempts: 0,
            in_hand: false,
        });
    }

    /// What the first message of a queue says, without taking it.
    pub fn peek<T: prost::Message + Default>(&self, queue: &Queue) -> Option<T> {
        let first = self.queues.get(queue)?.front()?;
        T::decode(first.payload.as_slice()).ok()
    }

    /// Hands out the next message; none if there is nothing to hand out now.
    pub fn next<T: prost::Message + Default>(&mut self, queue: &Queue) -> Option<Delivery<T>> {
        loop {
            let messages = self.queues.get_mut(queue)?;
            let mut busy = BTreeSet::new();
            let at = messages.iter().position(|message| {
                let first = busy.insert(message.key.clone());
                first && !message.in_hand
            })?;
            let message = &mut messages[at];
            if let Ok(decoded) = T::decode(message.payload.as_slice()) {
                message.in_hand = true;
                message.attempts += 1;
                return Some(Delivery {
                    message: decoded,
                    attempt: message.attempts,
                    queue: queue.clone(),
                    sequence: message.sequence,
                });
            }
            let payload = std::mem::take(&mut message.payload);
            messages.remove(at);
            self.dead.push(Dead {
                queue: queue.clone(),
                payload,
            });
        }
    }

    /// A reader is done with a message. An acknowledgement of what is no longer there does no harm.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what is done with is not in hand any more"
    )]
    pub fn acknowledge<T>(&mut self, delivery: Delivery<T>) {
        if let Some(messages) = self.queues.get_mut(&delivery.queue) {
            messages.retain(|message| message.sequence != delivery.sequence);
        }
    }

    /// A reader gives a message back, or died with it: it comes again, in its place.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "what is done with is not in hand any more"
    )]
    pub fn give_back<T>(&mut self, delivery: Delivery<T>) {
        let messages = self.queues.get_mut(&delivery.queue);
        let message = messages.and_then(|messages| {
            messages
                .iter_mut()
                .find(|message| message.sequence == delivery.sequence)
        });
        if let Some(message) = message {
            message.in_hand = false;
        }
    }

    /// The server loses everything that it stored.
    pub fn lose_store(&mut self) {
        self.queues.clear();
        self.ids.clear();
        self.dead.clear();
    }

    /// Messages in a queue.
    pub fn count(&self, queue: &Queue) -> usize {
        self.queues.get(queue).map_or(0, VecDeque::len)
    }

    /// Every message of a queue, in order.
    pub fn messages(&self, queue: &Queue) -> impl Iterator<Item = &Message> {
        self.queues.get(queue).into_iter().flatten()
    }
}

/// What goes wrong on the way although it should not.
impl Bus {
    /// Loses one message.
    pub fn lose(&mut self, queue: &Queue, at: usize) -> bool {
        self.at(queue, at)
            .is_some_and(|(messages, at)| messages.remove(at).is_some())
    }

    /// Delivers one message twice, the second time behind everything else.
    pub fn double(&mut self, queue: &Queue, at: usize) -> bool {
        self.sequence += 1;
        let sequence = self.sequence;
        let Some((messages, at)) = self.at(queue, at) else {
            return false;
        };
        let copy = Message {
            sequence,
            ..messages[at].clone()
        };
        messages.push_back(copy);
        true
    }

    /// Brings one message to the front: two processes read the same partition for a moment.
    pub fn overtake(&mut self, queue: &Queue, at: usize) -> bool {
        let Some((messages, at)) = self.at(queue, at) else {
            return false;
        };
        if at == 0 {
            return false;
        }
        messages.swap(0, at);
        true
    }

    fn at(&mut self, queue: &Queue, at: usize) -> Option<(&mut VecDeque<Message>, usize)> {
        let messages = self
            .queues
            .get_mut(queue)
            .filter(|messages| !messages.is_empty())?;
        let at = at % messages.len();
        Some((messages, at))
    }
}

fn key(tenant: &str, name: &str) -> Result<String, Refusal> {
    let fits = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if fits(tenant) && fits(name) {
        Ok(format!("{tenant}.{name}"))
    } else {
        Err(Refusal::Subject)
    }
}
