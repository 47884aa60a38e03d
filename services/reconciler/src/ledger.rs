//! What a batch of outcomes adds to the history, the totals and the notices.

use std::collections::BTreeSet;

use bus::{CloudEvent, Notice, Origin};
use jiff::Timestamp;
use merge::Cause;
use model::{Edit, Fields, Record, Side, project};
use proto::{
    notice::{ConflictResolved, RecordSetAside, RecordWritten},
    write::{Applied, Outcome},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::EngineError,
    metrics,
    store::{
        SyncKey,
        history::{self, ANSWER_LOST, NewEntry},
        link::LinkRow,
        notice, side_number,
        sync::SyncRow,
        write::WriteRow,
    },
    trace,
};

/// Collects what happened; stores it in one go, in the transaction that applies the outcomes.
pub(crate) struct Ledger {
    key: SyncKey,
    origin: Origin,
    run: i64,
    entries: Vec<NewEntry>,
    notices: Vec<notice::Notice>,
    totals: Vec<String>,
    /// Writes of which providers were asked to tell guests.
    notifying: u64,
    /// The guests that these writes concerned.
    guests: u64,
}

/// The total of the writes of which providers were asked to tell guests (BEY-13).
pub(crate) const NOTIFYING_WRITES: &str = "notifying_writes";
/// The total of the guests that these writes concerned.
pub(crate) const GUESTS_NOTIFIED: &str = "guests_notified";

impl Ledger {
    /// An empty ledger.
    pub(crate) fn new(definition: &Definition, run: i64) -> Self {
        Self {
            key: definition.key.clone(),
            origin: Origin {
                tenant: definition.key.tenant.clone(),
                sync: definition.key.sync.clone(),
                kind: definition.kind.clone(),
            },
            run,
            entries: Vec::new(),
            notices: Vec::new(),
            totals: Vec::new(),
            notifying: 0,
            guests: 0,
        }
    }

    /// A record was created or changed.
    pub(crate) fn written(
        &mut self,
        link: &LinkRow,
        write: &WriteRow,
        applied: &Applied,
        before: Option<&Record>,
        refused: &[&str],
    ) {
        let created = write.operation == "create";
        let first = self.entries.len();
        if created {
            self.entry(link, write, "", None, None, "create");
        } else {
            for planned in &write.plan.edits {
                let edit = &planned.edit;
                if refused.contains(&edit.path.to_string().as_str()) {
                    continue;
                }
                // The before-image is the writer's where it took one.
                let seen = before.map_or_else(|| edit.before.clone(), |record| shown(record, edit));
                let cause = if write.plan.restores {
                    "restore"
                } else {
                    word(planned.cause)
                };
                self.entry(
                    link,
                    write,
                    &edit.path.to_string(),
                    seen,
                    edit.after.clone(),
                    cause,
                );
            }
        }
        let side = write.side.as_str();
        self.totals.push(format!(
            "{}_{side}",
            if created { "created" } else { "updated" }
        ));
        let paths: Vec<String> = write
            .plan
            .edits
            .iter()
            .map(|planned| planned.edit.path.to_string())
            .collect();
        let history = self.entries[first..]
            .iter()
            .map(|entry| entry.id.to_string())
            .collect();
        let trace_id = trace::trace_id(&write.traceparent).to_owned();
        self.notice(&Notice::RecordWritten(RecordWritten {
            link: link.id.to_string(),
            side: wire(write.side).into(),
            remote_id: applied.remote_id.clone(),
            paths,
            history,
            trace_id: trace_id.clone(),
        }));
        let lost: Vec<String> = write
            .plan
            .edits
            .iter()
            .filter(|planned| {
                // At a first contact two set values that differ are a conflict as well.
                planned.cause == Cause::Conflict
                    || planned.cause == Cause::FirstContact && planned.edit.before.is_some()
            })
            .map(|planned| planned.edit.path.to_string())
            .collect();
        if !lost.is_empty() {
            self.totals.push("conflicts".to_owned());
            self.notice(&Notice::ConflictResolved(ConflictResolved {
                link: link.id.to_string(),
                paths: lost,
                kept: wire(write.side.other()).into(),
                trace_id,
            }));
        }
    }

    /// A record was deleted; each of its values goes to the history.
    pub(crate) fn deleted(&mut self, link: &LinkRow, write: &WriteRow, before: &Fields) {
        for (path, value) in before {
            self.entry(
                link,
                write,
                &path.to_string(),
                Some(value.clone()),
                None,
                "delete",
            );
        }
        self.entry(link, write, "", None, None, "delete");
        self.totals.push(format!("deleted_{}", write.side.as_str()));
        self.notice(&Notice::RecordWritten(RecordWritten {
            link: link.id.to_string(),
            side: wire(write.side).into(),
            remote_id: link.remote_id(write.side).to_owned(),
            trace_id: trace::trace_id(&write.traceparent).to_owned(),
            ..RecordWritten::default()
        }));
    }

