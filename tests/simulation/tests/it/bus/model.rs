//! The model as a player.

use std::collections::BTreeMap;

use proto::{
    change::ChangeBatch,
    write::{OutcomeBatch, WriteBatch},
};
use simulation::bus::{Bus, Delivery, Queue};

use super::{Name, On, Player, changes, outcomes, writes};

enum InHand {
    Changes(Delivery<ChangeBatch>),
    Writes(Delivery<WriteBatch>),
    Outcomes(Delivery<OutcomeBatch>),
}

/// The model, with what its reader has in hand.
pub struct Model {
    bus: Bus,
    in_hand: BTreeMap<(On, Name), InHand>,
}

impl Model {
    pub fn new(bus: Bus) -> Self {
        Self {
            bus,
            in_hand: BTreeMap::new(),
        }
    }

    fn return_to_bus(&mut self, delivery: InHand) {
        match delivery {
            InHand::Changes(delivery) => self.bus.give_back(delivery),
            InHand::Writes(delivery) => self.bus.give_back(delivery),
            InHand::Outcomes(delivery) => self.bus.give_back(delivery),
        }
    }
}

fn queue(on: On) -> Queue {
    match on {
        On::Changes => Queue::Changes,
        On::Writes => Queue::Writes("suite".to_owned()),
        On::Outcomes => Queue::Outcomes,
    }
}

impl Player for Model {
    async fn publish(&mut self, on: On, name: &str, number: u64) {
        match on {
            On::Changes => self.bus.publish_changes(&changes(name, number)),
            On::Writes => self.bus.publish_writes(&writes(name)),
            On::Outcomes => self.bus.publish_outcomes(&outcomes(name)),
        }
        .unwrap();
    }

    async fn refuses(&mut self, batch: &ChangeBatch) -> bool {
        self.bus.publish_changes(batch).is_err()
    }

    async fn garbage(&mut self, name: &str, bytes: Vec<u8>) {
        self.bus
            .publish_bytes(Queue::Changes, format!("acme.{name}"), bytes)
            .unwrap();
    }

    async fn next(&mut self, on: On, _sure: bool) -> Option<Name> {
        let queue = queue(on);
        let (name, delivery) = match on {
            On::Changes => {
                let delivery = self.bus.next::<ChangeBatch>(&queue)?;
                let name = (delivery.message.sync.clone(), delivery.message.number);
                (name, InHand::Changes(delivery))
            }
            On::Writes => {
                let delivery = self.bus.next::<WriteBatch>(&queue)?;
                let name = (delivery.message.connection.clone(), 0);
                (name, InHand::Writes(delivery))
            }
            On::Outcomes => {
                let delivery = self.bus.next::<OutcomeBatch>(&queue)?;
                let name = (delivery.message.sync.clone(), 0);
                (name, InHand::Outcomes(delivery))
            }
        };
        self.in_hand.insert((on, name.clone()), delivery);
        Some(name)
    }

    async fn acknowledge(&mut self, on: On, name: &Name) {
        match self.in_hand.remove(&(on, name.clone())).unwrap() {
            InHand::Changes(delivery) => self.bus.acknowledge(delivery),
            InHand::Writes(delivery) => self.bus.acknowledge(delivery),
            InHand::Outcomes(delivery) => self.bus.acknowledge(delivery),
        }
    }

    async fn give_back(&mut self, on: On, name: &Name) {
        let delivery = self.in_hand.remove(&(on, name.clone())).unwrap();
        self.return_to_bus(delivery);
    }

    async fn die(&mut self) {
        for (_, delivery) in std::mem::take(&mut self.in_hand) {
            self.return_to_bus(delivery);
        }
    }

    async fn lose_store(&mut self) {
        self.bus.lose_store();
    }

    async fn dead(&mut self) -> usize {
        self.bus.dead.len()
    }

    async fn left(&mut self, on: On) -> usize {
        self.bus.count(&queue(on))
    }
}
