//! Outcomes: what a writer answered becomes what the store knows, and bases move.

mod applied;
mod between;
mod overtaken;
mod stale;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use model::{Record, Side};
use prost::Message as _;
use proto::write::{
    self as wire, Existing, Found, Gone, NotAttempted, Outcome, OutcomeBatch, Refused, Stale,
    outcome::Result as Answer,
};
use sqlx::PgConnection;
use uuid::Uuid;

use self::applied::Made;
use crate::{
    anew,
    definition::Definition,
    error::EngineError,
    ingest,
    ledger::Ledger,
    live::{self, Sighted},
    pairing::{
        self,
        found::{take_base, take_what_was_cut},
    },
    plan,
    store::{
        SyncKey,
        link::{self, LinkRow, LinkState},
        matching, outbox,
        record::{self, Presence},
        sync::{self, Hold, Phase, SyncRow},
        write::{self, Again, WriteRow},
    },
};

/// Stale answers in a row after which a record is set aside: something rewrites it faster than we read.
const MOST_STALE: i32 = 20;
/// Lost answers in a row after which a record is set aside.
const MOST_UNKNOWN: i32 = 5;
/// For how long a connection waits after its account refused us, unless a person signs in before.
const UNAUTHORISED_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// Applies a batch of outcomes.
pub async fn apply(connection: &mut PgConnection, batch: &OutcomeBatch) -> Result<(), EngineError> {
    let key = SyncKey::new(&batch.tenant, &batch.sync);
    let Some(mut row) = sync::lock(connection, &key).await? else {
        return Ok(());
    };
    let definition = Definition::decode(&row.definition)?;
    let ids = outbox::parse_ids(
        &batch
            .outcomes
            .iter()
            .map(|outcome| outcome.write.clone())
            .collect::<Vec<_>>(),
    );
    let writes: HashMap<Uuid, WriteRow> = write::by_id(connection, &key, &ids)
        .await?
        .into_iter()
        .map(|write| (write.id, write))
        .collect();
    let links: Vec<Uuid> = writes.values().map(|write| write.link).collect();
    let mut links: HashMap<Uuid, LinkRow> = link::lock(connection, &links)
        .await?
        .into_iter()
        .map(|link| (link.id, link))
        .collect();
    let mut ledger = Ledger::new(&definition, row.run);
    // A single record that has to wait means nothing for others; a call of which nothing was made does.
    let nothing_made = batch.outcomes.len() > 1
        && batch
            .outcomes
            .iter()
            .all(|outcome| matches!(outcome.result, Some(Answer::NotAttempted(_))));
    let overtaken = overtaken::of(connection, &links).await?;
    let sorted = sort(batch, &writes, &overtaken);
    let Sorted { made, stale, .. } = sorted;
    applied::apply(connection, &definition, &row, &mut ledger, made, &mut links).await?;
    stale::apply(connection, &definition, &mut ledger, stale, &mut links).await?;
    for (write, outcome, answer) in sorted.others {
        let Some(link) = links.remove(&write.link) else {
            continue;
        };
        if overtaken.contains(&link.id) {
            overtaken::apply(
                connection,
                &definition,
                &mut ledger,
                &link,
                write,
                outcome,
                answer,
            )
            .await?;
            links.insert(link.id, link);
            continue;
        }
        let mut step = Step {
            connection: &mut *connection,
            definition: &definition,
            row: &mut row,
            write,
            ledger: &mut ledger,
            nothing_made,
        };
        step.take(link, outcome, answer, &mut links).await?;
    }
    ledger.store(connection, &mut row).await?;
    row.last_outcome_at = Some(sync::now(connection).await?);
    if row.phase == Phase::Deactivating && write::open(connection, &key).await?.1 == 0 {
        row.phase = Phase::Off;
    }
    sync::save(connection, &row).await?;
    Ok(())
}

type Answered<'a> = (&'a WriteRow, &'a Outcome, &'a Answer);

/// Answers by how they are applied.
#[derive(Default)]
struct Sorted<'a> {
    /// Creates and updates that were made, together.
    made: Vec<Made<'a>>,
    /// Writes that came too late, together.
    stale: Vec<(&'a WriteRow, &'a Stale)>,
    /// Everything else one by one, and so what answers the same link or the same record once more.
    others: Vec<Answered<'a>>,
}

