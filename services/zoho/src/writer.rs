//! Writes, and one answer for each of them.

mod batches;
mod company;
mod compare;
mod create;
mod delete;
mod find;
mod gone;
mod guests;
mod live;
mod look_up;
mod meetings;
mod read;
mod recent;
mod rights;
mod series;
mod update;
mod verdict;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Record;
use provider::{Answer, Batch, BatchKind, Fault, Glances, Outcome, Scope, Session};
use serde_json::{Map, Value as Json, json};

pub(crate) use self::batches::batches;
use self::{
    batches::{as_create, as_delete, as_read, as_update, operations},
    company::RecentCompanies,
    guests::RecentGuests,
    look_up::Keys,
    rights::FieldRights,
    series::{Attempts, MADE, Made},
};
use crate::{
    client::Client,
    event::{self, Contacts, Terms},
    kind::Kind,
    reader::Reader,
    wire::Row,
};

/// What the writer of a process remembers of accounts for a few minutes, to save calls and to avoid doubles.
#[derive(Debug)]
pub(crate) struct Known {
    companies: RecentCompanies,
    guests: RecentGuests,
    rights: FieldRights,
    glances: Glances<Option<Keys>>,
    attempts: Attempts,
    made: Made,
    lag: SignedDuration,
}

impl Known {
    /// Nothing yet. Lists of the provider show the past for as long as the horizon.
    pub(crate) fn new(horizon: Duration) -> Self {
        Self {
            companies: RecentCompanies::new(horizon),
            guests: RecentGuests::new(horizon),
            rights: FieldRights::default(),
            glances: Glances::default(),
            attempts: Attempts::new(horizon),
            made: Made::new(MADE),
            lag: SignedDuration::try_from(horizon).unwrap_or(SignedDuration::MAX),
        }
    }
}

/// Makes the writes of one batch.
pub(crate) async fn execute(
    known: &Known,
    session: Session<'_>,
    scope: &Scope,
    batch: &Batch,
) -> Vec<Outcome> {
    let (client, kind) =
        match Kind::named(&scope.kind).and_then(|kind| Ok((Client::about(session, kind)?, kind))) {
            Ok(may) => may,
            Err(fault) => return same_for_all(batch, &fault),
        };
    let reader = match Reader::of_caller(&client, kind, scope).await {
        Ok(reader) => reader,
        Err(fault) => return same_for_all(batch, &fault),
    };
    let writer = Writer {
        client: &client,
        scope,
        companies: &known.companies,
        guests: &known.guests,
        rights: &known.rights,
        glances: &known.glances,
        attempts: &known.attempts,
        made: &known.made,
        lag: known.lag,
        account_id: session.account_id,
        kind,
        fields: reader.fields_to_ask(scope),
        reader,
    };
    let answered = match batch.kind {
        BatchKind::Create => writer.create(&operations(batch, as_create)).await,
        BatchKind::Update => writer.update(&operations(batch, as_update)).await,
        BatchKind::Delete => writer.delete(&operations(batch, as_delete)).await,
        BatchKind::Read => writer.read(&operations(batch, as_read)).await,
    };
    let calls = f64::from(client.calls())
        / f64::from(u32::try_from(batch.writes.len()).unwrap_or(u32::MAX).max(1));
    answered
        .into_iter()
        .map(|answered| Outcome {
            answer: answered.answer,
            before: answered.before,
            calls,
        })
        .collect()
}

/// Writes of one batch.
struct Writer<'a> {
    client: &'a Client<'a>,
    scope: &'a Scope,
    companies: &'a RecentCompanies,
    guests: &'a RecentGuests,
    rights: &'a FieldRights,
    glances: &'a Glances<Option<Keys>>,
    attempts: &'a Attempts,
    made: &'a Made,
    /// How long lists may show the past.
    lag: SignedDuration,
    account_id: &'a str,
    kind: Kind,
    reader: Reader,
    fields: Vec<String>,
}

/// An answer, and the record before the call.
#[derive(Clone, Debug)]
struct Answered {
    answer: Answer,
    before: Option<Record>,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            before: None,
        }
    }
}

impl From<Fault> for Answered {
    fn from(fault: Fault) -> Self {
        Answer::from(fault).into()
    }
}

impl Writer<'_> {
    /// What is sent for rows: no automation runs, and nobody gets a mail, unless the sync's definition says so.
    fn body(&self, rows: &[Map<String, Json>]) -> Json {
        self.body_of(self.kind, rows)
    }

    /// The same for records of a kind.
    fn body_of(&self, kind: Kind, rows: &[Map<String, Json>]) -> Json {
        let mut rows = rows.to_vec();
        if kind == Kind::Event {
            for row in &mut rows {
                event::strip(row);
                row.insert("$send_notification".to_owned(), self.notifies().into());
            }
        }
        let mut body = json!({ "data": rows });
        if !self.runs_workflows() {
            body["trigger"] = json!([]);
        }
        body
    }

    fn runs_workflows(&self) -> bool {
        self.option("workflows") == Some("run")
    }

    /// Whether participants are told of what is written.
    fn notifies(&self) -> bool {
        self.option("notify") == Some("all")
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.scope.options.get(name).map(String::as_str)
    }

    /// The remote id of a record that these are the rows of.
    fn remote_id(&self, rows: &[Row]) -> Option<String> {
        let row = rows.first()?;
        let series = self.reader.series_of(row).map(Reader::series_id);
        series.or_else(|| row.id().map(str::to_owned))
    }

    /// The module that is written.
    fn module(&self) -> &'static str {
        self.kind.module()
    }

    /// What decides how a meeting is written, beside the meeting.
    fn terms<'t>(&'t self, contacts: &'t Contacts) -> Terms<'t> {
        Terms {
            zone: self.reader.clock(),
            now: self.now(),
            contacts,
        }
    }

    /// The provider's clock, or ours before it has answered.
    fn now(&self) -> Timestamp {
        self.client.provider_time().unwrap_or_else(Timestamp::now)
    }
}

/// The answers of a batch, filled in as they are known.
struct Answers(Vec<Option<Answered>>);

impl Answers {
    fn of(writes: usize) -> Self {
        Self(vec![None; writes])
    }

    fn set(&mut self, index: usize, answered: impl Into<Answered>) {
        self.0[index] = Some(answered.into());
    }

    /// The same fault for each of these.
    fn set_all(&mut self, indexes: impl IntoIterator<Item = usize>, fault: &Fault) {
        for index in indexes {
            self.set(index, fault.clone());
        }
    }

    /// One answer per write; one that nobody answered was not attempted.
    fn complete(self) -> Vec<Answered> {
        self.0
            .into_iter()
            .map(|answered| answered.unwrap_or_else(|| Fault::transient("no turn").into()))
            .collect()
    }
}

fn same_for_all(batch: &Batch, fault: &Fault) -> Vec<Outcome> {
    batch
        .writes
        .iter()
        .map(|_| Outcome::new(fault.clone(), 0.0))
        .collect()
}
