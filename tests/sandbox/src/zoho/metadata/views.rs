//! `GET /settings/custom_views?module=` and `GET /settings/custom_views/{id}?module=`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::PER_PAGE;
use crate::zoho::caller::Caller;
use crate::zoho::id::Id;
use crate::zoho::list;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::params::Params;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;
use crate::zoho::view::View;

/// The list views of a module, without their criteria.
pub(in crate::zoho) async fn list(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    params: Params,
) -> Reply {
    caller.scoped("settings.custom_views", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let name = params
        .get("module")
        .ok_or_else(|| Refusal::missing_param("module"))?;
    org.module(name).ok_or_else(|| Refusal::param("module"))?;
    let page = params.typed::<usize>("page")?.unwrap_or(1).max(1);
    let per_page = params
        .typed::<usize>("per_page")?
        .unwrap_or(PER_PAGE)
        .clamp(1, PER_PAGE);
    let mut views: Vec<&View> = org
        .views
        .iter()
        .filter(|view| view.module == name && !view.hidden)
        .skip((page - 1) * per_page)
        .take(per_page + 1)
        .collect();
    let more = views.len() > per_page;
    views.truncate(per_page);
    if views.is_empty() {
        return Ok(list::nothing());
    }
    let default = views
        .iter()
        .find(|view| is_default(view))
        .map(|view| view.id);
    let rows: Vec<Value> = views.iter().map(|view| summary(view)).collect();
    let info = json!({
        "per_page": per_page, "count": rows.len(), "page": page, "more_records": more, "default": default,
        "translation": {"public_views": "Public Views", "created_by_me": "Created By Me"},
    });
    Ok(Json(json!({"custom_views": rows, "info": info})).into_response())
}

/// One list view with its criteria.
pub(in crate::zoho) async fn one(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Reply {
    caller.scoped("settings.custom_views", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let name = params
        .get("module")
        .ok_or_else(|| Refusal::missing_param("module"))?;
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let view = org
        .view(id)
        .filter(|view| view.module == name && !view.hidden)
        .ok_or_else(Refusal::path_id)?;
    let mut row = summary(view);
    row["criteria"] = json!(
        view.criteria
            .as_ref()
            .map(super::super::criteria::Criteria::to_json)
    );
    row["fields"] =
        json!([{"api_name": "Full_Name"}, {"api_name": "Email"}, {"api_name": "Phone"}]);
    row["sort_by"] = Value::Null;
    row["sort_order"] = Value::Null;
    Ok(Json(json!({"custom_views": [row]})).into_response())
}

fn is_default(view: &View) -> bool {
    view.system_name == Some("ALLVIEWS")
}

fn summary(view: &View) -> Value {
    let category = if view.system_name.is_some() {
        "public_views"
    } else {
        "created_by_me"
    };
    json!({
        "id": view.id, "name": view.name, "display_value": view.name, "system_name": view.system_name,
        "system_defined": view.system_name.is_some(), "category": category, "access_type": "public",
        "default": is_default(view), "locked": false, "favorite": null, "last_accessed_time": null,
        "created_by": null, "modified_by": null, "module": {"api_name": view.module},
    })
}
