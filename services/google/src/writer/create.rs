//! Creating records.

use std::{collections::BTreeMap, time::Instant};

use model::{Path, Record};
use provider::{Answer, Applied, Create, Fault, Operation, RefusedPath, Write};

use super::{
    Joining, Writer, concerns,
    look_up::{Wanted, young},
    not_done, person,
};
use crate::{
    fault::{ADDRESS_BOOK_FULL, Effect, Failure},
    map::{self, Body},
    wire::Person,
};

/// A create on its way.
struct Item<'w> {
    at: usize,
    create: &'w Create,
    /// What is not refused yet.
    record: Record,
    body: Body,
}

impl Item<'_> {
    /// Takes a refused field out. False if it has none of it, or nothing remains.
    fn without(&mut self, refused: &str, reason: &str) -> bool {
        let (out, left): (BTreeMap<Path, _>, BTreeMap<Path, _>) =
            std::mem::take(&mut self.record.fields)
                .into_iter()
                .partition(|(path, _)| concerns(refused, path));
        self.record.fields = left;
        let mut already = std::mem::take(&mut self.body.refused);
        already.extend(out.keys().map(|path| RefusedPath {
            path: path.to_string(),
            reason: reason.to_owned(),
        }));
        self.body = Body {
            refused: already,
            ..map::create(&self.record, self.create.marker.as_deref())
        };
        !out.is_empty() && !self.record.fields.is_empty()
    }
}

