//! Deleting records into the recycle bin. There is no precondition: the header is ignored.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::MOST_RECORDS;
use crate::zoho::caller::Caller;
use crate::zoho::edit::Edit;
use crate::zoho::id::Id;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::params::Params;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;
use crate::zoho::watch;

/// `DELETE /{module}?ids=`.
pub(in crate::zoho) async fn many(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    params: Params,
) -> Reply {
    let ids = params.ids("ids")?;
    if ids.is_empty() {
        return Err(Refusal::missing_param("ids"));
    }
    if ids.len() > MOST_RECORDS {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "limit exceeded",
            json!({"limit": MOST_RECORDS, "param_name": "ids"}),
        ));
    }
    delete(&zoho, &caller, &module, &ids, &params)
}

/// `DELETE /{module}/{id}`.
pub(in crate::zoho) async fn one(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path((module, id)): Path<(String, String)>,
    params: Params,
) -> Reply {
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    delete(&zoho, &caller, &module, &[id], &params)
}

fn delete(zoho: &Arc<Zoho>, caller: &Caller, module: &str, ids: &[Id], params: &Params) -> Reply {
    let mut state = zoho.state();
    let settings = state.settings.clone();
    let org = &mut state.orgs[caller.org];
    let module = org.module(module).ok_or_else(Refusal::module)?.api_name;
    caller.may(org, module, Operation::Delete)?;
    let automate = params.get("wf_trigger") != Some("false");
    let mut edit = Edit::new(org, &settings, &zoho.shared, caller.user, automate);
    if automate {
        zoho.shared.journal.mark("zoho.automated_writes");
    }
    let mut written = Vec::new();
    let items: Vec<Value> = ids
        .iter()
        .map(|id| match edit.delete(module, *id, false) {
            Some(_) => {
                written.push(*id);
                json!({
                    "code": "SUCCESS", "status": "success", "message": "record deleted", "details": {"id": id},
                })
            }
            None => json!({
                "code": "INVALID_DATA", "status": "error", "message": "record not deleted", "details": {"id": id},
            }),
        })
        .collect();
    let (changes, letters) = (edit.changes, edit.letters);
    let callbacks =
        watch::callback::for_changes(org, &zoho.base_url(), &changes, zoho.shared.clock.now());
    drop(state);
    watch::callback::send(zoho, callbacks, &settings);
    let status = match (written.len(), ids.len()) {
        (0, _) => StatusCode::BAD_REQUEST,
        (done, all) if done == all => StatusCode::OK,
        _ => StatusCode::MULTI_STATUS,
    };
    let mut response: Response = (status, Json(json!({"data": items}))).into_response();
    let mut effect = caller.wrote(written);
    effect.letters = letters;
    response.extensions_mut().insert(effect);
    Ok(response)
}
