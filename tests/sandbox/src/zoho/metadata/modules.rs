//! `GET /settings/modules` and `GET /settings/modules/{api_name}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::zoho::caller::Caller;
use crate::zoho::module::Module;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::org::Org;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;

/// Every module.
pub(in crate::zoho) async fn list(State(zoho): State<Arc<Zoho>>, caller: Caller) -> Reply {
    caller.scoped("settings.modules", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let modules: Vec<Value> = org
        .modules
        .iter()
        .map(|module| json_of(org, module, &caller))
        .collect();
    Ok(Json(json!({"modules": modules})).into_response())
}

/// One module.
pub(in crate::zoho) async fn one(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Reply {
    caller.scoped("settings.modules", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let module = org.module(&name).ok_or_else(Refusal::module)?;
    Ok(Json(json!({"modules": [json_of(org, module, &caller)]})).into_response())
}

fn json_of(org: &Org, module: &Module, caller: &Caller) -> Value {
    let may = |right: &str| {
        org.allows(
            caller.profile,
            &format!("Crm_Implied_{right}_{}", module.api_name),
        )
    };
    let profiles: Vec<Value> = org
        .profiles
        .iter()
        .map(|profile| json!({"id": profile.id, "name": profile.name}))
        .collect();
    json!({
        "id": module.id, "api_name": module.api_name, "module_name": module.api_name,
        "singular_label": module.singular, "plural_label": module.api_name, "generated_type": "default",
        "api_supported": true, "visible": true, "viewable": may("View"), "creatable": may("Create"),
        "editable": may("Edit"), "deletable": may("Delete"), "show_as_tab": true, "status": "visible",
        "profiles": profiles, "parent_module": {}, "modified_by": null, "modified_time": null,
        "recycle_bin_on_delete": true, "quick_create": false,
    })
}