    /// Something was written whose record has these fields, before and after: whether its guests were told.
    pub(crate) fn notified(&mut self, outcome: &Outcome, fields: [Option<&Fields>; 2]) {
        let Some(table) = model::table(&self.origin.kind).filter(|_| outcome.notifies) else {
            return;
        };
        let fields = fields.into_iter().flatten();
        let guests: BTreeSet<&str> = fields.flat_map(|fields| table.guests(fields)).collect();
        self.notifying += 1;
        self.guests += guests.len() as u64;
    }

    /// A call may have counted, and nobody will know what it found: what the plan saw goes to the history, so that
    /// nothing is lost if it did.
    pub(crate) fn doubted(&mut self, link: &LinkRow, write: &WriteRow, stored: Option<&Fields>) {
        for planned in &write.plan.edits {
            let edit = &planned.edit;
            if write.operation == "update" && edit.before.is_some() {
                let (path, before) = (edit.path.to_string(), edit.before.clone());
                self.entry(link, write, &path, before, edit.after.clone(), ANSWER_LOST);
            }
        }
        let deleted = stored.filter(|_| write.operation == "delete");
        for (path, value) in deleted.into_iter().flatten() {
            let before = Some(value.clone());
            self.entry(link, write, &path.to_string(), before, None, "delete");
        }
    }

    /// A record was set aside.
    pub(crate) fn set_aside(&mut self, link: &LinkRow, reason: &str, traceparent: &str) {
        self.notice(&Notice::RecordSetAside(RecordSetAside {
            link: link.id.to_string(),
            reason: reason.to_owned(),
            trace_id: trace::trace_id(traceparent).to_owned(),
        }));
    }

    /// A path that bounces was frozen.
    pub(crate) fn frozen(&mut self, link: Uuid, reason: &str, traceparent: &str) {
        self.totals.push("frozen".to_owned());
        self.notice(&Notice::RecordSetAside(RecordSetAside {
            link: link.to_string(),
            reason: reason.to_owned(),
            trace_id: trace::trace_id(traceparent).to_owned(),
        }));
    }

    fn entry(
        &mut self,
        link: &LinkRow,
        write: &WriteRow,
        path: &str,
        before: Option<model::Value>,
        after: Option<model::Value>,
        cause: &str,
    ) {
        self.entries.push(NewEntry {
            id: Uuid::now_v7(),
            link: link.id,
            side: side_number(write.side),
            remote_id: link.remote_id(write.side).to_owned(),
            write: write.id,
            path: path.to_owned(),
            before,
            after,
            cause: cause.to_owned(),
            run: self.run,
            trace_id: trace::trace_id(&write.traceparent).to_owned(),
        });
    }

    /// Something that other systems are told.
    pub(crate) fn notice(&mut self, what: &Notice) {
        let id = Uuid::now_v7();
        self.notices.push(notice::Notice {
            id,
            key: self.key.clone(),
            event: CloudEvent::new(&id.to_string(), &self.origin, Timestamp::now(), what),
        });
    }

    /// Stores everything.
    pub(crate) async fn store(
        self,
        connection: &mut PgConnection,
        row: &mut SyncRow,
    ) -> Result<(), EngineError> {
        history::insert(connection, &self.key, &self.entries).await?;
        notice::insert(connection, &self.notices).await?;
        for total in self.totals {
            *row.totals.entry(total).or_default() += 1;
        }
        if self.notifying > 0 {
            let totals = [
                (NOTIFYING_WRITES, self.notifying),
                (GUESTS_NOTIFIED, self.guests),
            ];
            for (name, count) in totals {
                *row.totals.entry(name.to_owned()).or_default() += count;
            }
            metrics::notified(self.notifying, self.guests);
        }
        Ok(())
    }
}

fn shown(record: &Record, edit: &Edit) -> Option<model::Value> {
    if edit.path.key().is_none() && matches!(edit.before, Some(model::Value::Elements(_))) {
        // One element of a list: the image of the whole list would say more than was lost.
        return edit.before.clone();
    }
    let hints = edit
        .before
        .clone()
        .map(|value| (edit.path.clone(), value))
        .into_iter()
        .collect();
    project(record, std::slice::from_ref(&edit.path), &hints).remove(&edit.path)
}

fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Edit => "edit",
        Cause::Conflict => "conflict",
        Cause::FirstContact => "first contact",
        Cause::Drift => "drift",
        Cause::Deletion => "deletion",
    }
}

fn wire(side: Side) -> proto::record::Side {
    side.into()
}
