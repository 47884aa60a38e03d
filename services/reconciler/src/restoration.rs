//! Planning what a person asked to restore: old values become writes of their own.

use merge::{Cause, PlannedEdit};
use model::{Direction, Edit, Fields, Pairing, Path, Record, Side, project};
use proto::write as wire;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::EngineError,
    lane, live,
    plan::{Planner, update},
    store::{link::LinkRow, record::RecordRow, sync::SyncRow, write},
};

/// Plans what a person asked to restore: written on the side that lost it, without moving a base.
pub struct Restorer<'a>(Planner<'a>);

impl<'a> Restorer<'a> {
    /// A restorer for a sync as it stands.
    pub fn new(definition: &'a Definition, row: &SyncRow) -> Self {
        Self(Planner::new(definition, row))
    }

    /// Puts values of a live record back.
    pub fn values(
        &mut self,
        link: &LinkRow,
        stored: &RecordRow,
        values: impl Iterator<Item = (Path, Option<model::Value>)>,
    ) {
        let whole = Record {
            kind: self.0.definition.kind.clone(),
            fields: stored.fields.clone().unwrap_or_default(),
        };
        let edits: Vec<PlannedEdit> = values
            .filter_map(|(path, after)| {
                let hints = after
                    .clone()
                    .map(|value| (path.clone(), value))
                    .into_iter()
                    .collect();
                let before = project(&whole, std::slice::from_ref(&path), &hints).remove(&path);
                if before == after {
                    return None;
                }
                self.edit(stored.side, path, before, after)
            })
            .collect();
        if edits.is_empty() {
            return;
        }
        let operation = update(stored, &edits, false);
        self.push(link.id, stored.side, operation, edits);
    }

    /// Makes a deleted record again.
    pub fn record(&mut self, link: &mut LinkRow, side: Side, fields: Fields) {
        link.marker = live::marker(self.0.definition, link, side);
        let record = Record {
            kind: self.0.definition.kind.clone(),
            fields,
        };
        let target = self.0.definition.side(side);
        let operation = wire::write::Operation::Create(wire::Create {
            record: Some(record.into()),
            marker: if target.carries_marker {
                link.marker.clone()
            } else {
                String::new()
            },
            look_up: true,
            known_until_micros: None,
            match_paths: target.criteria.iter().map(Path::to_string).collect(),
        });
        self.push(link.id, side, operation, Vec::new());
    }

    fn edit(
        &self,
        side: Side,
        path: Path,
        before: Option<model::Value>,
        after: Option<model::Value>,
    ) -> Option<PlannedEdit> {
        let definition = self.0.definition;
        let mapped = definition
            .pairings
            .iter()
            .find(|pairing| *pairing.path(side) == path)
            .map(Pairing::key);
        // A path that is not mapped any more can still be put back where it was lost.
        let pair = mapped.or_else(|| {
            let alone = Pairing::new(
                &definition.kind,
                path.clone(),
                path.clone(),
                Direction::Both,
            );
            Some(alone.ok()?.key())
        })?;
        Some(PlannedEdit {
            pair,
            edit: Edit {
                path,
                before,
                after,
            },
            source: None,
            replaces: None,
            cause: Cause::Edit,
        })
    }

    fn push(
        &mut self,
        link: Uuid,
        side: Side,
        operation: wire::write::Operation,
        edits: Vec<PlannedEdit>,
    ) {
        let mut write = self
            .0
            .write(link, side, operation, edits, crate::trace::current());
        write.plan.restores = true;
        write.lane = lane::PEOPLE;
        self.0.writes.push(write);
    }

    /// Stores what was planned.
    pub async fn store(self, connection: &mut PgConnection) -> Result<(), EngineError> {
        // What is queued for these links was planned before the person asked.
        let links: Vec<Uuid> = self.0.writes.iter().map(|write| write.link).collect();
        write::revoke_of_links(connection, &links).await?;
        write::insert(connection, &self.0.definition.key, &self.0.writes).await?;
        Ok(())
    }
}
