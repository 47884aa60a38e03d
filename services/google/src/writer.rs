//! Making writes: what one call takes, and the answer to each write.
//!
//! Everything that changes an account goes through here, one call after the other: Google asks for that, and the
//! quota key lets one through at a time. Updates are conditional on the etags that were read just before; creates
//! carry a marker; deletions, which know no condition, are compared just before.

mod create;
mod delete;
mod look_up;
mod read;
mod update;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    time::Duration,
};

use jiff::Timestamp;
use model::{Order, Version, order};
use provider::{
    Answer, Batch, BatchKind, CollectionState, Fault, Glances, Operation, Outcome, Scope, Write,
};

pub(crate) use self::look_up::Keys;
use crate::{
    client::{BATCH, Client, Dated, MEMBERS},
    fault, feed, map,
    wire::{Person, PersonResponse},
};

/// Groups writes by what one call takes. Deletions are compared by one read of [`BATCH`] just before, so a batch of
/// them is no larger either.
pub(crate) fn batches(writes: Vec<Write>) -> Vec<Batch> {
    let mut open: Vec<(Call, BTreeSet<String>, Batch)> = Vec::new();
    for write in writes {
        let call = Call::of(&write.operation);
        let record = write.operation.remote_id().map(str::to_owned);
        let last = open
            .iter()
            .rposition(|(_, records, _)| record.as_ref().is_some_and(|id| records.contains(id)));
        let fits = |(at, (other, _, batch)): &(usize, &mut (Call, BTreeSet<String>, Batch))| {
            *other == call
                && batch.writes.len() < call.takes()
                && last.is_none_or(|last| last < *at)
        };
        if let Some((_, (_, records, batch))) = open.iter_mut().enumerate().find(fits) {
            records.extend(record);
            batch.writes.push(write);
        } else {
            let kind = write.operation.kind();
            let writes = vec![write];
            open.push((call, record.into_iter().collect(), Batch { kind, writes }));
        }
    }
    open.into_iter().map(|(_, _, batch)| batch).collect()
}

/// What writes must have in common to share a call.
#[derive(PartialEq)]
enum Call {
    /// Created contacts are told apart by their markers.
    Create {
        marked: bool,
    },
    /// A mask holds for all updates of a call.
    Update {
        mask: Vec<&'static str>,
    },
    Delete,
    Read,
}

impl Call {
    fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Create(create) => Self::Create {
                marked: create.marker.is_some(),
            },
            Operation::Update(update) => Self::Update {
                mask: map::mask_of(&update.edits, update.marker.as_deref()),
            },
            Operation::Delete(_) => Self::Delete,
            Operation::Read(_) => Self::Read,
        }
    }

    fn takes(&self) -> usize {
        if *self == (Self::Create { marked: false }) {
            1
        } else {
            BATCH
        }
    }
}

/// What creates of a baseline share for half a minute.
#[derive(Debug, Default)]
pub(crate) struct AtAGlance {
    /// What tells the newest contacts apart, among whom duplicates are looked for.
    contacts: Glances<Keys>,
    /// The groups that were there.
    groups: Glances<()>,
}

/// Makes the writes of a batch and answers each.
pub(crate) async fn execute(
    client: Client<'_>,
    glances: &AtAGlance,
    scope: &Scope,
    batch: &Batch,
) -> Vec<Outcome> {
    let mut writer = Writer {
        client,
        glances,
        scope,
        answers: batch.writes.iter().map(|_| None).collect(),
        calls: vec![0.0; batch.writes.len()],
        collection: None,
    };
    match batch.kind {
        BatchKind::Create => writer.create(&batch.writes).await,
        BatchKind::Update => writer.update(&batch.writes).await,
        BatchKind::Delete => writer.delete(&batch.writes).await,
        BatchKind::Read => writer.read(&batch.writes).await,
    }
    writer.outcomes()
}

/// The writes of one batch on their way. A write is known by its place in the batch.
struct Writer<'a> {
    client: Client<'a>,
    glances: &'a AtAGlance,
    scope: &'a Scope,
    answers: Vec<Option<(Answer, Option<model::Record>)>>,
    calls: Vec<f64>,
    collection: Option<CollectionState>,
}

/// Persons as they were read, by the names that were asked for.
type People = BTreeMap<String, Result<Person, Fault>>;

/// A record that has been written, or found, and has yet to be put into the group.
struct Joining {
    at: usize,
    remote_id: String,
    answer: Answer,
    before: Option<model::Record>,
    /// Whether anything was written before.
    written: bool,
}

