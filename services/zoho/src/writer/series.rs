//! Changing series: occurrence by occurrence, or by a new series in the old one's place.

mod anew;

use std::time::Duration;

use jiff::Timestamp;
use model::{Edit, Record};
use provider::{Answer, Applied, Fault, RefusedPath, Update};
use serde_json::{Map, Value as Json};

use super::{
    Answered, Writer,
    delete::INVITED,
    live::only_paths,
    recent::Recent,
    rights::keep_writable,
    update::send::condition,
    verdict::{ATTEMPTS, Ruling, rule},
};
use crate::{
    client::BATCH,
    event::{self, Contacts, Terms, plan},
    kind::Kind,
    map::{Changes, refused},
    reader::Reader,
    wire::Row,
};

/// Which records were to be made anew a moment ago: lists may not show yet what came of it.
pub(crate) type Attempts = Recent<Attempt>;

/// The meetings that we made, by their remote ids, and in place of which others; none for one of its own. What is known to be
/// another's is not taken for what a lost answer left.
pub(crate) type Made = Recent<Option<String>>;

/// Half of how long back a lost one is looked for.
pub(crate) const MADE: Duration = Duration::from_hours(12);

/// How far a record was made anew.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    /// The remote id of the new one, and when we last wrote it; none while nobody knows whether it was made.
    made: Option<(String, Timestamp)>,
    /// Whether the old one is being deleted.
    deletes: bool,
}

/// A record that is about to be changed.
pub(super) struct Changing<'u> {
    pub(super) update: &'u Update,
    pub(super) rows: Vec<Row>,
    pub(super) live: Record,
    /// The provider's clock, no later than it was read.
    pub(super) at: Timestamp,
    pub(super) in_scope: bool,
    /// Those of the new guests who are contacts.
    pub(super) contacts: &'u Contacts,
}

/// Edits that are still to be made, and the paths that cannot.
struct Asked {
    edits: Vec<Edit>,
    refused: Vec<RefusedPath>,
}

impl Asked {
    /// Refuses the edits of these fields.
    fn refuse(&mut self, fields: &[&str], reason: &str) {
        let (out, kept) = std::mem::take(&mut self.edits)
            .into_iter()
            .partition(|edit: &Edit| fields.contains(&edit.path.field()));
        self.edits = kept;
        for edit in out {
            let refused = refused(&edit.path, reason);
            if !self.refused.contains(&refused) {
                self.refused.push(refused);
            }
        }
    }

    /// What becomes of the record.
    fn after(&self, live: &Record) -> Record {
        let mut after = live.clone();
        model::patch(&mut after, &self.edits);
        plan::rename(&mut after);
        after
    }

    /// Nothing was written.
    fn refusal(self) -> Answer {
        Changes {
            refused: self.refused,
            ..Changes::default()
        }
        .refusal()
    }
}

