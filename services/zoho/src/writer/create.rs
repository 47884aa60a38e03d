//! Creating: look up, link companies, insert. Never upsert, which merges strangers that share an address.

use model::Record;
use provider::{Answer, Applied, Create, Fault, Live};
use serde_json::json;

use super::{
    Answered, Answers, Writer,
    live::ids as ids_of,
    rights::keep_writable,
    verdict::{ATTEMPTS, Ruling, rule},
};
use crate::{
    event,
    feed::view,
    kind::Kind,
    map::{self, Changes},
    wire::{Row, Verdict},
};

/// A create that is about to be sent.
struct Pending {
    index: usize,
    changes: Changes,
}

impl Writer<'_> {
    /// Creates the records that are not there yet.
    pub(super) async fn create(&self, creates: &[&Create]) -> Vec<Answered> {
        let mut answers = Answers::of(creates.len());
        match self.prepare(creates, &mut answers).await {
            Ok(pending) => self.insert(creates, pending, &mut answers).await,
            Err(fault) => return creates.iter().map(|_| fault.clone().into()).collect(),
        }
        answers.complete()
    }

    /// Looks up what may be there, and links companies. An error means that nothing was sent.
    async fn prepare(
        &self,
        creates: &[&Create],
        answers: &mut Answers,
    ) -> Result<Vec<Pending>, Fault> {
        let asked: Vec<usize> = (0..creates.len())
            .filter(|index| creates[*index].look_up)
            .collect();
        if !asked.is_empty() {
            let looked_up: Vec<&Create> = asked.iter().map(|index| creates[*index]).collect();
            let found = self.look_up(&looked_up).await?;
            let found: Vec<(usize, Vec<Row>)> = asked
                .into_iter()
                .zip(found)
                .filter_map(|(index, rows)| Some((index, rows?)))
                .collect();
            self.answer_existing(answers, found).await?;
        }
        let open: Vec<usize> = (0..creates.len())
            .filter(|index| answers.0[*index].is_none())
            .collect();
        let names = open
            .iter()
            .filter_map(|index| company_of(creates[*index]))
            .collect();
        let companies = self.companies_of(names).await?;
        let guests = open
            .iter()
            .map(|index| event::newcomers(&creates[*index].record, None));
        let contacts = self.contacts_of(event::all_newcomers(guests)).await?;
        let writable = self.writable().await?;
        let mut pending = Vec::new();
        for index in open {
            let record = &creates[index].record;
            let mut changes = match self.kind {
                Kind::Contact => map::creation(record, &companies),
                Kind::Event => event::creation(record, self.terms(&contacts)),
            };
            keep_writable(&mut changes, writable.as_deref(), self.kind.required());
            if changes.fields.is_empty() {
                answers.set(index, changes.refusal());
            } else {
                pending.push(Pending { index, changes });
            }
        }
        Ok(pending)
    }

    async fn answer_existing(
        &self,
        answers: &mut Answers,
        found: Vec<(usize, Vec<Row>)>,
    ) -> Result<(), Fault> {
        let ids: Vec<String> = found.iter().flat_map(|(_, rows)| ids_of(rows)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let members = view::members_among(self.client, self.module(), self.scope, &ids).await?;
        let now = self.now();
        for (index, rows) in found {
            let in_scope = ids_of(&rows).iter().any(|id| members.contains(id));
            let Some(id) = self.remote_id(&rows) else {
                continue;
            };
            answers.set(
                index,
                Answer::Existing(self.live(&id, &rows, now, in_scope)?),
            );
        }
        Ok(())
    }

    /// Inserts what is pending, and again what can be kept without a refused path.
    async fn insert(&self, creates: &[&Create], mut pending: Vec<Pending>, answers: &mut Answers) {
        for attempt in 0..ATTEMPTS {
            if pending.is_empty() {
                return;
            }
            let rows: Vec<_> = pending
                .iter()
                .map(|write| to_send(&write.changes))
                .collect();
            let verdicts = match self.client.insert(self.module(), &self.body(&rows)).await {
                Ok(answer) => answer.body.data,
                Err(failure) => {
                    for write in pending {
                        answers.set(write.index, failure.fault.clone());
                    }
                    return;
                }
            };
            let mut again = Vec::new();
            for (mut write, verdict) in pending.into_iter().zip(verdicts) {
                if let Some(answer) = self.twin(creates[write.index], &verdict).await {
                    answers.set(write.index, answer);
                    continue;
                }
                match rule(&verdict, &mut write.changes, self.kind.required()) {
                    Ruling::Again if attempt + 1 < ATTEMPTS => again.push(write),
                    Ruling::Again => answers.set(write.index, write.changes.refusal()),
                    Ruling::Done {
                        id: Some(id),
                        version: Some(version),
                    } => {
                        let source = (&creates[write.index].record, None);
                        let answer = self.as_sent(id, version, &write.changes, source).await;
                        if let (Kind::Event, Ok(live)) = (self.kind, &answer) {
                            self.made.remember(self.account_id, &live.remote_id, None);
                        }
                        let answer = answer.map(|live| applied(live, write.changes));
                        answers.set(write.index, answer.unwrap_or_else(Answer::from));
                    }
                    Ruling::Done { .. } => {
                        answers.set(
                            write.index,
                            Fault::malformed("a created record without id and time"),
                        );
                    }
                    Ruling::Answer(answer) => answers.set(write.index, answer),
                }
            }
            pending = again;
        }
    }

    /// A unique field by which records are matched names the record that is there already.
    async fn twin(&self, create: &Create, verdict: &Verdict) -> Option<Answer> {
        let errors = verdict.each();
        let clash = errors.iter().find(|error| error.code == "DUPLICATE_DATA")?;
        let path = crate::fault::field_of(clash).and_then(|name| self.kind.path_of(name))?;
        let matched = create
            .match_paths
            .iter()
            .any(|criterion| criterion.field() == path.field());
        let reason = "another record already has this value, which must be unique".to_owned();
        let refused = Answer::Refused {
            path: Some(path.to_string()),
            reason,
        };
        let twin = clash
            .details
            .get("duplicate_record")
            .and_then(|twin| twin.get("id")?.as_str());
        let Some(id) = twin.or_else(|| clash.detail("id")).filter(|_| matched) else {
            return Some(refused);
        };
        match self
            .client
            .rows_by_id(self.module(), &self.fields, &[id.to_owned()])
            .await
        {
            Ok((rows, _)) => {
                let mut answers = Answers::of(1);
                let found = rows.into_values().map(|row| (0, vec![row])).collect();
                let answered = self.answer_existing(&mut answers, found).await;
                let existing = answers.0.pop().flatten().filter(|_| answered.is_ok());
                Some(existing.map_or(refused, |existing| existing.answer))
            }
            Err(_) => Some(refused),
        }
    }

    /// The new record, exactly as it was sent.
    ///
    /// The answer of a series is that of its first occurrence, which tells what the series is called. An error means
    /// that it was made all the same: it is looked for before anything is made again.
    pub(super) async fn as_sent(
        &self,
        id: String,
        version: model::Version,
        changes: &Changes,
        (source, old): (&Record, Option<&Row>),
    ) -> Result<Box<Live>, Fault> {
        let lost = |reason: String| Fault::LostAnswer { reason };
        let row = changes.as_row();
        let record = match self.kind {
            Kind::Event => event::made(&row, old, source, self.reader.clock()),
            Kind::Contact => self.reader.record(&row),
        };
        let record = record.map_err(|reason| lost(reason.to_string()))?;
        let remote_id = if changes.fields.contains_key(event::RULE) {
            let first = self.client.row(self.module(), &self.fields, &id).await;
            let first = first.map_err(|failure| lost(failure.fault.to_string()))?;
            let rows: Vec<Row> = first.into_iter().collect();
            let series = self.remote_id(&rows);
            series.ok_or_else(|| lost("a new series without its name".to_owned()))?
        } else {
            id
        };
        Ok(Box::new(Live {
            remote_id,
            former_ids: Vec::new(),
            version,
            record,
            marker: None,
            // Whether a list view's conditions hold only the next round tells.
            in_scope: !self.reader.is_over(std::slice::from_ref(&row)),
            readable: self.reader.readable(&[], self.scope),
        }))
    }
}

fn company_of(create: &Create) -> Option<String> {
    let organization = create
        .record
        .fields
        .iter()
        .find(|(root, _)| root.field() == "organization");
    organization
        .and_then(|(_, name)| name.as_text())
        .map(str::to_owned)
}

/// A link is sent by its id alone: the name beside it is ours.
fn to_send(changes: &Changes) -> serde_json::Map<String, serde_json::Value> {
    let mut row = changes.fields.clone();
    if let Some(id) = row
        .get("Account_Name")
        .and_then(|company| company.get("id"))
        .cloned()
    {
        row.insert("Account_Name".to_owned(), json!({ "id": id }));
    }
    row
}

fn applied(live: Box<Live>, changes: Changes) -> Answer {
    Answer::Applied(Applied {
        remote_id: live.remote_id.clone(),
        version: Some(live.version.clone()),
        answer: Some(live),
        refused: changes.refused,
    })
}
