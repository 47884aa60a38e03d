//! Restoring: old values are written back on the side that lost them, and travel from there like a
//! person's edit. What is restored goes to the history, so that it can be undone the same way (BEY-04).

use model::{Fields, Path, Side, Value};
use proto::reconcile::{RestoreResponse, restore_request::What, resume_request::Answer};
use sqlx::{PgConnection, PgPool};
use tonic::Status;
use uuid::Uuid;

use super::{failed, syncs::answerable, unknown_sync};
use crate::{
    advance,
    definition::Definition,
    error::EngineError,
    guard,
    restoration::Restorer,
    store::{
        SyncKey, feed,
        history::{self, Entry},
        link::{self, LinkRow, LinkState},
        record::{self, Presence},
        recovery,
        sync::{self, Hold, Phase, SyncRow},
    },
};

/// The most entries that one request restores.
const MOST: i64 = 10_000;

/// Plans what a person asked to restore.
pub(super) async fn restore(
    pool: &PgPool,
    key: &SyncKey,
    what: What,
) -> Result<RestoreResponse, Status> {
    let mut transaction = pool.begin().await.map_err(failed)?;
    let row = sync::lock(&mut transaction, key)
        .await
        .map_err(failed)?
        .ok_or_else(unknown_sync)?;
    if row.phase != Phase::Live || row.held.is_some() {
        return Err(Status::failed_precondition(
            "only a sync that is live can restore; resume it first",
        ));
    }
    let entries = wanted(&mut transaction, key, what).await?;
    let definition = Definition::decode(&row.definition).map_err(failed)?;
    let mut answer = RestoreResponse::default();
    for (link, side, values) in by_record(entries) {
        match one(&mut transaction, &definition, &row, link, side, values).await {
            Ok(()) => answer.planned += 1,
            Err(Denied::Refused(reason)) => answer.refused.push(reason),
            Err(Denied::Failed(error)) => return Err(failed(error)),
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(answer)
}

async fn wanted(
    connection: &mut PgConnection,
    key: &SyncKey,
    what: What,
) -> Result<Vec<Entry>, Status> {
    let filter = match &what {
        What::HistoryEntry(id) => {
            let id = Uuid::parse_str(id)
                .map_err(|_| Status::invalid_argument("a history entry's id is a UUID"))?;
            let entry = history::by_id(connection, key, id).await.map_err(failed)?;
            return Ok(vec![entry.ok_or_else(|| {
                Status::not_found("the history has no such entry")
            })?]);
        }
        What::Record(record) => history::Filter {
            record: Some(record),
            limit: MOST,
            ..history::Filter::default()
        },
        What::Run(run) => history::Filter {
            run: Some(i64::try_from(*run).unwrap_or(i64::MAX)),
            limit: MOST,
            ..history::Filter::default()
        },
    };
    let entries = history::list(connection, key, &filter)
        .await
        .map_err(failed)?;
    if entries.is_empty() {
        return Err(Status::not_found("the history has nothing of this"));
    }
    Ok(entries)
}

/// What to put back: each path as it was before the first of the entries.
type Values = Vec<(Path, Option<Value>, bool)>;

fn by_record(entries: Vec<Entry>) -> Vec<(Uuid, Side, Values)> {
    let mut records: Vec<(Uuid, Side, Values)> = Vec::new();
    for entry in entries {
        let Ok(path) = Path::parse(&entry.path) else {
            // The whole record's own line: it has no value to put back.
            continue;
        };
        let known = records
            .iter()
            .position(|(link, side, _)| *link == entry.link && *side == entry.side);
        let at = known.unwrap_or_else(|| {
            records.push((entry.link, entry.side, Vec::new()));
            records.len() - 1
        });
        let values = &mut records[at].2;
        if !values.iter().any(|(own, ..)| *own == path) {
            values.push((path, entry.before, entry.cause == "delete"));
        }
    }
    records
}

enum Denied {
    Refused(String),
    Failed(EngineError),
}

impl<E: Into<EngineError>> From<E> for Denied {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

async fn one(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
    id: Uuid,
    side: Side,
    values: Values,
) -> Result<(), Denied> {
    let Some(mut link) = link::lock(connection, &[id]).await?.pop() else {
        return Err(Denied::Refused(format!(
            "{id}: the link is not known any more"
        )));
    };
    if !definition.policy.direction.reaches(side) {
        return Err(Denied::Refused(format!(
            "{id}: the {side} side is the source of a one-way sync and never written"
        )));
    }
    let stored = match link.record(side) {
        Some(record) => record::by_id(connection, &[record]).await?.pop(),
        None => None,
    };
    let mut restorer = Restorer::new(definition, row);
    if let Some(stored) = stored.filter(|stored| stored.presence == Presence::Live) {
        restorer.values(
            &link,
            &stored,
            values.into_iter().map(|(path, value, _)| (path, value)),
        );
    } else if values.iter().any(|(.., deleted)| *deleted) {
        let fields: Fields = values
            .into_iter()
            .filter_map(|(path, value, _)| Some((path, value?)))
            .collect();
        reopen(&mut link, side);
        restorer.record(&mut link, side, fields);
        link::save(connection, std::slice::from_ref(&link)).await?;
    } else {
        return Err(Denied::Refused(format!("{id}: the record is gone")));
    }
    restorer.store(connection).await?;
    Ok(())
}

/// A link that was closed by a deletion begins again with the record that is made anew.
fn reopen(link: &mut LinkRow, side: Side) {
    link.state = LinkState::Pending;
    "being restored".clone_into(&mut link.reason);
    link.base = None;
    link.dirty = false;
    link.create_generation += 1;
    link.set_record(side, None, "");
    link.set_record(side.other(), None, "");
}

/// A person's answer to a hold; answers how many links were planned.
pub(super) async fn resume(pool: &PgPool, key: &SyncKey, answer: Answer) -> Result<u64, Status> {
    let mut transaction = pool.begin().await.map_err(failed)?;
    let mut row = sync::lock(&mut transaction, key)
        .await
        .map_err(failed)?
        .ok_or_else(unknown_sync)?;
    let held = row.held;
    if !answerable(held) {
        return Err(Status::failed_precondition("nothing waits for an answer"));
    }
    if held == Some(Hold::Guard) && answer == Answer::Unspecified {
        return Err(Status::invalid_argument(
            "the guard asks: resume with --accept to go on, or with --restore to put back what was lost",
        ));
    }
    row.held = None;
    row.held_reason.clear();
    let definition = Definition::decode(&row.definition).map_err(failed)?;
    let mut released = 0;
    match (held, answer) {
        (Some(Hold::Collection), _) => {
            // The collection is believed again only after it was read to its end.
            feed::reset(&mut transaction, key).await.map_err(failed)?;
            link::touch_all(&mut transaction, key)
                .await
                .map_err(failed)?;
            row.phase = Phase::Baseline;
        }
        (_, Answer::Restore) => {
            released = put_back(&mut transaction, &definition, &row)
                .await
                .map_err(failed)?;
        }
        _ => {
            loop {
                let planned =
                    advance::plan_batch(&mut transaction, &definition, &mut row, guard::Watch::Off)
                        .await
                        .map_err(failed)?;
                released += planned.links as u64;
                if !planned.more {
                    break;
                }
            }
            row.guard_accepted_at = Some(sync::now(&mut transaction).await.map_err(failed)?);
        }
    }
    if held == Some(Hold::Guard) {
        // A person has answered what a recovery asked.
        recovery::end(&mut transaction, key).await.map_err(failed)?;
    }
    sync::save(&mut transaction, &row).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(released)
}

/// Makes records that are gone on one side again from the other side.
async fn put_back(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
) -> Result<u64, EngineError> {
    let mut count = 0;
    let links = link::plannable(connection, &row.key, MOST).await?;
    let mut changed = Vec::new();
    for mut link in links {
        for side in Side::ALL {
            let (Some(own), Some(_)) = (link.record(side), link.record(side.other())) else {
                continue;
            };
            let gone = record::by_id(connection, &[own])
                .await?
                .pop()
                .is_some_and(|record| record.presence == Presence::Gone);
            if gone && definition.policy.direction.reaches(side) {
                link.set_record(side, None, "");
                link.base = None;
                link.create_generation += 1;
                count += 1;
            }
        }
        changed.push(link);
    }
    link::save(connection, &changed).await?;
    Ok(count)
}
