//! Situate and plan: links become situations, and plans become rows of the outbox.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use merge::{
    Disposition, PlannedEdit, Presence as Seen, Readable, Reason, Sight, Situation, Standing,
};
use model::{Edit, Fields, Path, PerSide, Record, Side, patch, project};
use prost::Message as _;
use proto::write as wire;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    around::{self, Around},
    definition::Definition,
    error::EngineError,
    live,
    store::{
        bytea,
        link::{self, LinkRow, LinkState},
        matching,
        owner::SYNCED_BY,
        record::{Presence, RecordRow},
        side_number,
        sync::{Baseline, SyncRow},
        write::{self, NewWrite, Stake},
    },
};

/// What a batch of plans amounts to.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Records to be created, by side.
    pub created: PerSide<u64>,
    /// Records to be changed, by side.
    pub updated: PerSide<u64>,
    /// Records to be deleted, by side.
    pub deleted: PerSide<u64>,
    /// Records that a plan deletes or clears values of, by side.
    pub destructive: PerSide<u64>,
    /// Records that a plan overwrites values of, by side.
    pub overwriting: PerSide<u64>,
    /// Pairs that meet for the first time.
    pub merged: u64,
    /// Paths on which two edits met.
    pub conflicts: u64,
    /// Records that take no part, or cannot.
    pub left_out: u64,
    /// Records left to a later run.
    pub deferred: u64,
    /// Why the sync has to stop, if a plan says so.
    pub stop: Option<String>,
}

impl Planned {
    /// Adds another batch.
    pub fn add(&mut self, other: &Self) {
        for side in Side::ALL {
            *self.created.get_mut(side) += other.created.get(side);
            *self.updated.get_mut(side) += other.updated.get(side);
            *self.deleted.get_mut(side) += other.deleted.get(side);
            *self.destructive.get_mut(side) += other.destructive.get(side);
            *self.overwriting.get_mut(side) += other.overwriting.get(side);
        }
        self.merged += other.merged;
        self.conflicts += other.conflicts;
        self.left_out += other.left_out;
        self.deferred += other.deferred;
        self.stop = self.stop.take().or_else(|| other.stop.clone());
    }
}

/// Plans the links of a batch.
pub struct Planner<'a> {
    pub(crate) definition: &'a Definition,
    run: i64,
    /// The baseline of the first run; none once that run is over.
    baseline: Option<Baseline>,
    budget: Option<i64>,
    paths: PerSide<Vec<Path>>,
    links: Vec<LinkRow>,
    pub(crate) writes: Vec<NewWrite>,
    planned: Planned,
    written: i64,
    around: Around,
}

impl<'a> Planner<'a> {
    /// A planner for a sync as it stands.
    pub fn new(definition: &'a Definition, row: &SyncRow) -> Self {
        let cap = if row.run <= 1 {
            definition.limits.first_run
        } else {
            definition.limits.later_runs
        };
        let cap = cap.map(|cap| i64::try_from(cap).unwrap_or(i64::MAX));
        Self {
            definition,
            run: row.run,
            baseline: row
                .baseline
                .filter(|_| row.run <= 1 && row.last_run_at.is_none()),
            budget: cap.map(|cap| cap - row.run_written),
            paths: PerSide::new(definition.paths(Side::Left), definition.paths(Side::Right)),
            links: Vec::new(),
            writes: Vec::new(),
            planned: Planned::default(),
            written: 0,
            around: Around::default(),
        }
    }

    /// Plans with what is around the links.
    #[must_use]
    pub fn around(mut self, around: Around) -> Self {
        self.around = around;
        self
    }

    /// What is around the links, with what the plans changed of it.
    pub fn take_around(&mut self) -> Around {
        std::mem::take(&mut self.around)
    }

    /// What the plans amount to so far.
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// The states that the plans give to their links.
    pub fn states(&self) -> impl Iterator<Item = LinkState> {
        self.links.iter().map(|link| link.state)
    }

