//! Advance: everything that a sync can do now, step by step, each in one transaction under the sync's
//! lock. Woken by a change, an outcome or a timer, it always does the same.

use std::collections::HashMap;

use bus::Notice;
use jiff::Timestamp;
use proto::notice::PhaseChanged;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    around::{self, Around, Purpose},
    definition::Definition,
    error::EngineError,
    guard,
    ledger::Ledger,
    metrics, outcome,
    pairing::{self, found::take_what_was_cut, rebuilt},
    plan::{Planned, Planner},
    store::{
        SyncKey, feed,
        link::{self, LinkState},
        record::{self, Presence, RecordRow},
        recovery, status,
        sync::{self, Baseline, Chores, Hold, Phase, SyncRow},
        write,
    },
    sweep,
};

/// Links planned in one transaction.
const BATCH: i64 = 500;

/// The same where each link may be of something that other syncs decide about as well: each takes a lock, of which
/// PostgreSQL holds some thousands at a time.
const BATCH_OF_COPIES: i64 = 200;

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Something was done, and there may be more at once.
    More,
    /// Nothing more can be done before something new arrives.
    Idle,
}

/// Does what a sync can do now.
pub async fn advance(pool: &PgPool, key: &SyncKey) -> Result<(), EngineError> {
    while step(pool, key).await? == Step::More {}
    Ok(())
}

/// One step, in one transaction.
pub async fn step(pool: &PgPool, key: &SyncKey) -> Result<Step, EngineError> {
    let mut transaction = pool.begin().await?;
    let Some(mut row) = sync::lock(&mut transaction, key).await? else {
        return Ok(Step::Idle);
    };
    let result = locked(&mut transaction, &mut row).await?;
    transaction.commit().await?;
    if result == Step::More {
        kit::point("reconciler.planned");
    }
    Ok(result)
}

async fn locked(connection: &mut PgConnection, row: &mut SyncRow) -> Result<Step, EngineError> {
    let definition = Definition::decode(&row.definition)?;
    let chores = sync::chores(connection, &row.key).await?;
    if chores.started && outcome::give_up(connection, &definition).await? > 0 {
        return Ok(Step::More);
    }
    if row.held.is_some() || row.wanted != "active" {
        return Ok(Step::Idle);
    }
    match row.phase {
        Phase::Off | Phase::Deactivating => return Ok(Step::Idle),
        Phase::Baseline => {
            if !both_read(connection, &row.key).await? {
                return Ok(Step::Idle);
            }
            baseline(connection, &definition).await?;
            row.phase = Phase::Live;
            row.baseline = feed::began(connection, &row.key)
                .await?
                .map(|began_at| Baseline {
                    began_at,
                    ended_at: row.read_at,
                });
            tell_phase(connection, &definition, row, "live", "").await?;
            sync::save(connection, row).await?;
            return Ok(Step::More);
        }
        Phase::Live => {}
    }
    live(connection, &definition, row, chores).await
}

async fn live(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    chores: Chores,
) -> Result<Step, EngineError> {
    if chores.adopted {
        let horizon = definition.left.horizon.max(definition.right.horizon);
        link::end_adoption(connection, &row.key, row.activated_at + horizon).await?;
    }
    let mut paired = 0;
    if chores.unmatched || chores.looked_up {
        paired = pairing::pair(connection, definition).await?;
    }
    if chores.looked_up {
        // After matching: a reading that shows the created record ends the look-up by linking it.
        link::release_looked_up(connection, &row.key).await?;
    }
    if chores.unsettled && settle(connection, definition, row).await? == Step::More {
        return Ok(Step::More);
    }
    if row.held.is_some() {
        return Ok(Step::Idle);
    }
    let mut planned = Batch::default();
    if chores.dirty || chores.looked_up || paired > 0 {
        planned = plan_batch(connection, definition, row, guard::Watch::On).await?;
    }
    if planned.more || paired > 0 {
        return Ok(Step::More);
    }
    if let Some(began) = row.sweep_began_at
        && sweep::step(connection, definition, row, began).await? == Step::More
    {
        return Ok(Step::More);
    }
    finish_run(connection, row).await?;
    Ok(Step::Idle)
}

