//! Writes to a calendar: only reading by id, so far. Everything else is refused, and the catalogue says so.

use provider::{
    Answer, Batch, CollectionState, Fault, Live, Operation, Outcome, Read, Scope, Seen, What, Write,
};

use super::{
    client::{Client, Listing},
    feed, map,
    options::Options,
    series::{Series, text, whole},
    sight::Sight,
};

/// Calls that a reading by id takes: the calendar, the event, its reminders.
const READ_CALLS: f64 = 3.0;
/// Why a write is refused.
const READ_ONLY: &str = "events of Google Calendar are only read";

/// A batch for each write: no call takes several events.
pub(crate) fn batches(writes: Vec<Write>) -> Vec<Batch> {
    let batch = |write: Write| Batch {
        kind: write.operation.kind(),
        writes: vec![write],
    };
    writes.into_iter().map(batch).collect()
}

/// Answers the writes of a batch.
pub(crate) async fn execute(client: Client<'_>, scope: &Scope, batch: &Batch) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for write in &batch.writes {
        outcomes.push(if let Operation::Read(read) = &write.operation {
            let answer = read_by_id(client, scope, read).await;
            Outcome::new(answer.unwrap_or_else(Answer::from), READ_CALLS)
        } else {
            let reason = READ_ONLY.to_owned();
            Outcome::new(Answer::Refused { path: None, reason }, 0.0)
        });
    }
    outcomes
}

/// Reads an event, or a whole series. The calendar is looked at before and after.
async fn read_by_id(client: Client<'_>, scope: &Scope, read: &Read) -> Result<Answer, Fault> {
    let options = Options::of(scope)?;
    let (state, now) = feed::collection(client, scope).await?;
    present(state)?;
    let calendar = feed::calendar(scope);
    let found = match client.event(calendar, &read.remote_id).await {
        Ok(event) => event,
        Err(fault @ Fault::Gone { .. }) => {
            present(feed::collection(client, scope).await?.0)?;
            return Err(fault);
        }
        Err(fault) => return Err(fault),
    };
    let series = whole(client, calendar, &read.remote_id, Series::single(found)).await?;
    let series = series.ok_or_else(|| Fault::transient("the list does not show the series yet"))?;
    // The calendar's own reminders are told with any list of its events.
    let uid = series
        .master
        .as_ref()
        .and_then(|event| text(event, "iCalUID"));
    let reminders = match uid {
        Some(uid) => {
            let list = client.events(calendar, Listing::Uid(uid), None).await?;
            list.body.default_reminders
        }
        None => Vec::new(),
    };
    let sight = Sight {
        options,
        now,
        reminders: &reminders,
    };
    let seen = sight.of(&series)?.into_iter().next();
    let seen = seen.ok_or_else(|| Fault::malformed("an answer without the event asked for"))?;
    Ok(answer(seen))
}

/// A calendar that is gone, or not for the account any more, proves nothing about its events.
fn present(state: CollectionState) -> Result<(), Fault> {
    match state {
        CollectionState::Present => Ok(()),
        CollectionState::Gone => Err(Fault::Gone {
            proved: false,
            collection: true,
        }),
        CollectionState::Forbidden => Err(Fault::Forbidden {
            right: "see calendars".to_owned(),
        }),
    }
}

/// What is seen, as an answer. Google keeps a deleted event as a cancelled one: that proves it.
fn answer(seen: Seen) -> Answer {
    let (record, in_scope) = match seen.what {
        What::Inside(record) => (record, true),
        What::Outside(record) => (record, false),
        What::Deleted { .. } => {
            return Answer::Gone {
                proved: true,
                collection: false,
            };
        }
        What::Unreadable { reason } => return Answer::Refused { path: None, reason },
    };
    let Some(version) = seen.version else {
        return Answer::Unknown {
            reason: "an event without a version".to_owned(),
        };
    };
    Answer::Found(Box::new(Live {
        remote_id: seen.remote_id,
        former_ids: seen.former_ids,
        version,
        record,
        marker: seen.marker,
        in_scope,
        readable: map::readable(),
    }))
}