    /// Stores the plans; answers how many records they write.
    pub async fn store(self, connection: &mut PgConnection) -> Result<i64, EngineError> {
        let key = &self.definition.key;
        link::save(connection, &self.links).await?;
        write::insert(connection, key, &self.writes).await?;
        // What is left over of a closed link counts as unknown again.
        let left_over: Vec<i64> = self
            .links
            .iter()
            .filter(|link| link.state == LinkState::Closed)
            .flat_map(|link| [link.left_record, link.right_record])
            .flatten()
            .collect();
        if !left_over.is_empty() {
            matching::set_unmatched(connection, &left_over).await?;
        }
        Ok(self.written)
    }

    /// Asks for a record to be read by its id, not before what it may still show of our own write is past.
    pub fn read(&mut self, link: Uuid, record: &RecordRow) {
        let horizon = self.definition.side(record.side).horizon;
        let operation = wire::write::Operation::Read(wire::Read {
            remote_id: record.remote_id.clone(),
            former_ids: record.former_ids.clone(),
        });
        let mut write = self.write(link, record.side, operation, Vec::new(), String::new());
        let doubted = record
            .unsettled_at
            .filter(|_| record.presence == Presence::Doubtful);
        write.not_before = record.written_at.max(doubted).map(|at| at + horizon);
        self.writes.push(write);
    }

    /// Plans one link.
    pub fn plan(&mut self, mut link: LinkRow, records: &HashMap<i64, RecordRow>) {
        let of = |side: Side| link.record(side).and_then(|id| records.get(&id));
        let (left, right) = (of(Side::Left), of(Side::Right));
        link.dirty = false;
        if let Some(owner) = self.around.excluded(link.id) {
            self.finish(link, LinkState::Excluded, owner);
            return;
        }
        if let Some(reason) = [left, right]
            .into_iter()
            .flatten()
            .find_map(|record| record.unreadable.clone())
        {
            self.finish(link, LinkState::SetAside, reason);
            return;
        }
        if link.reason == Reason::Twin.as_str() && (left.is_none() || right.is_none()) {
            // Whether it is still a twin is for matching to say.
            self.finish(link, LinkState::Closed, "to be matched again".to_owned());
            return;
        }
        let mut plan = self.situated(&link, left, right);
        if self.around.freeze(&self.definition.pairings, &link, &plan) {
            plan = self.situated(&link, left, right);
        }
        self.around.thaw(link.id, &plan.thawed);
        self.take(link, plan, left, right);
    }

    /// The plan that would be made for a link now; none if it has none of its own: its records belong to
    /// another sync, or cannot be read.
    pub fn preview(
        &self,
        link: &LinkRow,
        records: &HashMap<i64, RecordRow>,
    ) -> Option<merge::Plan> {
        let of = |side: Side| link.record(side).and_then(|id| records.get(&id));
        let (left, right) = (of(Side::Left), of(Side::Right));
        let mut known = [left, right].into_iter().flatten();
        let unreadable = known.any(|record| record.unreadable.is_some());
        if unreadable || self.around.excluded(link.id).is_some() {
            return None;
        }
        Some(self.situated(link, left, right))
    }

    /// Settles a link on which both sides agree, and answers whether they do; anything else is left to a
    /// plan.
    pub fn agrees(&self, link: &mut LinkRow, records: &HashMap<i64, RecordRow>) -> bool {
        let of = |side: Side| {
            let record = link.record(side).and_then(|id| records.get(&id));
            record.filter(|row| row.presence == Presence::Live && row.unreadable.is_none())
        };
        let (Some(left), Some(right)) = (of(Side::Left), of(Side::Right)) else {
            return false;
        };
        let plan = self.situated(link, Some(left), Some(right));
        let nothing = plan.writes.left.is_none() && plan.writes.right.is_none();
        if !nothing || plan.disposition != Disposition::InSync {
            return false;
        }
        if !plan.agreed.is_empty() {
            link.base
                .get_or_insert_with(Default::default)
                .extend(plan.agreed);
        }
        link.state = LinkState::InSync;
        link.reason.clear();
        link.dirty = false;
        true
    }

