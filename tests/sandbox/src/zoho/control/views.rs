//! List views: made, changed and deleted by people; records put into those with fixed members.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Who, id};
use crate::control::{ControlError, ControlResult};
use crate::zoho::criteria::Criteria;
use crate::zoho::id::Id;
use crate::zoho::org::Org;
use crate::zoho::refusal::Refusal;
use crate::zoho::state::Zoho;
use crate::zoho::view::View;

/// What a list view is to be like; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    module: Option<String>,
    name: Option<String>,
    /// In the provider's shape: `{"comparator","field":{"api_name"},"value"}` or `{"group_operator","group"}`.
    criteria: Option<Value>,
    /// Ids of the only records that it shows.
    members: Option<BTreeSet<Id>>,
    own_only: Option<bool>,
    hidden: Option<bool>,
}

impl Wanted {
    fn apply(self, view: &mut View) -> Result<(), ControlError> {
        if let Some(criteria) = self.criteria {
            let parsed = Criteria::from_json(&criteria);
            view.criteria =
                Some(parsed.ok_or_else(|| ControlError::bad_request("these are no criteria"))?);
        }
        if let Some(members) = self.members {
            view.members = Some(members);
        }
        view.name = self.name.unwrap_or_else(|| view.name.clone());
        view.own_only = self.own_only.unwrap_or(view.own_only);
        view.hidden = self.hidden.unwrap_or(view.hidden);
        Ok(())
    }
}

/// Every list view with the records that belong to it, without lag.
pub(super) async fn list(State(zoho): State<Arc<Zoho>>, Query(who): Query<Who>) -> ControlResult {
    let state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &state.orgs[index];
    let views: Vec<Value> = org.views.iter().map(|view| row(org, view)).collect();
    Ok(Json(json!({"views": views})))
}

/// One view with the ids of the records in it, for the organisation's first user.
pub(in crate::zoho) fn row(org: &Org, view: &View) -> Value {
    let user = org.users[0].id;
    let members: Vec<Id> = org.module(&view.module).map_or_else(Vec::new, |module| {
        let rows = module.records.values();
        rows.filter(|record| org.in_view(module, record, view, user))
            .map(|record| record.id)
            .collect()
    });
    json!({
        "id": view.id, "module": view.module, "name": view.name, "hidden": view.hidden,
        "criteria": view.criteria.as_ref().map(Criteria::to_json), "members": members,
    })
}

/// Makes a list view.
pub(super) async fn create(
    State(zoho): State<Arc<Zoho>>,
    Query(who): Query<Who>,
    Json(wanted): Json<Wanted>,
) -> ControlResult {
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let org = &mut state.orgs[index];
    let module = wanted
        .module
        .clone()
        .unwrap_or_else(|| "Contacts".to_owned());
    org.module(&module).ok_or_else(Refusal::module)?;
    let mut view = View::all(org.ids.next(), &module, "New view");
    wanted.apply(&mut view)?;
    let answer = json!({"id": view.id, "name": view.name});
    org.views.push(view);
    Ok(Json(answer))
}

/// Changes a list view.
pub(super) async fn change(
    State(zoho): State<Arc<Zoho>>,
    Path(view): Path<String>,
    Query(who): Query<Who>,
    Json(wanted): Json<Wanted>,
) -> ControlResult {
    with_view(&zoho, &who, &view, |view| wanted.apply(view))
}

/// Deletes a list view; its records stay.
pub(super) async fn delete(
    State(zoho): State<Arc<Zoho>>,
    Path(view): Path<String>,
    Query(who): Query<Who>,
) -> ControlResult {
    let view = id(&view)?;
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let views = &mut state.orgs[index].views;
    let before = views.len();
    views.retain(|candidate| candidate.id != view);
    if views.len() == before {
        return Err(ControlError::not_found(format!("list view {view}")));
    }
    Ok(Json(json!({})))
}

/// Puts a record into a view with fixed members.
pub(super) async fn add(
    State(zoho): State<Arc<Zoho>>,
    Path((view, record)): Path<(String, String)>,
    Query(who): Query<Who>,
) -> ControlResult {
    let record = id(&record)?;
    with_view(&zoho, &who, &view, |view| {
        view.members.get_or_insert_default().insert(record);
        Ok(())
    })
}

/// Takes a record out of a view with fixed members.
pub(super) async fn remove(
    State(zoho): State<Arc<Zoho>>,
    Path((view, record)): Path<(String, String)>,
    Query(who): Query<Who>,
) -> ControlResult {
    let record = id(&record)?;
    with_view(&zoho, &who, &view, |view| {
        let members = view.members.as_mut();
        if members.is_some_and(|members| members.remove(&record)) {
            Ok(())
        } else {
            Err(ControlError::not_found(format!("member {record}")))
        }
    })
}

fn with_view(
    zoho: &Zoho,
    who: &Who,
    view: &str,
    work: impl FnOnce(&mut View) -> Result<(), ControlError>,
) -> ControlResult {
    let view = id(view)?;
    let mut state = zoho.state();
    let (index, _) = who.find(&state)?;
    let found = state.orgs[index]
        .views
        .iter_mut()
        .find(|candidate| candidate.id == view);
    work(found.ok_or_else(|| ControlError::not_found(format!("list view {view}")))?)?;
    Ok(Json(json!({})))
}
