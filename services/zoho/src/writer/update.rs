//! Changing: read the batch, compare with the plan, send what is still right under one condition.

pub(super) mod send;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::{Edit, Record};
use provider::{Answer, Applied, Fault, Live, Update};

use super::{
    Answered, Answers, Writer,
    compare::remaining,
    find::Found,
    live::{ids as live_ids, only_paths},
    rights::keep_writable,
    series::Changing,
};
use crate::{
    event::{self, Contacts, Newcomers},
    feed::view,
    kind::Kind,
    map::{self, Changes},
    wire::Row,
};

/// How much older than the reading a record must be: stamps have whole seconds, and a change of the same second
/// would pass the condition unseen.
pub(super) const SETTLED: SignedDuration = SignedDuration::from_secs(2);

/// How long a record is held back that was touched just now.
const HOLD: SignedDuration = SignedDuration::from_secs(3);

/// A write that is still right.
struct Right {
    index: usize,
    rows: Vec<Row>,
    live: Record,
    edits: Vec<Edit>,
    in_scope: bool,
}

impl Right {
    /// Who is to be invited that was not.
    fn newcomers(&self) -> Newcomers {
        let invites = |edit: &Edit| edit.path.field() == "participants";
        if !self.edits.iter().any(invites) {
            return Newcomers::new();
        }
        let mut after = self.live.clone();
        model::patch(&mut after, &self.edits);
        event::newcomers(&after, self.rows.first())
    }
}

/// Writes by what becomes of them, once their records were read.
#[derive(Default)]
struct Sorted {
    /// Those that are still right.
    right: Vec<Right>,
    /// Those of series that are.
    series: Vec<Right>,
    /// Those whose records have moved on, with what they look like now.
    stale: Vec<(usize, String, Vec<Row>)>,
    /// Those whose records are not there.
    missing: Vec<usize>,
}

/// A write that is about to be sent.
pub(super) struct Pending {
    index: usize,
    row: Row,
    before: Record,
    changes: Changes,
    in_scope: bool,
}

