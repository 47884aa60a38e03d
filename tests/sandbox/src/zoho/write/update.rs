//! Updating records, and the precondition that covers a whole call.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::Body;
use super::{Call, Outcome, outcomes, unique};
use crate::zoho::id::Id;
use crate::zoho::record::whole_seconds;
use crate::zoho::refusal::Refusal;
use crate::zoho::render::Lens;
use crate::zoho::settings::StaleBatches;
use crate::zoho::value::Draft;

/// Updates the records of a body.
pub(super) fn all(
    call: &mut Call<'_>,
    body: &Body,
    unmodified_since: Option<Timestamp>,
) -> Vec<Outcome> {
    if let Some(stale) = refused_as_a_whole(call, body, unmodified_since) {
        return stale;
    }
    outcomes(body, |sent, path| {
        let id = call.target(sent, path)?;
        fresh(call, id, unmodified_since)?;
        let draft = call.draft(sent, path, Some(id))?;
        drafted(call, id, draft, path)
    })
}

/// Applies a checked draft.
pub(super) fn drafted(
    call: &mut Call<'_>,
    id: Id,
    draft: Draft,
    path: &str,
) -> Result<Outcome, Refusal> {
    unique::check(call, &draft, Some(id), path)?;
    let keys = unique::keys(&draft);
    let record = call.edit.update(call.module, id, draft)?;
    call.taken.hold(id, &keys);
    Ok(Outcome::updated(record))
}

/// `If-Unmodified-Since` is one header for the whole call. When [`StaleBatches::RefuseCall`] holds, one newer record
/// refuses all: the answer is 412 with one item for each newer record, and nothing is written.
fn refused_as_a_whole(
    call: &Call<'_>,
    body: &Body,
    since: Option<Timestamp>,
) -> Option<Vec<Outcome>> {
    if call.edit.settings.stale_batches != StaleBatches::RefuseCall {
        return None;
    }
    let stale: Vec<Outcome> = body
        .data
        .iter()
        .filter_map(|sent| call.target(sent, "").ok())
        .filter_map(|id| fresh(call, id, since).err())
        .map(Outcome::Refused)
        .collect();
    (!stale.is_empty()).then_some(stale)
}

/// Refuses a record that was modified in a later second than the header names. Stamps have whole seconds: a change
/// within the same second is not seen.
pub(super) fn fresh(call: &Call<'_>, id: Id, since: Option<Timestamp>) -> Result<(), Refusal> {
    let module = call.edit.org.module(call.module);
    let record = module.and_then(|module| module.records.get(&id));
    let (Some(since), Some(record)) = (since, record) else {
        return Ok(());
    };
    if record.modified <= whole_seconds(since) {
        return Ok(());
    }
    let details: Value = Lens::of(call.edit.org, call.edit.user).stamps(record);
    Err(Refusal::new(
        StatusCode::PRECONDITION_FAILED,
        "ALREADY_MODIFIED",
        "record updated time has already passed if-unmodified-since time",
        json!(details),
    ))
}
