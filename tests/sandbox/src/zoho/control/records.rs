//! What people do to records in the CRM's own pages. They are told by callbacks like every other change.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Who, id};
use crate::control::{ControlError, ControlResult};
use crate::zoho::edit::Edit;
use crate::zoho::id::Id;
use crate::zoho::refusal::Refusal;
use crate::zoho::render::Lens;
use crate::zoho::state::Zoho;
use crate::zoho::value::{Checker, Draft};
use crate::zoho::watch;

type At = Path<(String, String)>;

/// Every record of a module, without lag.
pub(super) async fn list(
    State(zoho): State<Arc<Zoho>>,
    Path(module): Path<String>,
    Query(who): Query<Who>,
) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &state.orgs[index];
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    let lens = Lens::all_seeing(org);
    let rows: Vec<Value> = module
        .records
        .values()
        .map(|record| lens.whole(module, record))
        .collect();
    Ok(Json(json!({"records": rows})))
}

/// One record, without lag.
pub(super) async fn one(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &state.orgs[index];
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    let found = module.records.get(&id(&record)?);
    let found = found.ok_or_else(|| ControlError::not_found(format!("record {record}")))?;
    Ok(Json(Lens::all_seeing(org).whole(module, found)))
}

/// Creates records: the body is one object of values or a list of them.
pub(super) async fn create(
    State(zoho): State<Arc<Zoho>>,
    Path(module): Path<String>,
    Query(who): Query<Who>,
    Json(body): Json<Value>,
) -> ControlResult {
    let several = match body {
        Value::Array(several) => several,
        one => vec![one],
    };
    acting(&zoho, &who, |edit| {
        let mut ids = Vec::with_capacity(several.len());
        for values in &several {
            let draft = draft(edit, &module, None, values)?;
            ids.push(edit.create(&module, draft)?.id);
        }
        Ok(json!({"ids": ids}))
    })
}

/// Edits a record: values that are named change, null clears.
pub(super) async fn edit(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
    Json(values): Json<Value>,
) -> ControlResult {
    let record = id(&record)?;
    acting(&zoho, &who, |edit| {
        let draft = draft(edit, &module, Some(record), &values)?;
        let record = edit.update(&module, record, draft)?;
        Ok(json!({"id": record.id, "Modified_Time": record.modified}))
    })
}

/// One of many edits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneOfMany {
    /// Who edits, as everywhere; absent means the default.
    #[serde(rename = "as")]
    user: Option<String>,
    id: Id,
    values: Value,
}

/// How many edits are made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Many {
    /// Whether what one user edits is one change, with one callback a channel; else each edit has its own.
    #[serde(default)]
    together: bool,
}

/// Edits records of many users.
pub(super) async fn edit_many(
    State(zoho): State<Arc<Zoho>>,
    Path(module): Path<String>,
    Query(Many { together }): Query<Many>,
    Json(edits): Json<Vec<OneOfMany>>,
) -> ControlResult {
    let edited = edits.len();
    let mut changes: Vec<Vec<OneOfMany>> = Vec::new();
    for edit in edits {
        match changes.last_mut() {
            Some(change) if together && change[0].user == edit.user => change.push(edit),
            _ => changes.push(vec![edit]),
        }
    }
    for change in changes {
        let who = Who {
            user: change[0].user.clone(),
            ..Who::default()
        };
        let _nothing = acting(&zoho, &who, |edit| {
            for one in &change {
                let draft = draft(edit, &module, Some(one.id), &one.values)?;
                edit.update(&module, one.id, draft)?;
            }
            Ok(Value::Null)
        })?;
    }
    Ok(Json(json!({"edited": edited})))
}

/// Deletes a record into the recycle bin; with `permanent=true` past it.
pub(super) async fn delete(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
) -> ControlResult {
    let record = id(&record)?;
    acting(&zoho, &who, |edit| {
        let deleted = edit.delete(&module, record, who.permanent).is_some();
        if deleted || (who.permanent && emptied(edit, &module, record)) {
            Ok(json!({"id": record}))
        } else {
            Err(ControlError::not_found(format!("record {record}")))
        }
    })
}

/// Removes a record from the recycle bin for good.
fn emptied(edit: &mut Edit<'_>, module: &str, record: Id) -> bool {
    let module = edit.org.module_mut(module);
    let Some(deleted) = module.and_then(|module| module.deleted.get_mut(&record)) else {
        return false;
    };
    deleted.permanent = true;
    true
}

