//! Outcomes: what a writer answered becomes what the store knows, and bases move.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use merge::{PlannedEdit, Readable};
use model::{Fields, Record, Side, project};
use prost::Message as _;
use proto::write::{
    self as wire, Applied, Existing, Found, Gone, NotAttempted, Outcome, OutcomeBatch, Refused,
    Stale, outcome::Result as Answer,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    live::{self, Sighted},
    plan,
    store::{
        SyncKey,
        link::{self, LinkRow, LinkState},
        outbox,
        record::{self, Presence},
        sync::{self, Hold, Phase, SyncRow},
        write::{self, WriteRow},
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
        let Some(mut link) = links.remove(&write.link) else {
            continue;
        };
        let mut step = Step {
            connection: &mut *connection,
            definition: &definition,
            row: &mut row,
            write,
            ledger: &mut ledger,
            nothing_made,
        };
        step.take(&mut link, outcome, answer).await?;
        link::save(step.connection, std::slice::from_ref(&link)).await?;
        links.insert(link.id, link);
    }
    ledger.store(connection, &mut row).await?;
    row.last_outcome_at = Some(sync::now(connection).await?);
    if row.phase == Phase::Deactivating && write::open(connection, &key).await?.1 == 0 {
        row.phase = Phase::Off;
    }
    sync::save(connection, &row).await?;
    Ok(())
}

