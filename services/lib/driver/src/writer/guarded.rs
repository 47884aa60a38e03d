//! The provider's code with a guard around it: a panic over one record must not take down others.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use provider::{Answer, Batch, Operation, Outcome, Provider, Scope, Session, Write};

const PANICKED: &str = "the code for this provider failed";

/// So long the records of a batch that panicked are written alone, so that the guilty one is found.
const SUSPECTED_FOR: Duration = Duration::from_hours(1);

/// Records whose batch panicked.
#[derive(Default)]
pub(super) struct Suspects(Mutex<HashMap<(String, String), Instant>>);

impl Suspects {
    /// Groups writes into batches. What cannot be grouped comes back refused, with the reason; suspects go alone.
    pub(super) fn batches(
        &self,
        provider: &dyn Provider,
        scope: &Scope,
        writes: Vec<Write>,
    ) -> (Vec<Batch>, Vec<(String, Answer)>) {
        let (alone, together): (Vec<_>, Vec<_>) = writes
            .into_iter()
            .partition(|write| self.is_suspect(scope, write));
        let mut refused = Vec::new();
        let mut batches = batches(provider, scope, together.clone()).unwrap_or_else(|| {
            together
                .into_iter()
                .flat_map(|write| single(provider, scope, write, &mut refused))
                .collect()
        });
        batches.extend(
            alone
                .into_iter()
                .flat_map(|write| single(provider, scope, write, &mut refused)),
        );
        (batches, refused)
    }

    /// Makes a batch and answers each of its writes, whatever the provider's code does.
    pub(super) async fn execute(
        &self,
        provider: &dyn Provider,
        session: Session<'_>,
        scope: &Scope,
        batch: &Batch,
    ) -> Vec<Outcome> {
        let made = AssertUnwindSafe(provider.execute(session, scope, batch))
            .catch_unwind()
            .await;
        let mut outcomes = made.unwrap_or_else(|_| {
            tracing::error!(
                writes = batch.writes.len(),
                "the code for this provider panicked"
            );
            self.suspect(scope, batch);
            Vec::new()
        });
        // The call may have been made for those that have no answer.
        outcomes.resize_with(batch.writes.len(), || {
            Outcome::new(
                Answer::Unknown {
                    reason: PANICKED.to_owned(),
                },
                0.0,
            )
        });
        outcomes
    }

    fn suspect(&self, scope: &Scope, batch: &Batch) {
        let mut suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.retain(|_, since| since.elapsed() < SUSPECTED_FOR);
        suspects.extend(
            batch
                .writes
                .iter()
                .map(|write| (key(scope, write), Instant::now())),
        );
    }

    fn is_suspect(&self, scope: &Scope, write: &Write) -> bool {
        let suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !suspects.is_empty()
            && suspects
                .get(&key(scope, write))
                .is_some_and(|since| since.elapsed() < SUSPECTED_FOR)
    }
}

/// Names the record of a write, also of one that is planned again: by its id, by its marker, or by the write.
fn key(scope: &Scope, write: &Write) -> (String, String) {
    let record = match &write.operation {
        Operation::Create(create) => create.marker.as_ref().unwrap_or(&write.id).clone(),
        Operation::Update(update) => update.remote_id.clone(),
        Operation::Delete(delete) => delete.remote_id.clone(),
        Operation::Read(read) => read.remote_id.clone(),
    };
    (
        format!("{}/{}/{}", scope.tenant, scope.sync, scope.side),
        record,
    )
}

/// The provider's batches, if they hold exactly these writes.
fn batches(provider: &dyn Provider, scope: &Scope, writes: Vec<Write>) -> Option<Vec<Batch>> {
    if writes.is_empty() {
        return Some(Vec::new());
    }
    let mut asked: Vec<_> = writes.iter().map(|write| write.id.clone()).collect();
    let grouped = AssertUnwindSafe(|| provider.batches(scope, writes));
    let batches = catch_unwind(grouped).ok()?;
    let mut given: Vec<_> = batches
        .iter()
        .flat_map(|batch| &batch.writes)
        .map(|write| write.id.clone())
        .collect();
    asked.sort_unstable();
    given.sort_unstable();
    (asked == given).then_some(batches)
}

/// One write as its own batch; refused if the provider's code fails over it.
fn single(
    provider: &dyn Provider,
    scope: &Scope,
    write: Write,
    refused: &mut Vec<(String, Answer)>,
) -> Vec<Batch> {
    let id = write.id.clone();
    batches(provider, scope, vec![write]).unwrap_or_else(|| {
        tracing::error!(
            write = id,
            "the code for this provider cannot prepare a write"
        );
        refused.push((
            id,
            Answer::Refused {
                path: None,
                reason: PANICKED.to_owned(),
            },
        ));
        Vec::new()
    })
}
