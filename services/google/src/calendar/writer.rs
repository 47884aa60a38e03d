//! Writes to a calendar: one record each, however many calls it takes.
//!
//! Every call says who gets mail (`sendUpdates`), and every change is made under the etag that the plan was made from
//! . A series is its own event and one for each exception: what of it was written before a call failed is found
//! when it is read again, and the rest is planned anew.

mod create;
mod delete;
mod glance;
mod instances;
mod look_up;
mod read;
mod send;
mod update;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use model::{
    Order, Record, Version,
    event::{self, SeriesLimits},
    order,
};
use provider::{
    Answer, Batch, CollectionState, Fault, Live, Operation, Outcome, Scope, Seen, What, Write,
};
use serde_json::Value;

pub(super) use self::create::is_made_of;
pub(crate) use self::glance::AtAGlance;
use self::glance::Freshness;
use super::{
    client::Client,
    feed, map,
    options::{Options, Private},
    series::{Series, text, whole},
    sight::{Apart, Sight},
    told::parts_of,
    wire::{Event, Reminder},
};
use crate::writer::not_done;

/// How many writes are told of together. No call takes several events, but telling of each alone costs more than its
/// call.
const BATCH: usize = 10;

/// So long after the first of its calls a batch begins no other one: a claim is good for a while only.
const LONGEST: Duration = Duration::from_secs(10);

/// Writes of one kind, in their order.
pub(crate) fn batches(writes: Vec<Write>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for write in writes {
        let kind = write.operation.kind();
        match batches.last_mut() {
            Some(batch) if batch.kind == kind && batch.writes.len() < BATCH => {
                batch.writes.push(write);
            }
            _ => batches.push(Batch {
                kind,
                writes: vec![write],
            }),
        }
    }
    batches
}

/// Answers the writes of a batch. After a call that was throttled or not authorised, or whose answer is lost, the rest is
/// left for later.
pub(crate) async fn execute(
    client: Client<'_>,
    glances: &AtAGlance,
    scope: &Scope,
    batch: &Batch,
) -> Vec<Outcome> {
    let began = Instant::now();
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut rest = None;
    for write in &batch.writes {
        if began.elapsed() > LONGEST {
            rest.get_or_insert_with(not_yet);
        }
        let outcome = match &rest {
            Some(later) => Outcome::new(later.clone(), 0.0),
            None => one(client, glances, scope, &write.operation).await,
        };
        if rest.is_none() {
            rest = later(&outcome.answer);
        }
        outcomes.push(outcome);
    }
    outcomes
}

/// What the answer to a write means for those after it. A record that has to wait by itself means nothing for others.
fn later(answer: &Answer) -> Option<Answer> {
    match answer {
        Answer::NotAttempted {
            unauthorised: true, ..
        }
        | Answer::Unknown { .. } => Some(not_yet()),
        answer => answer.is_throttled().then(|| answer.clone()),
    }
}

fn not_yet() -> Answer {
    Answer::NotAttempted {
        reason: "its turn did not come".to_owned(),
        until: None,
        unauthorised: false,
    }
}

async fn one(
    client: Client<'_>,
    glances: &AtAGlance,
    scope: &Scope,
    operation: &Operation,
) -> Outcome {
    let asked = Options::of(scope).and_then(|options| Ok((options, feed::limits(scope)?)));
    let (options, limits) = match asked {
        Ok(asked) => asked,
        Err(fault) => return Outcome::new(Answer::from(fault), 0.0),
    };
    let mut writer = Writer {
        client,
        glances,
        scope,
        calendar: feed::calendar(scope),
        options,
        limits,
        calls: 0,
    };
    let done = match operation {
        Operation::Create(create) => writer.create(create).await,
        Operation::Update(update) => writer.update(update).await,
        Operation::Delete(delete) => writer.delete(delete).await,
        Operation::Read(read) => writer.read(read).await.map(Done::from),
    };
    let done = done.unwrap_or_else(|fault| Done::from(Answer::from(fault)));
    let outcome = Outcome::new(done.answer, f64::from(writer.calls));
    outcome.with_before(done.before)
}

