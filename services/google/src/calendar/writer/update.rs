//! Changing an event, or a series with its exceptions.

use std::collections::BTreeMap;

use model::{Edit, Record, patch};
use provider::{Answer, Applied, Fault, RefusedPath, Update};

use super::{Done, Found, Writer, glance::Freshness, instances::Instances, send::Sent, shown};
use crate::calendar::{
    map::{self, Changes, Present},
    series::text,
    wire::Event,
};

/// Edits of these need to know the calendar's own reminders.
const OF_REMINDERS: [&str; 2] = ["alerts", "useDefaultAlerts"];

impl Writer<'_> {
    /// Makes the edits of an event that is as the plan knew it. Nothing is sent for what is so already.
    pub(super) async fn update(&mut self, update: &Update) -> Result<Done, Fault> {
        let id = &update.remote_id;
        let mut found = match self.find(id).await {
            Ok(found) => found,
            Err(Fault::Gone { proved, .. }) => {
                return Ok(self
                    .missing(id, proved, Some(&update.expected))
                    .await?
                    .into());
            }
            Err(fault) => return Err(fault),
        };
        let record = match self.unmoved(&found, &update.expected)? {
            Ok(record) => record,
            Err(answer) => return Ok(answer.into()),
        };
        let fields = update.edits.iter().map(|edit| edit.path.field());
        if fields.into_iter().any(|one| OF_REMINDERS.contains(&one)) {
            found.reminders = self.entry(Freshness::Now).await?.body.default_reminders;
        }
        let before = only(&record, &update.edits);
        let mut desired = record.clone();
        patch(&mut desired, &update.edits);
        let event = found.event()?;
        let present = Present {
            event: &event,
            raw: found.raw(),
            record: &record,
            reminders: &found.reminders,
            now: found.now,
        };
        let mut changes = map::changes(present, &desired, &update.edits);
        map::mark(&mut changes, &event, update.marker.as_deref());
        // What is refused says nothing about instances either.
        let refused = |edit: &&Edit| changes.refused.contains_key(edit.path.field());
        let accepted = update.edits.iter().filter(|edit| !refused(edit)).cloned();
        let accepted: Vec<Edit> = accepted.collect();
        desired.clone_from(&record);
        patch(&mut desired, &accepted);
        let is_closed = |one: &Event| self.is_closed(one);
        let plan = Instances::plan(&found, &record, &desired, &accepted, is_closed);
        let instances = match plan {
            Ok(instances) => instances,
            Err(reason) => {
                changes.refused.insert("overrides".to_owned(), reason);
                Instances::default()
            }
        };
        let answer = self.make(update, found, changes, instances).await;
        Ok(Done {
            answer,
            before: Some(before),
        })
    }

    /// Sends what is to be sent: the event itself, then single instances.
    async fn make(
        &mut self,
        update: &Update,
        mut found: Found,
        changes: Changes,
        mut instances: Instances,
    ) -> Answer {
        if let Err(answer) = self.look_at(&found, &mut instances).await {
            return answer;
        }
        let etag = text(found.raw(), "etag").unwrap_or_default().to_owned();
        let mut sent = self.send(&update.remote_id, &etag, &changes).await;
        let written = sent.event.is_some();
        let recurred = found.recurs();
        let moves = written && moves(&changes, &sent);
        if let Some(event) = sent.event.take() {
            found.series.master = Some(event);
            if !found.recurs() {
                found.series.instances.clear();
            }
        }
        // One that recurs again has the exceptions that it had before.
        let again = found.recurs() && !recurred;
        let reset = moves && (again || !found.series.instances.is_empty());
        let mut wrote = written;
        if sent.fault.is_none() {
            wrote |= self
                .instances(&mut found, instances, written, reset, &mut sent)
                .await;
        }
        let mut refused = changes.refused;
        refused.append(&mut sent.refused);
        match sent.fault {
            Some(fault) if wrote => half_done(&fault),
            Some(Fault::Gone { proved, .. }) => self.gone(proved, Some(&update.expected)).await,
            Some(fault) => fault.into(),
            None => self.applied(update, &found, &refused, wrote, reset),
        }
    }

    fn applied(
        &self,
        update: &Update,
        found: &Found,
        refused: &BTreeMap<String, String>,
        wrote: bool,
        reset: bool,
    ) -> Answer {
        let paths = refused_paths(refused, update.edits.iter());
        let first = paths.first().cloned();
        if let (Some(first), true) = (first, !wrote && paths.len() == update.edits.len()) {
            return Answer::Refused {
                path: Some(first.path),
                reason: first.reason,
            };
        }
        // What became of other exceptions when their series moved is told by the feed.
        let seen = self.seen(found).ok().filter(|_| !reset);
        Answer::Applied(Applied {
            remote_id: update.remote_id.clone(),
            version: seen.as_ref().and_then(|seen| seen.version.clone()),
            answer: seen.and_then(shown).map(Box::new),
            refused: paths,
        })
    }
}

/// Whether a series was given another time or rule.
fn moves(changes: &Changes, sent: &Sent) -> bool {
    ["when", "recurrence"]
        .iter()
        .any(|part| changes.parts.contains_key(part) && !sent.refused.contains_key(*part))
}

/// The answer to a write of which a part was made: it is read again, and the rest is planned anew.
pub(super) fn half_done(fault: &Fault) -> Answer {
    Answer::Unknown {
        reason: format!("a part of it was written: {}", fault.word()),
    }
}

/// The edits that touch a refused field.
pub(super) fn refused_paths<'a>(
    refused: &BTreeMap<String, String>,
    edits: impl Iterator<Item = &'a Edit>,
) -> Vec<RefusedPath> {
    let mut paths: Vec<RefusedPath> = Vec::new();
    for edit in edits {
        let (field, path) = (edit.path.field(), edit.path.to_string());
        // Rule and single instances are one member, and so are both that reminders consist of.
        let part = match field {
            "overrides" => "recurrence",
            "useDefaultAlerts" => "alerts",
            field => field,
        };
        let reason = refused.get(field).or_else(|| refused.get(part));
        if let Some(reason) = reason.filter(|_| paths.iter().all(|one| one.path != path)) {
            let reason = reason.clone();
            paths.push(RefusedPath { path, reason });
        }
    }
    paths
}

/// Of a record what edits are about.
fn only(record: &Record, edits: &[Edit]) -> Record {
    let mut shown = Record::new(&record.kind);
    for (path, value) in &record.fields {
        if edits.iter().any(|edit| edit.path.field() == path.field()) {
            shown.set(path.clone(), Some(value.clone()));
        }
    }
    shown
}