impl Writer<'_> {
    /// Whether a change is of a series, or makes one.
    pub(super) fn concerns_series(&self, update: &Update, edits: &[Edit]) -> bool {
        let makes = |edit: &Edit| ["recurrence", "overrides"].contains(&edit.path.field());
        self.kind == Kind::Event
            && (Reader::series_named(&update.remote_id).is_some() || edits.iter().any(makes))
    }

    /// Makes the changes of a series whose record is as the plan knew it.
    pub(super) async fn update_series(&self, changing: Changing<'_>, edits: Vec<Edit>) -> Answered {
        let paths = changing.update.edits.iter().map(|edit| &edit.path);
        let before = Some(only_paths(changing.live.clone(), paths));
        let asked = Asked {
            edits,
            refused: Vec::new(),
        };
        let answer = self.change_series(changing, asked).await;
        Answered {
            answer: answer.unwrap_or_else(Answer::from),
            before,
        }
    }

    async fn change_series(
        &self,
        changing: Changing<'_>,
        mut asked: Asked,
    ) -> Result<Answer, Fault> {
        let Changing { rows, live, .. } = &changing;
        let recurs = self.reader.series_of(&rows[0]).is_some();
        // A single meeting can be moved whatever becomes of a rule for it.
        let making = if recurs {
            &plan::MAKING[..]
        } else {
            &["recurrence", "overrides"]
        };
        if let Some((_, reason)) = plan::refusal(&asked.after(live), self.reader.clock()) {
            asked.refuse(making, &reason);
        }
        let mut after = asked.after(live);
        if plan::needs_a_new_one(live, &after) {
            if self.would_mail(rows).is_none() {
                return self.make_anew(&changing, &after, asked.refused).await;
            }
            asked.refuse(making, INVITED);
            after = asked.after(live);
        }
        if asked.edits.is_empty() {
            return Ok(asked.refusal());
        }
        if !recurs {
            let edits = vec![(0, asked.edits)];
            let plan = plan::InPlace {
                edits,
                ..plan::InPlace::default()
            };
            return self.change_in_place(&changing, &plan, asked.refused).await;
        }
        let series = self.reader.series(rows, true);
        let series = series.map_err(|reason| Fault::malformed(reason.to_string()))?;
        let mut plan = plan::in_place(&series, &after, &asked.edits);
        let told = |place: &usize| {
            self.would_mail(std::slice::from_ref(&rows[*place]))
                .is_some()
        };
        if plan.cancelled.iter().any(told) {
            asked.refuse(&["overrides"], INVITED);
            if asked.edits.is_empty() {
                return Ok(asked.refusal());
            }
            plan = plan::in_place(&series, &asked.after(live), &asked.edits);
        }
        self.change_in_place(&changing, &plan, asked.refused).await
    }

    /// Edits and cancels occurrences.
    async fn change_in_place(
        &self,
        changing: &Changing<'_>,
        plan: &plan::InPlace,
        mut refused: Vec<RefusedPath>,
    ) -> Result<Answer, Fault> {
        let mut rows = changing.rows.clone();
        let terms = self.terms(changing.contacts);
        let written = self.write_rows(&mut rows, plan, (changing.at, terms), &mut refused);
        match written.await {
            Ok(()) => {}
            Err((fault, false)) => return Err(fault),
            Err((fault, true)) => {
                return Err(Fault::LostAnswer {
                    reason: format!("only some occurrences were changed: {fault}"),
                });
            }
        }
        let cancelled: Vec<Row> = plan
            .cancelled
            .iter()
            .map(|place| changing.rows[*place].clone())
            .collect();
        if let Err(fault) = self.delete_rows(&cancelled).await {
            return Err(if plan.edits.is_empty() {
                fault
            } else {
                Fault::LostAnswer {
                    reason: fault.to_string(),
                }
            });
        }
        let left: Vec<Row> = (0..rows.len())
            .filter(|place| !plan.cancelled.contains(place))
            .map(|place| rows[place].clone())
            .collect();
        refused.sort_by(|one, other| one.path.cmp(&other.path));
        refused.dedup();
        Ok(Answer::Applied(Applied {
            remote_id: changing.update.remote_id.clone(),
            version: self.reader.version(&left),
            answer: self.as_held(&changing.update.remote_id, &left, changing.in_scope),
            refused,
        }))
    }

    /// Writes the edits of each row, and puts what was written into them. A fault comes with whether some were written.
    async fn write_rows(
        &self,
        rows: &mut [Row],
        plan: &plan::InPlace,
        (at, terms): (Timestamp, Terms<'_>),
        refused: &mut Vec<RefusedPath>,
    ) -> Result<(), (Fault, bool)> {
        let writable = self.writable().await.map_err(|fault| (fault, false))?;
        let mut pending: Vec<(usize, Changes)> = Vec::new();
        for (place, edits) in &plan.edits {
            let mut changes = event::changes(&rows[*place], edits, terms);
            keep_writable(&mut changes, writable.as_deref(), &[]);
            if changes.fields.is_empty() {
                refused.append(&mut changes.refused);
            } else {
                pending.push((*place, changes));
            }
        }
        let condition = condition(pending.iter().map(|(place, _)| &rows[*place]), at);
        let mut any = false;
        while !pending.is_empty() {
            let rest = pending.split_off(pending.len().min(BATCH));
            self.write_some(rows, pending, condition, &mut any, refused)
                .await
                .map_err(|fault| (fault, any))?;
            pending = rest;
        }
        Ok(())
    }

    async fn write_some(
        &self,
        rows: &mut [Row],
        mut pending: Vec<(usize, Changes)>,
        condition: Timestamp,
        any: &mut bool,
        refused: &mut Vec<RefusedPath>,
    ) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS {
            if pending.is_empty() {
                return Ok(());
            }
            let sent: Vec<Map<String, Json>> = pending
                .iter()
                .map(|(place, changes)| {
                    let mut row = changes.fields.clone();
                    row.insert("id".to_owned(), rows[*place].id().into());
                    row
                })
                .collect();
            let body = self.body(&sent);
            let call = self.client.update(self.module(), &body, condition);
            let verdicts = call.await?.body.data;
            let mut again = Vec::new();
            for ((place, mut changes), verdict) in pending.into_iter().zip(verdicts) {
                match rule(&verdict, &mut changes, &[]) {
                    Ruling::Again => again.push((place, changes)),
                    Ruling::Done { version, .. } => {
                        *any = true;
                        refused.append(&mut changes.refused);
                        event::overlay(&mut rows[place], changes.fields, version.as_ref());
                    }
                    Ruling::Answer(Answer::Refused { .. }) if !changes.refused.is_empty() => {
                        refused.append(&mut changes.refused);
                    }
                    Ruling::Answer(Answer::Refused { path, reason }) => {
                        return Err(Fault::Refused { path, reason });
                    }
                    Ruling::Answer(Answer::Stale { .. }) => return Err(Fault::Stale),
                    Ruling::Answer(Answer::Forbidden { right }) => {
                        return Err(Fault::Forbidden { right });
                    }
                    Ruling::Answer(_) => {
                        return Err(Fault::transient("an occurrence cannot be written for now"));
                    }
                }
            }
            pending = again;
        }
        for (_, mut changes) in pending {
            refused.append(&mut changes.refused);
        }
        Ok(())
    }
}
