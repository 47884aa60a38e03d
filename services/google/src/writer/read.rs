//! Reading records by id, to settle whether they are gone.

use std::collections::BTreeMap;

use provider::{Answer, Fault, Operation, Read, Write};

use super::{Writer, not_done, unreadable};
use crate::{map, wire::Person};

impl Writer<'_> {
    /// Reads each record by its name and by its former names. The group is looked at before and after.
    pub(super) async fn read(&mut self, writes: &[Write]) {
        let reads: Vec<(usize, &Read)> = writes
            .iter()
            .enumerate()
            .filter_map(|(at, write)| match &write.operation {
                Operation::Read(read) => Some((at, read)),
                _ => None,
            })
            .collect();
        let everyone: Vec<usize> = reads.iter().map(|(at, _)| *at).collect();
        if !self.has_collection(&everyone).await {
            return;
        }
        let names: Vec<(usize, &str)> = reads
            .iter()
            .flat_map(|(at, read)| ids(read).map(|name| (*at, name)))
            .collect();
        let people = match self.people(&names).await {
            Ok(people) => people.body,
            Err(fault) => return self.answer_all(everyone, &not_done(fault)),
        };
        // Asked again once a record is not found.
        self.collection = None;
        let mut missing = Vec::new();
        for (at, read) in reads {
            let mut answers: Vec<_> = ids(read).filter_map(|name| people.get(name)).collect();
            // A person that is found counts before one that cannot be read, and that one before one that is gone.
            answers.sort_by_key(|answer| match answer {
                Ok(_) => 0,
                Err(Fault::Gone { .. }) => 2,
                Err(_) => 1,
            });
            match answers.first() {
                Some(Ok(person)) => self.found(at, read, person),
                Some(Err(Fault::Gone { .. })) => missing.push((at, read)),
                Some(Err(fault)) => self.answer(at, unreadable(fault.clone())),
                None => self.answer(
                    at,
                    not_done(Fault::malformed("an answer without the record asked for")),
                ),
            }
        }
        self.missing(missing).await;
    }

    fn found(&mut self, at: usize, read: &Read, person: &Person) {
        let answer = match map::live(person, self.scope) {
            Ok(mut live) => {
                let asked = ids(read)
                    .filter(|name| *name != live.remote_id)
                    .map(str::to_owned);
                live.former_ids.extend(asked.collect::<Vec<_>>());
                Answer::Found(Box::new(live))
            }
            Err(undecodable) => Answer::Refused {
                path: None,
                reason: undecodable.to_string(),
            },
        };
        self.answer(at, answer);
    }

    /// Records that no name leads to. One whose address book entry is listed under another name was only renamed;
    /// one that is still listed under its own is about to go from the list, which shows writes late.
    async fn missing(&mut self, missing: Vec<(usize, &Read)>) {
        let entry = |read: &Read| read.former_ids.iter().find(|id| map::is_entry(id)).cloned();
        let known: Vec<usize> = missing
            .iter()
            .filter(|(_, read)| entry(read).is_some())
            .map(|(at, _)| *at)
            .collect();
        let listed = if known.is_empty() {
            Ok(BTreeMap::new())
        } else {
            self.entries(&known).await
        };
        for (at, read) in missing {
            let person = match (&listed, entry(read)) {
                (Ok(listed), Some(entry)) => listed.get(&entry),
                (Err(fault), Some(_)) => {
                    self.answer(at, not_done(fault.clone()));
                    continue;
                }
                (_, None) => None,
            };
            match person {
                Some(person) if ids(read).any(|name| name == person.resource_name) => {
                    let answer = self.too_early();
                    self.answer(at, answer);
                }
                Some(person) => self.found(at, read, person),
                None => {
                    let answer = self.gone(at).await;
                    self.answer(at, answer);
                }
            }
        }
    }
}

/// The names by which a record can be read, the present one first.
fn ids(read: &Read) -> impl Iterator<Item = &str> {
    let former = read
        .former_ids
        .iter()
        .map(String::as_str)
        .filter(|id| map::is_resource_name(id));
    std::iter::once(read.remote_id.as_str()).chain(former)
}
