//! Changing records.

use std::collections::BTreeMap;

use model::{Edit, Record};
use provider::{Answer, Applied, Fault, Operation, RefusedPath, Update, Write};

use super::{Joining, Writer, concerns, person};
use crate::{
    fault::{Effect, Failure},
    map::{self, Body},
    wire::Person,
};

/// An update on its way.
struct Item<'w> {
    at: usize,
    update: &'w Update,
    /// The record as it was read just before.
    live: Person,
    /// The edits that are not refused yet.
    edits: Vec<Edit>,
    body: Body,
}

impl Item<'_> {
    /// The record just before the call, only the edited paths.
    fn before(&self) -> Option<Record> {
        let mut record = map::record(&self.live).ok()?;
        let table = model::table(map::CONTACT)?;
        let roots: Vec<_> = self
            .update
            .edits
            .iter()
            .map(|edit| table.root(&edit.path))
            .collect();
        record.fields.retain(|path, _| roots.contains(path));
        Some(record)
    }

    /// Takes edits out that Google refuses. False if nothing remains.
    fn without(&mut self, refused: impl Fn(&Edit) -> bool, reason: &str) -> bool {
        let (out, left): (Vec<_>, Vec<_>) = self.edits.drain(..).partition(refused);
        self.edits = left;
        let already = std::mem::take(&mut self.body.refused);
        if let Ok(body) = map::patch(&self.live, &self.edits, self.update.marker.as_deref()) {
            self.body = body;
        }
        self.body.refused = already;
        self.body
            .refused
            .extend(out.iter().map(|edit| refused_path(edit, reason)));
        !self.edits.is_empty()
    }
}

fn refused_path(edit: &Edit, reason: &str) -> RefusedPath {
    RefusedPath {
        path: edit.path.to_string(),
        reason: reason.to_owned(),
    }
}

impl<'w> Writer<'_> {
    /// Patches the records as they were read just before, conditionally.
    pub(super) async fn update(&mut self, writes: &'w [Write]) {
        let updates: BTreeMap<usize, &'w Update> = writes
            .iter()
            .enumerate()
            .filter_map(|(at, write)| match &write.operation {
                Operation::Update(update) => Some((at, update)),
                _ => None,
            })
            .collect();
        let wanted: Vec<_> = updates
            .iter()
            .map(|(at, update)| (*at, update.remote_id.as_str(), &update.expected))
            .collect();
        let (mut to_send, mut joining) = (Vec::new(), Vec::new());
        for (at, live) in self.unmoved(&wanted).await {
            let update = updates[&at];
            match map::patch(&live, &update.edits, update.marker.as_deref()) {
                Err(undecodable) => {
                    self.answer(
                        at,
                        Answer::Refused {
                            path: None,
                            reason: undecodable.to_string(),
                        },
                    );
                }
                Ok(body) if !body.mask.is_empty() => {
                    to_send.push(Item {
                        at,
                        update,
                        live,
                        edits: update.edits.clone(),
                        body,
                    });
                }
                Ok(body) => self.nothing_to_send(at, update, &live, body.refused, &mut joining),
            }
        }
        let mut queue = vec![to_send];
        while let Some(group) = queue.pop() {
            if !group.is_empty() {
                queue.extend(self.send(group, &mut joining).await);
            }
        }
        self.join(joining).await;
    }

    /// An update that only puts the record into the group, or whose edits have no place at Google.
    fn nothing_to_send(
        &mut self,
        at: usize,
        update: &Update,
        live: &Person,
        refused: Vec<RefusedPath>,
        joining: &mut Vec<Joining>,
    ) {
        if let (false, Some(first)) = (update.adopt, refused.first()) {
            let (path, reason) = (Some(first.path.clone()), first.reason.clone());
            return self.answer(at, Answer::Refused { path, reason });
        }
        let applied = Applied {
            remote_id: live.resource_name.clone(),
            version: Some(map::version(live)),
            answer: None,
            refused,
        };
        self.done(at, update, live, applied, None, false, joining);
    }