fn sort<'a>(
    batch: &'a OutcomeBatch,
    writes: &'a HashMap<Uuid, WriteRow>,
    overtaken: &HashSet<Uuid>,
) -> Sorted<'a> {
    let mut sorted = Sorted::default();
    let (mut links, mut records) = (HashSet::new(), HashSet::new());
    for outcome in &batch.outcomes {
        let write = Uuid::parse_str(&outcome.write)
            .ok()
            .and_then(|id| writes.get(&id));
        let Some((write, answer)) = write.zip(outcome.result.as_ref()) else {
            continue;
        };
        // An outcome counts for a claimed write; one whose answer was given up may still come late.
        if !matches!(write.status.as_str(), "started" | "unknown") {
            continue;
        }
        let first = links.insert(write.link) && !overtaken.contains(&write.link);
        match answer {
            Answer::Applied(applied)
                if first
                    && write.operation != "delete"
                    && records.insert((write.side, applied.remote_id.as_str())) =>
            {
                sorted.made.push(Made {
                    write,
                    outcome,
                    applied,
                });
            }
            Answer::Stale(stale) if first && is_first(&mut records, write, stale) => {
                sorted.stale.push((write, stale));
            }
            answer => sorted.others.push((write, outcome, answer)),
        }
    }
    sorted
}

/// Whether the record that a stale answer shows is shown for the first time.
fn is_first<'a>(
    records: &mut HashSet<(Side, &'a str)>,
    write: &WriteRow,
    stale: &'a Stale,
) -> bool {
    let live = stale.live.as_ref();
    live.is_none_or(|live| records.insert((write.side, live.remote_id.as_str())))
}

/// Gives up on answers that have not come in time. Answers how many there were.
pub async fn give_up(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<usize, EngineError> {
    let mut outcomes = Vec::new();
    for side in Side::ALL {
        let late = definition.side(side).request_timeout * 2
            + SignedDuration::from_secs(proto::CLAIM_SECONDS.into());
        for write in write::overdue(connection, &definition.key, side, late).await? {
            outcomes.push(Outcome {
                write: write.id.to_string(),
                result: Some(Answer::Unknown(wire::Unknown {
                    reason: "no answer came in time".to_owned(),
                })),
                ..Outcome::default()
            });
        }
    }
    let count = outcomes.len();
    if count > 0 {
        let batch = OutcomeBatch {
            tenant: definition.key.tenant.clone(),
            sync: definition.key.sync.clone(),
            outcomes,
        };
        apply(connection, &batch).await?;
    }
    Ok(count)
}

/// One outcome, being applied.
struct Step<'a> {
    connection: &'a mut PgConnection,
    definition: &'a Definition,
    row: &'a mut SyncRow,
    write: &'a WriteRow,
    ledger: &'a mut Ledger,
    nothing_made: bool,
}