/// A write on its way.
struct Writer<'a> {
    client: Client<'a>,
    glances: &'a AtAGlance,
    scope: &'a Scope,
    calendar: &'a str,
    options: Options,
    /// What the other side can hold of a series.
    limits: Option<SeriesLimits>,
    calls: u32,
}

/// What became of a write.
struct Done {
    answer: Answer,
    before: Option<Record>,
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            before: None,
        }
    }
}

/// An event, or a series with its exceptions, as it is now.
struct Found {
    series: Series,
    reminders: Vec<Reminder>,
    now: Timestamp,
    /// The series that it is an instance of, if the other side cannot hold that: then it is a record by itself.
    apart: Option<Apart>,
}

impl Found {
    /// As it was sent; null where only single instances are known.
    fn raw(&self) -> &Value {
        self.series.master.as_ref().unwrap_or(&Value::Null)
    }

    /// Whether it is a series.
    fn recurs(&self) -> bool {
        self.raw()["recurrence"].is_array()
    }

    fn event(&self) -> Result<Event, Fault> {
        serde_json::from_value(self.raw().clone())
            .map_err(|_| Fault::malformed("Google sent this event in an undocumented form"))
    }
}

impl Writer<'_> {
    /// Reads an event, or a whole series.
    async fn find(&mut self, id: &str) -> Result<Found, Fault> {
        self.calls += 1;
        let found = self.client.event(self.calendar, id).await?;
        let (now, body) = (found.at, found.body);
        let recurs = body["recurrence"].is_array();
        let cancelled = text(&body, "status") == Some("cancelled");
        let uses_default = body["reminders"]["useDefault"] == true;
        let mut series = Series::single(body);
        if recurs && !cancelled {
            self.calls += 1;
            series = whole(self.client, self.calendar, id, series)
                .await?
                .ok_or_else(|| Fault::transient("the list does not show the series yet"))?;
        }
        let reminders = if uses_default && !cancelled {
            self.entry(Freshness::AMoment).await?.body.default_reminders
        } else {
            Vec::new()
        };
        let mut found = Found {
            series,
            reminders,
            now,
            apart: None,
        };
        if !cancelled {
            found.apart = self.apart(&found).await?;
        }
        Ok(found)
    }

    /// The series of an instance, if the other side cannot hold it.
    async fn apart(&mut self, found: &Found) -> Result<Option<Apart>, Fault> {
        let Some(series) = text(found.raw(), "recurringEventId") else {
            return Ok(None);
        };
        if self.limits.is_none() {
            return Ok(None);
        }
        self.calls += 1;
        let master = match self.client.event(self.calendar, series).await {
            Ok(master) => Series::single(master.body),
            Err(Fault::Gone { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let told = self.sight(found).apart(&master, true);
        let recurs = |series: &Series| {
            series
                .master
                .as_ref()
                .map(|one| one["recurrence"].is_array())
        };
        if told.is_some() || recurs(&master) != Some(true) {
            return Ok(told);
        }
        // Its dates may not be its rule's.
        self.calls += 1;
        let whole = whole(self.client, self.calendar, series, master).await?;
        Ok(whole.and_then(|whole| self.sight(found).apart(&whole, true)))
    }

    fn sight<'s>(&'s self, found: &'s Found) -> Sight<'s> {
        Sight {
            options: self.options,
            now: found.now,
            reminders: &found.reminders,
            limits: self.limits.as_ref(),
        }
    }

    /// What a sync may see of it.
    fn seen(&self, found: &Found) -> Result<Seen, Fault> {
        let sight = self.sight(found);
        if let Some(apart) = &found.apart {
            return sight.single(found.raw(), apart);
        }
        if let (Some(id), Some(_)) = (text(found.raw(), "id"), sight.apart(&found.series, false)) {
            // Its instances are there in its place.
            return Ok(Sight::gone(id.to_owned()));
        }
        let seen = sight.of(&found.series)?.into_iter().next();
        seen.ok_or_else(|| Fault::malformed("an answer without the event asked for"))
    }

    /// The record, if it is as the plan knew it and may be written; else the answer to its write.
    fn unmoved(&self, found: &Found, expected: &Version) -> Result<Result<Record, Answer>, Fault> {
        let seen = self.seen(found)?;
        if let Some(version) = &seen.version {
            let fresh = self.is_fresh(expected, found.now);
            if version.token != expected.token {
                let is_older = order(expected, version, false) == Order::Older;
                return Ok(Err(if fresh && is_older {
                    too_early()
                } else {
                    let live = live(seen).map(Box::new);
                    Answer::Stale { live }
                }));
            }
        }
        let event = found.event()?;
        if !event.is_cancelled() && self.is_closed(&event) {
            let reason = "this event is private, or of a kind that Google keeps itself".to_owned();
            return Ok(Err(Answer::Refused { path: None, reason }));
        }
        Ok(match seen.what {
            What::Inside(record) | What::Outside(record) => Ok(record),
            other => Err(answer_of(other)),
        })
    }

    /// Whether of this event nothing may be written.
    fn is_closed(&self, event: &Event) -> bool {
        let hidden = event.is_private() || event.is_hidden();
        map::is_of_another_kind(event) || (hidden && self.options.private != Private::Full)
    }

    /// Whether a version is so young that Google may not show it yet.
    fn is_fresh(&self, expected: &Version, now: Timestamp) -> bool {
        let changed = expected.changed_at_micros;
        let changed = changed.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        changed.is_some_and(|changed| {
            now.duration_since(changed).unsigned_abs() < self.client.horizon()
        })
    }

    /// The answer about an id that Google does not find. An instance that its series has no more is proved to be gone.
    async fn missing(
        &mut self,
        id: &str,
        proved: bool,
        expected: Option<&Version>,
    ) -> Result<Answer, Fault> {
        let mut proved = proved;
        if let (false, Some(_), Some((series, _))) = (proved, &self.limits, parts_of(id)) {
            self.calls += 1;
            proved = match self.client.event(self.calendar, series).await {
                Ok(_) => true,
                Err(Fault::Gone { proved, .. }) => proved,
                Err(fault) => return Err(fault),
            };
        }
        Ok(self.gone(proved, expected).await)
    }

    /// The answer to a write of an event that Google does not find. Only what it calls deleted is proved to be gone
    /// and only while the calendar is there.
    async fn gone(&mut self, proved: bool, expected: Option<&Version>) -> Answer {
        self.calls += 1;
        let (state, now) = match feed::collection(self.client, self.scope).await {
            Ok(found) => found,
            Err(fault) => return not_done(fault),
        };
        match state {
            CollectionState::Present if !proved && self.is_too_young(expected, now) => too_early(),
            state => Answer::Gone {
                proved: proved && state == CollectionState::Present,
                collection: state == CollectionState::Gone,
            },
        }
    }

    fn is_too_young(&self, expected: Option<&Version>, now: Timestamp) -> bool {
        expected.is_some_and(|expected| self.is_fresh(expected, now))
    }
}

/// The answer where Google shows the past: no newer state to plan from.
fn too_early() -> Answer {
    Answer::NotAttempted {
        reason: "Google still shows an earlier state of this event".to_owned(),
        until: Timestamp::now()
            .checked_add(jiff::SignedDuration::from_secs(1))
            .ok(),
        unauthorised: false,
    }
}

/// A live record with what is in it; none if the sync sees no more than which event it is.
fn shown(seen: Seen) -> Option<Live> {
    live(seen).filter(|live| event::when(&live.record).is_ok())
}

/// A live record, or what a sync may know of one.
fn live(seen: Seen) -> Option<Live> {
    let (record, in_scope) = match seen.what {
        What::Inside(record) => (record, true),
        What::Outside(record) => (record, false),
        What::Deleted { .. } | What::Unreadable { .. } => return None,
    };
    Some(Live {
        remote_id: seen.remote_id,
        former_ids: seen.former_ids,
        version: seen.version?,
        record,
        marker: seen.marker,
        in_scope,
        readable: map::readable(),
    })
}

/// The answer about what is no record. Google keeps a deleted event as a cancelled one: that proves it.
fn answer_of(what: What) -> Answer {
    match what {
        What::Deleted { .. } => Answer::Gone {
            proved: true,
            collection: false,
        },
        What::Unreadable { reason } => Answer::Refused { path: None, reason },
        What::Inside(_) | What::Outside(_) => Answer::Unknown {
            reason: "an event without a version".to_owned(),
        },
    }
}