impl Writer<'_> {
    fn outcomes(self) -> Vec<Outcome> {
        let forgotten = || Answer::Unknown {
            reason: "Google's answer does not mention this record".to_owned(),
        };
        self.answers
            .into_iter()
            .zip(self.calls)
            .map(|(answer, calls)| {
                let (answer, before) = answer.unwrap_or_else(|| (forgotten(), None));
                Outcome::new(answer, calls).with_before(before)
            })
            .collect()
    }

    fn answer(&mut self, at: usize, answer: Answer) {
        self.answers[at] = Some((answer, None));
    }

    fn answer_with(&mut self, at: usize, answer: Answer, before: Option<model::Record>) {
        self.answers[at] = Some((answer, before));
    }

    /// One answer for several writes.
    fn answer_all(&mut self, writes: impl IntoIterator<Item = usize>, answer: &Answer) {
        for at in writes {
            self.answer(at, answer.clone());
        }
    }

    /// Counts a call that several writes share.
    fn charge(&mut self, writes: impl IntoIterator<Item = usize>) {
        let writes: Vec<usize> = writes.into_iter().collect();
        let share = 1.0 / f64::from(u32::try_from(writes.len().max(1)).unwrap_or(u32::MAX));
        for at in writes {
            self.calls[at] += share;
        }
    }

    /// Reads persons by name, on behalf of writes.
    async fn people(&mut self, names: &[(usize, &str)]) -> Result<Dated<People>, Fault> {
        let mut read = Dated {
            body: People::new(),
            at: Timestamp::now(),
        };
        for chunk in names.chunks(BATCH) {
            let unique: BTreeSet<&str> = chunk.iter().map(|(_, name)| *name).collect();
            let unique: Vec<&str> = unique.into_iter().collect();
            let answer = self.client.people(&unique).await?;
            self.charge(chunk.iter().map(|(at, _)| *at));
            read.at = answer.at;
            read.body
                .extend(answer.body.responses.into_iter().map(|answer| {
                    let name = answer.requested_resource_name.clone();
                    (name, person(answer, fault::Effect::Read))
                }));
        }
        Ok(read)
    }

    /// Reads records and compares them with the versions that plans were made from: those that have not
    /// moved on are returned, the others are answered.
    async fn unmoved(&mut self, wanted: &[(usize, &str, &Version)]) -> Vec<(usize, Person)> {
        let names: Vec<_> = wanted.iter().map(|(at, name, _)| (*at, *name)).collect();
        let Dated {
            body: mut people,
            at: now,
        } = match self.people(&names).await {
            Ok(people) => people,
            Err(fault) => {
                self.answer_all(wanted.iter().map(|(at, ..)| *at), &not_done(fault));
                return Vec::new();
            }
        };
        let mut unmoved = Vec::new();
        for (at, name, expected) in wanted {
            let fresh = self.is_fresh(expected, now);
            let answer = match people.remove(*name) {
                Some(Ok(person)) if person.etag == expected.token => {
                    unmoved.push((*at, person));
                    continue;
                }
                Some(Ok(person)) if fresh && is_older(&person, expected) => self.too_early(),
                Some(Ok(person)) => self.stale(&person),
                Some(Err(Fault::Gone { .. })) if fresh => self.too_early(),
                Some(Err(Fault::Gone { .. })) => self.gone(*at).await,
                Some(Err(fault)) => unreadable(fault),
                None => not_done(Fault::malformed("an answer without the record asked for")),
            };
            self.answer(*at, answer);
        }
        unmoved
    }

    /// Whether the version that a plan was made from is so young that Google may not show it yet.
    fn is_fresh(&self, expected: &Version, now: Timestamp) -> bool {
        let changed = expected.changed_at_micros;
        let changed = changed.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        changed.is_some_and(|changed| {
            now.duration_since(changed).unsigned_abs() < self.client.horizon()
        })
    }

    /// The answer where Google shows the past: that is no newer state to plan from. It is looked at again after a
    /// small part of the time for which that may last.
    fn too_early(&self) -> Answer {
        Answer::NotAttempted {
            reason: "Google still shows an earlier state of this record".to_owned(),
            until: self.later(),
            unauthorised: false,
        }
    }

    /// Soon: the whole connection may wait until then.
    fn later(&self) -> Option<Timestamp> {
        let wait = self.client.horizon() / 20;
        let wait = wait.clamp(Duration::from_secs(1), Duration::from_secs(10));
        Timestamp::now().checked_add(wait).ok()
    }

    fn stale(&self, person: &Person) -> Answer {
        Answer::Stale {
            live: map::live(person, self.scope).ok().map(Box::new),
        }
    }

    /// The answer to a write of a record that Google does not find. In the user's own address book that proves a
    /// deletion, as long as the group is there.
    async fn gone(&mut self, at: usize) -> Answer {
        match self.collection(&[at]).await {
            Ok(state) => Answer::Gone {
                proved: state == CollectionState::Present,
                collection: state == CollectionState::Gone,
            },
            Err(fault) => not_done(fault),
        }
    }

    /// Whether the group is there; if not, all are answered.
    async fn has_collection(&mut self, writes: &[usize]) -> bool {
        let answer = match self.collection(writes).await {
            Ok(CollectionState::Present) => return true,
            Ok(state) => Answer::Gone {
                proved: false,
                collection: state == CollectionState::Gone,
            },
            Err(fault) => not_done(fault),
        };
        self.answer_all(writes.iter().copied(), &answer);
        false
    }

    /// What became of the group, asked once a batch.
    async fn collection(&mut self, on_behalf_of: &[usize]) -> Result<CollectionState, Fault> {
        if let Some(state) = self.collection {
            return Ok(state);
        }
        if !self.scope.collection.is_empty() {
            self.charge(on_behalf_of.iter().copied());
        }
        let state = feed::collection(self.client, self.scope).await?;
        self.collection = Some(state);
        Ok(state)
    }

    /// Puts records into the group and gives their answers. Adding one that is a member already does no harm.
    async fn join(&mut self, joining: Vec<Joining>) {
        let mut joining = joining;
        while !joining.is_empty() {
            let rest = joining.split_off(joining.len().min(MEMBERS));
            self.join_some(std::mem::replace(&mut joining, rest)).await;
        }
    }

    async fn join_some(&mut self, joining: Vec<Joining>) {
        let names: Vec<&str> = joining
            .iter()
            .map(|joining| joining.remote_id.as_str())
            .collect();
        let result = self
            .client
            .add_members(&self.scope.collection, &names)
            .await;
        self.charge(joining.iter().map(|joining| joining.at));
        // The group may have gone since it was looked at.
        self.collection = None;
        let result = result.map_err(|failure| failure.fault);
        for mut joining in joining {
            let answer = match &result {
                Ok(answer) if !answer.not_found_resource_names.contains(&joining.remote_id) => {
                    enter(&mut joining.answer);
                    joining.answer
                }
                Ok(_) | Err(Fault::Gone { .. }) => match self.gone(joining.at).await {
                    Answer::Gone {
                        collection: false, ..
                    } if joining.written => outside("it is not found"),
                    answer => answer,
                },
                Err(fault) if joining.written => outside(fault.word()),
                Err(fault) => fault.clone().into(),
            };
            self.answer_with(joining.at, answer, joining.before);
        }
    }
}