    fn situated(
        &self,
        link: &LinkRow,
        left: Option<&RecordRow>,
        right: Option<&RecordRow>,
    ) -> merge::Plan {
        merge::plan(&Situation {
            pairings: &self.definition.pairings,
            policy: &self.definition.policy,
            base: link.base.as_ref(),
            left: self.sight(link, Side::Left, left),
            right: self.sight(link, Side::Right, right),
            created_by_us: link.created_side,
            standing: standing(link),
            frozen: self.around.frozen(link.id),
        })
    }

    fn sight(&self, link: &LinkRow, side: Side, record: Option<&RecordRow>) -> Seen {
        let Some(record) = record else {
            return Seen::Never;
        };
        match record.presence {
            Presence::Gone => return Seen::Gone,
            Presence::OutOfReach => return Seen::OutOfReach,
            Presence::Live | Presence::Doubtful | Presence::Unsettled => {}
        }
        let hints = link
            .base
            .as_ref()
            .map(|base| merge::hints(base, &self.definition.pairings, side))
            .unwrap_or_default();
        let fields = record.fields.as_ref().map_or_else(Fields::new, |fields| {
            let whole = Record {
                kind: self.definition.kind.clone(),
                fields: fields.clone(),
            };
            project(&whole, self.paths.get(side), &hints)
        });
        Seen::Live(Sight {
            fields,
            // Of a record outside the scope nothing is known but that it is there.
            readable: match &record.fields {
                Some(_) => readable(&record.readable),
                None => Readable::Only(BTreeSet::new()),
            },
            edited_at_micros: record.version.changed_at_micros.filter(|_| !record.ours),
            in_scope: record.in_scope,
            joinable: self.definition.side(side).joinable,
        })
    }

    fn take(
        &mut self,
        mut link: LinkRow,
        plan: merge::Plan,
        left: Option<&RecordRow>,
        right: Option<&RecordRow>,
    ) {
        let writes = plan.writes.left.is_some() || plan.writes.right.is_some();
        if writes && !self.spend() {
            self.defer(link);
            return;
        }
        if writes && link.base.is_none() && left.is_some() && right.is_some() {
            self.planned.merged += 1;
        }
        self.planned.conflicts += plan.conflicts.len() as u64;
        if !plan.agreed.is_empty() {
            link.base
                .get_or_insert_with(Default::default)
                .extend(plan.agreed);
        }
        for (side, write, record) in [
            (Side::Left, plan.writes.left, left),
            (Side::Right, plan.writes.right, right),
        ] {
            if let Some(write) = write {
                self.queue(&mut link, side, write, record);
            }
        }
        match plan.disposition {
            Disposition::InSync => {
                // What the sync finds again stays adopted until readings are past the time before.
                let adopted = standing(&link) == Standing::Adopted;
                let reason = if adopted { ADOPTED } else { "" };
                self.finish(link, LinkState::InSync, reason.to_owned());
            }
            Disposition::Pending => {
                self.finish(link, LinkState::Pending, "being written".to_owned());
            }
            Disposition::Excluded(reason) => {
                self.finish(link, LinkState::Excluded, reason.to_string());
            }
            Disposition::SetAside(Reason::Bounces) => {
                let reason = around::reason(&self.definition.pairings, &plan.frozen);
                self.finish(link, LinkState::SetAside, reason);
            }
            Disposition::SetAside(reason) => {
                self.finish(link, LinkState::SetAside, reason.to_string());
            }
            Disposition::Closed(reason) => self.finish(link, LinkState::Closed, reason.to_string()),
            Disposition::StopSync(reason) => {
                self.planned.stop = Some(reason.to_string());
                link.dirty = true;
                self.finish(link, LinkState::Pending, reason.to_string());
            }
        }
    }

