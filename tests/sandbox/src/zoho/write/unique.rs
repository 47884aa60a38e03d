//! Fields whose values no two records may share.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Call;
use crate::zoho::edit::holders;
use crate::zoho::id::Id;
use crate::zoho::module::Module;
use crate::zoho::refusal::Refusal;
use crate::zoho::value::Draft;

/// Who holds which value, by unique field. Built once a call, so that a batch costs one pass over the module.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeMap<String, HashMap<String, Id>>);

impl Taken {
    pub(super) fn of(module: Option<&Module>) -> Self {
        let unique = module.into_iter().flat_map(|module| {
            let fields = module.fields.iter().filter(|field| field.unique);
            fields.map(|field| (field.api_name.clone(), holders(module, &field.api_name)))
        });
        Self(unique.collect())
    }

    /// A record now holds these values.
    pub(super) fn hold(&mut self, id: Id, draft: &BTreeMap<String, String>) {
        for (name, holders) in &mut self.0 {
            if let Some(value) = draft.get(name) {
                holders.insert(value.clone(), id);
            }
        }
    }

    /// The unique fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The draft's texts in lower case, by field.
pub(super) fn keys(draft: &Draft) -> BTreeMap<String, String> {
    draft
        .values
        .iter()
        .filter_map(|(name, value)| {
            value
                .as_str()
                .map(|text| (name.clone(), text.to_lowercase()))
        })
        .collect()
}

/// Refuses values that another record holds.
pub(super) fn check(
    call: &Call<'_>,
    draft: &Draft,
    own: Option<Id>,
    path: &str,
) -> Result<(), Refusal> {
    let module = call
        .edit
        .org
        .module(call.module)
        .ok_or_else(Refusal::module)?;
    let mut clashes = Vec::new();
    for (name, holders) in &call.taken.0 {
        let key = draft
            .values
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_lowercase);
        let holder = key.as_ref().and_then(|key| holders.get(key));
        // The map may be older than a value that was changed within this call.
        let still = |id: &Id| {
            let record = module.records.get(id);
            record
                .and_then(|record| record.text(name))
                .map(str::to_lowercase)
                == key
        };
        if let Some(id) = holder.filter(|id| Some(**id) != own && still(id)) {
            let owner = module.records.get(id).map(|record| record.owner);
            let owner = owner.map_or(Value::Null, |owner| call.edit.org.user_stamp(owner));
            let in_module = json!({"api_name": call.module, "id": module.id});
            clashes.push(Refusal::duplicate(
                name,
                &format!("{path}.{name}"),
                *id,
                &owner,
                &in_module,
            ));
        }
    }
    match clashes.len() {
        0 => Ok(()),
        1 => Err(clashes.remove(0)),
        _ => Err(Refusal::several(&clashes)),
    }
}