impl<'w> Writer<'_> {
    /// Looks up, creates what is not there, and puts it into the group.
    pub(super) async fn create(&mut self, writes: &'w [Write]) {
        let creates: Vec<(usize, &'w Create)> = writes
            .iter()
            .enumerate()
            .filter_map(|(at, write)| match &write.operation {
                Operation::Create(create) => Some((at, create)),
                _ => None,
            })
            .collect();
        if !self.has_group(&creates).await {
            return;
        }
        let mut joining = Vec::new();
        let items = self.not_there(creates, &mut joining).await;
        let mut queue = vec![items];
        while let Some(group) = queue.pop() {
            if !group.is_empty() {
                queue.extend(self.send_creates(group, &mut joining).await);
            }
        }
        self.join(joining).await;
    }

    /// A contact must not come into being beside a group that is gone. Creates of a baseline share a look at it.
    async fn has_group(&mut self, creates: &[Wanted<'_>]) -> bool {
        let since = young(creates);
        let group = [self.client.account_id(), &self.scope.collection].join(" ");
        if since.is_some_and(|since| self.glances.groups.recent(&group, since).is_some()) {
            return true;
        }
        let began = Instant::now();
        let everyone: Vec<usize> = creates.iter().map(|(at, _)| *at).collect();
        let there = self.has_collection(&everyone).await;
        if let Some(since) = since.filter(|_| there) {
            self.glances.groups.remember(&group, since, began, ());
        }
        there
    }

    /// Answers creates whose records exist; the others come back, ready to be sent.
    async fn not_there(
        &mut self,
        creates: Vec<(usize, &'w Create)>,
        joining: &mut Vec<Joining>,
    ) -> Vec<Item<'w>> {
        let asked: Vec<_> = creates
            .iter()
            .filter(|(_, create)| create.look_up)
            .copied()
            .collect();
        let found = if asked.is_empty() {
            Ok(BTreeMap::new())
        } else {
            self.look_up(&asked).await
        };
        let mut items = Vec::new();
        let mut found = match found {
            Ok(found) => found,
            Err(fault) => {
                self.answer_all(asked.iter().map(|(at, _)| *at), &not_done(fault));
                BTreeMap::new()
            }
        };
        for (at, create) in creates {
            if self.answers[at].is_some() {
                continue;
            }
            if let Some(found) = found.remove(&at) {
                self.existing(at, &found.person, found.by_marker, joining);
                continue;
            }
            let body = map::create(&create.record, create.marker.as_deref());
            if body.person.fields.keys().all(|field| field == "clientData") {
                let first = body.refused.into_iter().next();
                let path = first.map(|refused| refused.path);
                let reason = "Google has no place for anything in this record".to_owned();
                self.answer(at, Answer::Refused { path, reason });
                continue;
            }
            items.push(Item {
                at,
                create,
                record: create.record.clone(),
                body,
            });
        }
        items
    }

    /// A record that a look-up found. If it is what an earlier attempt created, the rest of that is made up for:
    /// a create is complete when it is in the group.
    fn existing(
        &mut self,
        at: usize,
        person: &Person,
        by_marker: bool,
        joining: &mut Vec<Joining>,
    ) {
        let answer = match map::live(person, self.scope) {
            Ok(live) => Answer::Existing(Box::new(live)),
            Err(undecodable) => {
                return self.answer(
                    at,
                    Answer::Refused {
                        path: None,
                        reason: undecodable.to_string(),
                    },
                );
            }
        };
        if by_marker && !map::in_scope(person, &self.scope.collection) {
            let remote_id = person.resource_name.clone();
            joining.push(Joining {
                at,
                remote_id,
                answer,
                before: None,
                written: true,
            });
        } else {
            self.answer(at, answer);
        }
    }

    /// Sends one group and answers what can be answered; the rest comes back in smaller groups.
    async fn send_creates(
        &mut self,
        group: Vec<Item<'w>>,
        joining: &mut Vec<Joining>,
    ) -> Vec<Vec<Item<'w>>> {
        self.charge(group.iter().map(|item| item.at));
        let bodies: Vec<&Person> = group.iter().map(|item| &item.body.person).collect();
        let created: Result<Vec<Person>, Failure> = match bodies.as_slice() {
            [one] => self.client.create(one).await.map(|person| vec![person]),
            several => self.client.create_batch(several).await.map(|answer| {
                let people = answer.created_people.into_iter();
                // One that is not answered as a person stays unknown: nothing tells which it was.
                people
                    .filter_map(|answer| person(answer, Effect::Write).ok())
                    .collect()
            }),
        };
        match created {
            Ok(people) => {
                let alone = group.len() == 1;
                for item in group {
                    // Google promises no order: the marker tells whose answer it is.
                    let marker = item.create.marker.as_deref();
                    let own = |person: &&Person| alone || map::marker(person).as_deref() == marker;
                    if let Some(person) = people.iter().find(own) {
                        self.created(&item, person, joining);
                    }
                }
                Vec::new()
            }
            Err(failure) => self.not_created(group, failure, joining).await,
        }
    }

    fn created(&mut self, item: &Item<'_>, person: &Person, joining: &mut Vec<Joining>) {
        let answer = Answer::Applied(Applied {
            remote_id: person.resource_name.clone(),
            version: Some(map::version(person)),
            answer: map::live(person, self.scope).ok().map(Box::new),
            refused: item.body.refused.clone(),
        });
        if map::in_scope(person, &self.scope.collection) {
            return self.answer(item.at, answer);
        }
        let remote_id = person.resource_name.clone();
        joining.push(Joining {
            at: item.at,
            remote_id,
            answer,
            before: None,
            written: true,
        });
    }

    /// A call that failed as a whole. What Google names, or a half of it, is sent without the others.
    async fn not_created(
        &mut self,
        mut group: Vec<Item<'w>>,
        failure: Failure,
        joining: &mut Vec<Joining>,
    ) -> Vec<Vec<Item<'w>>> {
        let (path, reason) = match &failure.fault {
            Fault::Refused { path, reason } if reason != ADDRESS_BOOK_FULL => {
                (path.clone(), reason.clone())
            }
            fault => {
                let answer = fault.clone().into();
                self.answer_all(group.iter().map(|item| item.at), &answer);
                return Vec::new();
            }
        };
        if group.len() == 1 {
            let item = group.remove(0);
            return self
                .refused_create(item, path, reason)
                .map(|item| vec![item])
                .into_iter()
                .collect();
        }
        let named: Vec<(usize, Fault)> = (0..group.len())
            .filter_map(|at| Some((at, failure.items.get(&at.to_string())?.clone())))
            .collect();
        let (named, rest): (Vec<_>, Vec<_>) = group
            .into_iter()
            .enumerate()
            .partition(|(at, _)| named.iter().any(|(culprit, _)| culprit == at));
        let mut groups = Vec::new();
        for (at, item) in named {
            match failure.items.get(&at.to_string()) {
                Some(Fault::Refused { path, reason }) => {
                    let item = self.refused_create(item, path.clone(), reason.clone());
                    groups.extend(item.map(|item| vec![item]));
                }
                Some(fault) => self.answer(item.at, fault.clone().into()),
                None => {}
            }
        }
        let everyone = groups.is_empty() && failure.items.is_empty();
        let rest = rest.into_iter().map(|(_, item)| item).collect();
        let mut rest = self.still_missing(rest, joining).await;
        if everyone && rest.len() > 1 {
            groups.push(rest.split_off(rest.len() / 2));
        }
        groups.push(rest);
        groups
    }

    /// Google says nothing of what a refused batch did with the others: those that it created after all are found
    /// by their markers.
    async fn still_missing(
        &mut self,
        group: Vec<Item<'w>>,
        joining: &mut Vec<Joining>,
    ) -> Vec<Item<'w>> {
        let wanted: Vec<_> = group.iter().map(|item| (item.at, item.create)).collect();
        let mut found = match self.look_up(&wanted).await {
            Ok(found) => found,
            Err(fault) => {
                let reason = format!(
                    "refused with others, and not looked up since: {}",
                    fault.word()
                );
                self.answer_all(
                    group.iter().map(|item| item.at),
                    &Answer::Unknown { reason },
                );
                return Vec::new();
            }
        };
        let mut missing = Vec::new();
        for item in group {
            match found.remove(&item.at).filter(|found| found.by_marker) {
                Some(found) => self.existing(item.at, &found.person, true, joining),
                None => missing.push(item),
            }
        }
        missing
    }

    /// A create that is refused for itself; comes back without the refused field if Google names one.
    fn refused_create(
        &mut self,
        mut item: Item<'w>,
        path: Option<String>,
        reason: String,
    ) -> Option<Item<'w>> {
        if path
            .as_deref()
            .is_some_and(|path| item.without(path, &reason))
        {
            return Some(item);
        }
        self.answer(item.at, Answer::Refused { path, reason });
        None
    }
}