/// Takes a record out of the recycle bin.
pub(super) async fn restore(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
) -> ControlResult {
    let record = id(&record)?;
    acting(&zoho, &who, |edit| {
        let restored = edit.restore(&module, record);
        let restored = restored.ok_or_else(|| {
            ControlError::not_found(format!("record {record} in the recycle bin"))
        })?;
        Ok(json!({"id": restored.id}))
    })
}

/// Copies a record with all of its values, external ids included; the body changes some of them.
pub(super) async fn copy(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
    body: Option<Json<Value>>,
) -> ControlResult {
    let record = id(&record)?;
    acting(&zoho, &who, |edit| {
        let found = edit
            .org
            .module(&module)
            .and_then(|module| module.records.get(&record));
        let original = found.ok_or_else(|| ControlError::not_found(format!("record {record}")))?;
        let mut copied = Draft {
            values: original.values.clone(),
            owner: Some(original.owner),
            notify: false,
        };
        if let Some(Json(changes)) = &body {
            copied
                .values
                .extend(draft(edit, &module, None, changes)?.values);
        }
        Ok(json!({"id": edit.create(&module, copied)?.id}))
    })
}

/// Which records end in this one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    duplicates: Vec<Id>,
}

/// Merges duplicates into a record: it takes the values that it lacks; they are gone for good (unverified: the
/// documentation only says that a merge cannot be undone).
pub(super) async fn merge(
    State(zoho): State<Arc<Zoho>>,
    Path((module, record)): At,
    Query(who): Query<Who>,
    Json(Merge { duplicates }): Json<Merge>,
) -> ControlResult {
    let record = id(&record)?;
    acting(&zoho, &who, |edit| {
        let found = edit
            .org
            .module(&module)
            .and_then(|module| module.records.get(&record));
        let master =
            Arc::clone(found.ok_or_else(|| ControlError::not_found(format!("record {record}")))?);
        let mut missing = Map::new();
        for duplicate in duplicates.iter().filter(|duplicate| **duplicate != record) {
            let gone = edit.delete(&module, *duplicate, true);
            let gone =
                gone.ok_or_else(|| ControlError::not_found(format!("record {duplicate}")))?;
            for (name, value) in &gone.values {
                if !master.values.contains_key(name) && !missing.contains_key(name) {
                    missing.insert(name.clone(), value.clone());
                }
            }
        }
        let draft = Draft {
            values: missing,
            owner: None,
            notify: false,
        };
        edit.update(&module, record, draft)?;
        Ok(json!({"id": record}))
    })
}

fn draft(
    edit: &Edit<'_>,
    module: &str,
    target: Option<Id>,
    values: &Value,
) -> Result<Draft, ControlError> {
    let module = edit.org.module(module).ok_or_else(Refusal::module)?;
    let sent = values
        .as_object()
        .ok_or_else(|| ControlError::bad_request("the body is an object of values by API name"))?;
    let known = |name: &str| name.starts_with('$') || module.field(name).is_some();
    if let Some(unknown) = sent.keys().find(|name| !known(name)) {
        return Err(ControlError::not_found(format!("field {unknown}")));
    }
    let checker = Checker {
        org: edit.org,
        module,
        // People who act through control are kept from nothing.
        profile: edit.user,
        rewrite: edit.settings.rewrite_values,
        existing: target
            .and_then(|id| module.records.get(&id))
            .map(AsRef::as_ref),
    };
    Ok(checker.draft(sent, "$")?)
}

/// Runs changes as a user, and tells the channels.
fn acting(
    zoho: &Arc<Zoho>,
    who: &Who,
    work: impl FnOnce(&mut Edit<'_>) -> Result<Value, ControlError>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, user) = who.find(&state)?;
    let settings = state.settings.clone();
    let org = &mut state.orgs[index];
    let mut edit = Edit::new(
        org,
        &settings,
        &zoho.shared,
        user,
        who.workflows.unwrap_or(true),
    );
    edit.by_people = true;
    let answer = work(&mut edit);
    let (changes, letters) = (edit.changes, edit.letters);
    let email = org.user(user).map(|user| user.email.clone());
    let now = zoho.shared.clock.now();
    let journal = &zoho.shared.journal;
    journal.mailed_by_people(now, "zoho", &email.unwrap_or_default(), letters);
    let callbacks =
        watch::callback::for_changes(org, &zoho.base_url(), &changes, zoho.shared.clock.now());
    drop(state);
    watch::callback::send(zoho, callbacks, &settings);
    answer.map(Json)
}
