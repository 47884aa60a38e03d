//! Model writers: claim, call, answer; they may die between any two of these.

use model::Side;
use proto::{
    reconcile::{ClaimRequest, claims_server::Claims as _},
    write::{Outcome, OutcomeBatch, Unknown, Write, WriteBatch, outcome::Result as Answer},
};
use reconciler::service::ClaimService;
use tonic::Request;

use crate::{
    bus::Queue,
    coverage::Fault,
    definition::{SYNC, TENANT, provider},
    operation::Death,
    provider::Fate,
    world::World,
};

impl World {
    /// A writer takes a message; answers whether there was one.
    pub(crate) async fn write(&mut self, side: Side, fate: Fate, death: Death, lag: u8) -> bool {
        let queue = Queue::Writes(provider(side).to_owned());
        let Some(delivery) = self.bus.next::<WriteBatch>(&queue) else {
            return false;
        };
        self.set_clock().await;
        let ids: Vec<String> = delivery
            .message
            .writes
            .iter()
            .map(|write| write.id.clone())
            .collect();
        let claims = ClaimService {
            pool: self.store.pool.clone(),
            tide: self.tide.clone(),
        };
        let claimed = claims
            .claim(Request::new(ClaimRequest {
                tenant: TENANT.to_owned(),
                connection: provider(side).to_owned(),
                writes: ids.clone(),
            }))
            .await
            .expect("the reconciler takes a claim")
            .into_inner();
        let started: Vec<Write> = delivery
            .message
            .writes
            .iter()
            .filter(|write| claimed.started.contains(&write.id))
            .cloned()
            .collect();
        for id in ids
            .iter()
            .filter(|id| !claimed.started.contains(id) && !self.started.contains(*id))
        {
            self.under_way.remove(id);
        }
        self.started.extend(claimed.started.iter().cloned());
        if death == Death::Claimed && !started.is_empty() {
            self.hit(Fault::WriterDiedBeforeCall);
            self.bus.give_back(delivery);
            return true;
        }
        let mut outcomes: Vec<Outcome> = claimed.unanswered.iter().map(|id| lost(id)).collect();
        outcomes.extend(self.make(side, &started, fate, lag));
        if death == Death::Called && !started.is_empty() {
            self.hit(Fault::WriterDiedAfterCall);
            self.bus.give_back(delivery);
            return true;
        }
        if !outcomes.is_empty() {
            let batch = OutcomeBatch {
                tenant: TENANT.to_owned(),
                sync: SYNC.to_owned(),
                outcomes,
            };
            self.bus
                .publish_outcomes(&batch)
                .expect("outcomes fit the bus");
        }
        if death == Death::Told && !started.is_empty() {
            self.hit(Fault::WriterDiedBeforeAcknowledgement);
            self.bus.give_back(delivery);
        } else {
            self.bus.acknowledge(delivery);
        }
        true
    }

    /// Makes the calls. A provider that takes none takes none of a message; anything else happens to its first.
    fn make(&mut self, side: Side, writes: &[Write], fate: Fate, lag: u8) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for (at, write) in writes.iter().enumerate() {
            let fate = if at == 0 || fate == Fate::Throttled {
                fate
            } else {
                Fate::Well
            };
            let fault = match fate {
                Fate::Well => None,
                Fate::AnswerLost => Some(Fault::AnswerLost),
                Fate::CallLost => Some(Fault::CallLost),
                Fate::Throttled => Some(Fault::Throttled),
            };
            if let Some(fault) = fault {
                self.hit(fault);
            }
            let provider = self.providers.get_mut(side);
            let outcome = provider.call(write, fate, self.now, lag, &mut self.people);
            match outcome.result {
                Some(Answer::Stale(_)) => self.hit(Fault::Stale),
                Some(Answer::Refused(_)) => self.hit(Fault::RecordRefused),
                _ => {}
            }
            outcomes.push(outcome);
            // Calls follow each other; stamps of whole seconds may still be equal.
            self.now += 100_000;
        }
        outcomes
    }
}

fn lost(write: &str) -> Outcome {
    Outcome {
        write: write.to_owned(),
        result: Some(Answer::Unknown(Unknown {
            reason: "a writer died".to_owned(),
        })),
        ..Outcome::default()
    }
}
