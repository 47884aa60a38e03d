//! Creating: look up, link companies, insert. Never upsert, which merges strangers that share an address.

use provider::{Answer, Applied, Create, Fault, Live};
use serde_json::json;

use super::{
    Answered, Answers, Writer,
    rights::keep_writable,
    verdict::{ATTEMPTS, Ruling, rule},
};
use crate::{
    feed::view,
    map::{self, Changes},
    wire::{CONTACTS, Row, Verdict},
};

/// Without it there is no contact.
const REQUIRED: [&str; 1] = ["Last_Name"];

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
            let found: Vec<(usize, Row)> = asked
                .into_iter()
                .zip(found)
                .filter_map(|(index, row)| Some((index, row?)))
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
        let companies = self.companies(names).await?;
        let writable = self.writable().await?;
        let pending = |index: usize| {
            let mut changes = map::creation(&creates[index].record, &companies);
            keep_writable(&mut changes, writable.as_deref(), &REQUIRED);
            Pending { index, changes }
        };
        Ok(open.into_iter().map(pending).collect())
    }

    async fn answer_existing(
        &self,
        answers: &mut Answers,
        found: Vec<(usize, Row)>,
    ) -> Result<(), Fault> {
        let ids: Vec<String> = found
            .iter()
            .filter_map(|(_, row)| row.id().map(str::to_owned))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let members = view::members_among(self.client, CONTACTS, self.scope, &ids).await?;
        for (index, row) in found {
            let in_scope = row.id().is_some_and(|id| members.contains(id));
            answers.set(index, Answer::Existing(self.live(&row, in_scope)?));
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
            let verdicts = match self.client.insert(CONTACTS, &self.body(&rows)).await {
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
                match rule(&verdict, &mut write.changes, &REQUIRED) {
                    Ruling::Again if attempt + 1 < ATTEMPTS => again.push(write),
                    Ruling::Again => answers.set(write.index, write.changes.refusal()),
                    Ruling::Done {
                        id: Some(id),
                        version: Some(version),
                    } => {
                        let live = self.as_sent(&id, version.clone(), &write.changes);
                        answers.set(write.index, applied(id, live, write.changes));
                    }
                    Ruling::Done { .. } => {
                        answers.set(
                            write.index,
                            Fault::malformed("a created contact without id and time"),
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
        let path = crate::fault::field_of(clash).and_then(map::path_of)?;
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
            .rows_by_id(CONTACTS, &self.fields, &[id.to_owned()])
            .await
        {
            Ok((rows, _)) => {
                let mut answers = Answers::of(1);
                let found = rows.into_values().map(|row| (0, row)).collect();
                let answered = self.answer_existing(&mut answers, found).await;
                let existing = answers.0.pop().flatten().filter(|_| answered.is_ok());
                Some(existing.map_or(refused, |existing| existing.answer))
            }
            Err(_) => Some(refused),
        }
    }

    /// The new record, exactly as it was sent.
    fn as_sent(&self, id: &str, version: model::Version, changes: &Changes) -> Box<Live> {
        Box::new(Live {
            remote_id: id.to_owned(),
            former_ids: Vec::new(),
            version,
            record: map::read(&changes.as_row()),
            marker: None,
            // Whether a list view's conditions hold only the next round tells.
            in_scope: true,
            readable: map::readable(&[], self.scope),
        })
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

fn applied(id: String, live: Box<Live>, changes: Changes) -> Answer {
    let version = Some(live.version.clone());
    Answer::Applied(Applied {
        remote_id: id,
        version,
        answer: Some(live),
        refused: changes.refused,
    })
}