/// Gives up on answers that have not come in time. Answers how many there were.
pub async fn give_up(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<usize, EngineError> {
    let mut outcomes = Vec::new();
    for side in Side::ALL {
        let late = definition.side(side).request_timeout * 2 + SignedDuration::from_secs(30);
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
    async fn take(
        &mut self,
        link: &mut LinkRow,
        outcome: &Outcome,
        answer: &Answer,
    ) -> Result<(), EngineError> {
        let (status, result) = match answer {
            Answer::Applied(applied) => {
                self.applied(link, outcome, applied).await?;
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
            Answer::NotAttempted(not) => return self.not_attempted(not).await,
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

    async fn applied(
        &mut self,
        link: &mut LinkRow,
        outcome: &Outcome,
        applied: &Applied,
    ) -> Result<(), EngineError> {
        link.dirty = true;
        link.unknown_count = 0;
        link.stale_count = 0;
        let side = self.write.side;
        if self.write.operation == "delete" {
            return self.deleted(link, outcome).await;
        }
        let before = decoded(outcome.before.as_ref())?;
        let wanted = self.written_record()?;
        let answer = applied
            .answer
            .as_ref()
            .and_then(|live| live.record.clone())
            .map(|record| Record::try_from(record).map_err(|_| EngineError::Malformed("record")))
            .transpose()?;
        let refused: Vec<&str> = applied
            .refused
            .iter()
            .map(|path| path.path.as_str())
            .collect();
        let seen = live::seen(self.connection, self.definition, link, side).await?;
        let fields = live::after_write(
            self.connection,
            self.definition,
            link,
            self.write,
            answer.as_ref().or(wanted.as_ref()),
            &refused,
        )
        .await?;
        let sighted = Sighted::of_write(self.write, link, applied, fields);
        let id = live::store(self.connection, self.definition, side, sighted).await?;
        if self.write.operation == "create" {
            live::take_over(self.connection, self.definition, link, side, id).await?;
            link.created_side = Some(side);
        }
        link.set_record(side, Some(id), &applied.remote_id);
        if !self.write.plan.restores {
            self.move_bases(link, &seen, answer.as_ref(), applied, &refused);
        }
        self.ledger
            .written(link, self.write, applied, before.as_ref(), &refused);
        let outside = record::by_id(self.connection, &[id])
            .await?
            .iter()
            .any(|record| !record.in_scope);
        if let Some(first) = applied.refused.first() {
            self.set_aside(link, &format!("{}: {}", first.path, first.reason));
        } else if outside && link.base.is_none() {
            // It was to be put into the collection, and stayed outside.
            link.state = LinkState::Excluded;
            link.reason = merge::Reason::OutsideScope.to_string();
            link.dirty = false;
        } else {
            link.state = LinkState::Pending;
            "to be compared".clone_into(&mut link.reason);
        }
        Ok(())
    }

    /// Per path, both sides together: the target takes what the conditional write's own answer
    /// carried, else what was written; the source what the plan was made from.
    fn move_bases(
        &self,
        link: &mut LinkRow,
        seen: &Fields,
        answer: Option<&Record>,
        applied: &Applied,
        refused: &[&str],
    ) {
        let side = self.write.side;
        let edits: Vec<PlannedEdit> = self
            .write
            .plan
            .edits
            .iter()
            .filter(|planned| !refused.contains(&planned.edit.path.to_string().as_str()))
            .cloned()
            .collect();
        if edits.is_empty() {
            return;
        }
        let pairings = &self.definition.pairings;
        let written: Fields = edits
            .iter()
            .filter_map(|planned| Some((planned.edit.path.clone(), planned.edit.after.clone()?)))
            .collect();
        let shown = answer.map(|record| {
            let readable = applied
                .answer
                .as_ref()
                .map_or(Readable::All, |live| plan::readable(&live.readable));
            (
                project(record, &self.definition.paths(side), &written),
                readable,
            )
        });
        // A new record has never shown anything: what an earlier one had agreed on says nothing of it.
        let created = self.write.operation == "create";
        let nothing = Fields::new();
        let seen = if created { &nothing } else { seen };
        let base = link.base.take().filter(|_| !created).unwrap_or_default();
        link.base = Some(merge::applied(
            &base,
            pairings,
            side,
            &edits,
            seen,
            shown
                .as_ref()
                .map(|(fields, readable)| merge::Answer { fields, readable }),
        ));
    }

    /// The record as a create asked for it; none for other operations.
    fn written_record(&self) -> Result<Option<Record>, EngineError> {
        let write = wire::Write::decode(self.write.body.as_slice())
            .map_err(|_| EngineError::Malformed("stored write"))?;
        match write.operation {
            Some(wire::write::Operation::Create(create)) => decoded(create.record.as_ref()),
            _ => Ok(None),
        }
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
        if let Some(stored) = stored {
            record::set_presence(self.connection, &[stored.id], Presence::Gone).await?;
        }
        link.state = LinkState::Closed;
        "deleted on both sides".clone_into(&mut link.reason);
        link.dirty = false;
        Ok(())
    }

    async fn stale(&mut self, link: &mut LinkRow, stale: &Stale) -> Result<(), EngineError> {
        link.dirty = true;
        link.stale_count += 1;
        if let Some(live) = &stale.live {
            let sighted = Sighted::of_live(live)?;
            live::store(self.connection, self.definition, self.write.side, sighted).await?;
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
            record::drop_unsettled(self.connection, &self.row.key, side).await?;
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
        link.state = LinkState::SetAside;
        reason.clone_into(&mut link.reason);
        link.dirty = false;
        self.ledger.set_aside(link, reason, &self.write.traceparent);
    }

    /// The call was made and nobody knows whether it counted.
    async fn unknown(&mut self, link: &mut LinkRow) -> Result<(), EngineError> {
        let side = self.write.side;
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

    async fn not_attempted(&mut self, not: &NotAttempted) -> Result<(), EngineError> {
        let until = not
            .until_micros
            .and_then(|micros| Timestamp::from_microsecond(micros).ok());
        write::requeue(self.connection, self.write.id, until).await?;
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
        let sighted = Sighted::of_live(live)?;
        let id = live::store(self.connection, self.definition, side, sighted).await?;
        link.dirty = true;
        if link.record(side).is_none()
            && live::has_counterpart(self.connection, link, side, id).await?
        {
            // A key is not a person: the look-up found somebody else's record.
            plan::SHARES_KEY.clone_into(&mut link.reason);
            return Ok(());
        }
        if link.record(side) != Some(id) {
            live::take_over(self.connection, self.definition, link, side, id).await?;
        }
        link.set_record(side, Some(id), &remote_id);
        link.unknown_count = 0;
        Ok(())
    }
}

fn decoded(record: Option<&proto::record::Record>) -> Result<Option<Record>, EngineError> {
    record
        .map(|record| {
            Record::try_from(record.clone()).map_err(|_| EngineError::Malformed("record"))
        })
        .transpose()
}