/// Whether both sides have been read to the end under the present generation.
pub async fn both_read(connection: &mut PgConnection, key: &SyncKey) -> Result<bool, EngineError> {
    for side in model::Side::ALL {
        if !feed::load(connection, key, side).await?.complete {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Both sides are read, and everything is matched.
pub async fn baseline(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<(), EngineError> {
    let recovery = recovery::of(connection, &definition.key).await?;
    rebuilt::rebuild(connection, definition, recovery.map(|recovery| recovery.at)).await?;
    while pairing::pair(connection, definition).await? > 0 {}
    Ok(())
}

/// Deletions and absences of rounds that were read to their end: each record is read by its id, unless
/// so many are missing that a person is asked first.
async fn settle(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
) -> Result<Step, EngineError> {
    let unsettled = record::to_settle(connection, &row.key, BATCH).await?;
    if unsettled.is_empty() {
        return Ok(Step::Idle);
    }
    let alone: Vec<i64> = unsettled
        .iter()
        .filter(|(_, link)| link.is_none())
        .map(|(id, _)| *id)
        .collect();
    // Nothing hangs on a record without a link: whether it is deleted or hidden makes no difference. One that was
    // deleted and is shown again would be made anew on the other side, or take its place back there.
    let (doubtful, missing): (Vec<RecordRow>, Vec<RecordRow>) = record::by_id(connection, &alone)
        .await?
        .into_iter()
        .partition(|record| record.presence == Presence::Doubtful);
    let again = pairing::shown_again(connection, definition, &doubtful).await?;
    let doubtful = doubtful
        .into_iter()
        .filter(|record| !again.contains_key(&record.id));
    for (records, presence) in [
        (doubtful.collect(), Presence::Live),
        (missing, Presence::OutOfReach),
    ] {
        let ids: Vec<i64> = records.iter().map(|record: &RecordRow| record.id).collect();
        record::set_presence(connection, &ids, presence).await?;
    }
    let linked: HashMap<i64, Uuid> = unsettled
        .into_iter()
        .filter_map(|(id, link)| Some((id, link?)))
        .chain(again)
        .collect();
    if linked.is_empty() {
        return Ok(Step::More);
    }
    let ids: Vec<i64> = linked.keys().copied().collect();
    let mut planner = Planner::new(definition, row);
    for record in record::by_id(connection, &ids).await? {
        if let Some(link) = linked.get(&record.id) {
            planner.read(*link, &record);
        }
    }
    planner.store(connection).await?;
    Ok(Step::More)
}

/// What became of a batch of links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batch {
    /// Links planned.
    pub links: usize,
    /// Whether there may be more to do at once: more links, or records that closed links left over.
    pub more: bool,
}

/// Plans a batch of links and stores what the plans ask for.
pub async fn plan_batch(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    watch: guard::Watch,
) -> Result<Batch, EngineError> {
    let most = if definition.has_identity() {
        BATCH_OF_COPIES
    } else {
        BATCH
    };
    let mut links = link::plannable(connection, &row.key, most).await?;
    if links.is_empty() {
        return Ok(Batch::default());
    }
    let count = links.len();
    let ids: Vec<Uuid> = links.iter().map(|link| link.id).collect();
    let revoked = write::revoke_of_links(connection, &ids).await?;
    let of_run = revoked.iter().filter(|write| write.run == row.run).count();
    row.run_written -= i64::try_from(of_run).unwrap_or_default();
    let records: Vec<i64> = links
        .iter()
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    let records: HashMap<i64, RecordRow> = record::by_id(connection, &records)
        .await?
        .into_iter()
        .map(|record| (record.id, record))
        .collect();
    for link in links.iter_mut().filter(|link| link.unknown_count > 0) {
        for id in [link.left_record, link.right_record].into_iter().flatten() {
            if let Some(record) = records.get(&id) {
                take_what_was_cut(connection, definition, link, record).await?;
            }
        }
    }
    let around = Around::load(connection, definition, &links, Purpose::Decide).await?;
    let mut planner = Planner::new(definition, row)
        .around(around)
        .instead_of(&revoked);
    for link in links {
        planner.plan(link, &records);
    }
    if watch == guard::Watch::On
        && let Some(reason) = guard::trips(connection, definition, row, planner.planned()).await?
    {
        hold(connection, definition, row, Hold::Guard, reason).await?;
        return Ok(Batch::default());
    }
    planner.states().for_each(metrics::plan);
    let closed = planner.states().any(|state| state == LinkState::Closed);
    let stop = planner.planned().stop.clone();
    let around = planner.take_around();
    let written = planner.store(connection).await?;
    row.run_written += written;
    around.store(connection, definition, row).await?;
    if let Some(reason) = stop {
        hold(connection, definition, row, Hold::Deletion, reason).await?;
    } else {
        sync::save(connection, row).await?;
    }
    Ok(Batch {
        links: count,
        more: closed || i64::try_from(count).unwrap_or(i64::MAX) >= most,
    })
}

/// Stops a sync until a person answers; what is queued and would overwrite or delete is revoked.
async fn hold(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    hold: Hold,
    reason: String,
) -> Result<(), EngineError> {
    write::revoke_all(connection, &row.key, "held", true).await?;
    tell_phase(connection, definition, row, hold.word(), &reason).await?;
    row.held = Some(hold);
    row.held_reason = reason;
    sync::save(connection, row).await?;
    Ok(())
}

/// Tells other systems that a sync goes on or waits.
async fn tell_phase(
    connection: &mut PgConnection,
    definition: &Definition,
    row: &mut SyncRow,
    phase: &str,
    reason: &str,
) -> Result<(), EngineError> {
    let mut ledger = Ledger::new(definition, row.run);
    ledger.notice(&Notice::PhaseChanged(PhaseChanged {
        phase: phase.to_owned(),
        reason: reason.to_owned(),
    }));
    ledger.store(connection, row).await
}

/// Nothing is left to plan: a run that has nothing open any more is over.
async fn finish_run(connection: &mut PgConnection, row: &mut SyncRow) -> Result<(), EngineError> {
    if row.last_run_at.is_some_and(|at| at >= row.run_began_at) {
        return Ok(());
    }
    if !write::any_open(connection, &row.key).await? {
        recovery::end_if_settled(connection, &row.key).await?;
        row.last_run_at = Some(sync::now(connection).await?);
        row.last_run_result = format!("{} records written", row.run_written.max(0));
        sync::save(connection, row).await?;
    }
    Ok(())
}

/// Begins a new run: caps count from zero, what they deferred is planned, and twins are looked at again.
pub async fn begin_run(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    now: Timestamp,
) -> Result<(), EngineError> {
    row.run += 1;
    row.run_began_at = now;
    row.run_written = 0;
    link::touch_state(connection, &row.key, LinkState::Deferred).await?;
    // The record that a twin stands back for may have become somebody else.
    link::touch_twins(connection, &row.key).await?;
    let definition = Definition::decode(&row.definition)?;
    around::look_again(connection, &row.key, &definition).await?;
    sync::save(connection, row).await?;
    Ok(())
}

/// What a first run would do: everything is planned in a transaction that is then rolled back.
pub async fn preview(pool: &PgPool, key: &SyncKey) -> Result<Option<Planned>, EngineError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let Some(mut row) = sync::lock(&mut transaction, key).await? else {
        return Ok(None);
    };
    if !both_read(&mut transaction, key).await? {
        return Ok(None);
    }
    let definition = Definition::decode(&row.definition)?;
    baseline(&mut transaction, &definition).await?;
    let mut all = Planned::default();
    loop {
        let links = link::plannable(&mut transaction, key, BATCH).await?;
        if links.is_empty() {
            break;
        }
        let ids: Vec<i64> = links
            .iter()
            .flat_map(|link| [link.left_record, link.right_record])
            .flatten()
            .collect();
        let records = record::by_id(&mut transaction, &ids)
            .await?
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        let around = Around::load(&mut transaction, &definition, &links, Purpose::Look).await?;
        let mut planner = Planner::new(&definition, &row).around(around);
        for link in links {
            planner.plan(link, &records);
        }
        all.add(planner.planned());
        row.run_written += planner.store(&mut transaction).await?;
    }
    // Twins are left out without a plan.
    let tally = status::tally(&mut transaction, key).await?;
    all.left_out = tally.state("excluded") + tally.state("set aside");
    transaction.rollback().await?;
    Ok(Some(all))
}