impl Step<'_> {
    /// Takes one answer; the link goes back among the others.
    async fn take(
        &mut self,
        mut link: LinkRow,
        outcome: &Outcome,
        answer: &Answer,
        links: &mut HashMap<Uuid, LinkRow>,
    ) -> Result<(), EngineError> {
        match answer {
            Answer::Applied(applied) if self.write.operation != "delete" => {
                links.insert(link.id, link);
                let made = Made {
                    write: self.write,
                    outcome,
                    applied,
                };
                let (definition, row) = (self.definition, &*self.row);
                let connection = &mut *self.connection;
                applied::apply(connection, definition, row, self.ledger, vec![made], links).await
            }
            answer => {
                self.answer(&mut link, outcome, answer).await?;
                link::save(self.connection, std::slice::from_ref(&link)).await?;
                links.insert(link.id, link);
                Ok(())
            }
        }
    }

    async fn answer(
        &mut self,
        link: &mut LinkRow,
        outcome: &Outcome,
        answer: &Answer,
    ) -> Result<(), EngineError> {
        let (status, result) = match answer {
            Answer::Applied(_) => {
                link.dirty = true;
                link.unknown_count = 0;
                link.stale_count = 0;
                self.deleted(link, outcome).await?;
                ("answered", "applied")
            }
            Answer::Stale(stale) => {
                self.stale(link, stale).await?;
                ("answered", "stale")
            }
            Answer::Gone(gone) => {
                self.gone(link, gone).await?;
                ("answered", "gone")
            }
            Answer::Refused(refused) => {
                self.refused(link, refused);
                ("answered", "refused")
            }
            Answer::Forbidden(forbidden) => {
                self.set_aside(link, &format!("the account may not {}", forbidden.right));
                ("answered", "forbidden")
            }
            Answer::Unknown(_) => {
                self.unknown(link).await?;
                ("unknown", "answer lost")
            }
            Answer::NotAttempted(not) => return self.not_attempted(link, not).await,
            Answer::Existing(Existing { live: Some(live) }) => {
                self.found(link, live).await?;
                ("answered", "existing")
            }
            Answer::Found(Found { live: Some(live) }) => {
                self.found(link, live).await?;
                ("answered", "found")
            }
            Answer::Existing(_) | Answer::Found(_) => {
                return Err(EngineError::Malformed("live record"));
            }
        };
        write::end(self.connection, &[self.write.id], status, result).await?;
        Ok(())
    }

    async fn deleted(&mut self, link: &mut LinkRow, outcome: &Outcome) -> Result<(), EngineError> {
        let side = self.write.side;
        let stored = match link.record(side) {
            Some(id) => record::by_id(self.connection, &[id]).await?.pop(),
            None => None,
        };
        let before = decoded(outcome.before.as_ref())?
            .map(|record| record.fields)
            .or_else(|| stored.as_ref().and_then(|row| row.fields.clone()))
            .unwrap_or_default();
        self.ledger.deleted(link, self.write, &before);
        self.ledger.notified(outcome, [Some(&before), None]);
        if let Some(stored) = stored {
            record::set_presence(self.connection, &[stored.id], Presence::Gone).await?;
        }
        link.state = LinkState::Closed;
        "deleted on both sides".clone_into(&mut link.reason);
        link.dirty = false;
        // Whoever took the other one out of the bin meanwhile has a record like any other.
        if let Some(other) = link.record(side.other()) {
            matching::set_unmatched(self.connection, &[other]).await?;
        }
        Ok(())
    }

    async fn stale(&mut self, link: &mut LinkRow, stale: &Stale) -> Result<(), EngineError> {
        link.dirty = true;
        link.stale_count += 1;
        if let Some(live) = &stale.live {
            let sighted = Sighted::of_live(live)?;
            live::store_one(self.connection, self.definition, self.write.side, sighted).await?;
        }
        if link.stale_count > MOST_STALE {
            self.set_aside(link, "something changes it faster than it can be written");
        }
        Ok(())
    }

    async fn gone(&mut self, link: &mut LinkRow, gone: &Gone) -> Result<(), EngineError> {
        let side = self.write.side;
        link.dirty = true;
        if gone.collection_gone {
            ingest::forget_collection(self.connection, self.row, side).await?;
            self.row.held = Some(Hold::Collection);
            self.row.held_reason = format!("the {side} collection is gone; choose another one");
            return Ok(());
        }
        let Some(id) = link.record(side) else {
            // What was to be created into is gone: the next plan decides.
            return Ok(());
        };
        let presence = match (self.write.operation.as_str(), gone.proved) {
            ("delete", true) => {
                return self.deleted(link, &Outcome::default()).await;
            }
            // A deletion that a write stumbles over settles like any other.
            ("update", _) => Presence::Unsettled,
            // Our own write may have put another record into its place, which the next round shows.
            (_, true) if anew::may_be(self.connection, self.definition, link, side, id).await? => {
                Presence::Unsettled
            }
            (_, true) => Presence::Gone,
            (_, false) => Presence::OutOfReach,
        };
        record::set_presence(self.connection, &[id], presence).await?;
        if presence == Presence::Gone {
            live::find_successor(self.connection, self.definition, link, side).await?;
        }
        Ok(())
    }

    fn refused(&mut self, link: &mut LinkRow, refused: &Refused) {
        let reason = if refused.path.is_empty() {
            refused.reason.clone()
        } else {
            format!("{}: {}", refused.path, refused.reason)
        };
        self.set_aside(link, &reason);
    }

    fn set_aside(&mut self, link: &mut LinkRow, reason: &str) {
        set_aside(link, self.ledger, self.write, reason);
    }

    /// The call was made and nobody knows whether it counted.
    async fn unknown(&mut self, link: &mut LinkRow) -> Result<(), EngineError> {
        let side = self.write.side;
        let stored = match link
            .record(side)
            .filter(|_| self.write.operation == "delete")
        {
            Some(id) => record::by_id(self.connection, &[id]).await?.pop(),
            None => None,
        };
        let stored = stored.and_then(|row| row.fields);
        self.ledger.doubted(link, self.write, stored.as_ref());
        link.unknown_count += 1;
        if link.unknown_count > MOST_UNKNOWN {
            self.set_aside(link, "the provider does not answer for this record");
            return Ok(());
        }
        let now = sync::now(self.connection).await?;
        let provider = self.definition.side(side);
        link.state = LinkState::Pending;
        "its answer was lost; being looked up".clone_into(&mut link.reason);
        if self.write.operation == "create" {
            link.dirty = false;
            link.look_up_after = Some(now + provider.request_timeout + provider.horizon);
        } else {
            link.dirty = true;
            if let Some(id) = link.record(side) {
                record::set_presence(self.connection, &[id], Presence::Doubtful).await?;
            }
        }
        Ok(())
    }

    async fn not_attempted(
        &mut self,
        link: &mut LinkRow,
        not: &NotAttempted,
    ) -> Result<(), EngineError> {
        let until = not
            .until_micros
            .and_then(|micros| Timestamp::from_microsecond(micros).ok());
        if self.write.status == "unknown" {
            // Too late: it was given up, its record is looked up, and another write may have taken its place.
            write::end(self.connection, &[self.write.id], "answered", "not made").await?;
        } else if !write::requeue(self.connection, self.write.id, &again(self.write)?, until)
            .await?
        {
            link.dirty = true;
        }
        let wait = if not.unauthorised {
            Some(sync::now(self.connection).await? + UNAUTHORISED_WAIT)
        } else {
            until.filter(|_| self.nothing_made)
        };
        if let Some(wait) = wait {
            outbox::wait(
                self.connection,
                &self.row.key.tenant,
                &self.write.connection,
                wait,
                if not.unauthorised {
                    "sign in again"
                } else {
                    "throttled"
                },
            )
            .await?;
        }
        Ok(())
    }

    /// A record was read alive: it beats any tombstone.
    async fn found(&mut self, link: &mut LinkRow, live: &wire::Live) -> Result<(), EngineError> {
        let side = self.write.side;
        let remote_id = live.remote_id.clone();
        let id = live::store_found(self.connection, self.definition, self.write, live).await?;
        if link.reason == pairing::SHOWN_AGAIN && self.write.operation == "read" {
            return self.is_there_again(link, id).await;
        }
        link.dirty = true;
        if link.record(side).is_none() && self.is_somebody_else(link, live, id).await? {
            // A key is not a person: the look-up found somebody else's record, whose link may have to know
            // what it shows.
            link::touch(self.connection, &[id], &self.write.traceparent).await?;
            if carries_its_marker(link, live) {
                // Made for this link and matched under another one: only another marker tells what is made now.
                link.create_generation += 1;
            }
            plan::SHARES_KEY.clone_into(&mut link.reason);
            return Ok(());
        }
        if link.record(side).is_none() {
            // An earlier create made it, whose answer was lost.
            if carries_its_marker(link, live) {
                link.created_side = Some(side);
            }
            if let Some(record) = record::by_id(self.connection, &[id]).await?.pop() {
                take_base(self.connection, self.definition, link, &record).await?;
            }
        }
        if link.record(side) != Some(id) {
            live::take_over(self.connection, self.definition, link, side, id).await?;
        } else if link.unknown_count > 0
            && let Some(record) = record::by_id(self.connection, &[id]).await?.pop()
        {
            take_what_was_cut(self.connection, self.definition, link, &record).await?;
        }
        link.set_record(side, Some(id), &remote_id);
        link.unknown_count = 0;
        Ok(())
    }

    /// A list had shown a record again that was known to be gone, and it is there: it is matched like a new one.
    async fn is_there_again(&mut self, link: &mut LinkRow, id: i64) -> Result<(), EngineError> {
        link.state = LinkState::Closed;
        "is there again".clone_into(&mut link.reason);
        link.dirty = false;
        Ok(matching::set_unmatched(self.connection, &[id]).await?)
    }

    /// Whether a record that a look-up found is not the one that was to be created: it has its counterpart, or it was
    /// found by a key alone that several records share on the side that only the reconciler knows.
    async fn is_somebody_else(
        &mut self,
        link: &LinkRow,
        live: &wire::Live,
        found: i64,
    ) -> Result<bool, EngineError> {
        let side = self.write.side;
        if live::has_counterpart(self.connection, link, side, found).await? {
            return Ok(true);
        }
        match link.record(side.other()) {
            Some(source) if !carries_its_marker(link, live) => {
                Ok(matching::shares_only_a_key(self.connection, source, found).await?)
            }
            _ => Ok(false),
        }
    }
}

/// A write as it goes out again.
fn again(write: &WriteRow) -> Result<Again, EngineError> {
    let mut body = wire::Write::decode(write.body.as_slice())
        .map_err(|_| EngineError::Malformed("stored write"))?;
    let id = Uuid::now_v7();
    body.id = id.to_string();
    Ok(Again {
        id,
        body: body.encode_to_vec(),
    })
}

/// Whether a record carries the marker of a link's create.
fn carries_its_marker(link: &LinkRow, live: &wire::Live) -> bool {
    !live.marker.is_empty() && live.marker == link.marker
}

/// A record that cannot be synced is set aside with the reason, and told.
fn set_aside(link: &mut LinkRow, ledger: &mut Ledger, write: &WriteRow, reason: &str) {
    link.state = LinkState::SetAside;
    reason.clone_into(&mut link.reason);
    link.dirty = false;
    ledger.set_aside(link, reason, &write.traceparent);
}

fn decoded(record: Option<&proto::record::Record>) -> Result<Option<Record>, EngineError> {
    record
        .map(|record| {
            Record::try_from(record.clone()).map_err(|_| EngineError::Malformed("record"))
        })
        .transpose()
}
