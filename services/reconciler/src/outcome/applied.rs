//! Applied creates and updates, a whole batch at a time: what the answers show is stored, bases move
//! and what both sides then agree on is settled without another plan.

use std::collections::{HashMap, HashSet};

use merge::{PlannedEdit, Readable};
use model::{Fields, PerSide, Record, Side, project};
use prost::Message as _;
use proto::write::{self as wire, Applied, Outcome};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    between::{self, Between, Call},
    decoded,
};
use crate::{
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    live::{self, Sighted},
    metrics,
    plan::{self, Planner},
    store::{
        link::{self, LinkRow, LinkState},
        matching,
        record::{self, Presence, RecordRow},
        sync::SyncRow,
        write::{self, WriteRow},
    },
};

/// A create or an update that was made, with its answer.
pub(super) struct Made<'a> {
    /// The write.
    pub(super) write: &'a WriteRow,
    /// What the writer says of it.
    pub(super) outcome: &'a Outcome,
    /// The answer.
    pub(super) applied: &'a Applied,
}

/// What one answer comes to before it is stored.
struct Shown<'a> {
    made: Made<'a>,
    link: LinkRow,
    refused: Vec<&'a str>,
    before: Option<Record>,
    answer: Option<Record>,
    /// What the target showed on its mapped paths when the plan was made.
    seen: Fields,
    sighted: Option<Sighted>,
}

/// Applies answers; each link and each record occurs once.
pub(super) async fn apply(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
    ledger: &mut Ledger,
    made: Vec<Made<'_>>,
    links: &mut HashMap<Uuid, LinkRow>,
) -> Result<(), EngineError> {
    let of_links: Vec<i64> = made
        .iter()
        .filter_map(|made| links.get(&made.write.link))
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    let mut records: HashMap<i64, RecordRow> = record::by_id(connection, &of_links)
        .await?
        .into_iter()
        .map(|record| (record.id, record))
        .collect();
    let mut shown = Vec::with_capacity(made.len());
    for made in made {
        if let Some(link) = links.remove(&made.write.link) {
            shown.push(show(definition, made, link, &records)?);
        }
    }
    let calls: Vec<Call<'_>> = shown
        .iter()
        .map(|shown| Call {
            write: shown.made.write,
            applied: shown.made.applied,
            stored: shown
                .link
                .record(shown.made.write.side)
                .and_then(|id| records.get(&id)),
        })
        .collect();
    let came = between::came(connection, definition, &calls).await?;
    for (shown, between) in shown.iter_mut().zip(&came) {
        if let (Some(sighted), Between::Made(version)) = (&mut shown.sighted, between) {
            sighted.at(version);
        }
    }
    let ids = store(connection, definition, &mut shown, &mut records).await?;
    let doubtful: Vec<i64> = ids
        .iter()
        .zip(came)
        .filter_map(|(id, came)| matches!(came, Between::Doubt).then_some(*id))
        .collect();
    record::set_presence(connection, &doubtful, Presence::Doubtful).await?;
    take_over_new(connection, definition, &mut shown, &ids).await?;
    for (shown, id) in shown.iter_mut().zip(&ids) {
        settle(definition, ledger, shown, *id, &records);
    }
    let writes: Vec<Uuid> = shown.iter().map(|shown| shown.made.write.id).collect();
    write::end(connection, &writes, "answered", "applied").await?;
    let settled = compare(connection, definition, row, shown, &records).await?;
    link::save(connection, &settled).await?;
    links.extend(settled.into_iter().map(|link| (link.id, link)));
    Ok(())
}

