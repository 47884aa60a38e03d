//! Outcomes of links that ended while their write was under way, because a record of theirs belongs to another
//! link by now. What was done is remembered, and the link stays closed: open again, one record would have two links.

use std::collections::{HashMap, HashSet};

use proto::write::{Applied, Existing, Found, Outcome, outcome::Result as Answer};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{applied::written_record, decoded};
use crate::{
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    live::{self, Sighted},
    store::{
        link::{self, LinkRow, LinkState},
        write::{self, WriteRow},
    },
};

/// Which of these links are closed and have a record that another link holds.
pub(super) async fn of(
    connection: &mut PgConnection,
    links: &HashMap<Uuid, LinkRow>,
) -> Result<HashSet<Uuid>, EngineError> {
    let closed: Vec<&LinkRow> = links
        .values()
        .filter(|link| link.state == LinkState::Closed)
        .collect();
    let records = |link: &LinkRow| [link.left_record, link.right_record].into_iter().flatten();
    let of_closed: Vec<i64> = closed.iter().flat_map(|link| records(link)).collect();
    if of_closed.is_empty() {
        return Ok(HashSet::new());
    }
    let held: HashSet<i64> = link::of_records(connection, &of_closed)
        .await?
        .iter()
        .flat_map(records)
        .collect();
    let overtaken = closed
        .iter()
        .filter(|link| records(link).any(|record| held.contains(&record)));
    Ok(overtaken.map(|link| link.id).collect())
}

/// Remembers what one of their writes did. A record that it made is matched like any other.
pub(super) async fn apply(
    connection: &mut PgConnection,
    definition: &Definition,
    ledger: &mut Ledger,
    link: &LinkRow,
    write: &WriteRow,
    outcome: &Outcome,
    answer: &Answer,
) -> Result<(), EngineError> {
    let before = decoded(outcome.before.as_ref())?;
    let (shown, result) = match answer {
        Answer::Applied(_) if write.operation == "delete" => {
            let before = before.map(|record| record.fields).unwrap_or_default();
            ledger.deleted(link, write, &before);
            ledger.notified(outcome, [Some(&before), None]);
            (None, "applied")
        }
        Answer::Applied(applied) => {
            ledger.written(link, write, applied, before.as_ref(), &refused(applied));
            let after = applied
                .answer
                .as_ref()
                .and_then(|live| live.record.as_ref());
            let after = decoded(after)?.map(|record| record.fields);
            let before = before.map(|record| record.fields);
            ledger.notified(outcome, [before.as_ref(), after.as_ref()]);
            let made = match made(definition, write, link, applied)? {
                Some(made) => {
                    Some(live::store_one(connection, definition, write.side, made).await?)
                }
                None => None,
            };
            (made, "applied")
        }
        Answer::Existing(Existing { live: Some(live) })
        | Answer::Found(Found { live: Some(live) }) => (
            Some(live::store_found(connection, definition, write, live).await?),
            "found",
        ),
        _ => (None, "overtaken"),
    };
    if let Some(id) = shown {
        link::touch(connection, &[id], &write.traceparent).await?;
    }
    write::end(connection, &[write.id], "answered", result).await?;
    Ok(())
}

fn refused(applied: &Applied) -> Vec<&str> {
    applied
        .refused
        .iter()
        .map(|path| path.path.as_str())
        .collect()
}

/// The record as a create made it; an update shows with the next reading.
fn made(
    definition: &Definition,
    write: &WriteRow,
    link: &LinkRow,
    applied: &Applied,
) -> Result<Option<Sighted>, EngineError> {
    let shown = match applied
        .answer
        .as_ref()
        .and_then(|live| live.record.as_ref())
    {
        Some(record) => decoded(Some(record))?,
        None => written_record(write)?,
    };
    let Some(shown) = shown.filter(|_| write.operation == "create") else {
        return Ok(None);
    };
    let after = live::after_write(definition, write, None, Some(&shown), &[]);
    Ok(Some(Sighted::of_write(write, link, applied, after)))
}
