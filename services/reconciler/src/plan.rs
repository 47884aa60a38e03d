//! Situate and plan: links become situations, and situations become plans.

mod planned;
mod standing;
mod writing;

use std::collections::{BTreeSet, HashMap, HashSet};

use merge::{
    Disposition, Overfull, Presence as Seen, Readable, Reason, Sight, Situation, Standing,
};
use model::{Fields, Pairing, Path, PerSide, Record, Side, project};
use sqlx::PgConnection;
use uuid::Uuid;

use self::standing::standing;
pub(crate) use self::writing::update;
pub use self::{
    planned::Planned,
    standing::{ADOPTED, SHARES_KEY},
};

use crate::{
    around::{self, Around},
    definition::Definition,
    error::EngineError,
    lane,
    store::{
        link::{self, LinkRow, LinkState},
        matching,
        record::{self, Presence, RecordRow},
        sync::{Baseline, SyncRow},
        write::{self, NewWrite, Revoked},
    },
};

/// Plans the links of a batch.
pub struct Planner<'a> {
    pub(crate) definition: &'a Definition,
    run: i64,
    /// The baseline of the first run; none once that run is over.
    baseline: Option<Baseline>,
    budget: Option<i64>,
    paths: PerSide<Vec<Path>>,
    links: Vec<LinkRow>,
    /// Records that are gone and whose links end or go on with others, with these links.
    parted: Vec<(i64, Uuid)>,
    pub(crate) writes: Vec<NewWrite>,
    planned: Planned,
    written: i64,
    around: Around,
    /// Links whose writes of the baseline are planned anew.
    met: HashSet<Uuid>,
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
            parted: Vec::new(),
            writes: Vec::new(),
            planned: Planned::default(),
            written: 0,
            around: Around::default(),
            met: HashSet::new(),
        }
    }

    /// Plans in the place of writes that were taken back: what a baseline found stays a matter of the baseline.
    #[must_use]
    pub fn instead_of(mut self, revoked: &[Revoked]) -> Self {
        let baseline = revoked.iter().filter(|write| write.lane == lane::BASELINE);
        self.met = baseline.map(|write| write.link).collect();
        self
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
        record::part(connection, &self.parted).await?;
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

    /// Plans one link.
    pub fn plan(&mut self, mut link: LinkRow, records: &HashMap<i64, RecordRow>) {
        let of = |side: Side| link.record(side).and_then(|id| records.get(&id));
        let (left, right) = (of(Side::Left), of(Side::Right));
        link.dirty = false;
        if let Some(owner) = self.around.excluded(link.id) {
            self.finish(link, LinkState::Excluded, owner);
            return;
        }
        // Of one that is gone it does not matter any more what it last looked like.
        if let Some(reason) = [left, right]
            .into_iter()
            .flatten()
            .filter(|record| record.presence != Presence::Gone)
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
        let unreadable =
            known.any(|record| record.unreadable.is_some() && record.presence != Presence::Gone);
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
        let overfull = overfull(&self.definition.pairings, &plan.overfull);
        link.reason = explained(overfull, [Some(left), Some(right)]);
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
        let new = link.base.is_none() || self.met.contains(&link.id);
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
                self.queue(&mut link, side, write, record, new);
            }
        }
        if matches!(plan.disposition, Disposition::Closed(_)) {
            let gone = [left, right].into_iter().flatten();
            let gone = gone.filter(|record| record.presence == Presence::Gone);
            self.parted.extend(gone.map(|record| (record.id, link.id)));
        }
        match plan.disposition {
            Disposition::InSync => {
                // What the sync finds again stays adopted until readings are past the time before.
                let adopted = standing(&link) == Standing::Adopted;
                let reason = if adopted {
                    ADOPTED.to_owned()
                } else {
                    let overfull = overfull(&self.definition.pairings, &plan.overfull);
                    explained(overfull, [left, right])
                };
                self.finish(link, LinkState::InSync, reason);
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
            Disposition::SetAside(Reason::Overfull) => {
                let reason = overfull(&self.definition.pairings, &plan.overfull);
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

/// What of a record does not fit on a side, in words for people that are the same for all such records; nothing if all
/// fits.
fn overfull(pairings: &[Pairing], overfull: &[Overfull]) -> String {
    let said = overfull.iter().filter_map(|one| {
        let pairing = pairings.iter().find(|pairing| pairing.key() == one.pair)?;
        let (path, limit) = (pairing.path(one.side), pairing.limit(one.side)?);
        Some(format!(
            "{path}: more than the {limit} that the {} account takes",
            one.side
        ))
    });
    said.collect::<Vec<_>>().join("; ")
}

/// What there is to know of a record that is in sync: what the plan says, and what the records say of themselves.
fn explained(overfull: String, records: [Option<&RecordRow>; 2]) -> String {
    let fields = records.into_iter().flatten();
    let fields = fields.filter_map(|record| record.fields.as_ref());
    let remarks = fields.filter_map(model::remark).map(str::to_owned);
    let said = std::iter::once(overfull).chain(remarks);
    let said = said.filter(|said| !said.is_empty());
    said.collect::<Vec<_>>().join("; ")
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