fn show<'a>(
    definition: &Definition,
    made: Made<'a>,
    mut link: LinkRow,
    records: &HashMap<i64, RecordRow>,
) -> Result<Shown<'a>, EngineError> {
    link.dirty = true;
    link.unknown_count = 0;
    link.stale_count = 0;
    let side = made.write.side;
    let answer = made
        .applied
        .answer
        .as_ref()
        .and_then(|live| live.record.clone())
        .map(|record| Record::try_from(record).map_err(|_| EngineError::Malformed("record")))
        .transpose()?;
    let wanted = match &answer {
        Some(_) => None,
        None => written_record(made.write)?,
    };
    let refused: Vec<&str> = made
        .applied
        .refused
        .iter()
        .map(|path| path.path.as_str())
        .collect();
    let stored = link.record(side).and_then(|id| records.get(&id));
    let seen = live::seen(definition, &link, side, stored);
    let after = live::after_write(
        definition,
        made.write,
        stored,
        answer.as_ref().or(wanted.as_ref()),
        &refused,
    );
    let sighted = Sighted::of_write(made.write, &link, made.applied, after);
    Ok(Shown {
        before: decoded(made.outcome.before.as_ref())?,
        made,
        link,
        refused,
        answer,
        seen,
        sighted: Some(sighted),
    })
}

/// The record as a create asked for it; none for other operations.
pub(super) fn written_record(write: &WriteRow) -> Result<Option<Record>, EngineError> {
    if write.operation != "create" {
        return Ok(None);
    }
    let write = wire::Write::decode(write.body.as_slice())
        .map_err(|_| EngineError::Malformed("stored write"))?;
    match write.operation {
        Some(wire::write::Operation::Create(create)) => decoded(create.record.as_ref()),
        _ => Ok(None),
    }
}

