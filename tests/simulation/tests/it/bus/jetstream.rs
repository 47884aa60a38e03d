//! The real bus on a NATS server of its own as a player.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream;
use bus::{Bus, BusSettings, Deliveries, Delivery};
use local::{Durability, Nats};
use proto::{
    change::ChangeBatch,
    write::{OutcomeBatch, WriteBatch},
};
use test_kit::{Folder, eventually};

use super::{Name, On, Player, changes, outcomes, writes};

/// Long enough for a loaded machine; no test waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(40);
/// So long nothing must come where nothing may.
const MOMENT: Duration = Duration::from_millis(300);

enum InHand {
    Changes(Delivery<ChangeBatch>),
    Writes(Delivery<WriteBatch>),
    Outcomes(Delivery<OutcomeBatch>),
}

struct Readers {
    changes: Deliveries<ChangeBatch>,
    writes: Deliveries<WriteBatch>,
    outcomes: Deliveries<OutcomeBatch>,
}

impl Readers {
    fn open(bus: &Bus) -> Self {
        Self {
            changes: bus.changes().unwrap(),
            writes: bus.writes("suite").unwrap(),
            outcomes: bus.outcomes().unwrap(),
        }
    }
}

/// A server, a connection, and what a reader has in hand.
pub struct JetStream {
    nats: Nats,
    bus: Bus,
    outside: jetstream::Context,
    readers: Option<Readers>,
    in_hand: BTreeMap<(On, Name), InHand>,
    _folder: Folder,
}

impl JetStream {
    pub async fn start() -> Self {
        test_kit::log();
        let folder = Folder::new("rapport-histories");
        let nats = Nats::start(folder.path(), Durability::Fast).await.unwrap();
        let settings = BusSettings {
            nats_partitions: 1,
            ..BusSettings::for_test(&nats.url(), "rapport")
        };
        let bus = Bus::connect(settings, "histories").await.unwrap();
        let outside = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        Self {
            readers: Some(Readers::open(&bus)),
            nats,
            bus,
            outside,
            in_hand: BTreeMap::new(),
            _folder: folder,
        }
    }

    async fn messages(&self, stream: &str) -> usize {
        let stream = self.outside.get_stream(stream).await.unwrap();
        usize::try_from(stream.cached_info().state.messages).unwrap()
    }
}

async fn taken<T: prost::Message + Default + 'static>(
    deliveries: &mut Deliveries<T>,
    sure: bool,
) -> Option<Delivery<T>> {
    let within = if sure { PATIENCE } else { MOMENT };
    let next = tokio::time::timeout(within, deliveries.next()).await;
    assert!(next.is_ok() || !sure, "a message arrives");
    next.ok().flatten()
}

fn stream(on: On) -> &'static str {
    match on {
        On::Changes => "CHANGES",
        On::Writes => "WRITES",
        On::Outcomes => "OUTCOMES",
    }
}

impl Player for JetStream {
    async fn publish(&mut self, on: On, name: &str, number: u64) {
        match on {
            On::Changes => self.bus.publish_changes(&changes(name, number)).await,
            On::Writes => self.bus.publish_writes(&writes(name)).await,
            On::Outcomes => self.bus.publish_outcomes(&outcomes(name)).await,
        }
        .unwrap();
    }

    async fn refuses(&mut self, batch: &ChangeBatch) -> bool {
        self.bus.publish_changes(batch).await.is_err()
    }

    async fn garbage(&mut self, name: &str, bytes: Vec<u8>) {
        let subject = format!("rapport.changes.0.acme.{name}.left");
        let published = self.outside.publish(subject, bytes.into()).await.unwrap();
        published.await.unwrap();
    }

    async fn next(&mut self, on: On, sure: bool) -> Option<Name> {
        let readers = self.readers.as_mut().unwrap();
        let (name, delivery) = match on {
            On::Changes => {
                let delivery = taken(&mut readers.changes, sure).await?;
                let name = (delivery.message.sync.clone(), delivery.message.number);
                (name, InHand::Changes(delivery))
            }
            On::Writes => {
                let delivery = taken(&mut readers.writes, sure).await?;
                let name = (delivery.message.connection.clone(), 0);
                (name, InHand::Writes(delivery))
            }
            On::Outcomes => {
                let delivery = taken(&mut readers.outcomes, sure).await?;
                let name = (delivery.message.sync.clone(), 0);
                (name, InHand::Outcomes(delivery))
            }
        };
        self.in_hand.insert((on, name.clone()), delivery);
        Some(name)
    }

    async fn acknowledge(&mut self, on: On, name: &Name) {
        // What the server has lost cannot be confirmed.
        let _confirmed = match self.in_hand.remove(&(on, name.clone())).unwrap() {
            InHand::Changes(delivery) => delivery.ack().await,
            InHand::Writes(delivery) => delivery.ack().await,
            InHand::Outcomes(delivery) => delivery.ack().await,
        };
    }

    async fn give_back(&mut self, on: On, name: &Name) {
        let soon = Duration::from_millis(20);
        match self.in_hand.remove(&(on, name.clone())).unwrap() {
            InHand::Changes(delivery) => delivery.retry_after(soon),
            InHand::Writes(delivery) => delivery.retry_after(soon),
            InHand::Outcomes(delivery) => delivery.retry_after(soon),
        }
    }

    async fn die(&mut self) {
        self.readers = None;
        self.in_hand.clear();
        self.readers = Some(Readers::open(&self.bus));
    }

    async fn lose_store(&mut self) {
        self.nats.lose_store().await.unwrap();
    }

    async fn dead(&mut self) -> usize {
        self.messages("DEAD").await
    }

    async fn left(&mut self, on: On) -> usize {
        // An acknowledgement is confirmed before the stream says so everywhere; give it a moment to settle.
        let mut last = usize::MAX;
        eventually("the number of messages rests", PATIENCE, async || {
            let now = self.messages(stream(on)).await;
            let rests = now == last;
            last = now;
            rests
        })
        .await;
        last
    }
}