    /// Sends one group and answers what can be answered; the rest comes back in smaller groups.
    async fn send(
        &mut self,
        group: Vec<Item<'w>>,
        joining: &mut Vec<Joining>,
    ) -> Vec<Vec<Item<'w>>> {
        self.charge(group.iter().map(|item| item.at));
        let mask = group[0].body.mask.join(",");
        let bodies: Vec<&Person> = group.iter().map(|item| &item.body.person).collect();
        let sent: Result<BTreeMap<String, Result<Person, Fault>>, Failure> = match bodies.as_slice()
        {
            [one] => {
                let name = one.resource_name.clone();
                let sent = self.client.update(one, &mask).await;
                sent.map(|answer| BTreeMap::from([(name, Ok(answer))]))
            }
            several => {
                let sent = self.client.update_batch(several, &mask).await;
                sent.map(|answer| {
                    let people = answer.update_result.into_iter();
                    people
                        .map(|(name, answer)| (name, person(answer, Effect::Write)))
                        .collect()
                })
            }
        };
        match sent {
            Ok(mut people) => {
                let mut alone = Vec::new();
                for item in group {
                    match people.remove(&item.live.resource_name) {
                        Some(Ok(person)) => self.applied(&item, &person, joining),
                        Some(Err(fault)) => {
                            alone.extend(self.refused_alone(item, fault, joining).await);
                        }
                        // Nobody knows what was written: the record is read and planned again.
                        None => {}
                    }
                }
                alone.into_iter().map(|item| vec![item]).collect()
            }
            Err(failure) => self.failed(group, failure, joining).await,
        }
    }

    /// A call that failed as a whole. Nothing is assumed to be applied: everything is read again, what moved is
    /// stale, what Google names is sent alone, and the rest goes on without them.
    async fn failed(
        &mut self,
        mut group: Vec<Item<'w>>,
        failure: Failure,
        joining: &mut Vec<Joining>,
    ) -> Vec<Vec<Item<'w>>> {
        if !matches!(
            failure.fault,
            Fault::Stale | Fault::Refused { .. } | Fault::Gone { .. }
        ) {
            for item in group {
                self.answer_with(item.at, failure.fault.clone().into(), item.before());
            }
            return Vec::new();
        }
        if group.len() == 1 {
            let item = group.remove(0);
            let left = self.refused_alone(item, failure.fault, joining).await;
            return left.map(|item| vec![item]).into_iter().collect();
        }
        let size = group.len();
        let (mut alone, mut rest) = (Vec::new(), Vec::new());
        for item in self.still_there(group).await {
            match failure.items.get(&item.live.resource_name) {
                Some(fault) => alone.extend(self.refused_alone(item, fault.clone(), joining).await),
                None => rest.push(item),
            }
        }
        let mut groups: Vec<_> = alone.into_iter().map(|item| vec![item]).collect();
        if rest.len() == size {
            // Google names nobody: halves find the culprit.
            groups.push(rest.split_off(size / 2));
        }
        groups.push(rest);
        groups
    }

    /// Those items whose records are still as they were read; the others are answered.
    async fn still_there(&mut self, group: Vec<Item<'w>>) -> Vec<Item<'w>> {
        let wanted: Vec<_> = group
            .iter()
            .map(|item| {
                (
                    item.at,
                    item.update.remote_id.as_str(),
                    &item.update.expected,
                )
            })
            .collect();
        let there = self.unmoved(&wanted).await;
        group
            .into_iter()
            .filter(|item| there.iter().any(|(at, _)| *at == item.at))
            .collect()
    }

    /// An update that failed for itself; comes back if something of it can still be sent.
    async fn refused_alone(
        &mut self,
        mut item: Item<'w>,
        fault: Fault,
        joining: &mut Vec<Joining>,
    ) -> Option<Item<'w>> {
        let (path, reason) = match fault {
            Fault::Refused { path, reason } => (path, reason),
            Fault::Stale => {
                // Google may not show yet what made it stale.
                let at = item.at;
                if let Some(item) = self.still_there(vec![item]).await.pop() {
                    self.answer_with(at, Answer::Stale { live: None }, item.before());
                }
                return None;
            }
            Fault::Gone { .. } => {
                let answer = self.gone(item.at).await;
                self.answer(item.at, answer);
                return None;
            }
            fault => {
                self.answer_with(item.at, fault.into(), item.before());
                return None;
            }
        };
        let named = |edit: &Edit| {
            path.as_deref()
                .is_some_and(|path| concerns(path, &edit.path))
        };
        if item.edits.iter().any(named) {
            if item.without(named, &reason) {
                return Some(item);
            }
            self.refused(&item, path, reason);
        } else if map::mask_of(&item.edits, None).len() > 1 {
            self.field_by_field(item, joining).await;
        } else {
            let path = item.edits.first().map(|edit| edit.path.to_string());
            self.refused(&item, path, reason);
        }
        None
    }

    fn refused(&mut self, item: &Item<'_>, path: Option<String>, reason: String) {
        let first = item
            .body
            .refused
            .first()
            .map(|refused| refused.path.clone());
        self.answer(
            item.at,
            Answer::Refused {
                path: first.or(path),
                reason,
            },
        );
    }

    /// Google refuses something without saying what: each field is sent for itself, with the etag of the answer
    /// before.
    async fn field_by_field(&mut self, mut item: Item<'w>, joining: &mut Vec<Joining>) {
        let mut fields: BTreeMap<Vec<&'static str>, Vec<Edit>> = BTreeMap::new();
        for edit in &item.edits {
            let mask = map::mask_of(std::slice::from_ref(edit), None);
            fields.entry(mask).or_default().push(edit.clone());
        }
        let mut marker = item.update.marker.as_deref();
        let mut now: Option<Person> = None;
        for edits in fields.into_values() {
            let Ok(body) = map::patch(now.as_ref().unwrap_or(&item.live), &edits, marker) else {
                continue;
            };
            if body.mask.is_empty() {
                continue;
            }
            self.charge([item.at]);
            match self
                .client
                .update(&body.person, &body.mask.join(","))
                .await
                .map_err(|f| f.fault)
            {
                Ok(person) => {
                    now = Some(person);
                    marker = None;
                }
                Err(Fault::Refused { reason, .. }) => {
                    item.body
                        .refused
                        .extend(edits.iter().map(|edit| refused_path(edit, &reason)));
                }
                Err(fault) => {
                    let answer = match now {
                        Some(_) => Answer::Unknown {
                            reason: format!("written in part: {}", fault.word()),
                        },
                        None => fault.into(),
                    };
                    return self.answer_with(item.at, answer, item.before());
                }
            }
        }
        match now {
            Some(person) => self.applied(&item, &person, joining),
            None => self.refused(
                &item,
                None,
                "Google does not accept these values".to_owned(),
            ),
        }
    }

    /// A conditional write whose answer carries the record.
    fn applied(&mut self, item: &Item<'_>, person: &Person, joining: &mut Vec<Joining>) {
        let applied = Applied {
            remote_id: person.resource_name.clone(),
            version: Some(map::version(person)),
            answer: map::live(person, self.scope).ok().map(Box::new),
            refused: item.body.refused.clone(),
        };
        self.done(
            item.at,
            item.update,
            person,
            applied,
            item.before(),
            true,
            joining,
        );
    }

    /// Answers, or first puts the record into the group.
    #[allow(clippy::too_many_arguments, reason = "the parts of one answer")]
    fn done(
        &mut self,
        at: usize,
        update: &Update,
        person: &Person,
        applied: Applied,
        before: Option<Record>,
        written: bool,
        joining: &mut Vec<Joining>,
    ) {
        let answer = Answer::Applied(applied);
        if update.adopt && !map::in_scope(person, &self.scope.collection) {
            let remote_id = person.resource_name.clone();
            joining.push(Joining {
                at,
                remote_id,
                answer,
                before,
                written,
            });
        } else {
            self.answer_with(at, answer, before);
        }
    }
}
