//! What goes wrong on the bus and at providers.

use model::{Record, Side};
use proto::{
    change::CollectionState,
    write::{WriteBatch, write::Operation as What},
};

use crate::{
    bus::Queue,
    coverage::Fault,
    definition::provider,
    operation::{Meddling, Reach, Trouble},
    values::{PLACES, WHO, text_at},
    world::World,
};

impl World {
    /// Something goes wrong on the bus.
    pub(crate) fn trouble(&mut self, queue: u8, trouble: Trouble, at: usize) -> bool {
        let queue = match queue {
            0 => Queue::Changes,
            1 => Queue::Writes(provider(Side::Left).to_owned()),
            2 => Queue::Writes(provider(Side::Right).to_owned()),
            _ => Queue::Outcomes,
        };
        let done = match trouble {
            Trouble::Lost => self.bus.lose(&queue, at),
            Trouble::Doubled => self.bus.double(&queue, at),
            Trouble::Overtakes => self.bus.overtake(&queue, at),
        };
        let fault = match (&queue, trouble) {
            (Queue::Changes, Trouble::Lost) => Fault::ChangesLost,
            (Queue::Changes, Trouble::Doubled) => Fault::ChangesDoubled,
            (Queue::Changes, Trouble::Overtakes) => Fault::ChangesOvertaken,
            (Queue::Writes(_), Trouble::Lost) => Fault::WritesLost,
            (Queue::Writes(_), _) => Fault::WritesDoubled,
            (Queue::Outcomes, Trouble::Lost) => Fault::OutcomesLost,
            (Queue::Outcomes, _) => Fault::OutcomesDoubled,
        };
        if done {
            self.hit(fault);
        }
        done
    }

    /// An administrator hides a field of the CRM, or shows it again.
    pub(crate) fn hide(&mut self, place: u8, hidden: bool) -> bool {
        let field = PLACES[usize::from(place) % PLACES.len()];
        let root = if field == "phones[mobile]" {
            "phones"
        } else {
            field
        };
        let provider = self.providers.get_mut(Side::Left);
        let changed = if hidden {
            provider.hidden.insert(root)
        } else {
            provider.hidden.remove(root)
        };
        if changed {
            self.hit(Fault::FieldHidden);
            // A record shows that it can be read again no earlier than when everything is read.
            self.to_be_swept = true;
        }
        changed
    }

    /// A collection can be reached no more, or again.
    pub(crate) fn lose_collection(&mut self, side: Side, reach: Reach) -> bool {
        let state = match reach {
            Reach::Present => CollectionState::Present,
            Reach::Gone => CollectionState::Gone,
            Reach::Forbidden => CollectionState::Forbidden,
        };
        let collection = &mut self.providers.get_mut(side).collection;
        if std::mem::replace(collection, state) == state {
            return false;
        }
        self.hit(Fault::CollectionLost);
        true
    }

    /// Somebody gets in the way of the next write of a record that is there.
    pub(crate) fn meddle(&mut self, side: Side, meddling: Meddling) -> bool {
        let queue = Queue::Writes(provider(side).to_owned());
        let Some(batch) = self.bus.peek::<WriteBatch>(&queue) else {
            return false;
        };
        let writes = batch.writes.iter();
        match meddling {
            Meddling::Edit(place) => {
                let target = writes.clone().find_map(|write| match &write.operation {
                    Some(What::Update(update)) => Some(update.remote_id.clone()),
                    Some(What::Delete(delete)) => Some(delete.remote_id.clone()),
                    _ => None,
                });
                let provider = self.providers.get_mut(side);
                target.is_some_and(|id| provider.type_into(&id, place, self.now, &mut self.people))
            }
            Meddling::Refuse => {
                let provider = self.providers.get_mut(side);
                let who = writes.clone().find_map(|write| match &write.operation {
                    Some(What::Update(update)) => {
                        text_at(&provider.get(&update.remote_id)?.fields, WHO)
                    }
                    Some(What::Create(create)) => {
                        let record = Record::try_from(create.record.clone()?).ok()?;
                        text_at(&record.fields, WHO)
                    }
                    _ => None,
                });
                who.is_some_and(|who| provider.refused.insert(who))
            }
        }
    }

    /// A provider accepts no record about somebody who is there, or about whom it did not before.
    pub(crate) fn refuse(&mut self, side: Side, which: u8, refused: bool) -> bool {
        let which = usize::from(which);
        if refused {
            let people: Vec<String> = Side::ALL
                .into_iter()
                .flat_map(|side| self.providers.get(side).live())
                .filter_map(|(_, held)| text_at(&held.fields, WHO))
                .collect();
            let who = people.get(which % people.len().max(1)).cloned();
            return who.is_some_and(|who| self.providers.get_mut(side).refused.insert(who));
        }
        let known = &mut self.providers.get_mut(side).refused;
        let who = known.iter().nth(which % known.len().max(1)).cloned();
        who.is_some_and(|who| known.remove(&who))
    }
}