    fn queue(
        &mut self,
        link: &mut LinkRow,
        side: Side,
        write: merge::Write,
        record: Option<&RecordRow>,
    ) {
        let traceparent = link.traceparent.clone();
        let (operation, edits) = match write {
            merge::Write::Create(edits) => {
                *self.planned.created.get_mut(side) += 1;
                if record.is_some() {
                    // What was there is gone: this is another creation, with another marker.
                    link.create_generation += 1;
                    // Its id is kept: a person may take it out of the bin again.
                    let former = link.remote_id(side).to_owned();
                    link.set_record(side, None, &former);
                }
                let known_until = self.known_until(link, side);
                link.marker = live::marker(self.definition, link, side);
                (self.create(link, side, known_until, &edits), edits)
            }
            merge::Write::Update { edits, adopt } => {
                let Some(record) = record else { return };
                *self.planned.updated.get_mut(side) += 1;
                (update(record, &edits, adopt), edits)
            }
            merge::Write::Delete => {
                let Some(record) = record else { return };
                *self.planned.deleted.get_mut(side) += 1;
                let operation = wire::write::Operation::Delete(wire::Delete {
                    remote_id: record.remote_id.clone(),
                    expected: Some(record.version.clone().into()),
                });
                (operation, Vec::new())
            }
        };
        let mut write = self.write(link.id, side, operation, edits, traceparent);
        if self.run <= 1 && link.base.is_none() {
            write.lane = BASELINE;
        }
        *self.planned.destructive.get_mut(side) += u64::from(write.destructive);
        *self.planned.overwriting.get_mut(side) += u64::from(write.overwriting);
        self.writes.push(write);
    }

    /// Since when the target need be looked through before a link's first create, if the baseline matched it and no
    /// create was asked for before, as its marker would tell.
    fn known_until(&self, link: &LinkRow, target: Side) -> Option<Timestamp> {
        let baseline = self.baseline?;
        let first = link.made_at <= baseline.ended_at
            && link.create_generation == 1
            && link.marker.is_empty();
        let horizon = self.definition.side(target).horizon;
        baseline
            .began_at
            .checked_sub(horizon)
            .ok()
            .filter(|_| first)
    }

    fn create(
        &self,
        link: &LinkRow,
        side: Side,
        known_until: Option<Timestamp>,
        edits: &[PlannedEdit],
    ) -> wire::write::Operation {
        let mut record = Record::new(&self.definition.kind);
        let edits: Vec<Edit> = edits.iter().map(|planned| planned.edit.clone()).collect();
        patch(&mut record, &edits);
        let target = self.definition.side(side);
        wire::write::Operation::Create(wire::Create {
            record: Some(record.into()),
            marker: if target.carries_marker {
                link.marker.clone()
            } else {
                String::new()
            },
            look_up: true,
            known_until_micros: known_until.map(Timestamp::as_microsecond),
            // Where the key is known to be another record's, only the marker tells ours.
            match_paths: if link.reason == SHARES_KEY {
                Vec::new()
            } else {
                target.criteria.iter().map(Path::to_string).collect()
            },
        })
    }