/// Stores what the answers show; answers the row id of each, in their order.
async fn store(
    connection: &mut PgConnection,
    definition: &Definition,
    shown: &mut [Shown<'_>],
    records: &mut HashMap<i64, RecordRow>,
) -> Result<Vec<i64>, EngineError> {
    let mut sighted: PerSide<Vec<(usize, Sighted)>> = PerSide::default();
    for (at, shown) in shown.iter_mut().enumerate() {
        if let Some(one) = shown.sighted.take() {
            sighted.get_mut(shown.made.write.side).push((at, one));
        }
    }
    let mut ids = vec![0; shown.len()];
    for side in Side::ALL {
        let (at, sighted): (Vec<usize>, Vec<Sighted>) =
            std::mem::take(sighted.get_mut(side)).into_iter().unzip();
        for (at, record) in at
            .into_iter()
            .zip(live::store(connection, definition, side, sighted, records).await?)
        {
            ids[at] = record.id;
            records.insert(record.id, record);
        }
    }
    Ok(ids)
}

/// A record that was made belongs to the link that asked for it, whoever linked it meanwhile: by a create, or by an
/// update that its provider carried out by making the record anew.
async fn take_over_new(
    connection: &mut PgConnection,
    definition: &Definition,
    shown: &mut [Shown<'_>],
    ids: &[i64],
) -> Result<(), EngineError> {
    let mut new = Vec::new();
    for (at, (shown, id)) in shown.iter().zip(ids).enumerate() {
        let created = shown.made.write.operation == "create";
        if created || is_made_anew(&shown.made, &shown.link)? {
            new.push((at, *id, created));
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let mut records: Vec<i64> = new.iter().map(|(_, id, _)| *id).collect();
    let holders = link::of_records(connection, &records).await?;
    let held: HashSet<i64> = holders
        .iter()
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    for (at, id, created) in new {
        let shown = &mut shown[at];
        let side = shown.made.write.side;
        if !created {
            // What somebody asked for because the record looked like a new one is not made.
            let others = holders
                .iter()
                .filter(|link| link.record(side) == Some(id) && link.id != shown.link.id);
            let others: Vec<Uuid> = others.map(|link| link.id).collect();
            write::revoke_of_links(connection, &others).await?;
        }
        if held.contains(&id) {
            live::take_over(connection, definition, &mut shown.link, side, id).await?;
        }
        if created {
            shown.link.created_side = Some(side);
        }
        // A link that was closed meanwhile is open again, and its source need not be matched any more.
        records.extend(shown.link.record(side.other()));
    }
    matching::set_matched(connection, &records).await?;
    Ok(())
}

/// Whether an update was carried out by making the record anew: the answer names another one than was to be written. One
/// that names the same moves no link, whatever the link holds by now.
fn is_made_anew(made: &Made<'_>, link: &LinkRow) -> Result<bool, EngineError> {
    let id = &made.applied.remote_id;
    let known = id.is_empty() || *id == link.remote_id(made.write.side);
    if known || made.write.operation != "update" {
        return Ok(false);
    }
    let write = wire::Write::decode(made.write.body.as_slice())
        .map_err(|_| EngineError::Malformed("stored write"))?;
    Ok(match write.operation {
        Some(wire::write::Operation::Update(update)) => update.remote_id != *id,
        _ => false,
    })
}

/// The link after the answer: its record, its base, its state and what the ledger says of it.
fn settle(
    definition: &Definition,
    ledger: &mut Ledger,
    shown: &mut Shown<'_>,
    id: i64,
    records: &HashMap<i64, RecordRow>,
) {
    let side = shown.made.write.side;
    if let Some(record) = records.get(&id) {
        shown.link.set_record(side, Some(id), &record.remote_id);
    }
    if !shown.made.write.plan.restores {
        move_bases(definition, shown);
    }
    let Shown {
        made,
        link,
        refused,
        before,
        ..
    } = shown;
    ledger.written(link, made.write, made.applied, before.as_ref(), refused);
    let after = records.get(&id).and_then(|record| record.fields.as_ref());
    let before = before.as_ref().map(|record| &record.fields);
    ledger.notified(made.outcome, [before, after]);
    let outside = records.get(&id).is_some_and(|record| !record.in_scope);
    if let Some(first) = made.applied.refused.first() {
        let reason = format!("{}: {}", first.path, first.reason);
        super::set_aside(link, ledger, made.write, &reason);
    } else if outside && link.base.is_none() {
        // It was to be put into the collection, and stayed outside.
        link.state = LinkState::Excluded;
        link.reason = merge::Reason::OutsideScope.to_string();
        link.dirty = false;
    } else {
        link.state = LinkState::Pending;
        "to be compared".clone_into(&mut link.reason);
    }
}

/// Per path, both sides together: the target takes what the conditional write's own answer
/// carried, else what was written; the source what the plan was made from.
fn move_bases(definition: &Definition, shown: &mut Shown<'_>) {
    let write = shown.made.write;
    let side = write.side;
    let edits: Vec<PlannedEdit> = write
        .plan
        .edits
        .iter()
        .filter(|planned| {
            shown.refused.is_empty()
                || !shown
                    .refused
                    .contains(&planned.edit.path.to_string().as_str())
        })
        .cloned()
        .collect();
    if edits.is_empty() {
        return;
    }
    let written: Fields = edits
        .iter()
        .filter_map(|planned| Some((planned.edit.path.clone(), planned.edit.after.clone()?)))
        .collect();
    let answered = shown.answer.as_ref().map(|record| {
        let readable = shown
            .made
            .applied
            .answer
            .as_ref()
            .map_or(Readable::All, |live| plan::readable(&live.readable));
        (project(record, &definition.paths(side), &written), readable)
    });
    // A new record has never shown anything: what an earlier one had agreed on says nothing of it.
    let created = write.operation == "create";
    let nothing = Fields::new();
    let seen = if created { &nothing } else { &shown.seen };
    let base = shown.link.base.take().filter(|_| !created);
    shown.link.base = Some(merge::applied(
        &base.unwrap_or_default(),
        &definition.pairings,
        side,
        &edits,
        seen,
        answered
            .as_ref()
            .map(|(fields, readable)| merge::Answer { fields, readable }),
    ));
}

/// Most records agree after the answer. Those that have nothing else under way need no plan of their own.
async fn compare(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &SyncRow,
    shown: Vec<Shown<'_>>,
    records: &HashMap<i64, RecordRow>,
) -> Result<Vec<LinkRow>, EngineError> {
    let ids: Vec<Uuid> = shown.iter().map(|shown| shown.link.id).collect();
    let busy: HashSet<Uuid> = write::with_open(connection, &ids)
        .await?
        .into_iter()
        .collect();
    let planner = Planner::new(definition, row);
    Ok(shown
        .into_iter()
        .map(|Shown { mut link, .. }| {
            if link.state == LinkState::Pending
                && link.restores.is_empty()
                && !busy.contains(&link.id)
                && planner.agrees(&mut link, records)
            {
                metrics::plan(link.state);
            }
            link
        })
        .collect())
}
