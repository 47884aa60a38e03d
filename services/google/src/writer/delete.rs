//! Deleting records.

use provider::{Answer, Applied, Fault, Operation, Write};

use super::{Writer, not_done};
use crate::{map, wire::Person};

/// How often a batch is sent again without records that went while it was made.
const ROUNDS: usize = 3;

impl Writer<'_> {
    /// Compares each record with the plan, then deletes those that have not moved on: Google's deletions take
    /// no condition.
    pub(super) async fn delete(&mut self, writes: &[Write]) {
        let wanted: Vec<_> = writes
            .iter()
            .enumerate()
            .filter_map(|(at, write)| match &write.operation {
                Operation::Delete(delete) => {
                    Some((at, delete.remote_id.as_str(), &delete.expected))
                }
                _ => None,
            })
            .collect();
        let mut rest = self.unmoved(&wanted).await;
        for _ in 0..ROUNDS {
            if rest.is_empty() {
                return;
            }
            match self.delete_all(&rest).await {
                Ok(()) => {
                    return rest
                        .iter()
                        .for_each(|(at, person)| self.deleted(*at, person));
                }
                // One of them went since it was read.
                Err(Fault::Gone { .. }) => {
                    let wanted: Vec<_> = wanted
                        .iter()
                        .filter(|(at, ..)| rest.iter().any(|(left, _)| left == at))
                        .copied()
                        .collect();
                    rest = self.unmoved(&wanted).await;
                }
                Err(fault) => {
                    return rest.iter().for_each(|(at, person)| {
                        self.answer_with(*at, fault.clone().into(), map::record(person).ok());
                    });
                }
            }
        }
        let reason = "records keep going while they are deleted";
        let answer = not_done(Fault::transient(reason));
        self.answer_all(rest.iter().map(|(at, _)| *at), &answer);
    }

    async fn delete_all(&mut self, people: &[(usize, Person)]) -> Result<(), Fault> {
        self.charge(people.iter().map(|(at, _)| *at));
        let names: Vec<&str> = people
            .iter()
            .map(|(_, person)| person.resource_name.as_str())
            .collect();
        let result = match names.as_slice() {
            [name] => self.client.delete(name).await,
            names => self.client.delete_batch(names).await,
        };
        result.map_err(|failure| failure.fault)
    }

    fn deleted(&mut self, at: usize, person: &Person) {
        let applied = Applied {
            remote_id: person.resource_name.clone(),
            version: None,
            answer: None,
            refused: Vec::new(),
        };
        self.answer_with(at, Answer::Applied(applied), map::record(person).ok());
    }
}