impl Writer<'_> {
    /// Makes the changes whose records are as the plan knew them.
    pub(super) async fn update(&self, updates: &[&Update]) -> Vec<Answered> {
        let mut answers = Answers::of(updates.len());
        let mut open: Vec<usize> = (0..updates.len()).collect();
        // Each turn answers at least one write, or is the last.
        for _ in 0..=updates.len() {
            if open.is_empty() {
                break;
            }
            open = match self.turn(updates, &open, &mut answers).await {
                Ok(again) => again,
                Err(fault) => {
                    answers.set_all(open, &fault);
                    break;
                }
            };
        }
        answers.complete()
    }

    /// Reads the open writes' records, compares, sends. Returns those that have to be read again because the call
    /// was refused for the sake of others. An error means that none of the open ones was sent.
    async fn turn(
        &self,
        updates: &[&Update],
        open: &[usize],
        answers: &mut Answers,
    ) -> Result<Vec<usize>, Fault> {
        let ids: Vec<String> = open
            .iter()
            .map(|index| updates[*index].remote_id.clone())
            .collect();
        let (found, at) = self.find(&ids).await?;
        let Sorted {
            right,
            series,
            stale,
            missing,
        } = self.sort(updates, open, (&found, at), answers).await?;
        self.answer_missing_updates(answers, updates, &missing)
            .await?;
        self.answer_stale(answers, stale, at).await;
        let guests = right.iter().chain(&series).map(Right::newcomers);
        let contacts = self.contacts_of(event::all_newcomers(guests)).await?;
        let pending = self.prepared(right, &contacts, updates, answers).await?;
        // From here on something may have been sent.
        for right in series {
            let changing = Changing {
                update: updates[right.index],
                rows: right.rows,
                live: right.live,
                at,
                in_scope: right.in_scope,
                contacts: &contacts,
            };
            let answered = self.update_series(changing, right.edits).await;
            answers.set(right.index, answered);
        }
        Ok(self.send(updates, pending, at, answers).await)
    }

    /// Compares the open writes' records with their plans. What needs nothing to be sent is answered.
    async fn sort(
        &self,
        updates: &[&Update],
        open: &[usize],
        (found, at): (&Found, Timestamp),
        answers: &mut Answers,
    ) -> Result<Sorted, Fault> {
        let members = self.members_of(found).await?;
        let is_inside = |rows: &[Row]| live_ids(rows).iter().any(|id| members.contains(id));
        let mut sorted = Sorted::default();
        for index in open.iter().copied() {
            let update = updates[index];
            let Some(rows) = found.get(&update.remote_id) else {
                sorted.missing.push(index);
                continue;
            };
            if let Some(answer) = settling(rows, at) {
                answers.set(index, answer);
                continue;
            }
            let live = match self.whole(&update.remote_id, rows, at) {
                Ok(live) => live,
                Err(fault) => {
                    answers.set(index, fault);
                    continue;
                }
            };
            match remaining(&live, &update.edits, self.reader.clock()) {
                Some(edits) if edits.is_empty() => {
                    let in_scope = is_inside(rows);
                    answers.set(index, self.nothing_to_do(update, rows, &live, in_scope));
                }
                Some(edits) => {
                    let is_series = self.concerns_series(update, &edits);
                    let right = Right {
                        index,
                        rows: rows.clone(),
                        live,
                        edits,
                        in_scope: is_inside(rows),
                    };
                    if is_series {
                        sorted.series.push(right);
                    } else {
                        sorted.right.push(right);
                    }
                }
                None if self.may_be_left(&update.remote_id).await? => {
                    sorted
                        .stale
                        .push((index, update.remote_id.clone(), rows.clone()));
                }
                None => answers.set(index, later("what stands in its place is not shown yet")),
            }
        }
        Ok(sorted)
    }

    /// What is sent for each write, its companies looked up.
    async fn prepared(
        &self,
        writes: Vec<Right>,
        contacts: &Contacts,
        updates: &[&Update],
        answers: &mut Answers,
    ) -> Result<Vec<Pending>, Fault> {
        let names = writes
            .iter()
            .flat_map(|write| &write.edits)
            .filter(|edit| edit.path.field() == "organization");
        let names = names
            .filter_map(|edit| edit.after.as_ref()?.as_text().map(str::to_owned))
            .collect();
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let companies = self.companies_of(names).await?;
        let writable = self.writable().await?;
        let mut pending = Vec::new();
        for write in writes {
            let Right {
                index,
                mut rows,
                live,
                edits,
                in_scope,
            } = write;
            let Some(row) = rows.pop() else { continue };
            let mut changes = match self.kind {
                Kind::Contact => map::changes(&row, &edits, &companies),
                Kind::Event => event::changes(&row, &edits, self.terms(contacts)),
            };
            keep_writable(&mut changes, writable.as_deref(), &[]);
            let before = only_paths(
                live.clone(),
                updates[index].edits.iter().map(|edit| &edit.path),
            );
            if !changes.fields.is_empty() {
                pending.push(Pending {
                    index,
                    row,
                    before,
                    changes,
                    in_scope,
                });
            } else if changes.refused.is_empty() {
                let rows = std::slice::from_ref(&row);
                let answered = self.nothing_to_do(updates[index], rows, &live, in_scope);
                answers.set(index, answered);
            } else {
                answers.set(
                    index,
                    Answered {
                        answer: changes.refusal(),
                        before: Some(before),
                    },
                );
            }
        }
        Ok(pending)
    }

    /// All of it is there already: by an earlier attempt whose answer was lost, or because somebody did the same, or
    /// because the CRM cannot hold more of it. A record cannot be put into a list view, so that adopting one asks for
    /// nothing either.
    fn nothing_to_do(
        &self,
        update: &Update,
        rows: &[Row],
        live: &Record,
        in_scope: bool,
    ) -> Answered {
        let before = only_paths(live.clone(), update.edits.iter().map(|edit| &edit.path));
        let applied = Applied {
            remote_id: update.remote_id.clone(),
            version: self.reader.version(rows),
            answer: self.as_held(&update.remote_id, rows, in_scope),
            refused: Vec::new(),
        };
        Answered {
            answer: Answer::Applied(applied),
            before: Some(before),
        }
    }

    /// A meeting as it is held now: Zoho CRM has no place for all that was asked for (replies, time zones), and what
    /// has none must not come back as an edit. The row is as the condition of the write says it was, with what was sent.
    pub(super) fn as_held(&self, id: &str, rows: &[Row], in_scope: bool) -> Option<Box<Live>> {
        if self.kind == Kind::Contact {
            return None;
        }
        self.live(id, rows, Timestamp::MAX, in_scope).ok()
    }

    /// Which of the rows are in scope, where an answer says so.
    async fn members_of(&self, found: &Found) -> Result<BTreeSet<String>, Fault> {
        if self.kind == Kind::Contact {
            return Ok(BTreeSet::new());
        }
        let ids: Vec<String> = found.values().flat_map(|rows| live_ids(rows)).collect();
        Ok(view::members_among(self.client, self.module(), self.scope, &ids).await?)
    }

    async fn answer_missing_updates(
        &self,
        answers: &mut Answers,
        updates: &[&Update],
        missing: &[usize],
    ) -> Result<(), Fault> {
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = missing
            .iter()
            .map(|index| updates[*index].remote_id.clone())
            .collect();
        for (index, gone) in missing.iter().zip(self.missing(&ids).await?) {
            answers.set(*index, gone);
        }
        Ok(())
    }
}

/// A record that was touched just now is held back until its stamp can be told from a further change.
pub(super) fn settling(rows: &[Row], at: Timestamp) -> Option<Answer> {
    let settled = |row: &Row| {
        row.modified()
            .is_some_and(|modified| modified <= at - SETTLED)
    };
    let settled = rows.iter().all(settled);
    (!settled).then(|| later("the record was modified just now"))
}

pub(super) fn later(reason: &str) -> Answer {
    Answer::NotAttempted {
        reason: reason.to_owned(),
        until: Some(Timestamp::now() + HOLD),
        unauthorised: false,
    }
}
