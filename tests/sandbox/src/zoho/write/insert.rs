//! Creating one record. E-mail addresses are not unique unless an administrator made them so.

use serde_json::Value;

use super::{Call, Outcome, unique};
use crate::zoho::refusal::Refusal;
use crate::zoho::value::Draft;

/// Creates the record that a body asks for.
pub(super) fn one(call: &mut Call<'_>, sent: &Value, path: &str) -> Result<Outcome, Refusal> {
    let draft = call.draft(sent, path, None)?;
    drafted(call, draft, path)
}

/// Creates a record from a checked draft.
pub(super) fn drafted(call: &mut Call<'_>, draft: Draft, path: &str) -> Result<Outcome, Refusal> {
    call.mandatory(&draft, path)?;
    unique::check(call, &draft, None, path)?;
    let keys = unique::keys(&draft);
    let record = call.edit.create(call.module, draft)?;
    call.taken.hold(record.id, &keys);
    Ok(Outcome::added(record))
}
