//! Sweeps: each sync is compared completely within a stated period.
//!
//! Both sides are read as a first reading reads them, by the same path as any change. Then each link that is
//! at rest is planned once more: a plan that has something to do is made again the ordinary way, and where
//! nothing differs nothing is written. Bases that disagree without a recorded reason are forgotten, so that
//! the next plan is a first contact. What was set aside is tried again, as if somebody had asked for it: no feed tells
//! that a provider takes by now what it refused.

use std::collections::HashMap;

use jiff::Timestamp;
use merge::Disposition;
use model::Side;
use sqlx::PgConnection;

use crate::{
    advance::Step,
    around::{Around, Purpose},
    definition::Definition,
    error::EngineError,
    metrics,
    plan::Planner,
    store::{
        link::{self, LinkRow, LinkState},
        owner::SYNCED_BY,
        record::{self, RecordRow},
        sweep,
        sync::{self, SyncRow},
    },
};

/// Links compared in one transaction.
const BATCH: i64 = 500;

/// One step of a sweep that is under way, once nothing else is left to plan.
pub async fn step(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    began: Timestamp,
) -> Result<Step, EngineError> {
    if !sweep::both_read_since(connection, &row.key, began).await? {
        return Ok(Step::Idle);
    }
    let links = sweep::next(connection, &row.key, BATCH).await?;
    let Some(last) = links.last().map(|link| (link.left_id.clone(), link.id)) else {
        sweep::end(connection, &row.key).await?;
        row.sweep_began_at = None;
        metrics::swept();
        return Ok(Step::More);
    };
    let compared = links.len();
    let ids: Vec<i64> = links
        .iter()
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    let records: HashMap<i64, RecordRow> = record::by_id(connection, &ids)
        .await?
        .into_iter()
        .map(|record| (record.id, record))
        .collect();
    let around = Around::load(connection, definition, &links, Purpose::Look).await?;
    let planner = Planner::new(definition, row).around(around);
    let (mut again, mut differing, mut unexplained) = (Vec::new(), 0, 0);
    for mut link in links {
        let forgotten = forget(definition, &mut link, &records);
        unexplained += forgotten;
        if forgotten == 0 && at_rest(&planner, &link, &records) {
            continue;
        }
        // What is set aside is known to differ.
        differing += usize::from(link.state != LinkState::SetAside);
        plan_again(&mut link);
        again.push(link);
    }
    link::save(connection, &again).await?;
    let found = [compared, differing, unexplained];
    sweep::note(connection, &row.key, (&last.0, last.1), found).await?;
    metrics::sweep_found(differing, unexplained);
    if unexplained > 0 {
        *row.totals.entry("healed".to_owned()).or_default() += unexplained as u64;
        sync::save(connection, row).await?;
    }
    Ok(Step::More)
}

fn plan_again(link: &mut LinkRow) {
    link.dirty = true;
    let reason = match link.state {
        LinkState::InSync => "found by the sweep",
        LinkState::SetAside => "tried again by the sweep",
        _ => return,
    };
    link.state = LinkState::Pending;
    reason.clone_into(&mut link.reason);
    (link.unknown_count, link.stale_count) = (0, 0);
}

/// Forgets the bases of a link that nothing explains; answers how many.
fn forget(definition: &Definition, link: &mut LinkRow, records: &HashMap<i64, RecordRow>) -> usize {
    let live = Side::ALL.into_iter().all(|side| {
        let record = link.record(side).and_then(|id| records.get(&id));
        record.is_some_and(|record| record.presence == record::Presence::Live && record.in_scope)
    });
    let Some(base) = link
        .base
        .as_mut()
        .filter(|_| live && link.state == LinkState::InSync)
    else {
        return 0;
    };
    let wrong = merge::unexplained(base, &definition.pairings, &definition.policy);
    for pair in &wrong {
        base.remove(pair);
    }
    wrong.len()
}

/// Whether a plan made now would leave a link as it is.
fn at_rest(planner: &Planner<'_>, link: &LinkRow, records: &HashMap<i64, RecordRow>) -> bool {
    let Some(plan) = planner.preview(link, records) else {
        return link.reason.starts_with(SYNCED_BY) || link.state == LinkState::SetAside;
    };
    let same = match plan.disposition {
        Disposition::InSync => link.state == LinkState::InSync,
        Disposition::Excluded(reason) => {
            link.state == LinkState::Excluded && link.reason == reason.as_str()
        }
        Disposition::SetAside(_) => link.state == LinkState::SetAside,
        _ => false,
    };
    let twin = link.reason == merge::Reason::Twin.as_str();
    twin || same && plan.is_empty()
}