fn is_older(person: &Person, expected: &Version) -> bool {
    order(expected, &map::version(person), false) == Order::Older
}

/// The answer for a record that was written and is not in the group: to be read and gone on with.
fn outside(why: impl Display) -> Answer {
    Answer::Unknown {
        reason: format!("written, but not put into the group: {why}"),
    }
}

/// Says in an answer that its record is in the group now.
fn enter(answer: &mut Answer) {
    let live = match answer {
        Answer::Applied(applied) => applied.answer.as_mut(),
        Answer::Existing(live) => Some(live),
        _ => None,
    };
    if let Some(live) = live {
        live.in_scope = true;
    }
}

/// The person in an answer about one of several.
fn person(answer: PersonResponse, effect: fault::Effect) -> Result<Person, Fault> {
    if let Some(status) = answer.status.filter(|status| status.code != 0) {
        return Err(fault::item(&status, effect));
    }
    match (answer.person, answer.http_status_code) {
        (Some(person), _) => {
            let person: Person = serde_json::from_value(person).map_err(|_| {
                Fault::malformed("Google sent this contact in an undocumented form")
            })?;
            if person.is_deleted() {
                Err(Fault::Gone {
                    proved: false,
                    collection: false,
                })
            } else {
                Ok(person)
            }
        }
        (None, Some(404)) => Err(Fault::Gone {
            proved: false,
            collection: false,
        }),
        (None, _) => Err(Fault::malformed("an answer without a person")),
    }
}

/// What a failed call means for a write that it only prepared: nothing was done.
pub(crate) fn not_done(fault: Fault) -> Answer {
    match fault {
        Fault::Malformed { reason } | Fault::LostAnswer { reason } => Answer::NotAttempted {
            reason,
            until: None,
            unauthorised: false,
        },
        Fault::CursorExpired => Answer::NotAttempted {
            reason: fault.to_string(),
            until: None,
            unauthorised: false,
        },
        fault => fault.into(),
    }
}

/// What it means for a write that its record cannot be read: only this one is set aside.
fn unreadable(fault: Fault) -> Answer {
    match fault {
        Fault::Malformed { reason } => Answer::Refused { path: None, reason },
        fault => not_done(fault),
    }
}

/// Whether a refused canonical path, which may stand for several, concerns this one.
fn concerns(refused: &str, path: &model::Path) -> bool {
    path.to_string() == refused
        || path.field() == refused
        || path
            .field()
            .strip_prefix(refused)
            .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests;