    pub(crate) fn write(
        &self,
        link: Uuid,
        side: Side,
        operation: wire::write::Operation,
        edits: Vec<PlannedEdit>,
        traceparent: String,
    ) -> NewWrite {
        let id = Uuid::now_v7();
        let target = self.definition.side(side);
        let word = match operation {
            wire::write::Operation::Create(_) => "create",
            wire::write::Operation::Update(_) => "update",
            wire::write::Operation::Delete(_) => "delete",
            wire::write::Operation::Read(_) => "read",
        };
        let call = call_of(word, &operation);
        let body = wire::Write {
            id: id.to_string(),
            sync: self.definition.key.sync.clone(),
            side: proto::record::Side::from(side).into(),
            kind: self.definition.kind.clone(),
            operation: Some(operation),
        };
        NewWrite {
            id,
            link,
            side: side_number(side),
            connection: target.connection.clone(),
            provider: target.provider.clone(),
            generation: self.definition.generation,
            operation: word,
            call,
            body: bytea(&body.encode_to_vec()),
            destructive: word == "delete" || edits.iter().any(|planned| clears(&planned.edit)),
            overwriting: edits
                .iter()
                .any(|planned| planned.edit.after.is_some() && planned.edit.before.is_some()),
            plan: Stake {
                edits,
                restores: false,
            },
            lane: CHANGE,
            run: self.run,
            traceparent,
            not_before: None,
        }
    }

    fn spend(&mut self) -> bool {
        match &mut self.budget {
            Some(left) if *left <= 0 => false,
            Some(left) => {
                *left -= 1;
                self.written += 1;
                true
            }
            None => {
                self.written += 1;
                true
            }
        }
    }

    fn defer(&mut self, link: LinkRow) {
        self.planned.deferred += 1;
        self.finish(
            link,
            LinkState::Deferred,
            "left to a later run by the cap".to_owned(),
        );
    }

    fn finish(&mut self, mut link: LinkRow, state: LinkState, reason: String) {
        if matches!(state, LinkState::Excluded | LinkState::SetAside) {
            self.planned.left_out += 1;
        }
        link.state = state;
        link.reason = reason;
        self.links.push(link);
    }
}

/// The lanes of the outbox: what changed, and what a baseline found. People who wait go before both.
const CHANGE: i16 = 1;
const BASELINE: i16 = 2;

fn clears(edit: &Edit) -> bool {
    edit.after.is_none() && edit.before.is_some()
}

/// What writes of one sync share that one provider call may make: the kind of operation and the paths.
fn call_of(word: &str, operation: &wire::write::Operation) -> String {
    let wire::write::Operation::Update(update) = operation else {
        return word.to_owned();
    };
    let paths: BTreeSet<&str> = update.edits.iter().map(|edit| edit.path.as_str()).collect();
    std::iter::once(word)
        .chain(paths)
        .collect::<Vec<_>>()
        .join(" ")
}

/// An update of a record, on the version that the plan was made from.
pub(crate) fn update(
    record: &RecordRow,
    edits: &[PlannedEdit],
    adopt: bool,
) -> wire::write::Operation {
    wire::write::Operation::Update(wire::Update {
        remote_id: record.remote_id.clone(),
        expected: Some(record.version.clone().into()),
        edits: edits
            .iter()
            .map(|planned| planned.edit.clone().into())
            .collect(),
        adopt,
        ..wire::Update::default()
    })
}

/// Which paths a reading could tell.
pub fn readable(paths: &[String]) -> Readable {
    Readable::Only(
        paths
            .iter()
            .filter_map(|path| Path::parse(path).ok())
            .collect(),
    )
}

/// How a link stood until now: what slept resumes, and what an earlier activation left is adopted.
fn standing(link: &LinkRow) -> Standing {
    if link.reason == ADOPTED {
        return Standing::Adopted;
    }
    if link.reason.starts_with(SYNCED_BY) {
        return Standing::Dormant;
    }
    let dormant = [
        Reason::LeftScope,
        Reason::OutsideListView,
        Reason::OutsideScope,
        Reason::OutOfReach,
    ]
    .into_iter()
    .any(|reason| reason.is_dormant() && link.reason == reason.as_str());
    if dormant {
        Standing::Dormant
    } else {
        Standing::Active
    }
}

/// The reason of a link whose record shares its key with another one that has its counterpart.
pub const SHARES_KEY: &str = "shares its key with another record";

/// The reason of a link that a sync finds again when it is turned on anew.
pub const ADOPTED: &str = "adopted";
