//! Plans become rows of the outbox.

use std::collections::BTreeSet;

use jiff::Timestamp;
use merge::PlannedEdit;
use model::{Edit, Path, Record, Side, patch};
use prost::Message as _;
use proto::write as wire;
use uuid::Uuid;

use super::{Planner, SHARES_KEY};
use crate::{
    lane, live,
    store::{
        bytea,
        link::LinkRow,
        record::{Presence, RecordRow},
        side_number,
        write::{NewWrite, Stake},
    },
};

impl Planner<'_> {
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

    /// Queues a write; `new`: its records meet for the first time, or have not yet been written since.
    pub(super) fn queue(
        &mut self,
        link: &mut LinkRow,
        side: Side,
        write: merge::Write,
        record: Option<&RecordRow>,
        new: bool,
    ) {
        let traceparent = link.traceparent.clone();
        let (operation, edits) = match write {
            merge::Write::Create(edits) => {
                *self.planned.created.get_mut(side) += 1;
                if let Some(record) = record {
                    // What was there is gone: this is another creation, with another marker.
                    link.create_generation += 1;
                    // It is remembered: a person may take it out of the bin again.
                    self.parted.push((record.id, link.id));
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
        if self.run <= 1 && new {
            write.lane = lane::BASELINE;
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
        let made_once = |planned: &PlannedEdit| {
            let table = model::table(&self.definition.kind);
            table.is_some_and(|table| table.is_made_once(&planned.edit.path))
        };
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
            anew: word == "update" && edits.iter().any(made_once),
            body: bytea(&body.encode_to_vec()),
            destructive: word == "delete" || edits.iter().any(|planned| clears(&planned.edit)),
            overwriting: edits
                .iter()
                .any(|planned| planned.edit.after.is_some() && planned.edit.before.is_some()),
            plan: Stake {
                edits,
                restores: false,
            },
            lane: lane::CHANGE,
            run: self.run,
            traceparent,
            not_before: None,
        }
    }
}

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
