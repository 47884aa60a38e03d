//! `GET /settings/fields?module=` and `GET /settings/fields/{id}?module=`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::zoho::caller::Caller;
use crate::zoho::field::{Field, Kind, Permission, Writer};
use crate::zoho::id::Id;
use crate::zoho::list;
use crate::zoho::module::Module;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::org::Org;
use crate::zoho::params::Params;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;

/// Every field of a module.
pub(in crate::zoho) async fn list(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    params: Params,
) -> Reply {
    caller.scoped("settings.fields", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let name = params
        .get("module")
        .ok_or_else(|| Refusal::missing_param("module"))?;
    let module = org.module(name).ok_or_else(|| Refusal::param("module"))?;
    match params.get("type") {
        None | Some("all" | "used") => {}
        Some("unused") => return Ok(list::nothing()),
        Some(_) => return Err(Refusal::param("type")),
    }
    let fields: Vec<Value> = module
        .fields
        .iter()
        .filter(|field| !field.api_name.starts_with('$'))
        .map(|field| json_of(org, module, field, &caller))
        .collect();
    Ok(Json(json!({"fields": fields})).into_response())
}

/// One field.
pub(in crate::zoho) async fn one(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Reply {
    caller.scoped("settings.fields", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let name = params
        .get("module")
        .ok_or_else(|| Refusal::missing_param("module"))?;
    let module = org.module(name).ok_or_else(|| Refusal::param("module"))?;
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let field = module
        .fields
        .iter()
        .find(|field| field.id == id)
        .ok_or_else(Refusal::path_id)?;
    Ok(Json(json!({"fields": [json_of(org, module, field, &caller)]})).into_response())
}

fn json_of(org: &Org, module: &Module, field: &Field, caller: &Caller) -> Value {
    let own = field.permission(caller.profile);
    let by_people = field.writer == Writer::People;
    // A rule can be set with the meeting, and then no more.
    let changes = by_people && field.kind != Kind::Recurrence;
    let profiles: Vec<Value> = org
        .profiles
        .iter()
        .map(|profile| {
            json!({
                "id": profile.id, "name": profile.name,
                "permission_type": field.permission(profile.id).word(),
            })
        })
        .collect();
    let choices: Vec<Value> = field
        .choices
        .iter()
        .map(|choice| {
            json!({
                "display_value": choice, "actual_value": choice, "reference_value": choice, "type": "used",
                "sequence_number": 1,
            })
        })
        .collect();
    json!({
        "id": field.id, "api_name": field.api_name, "field_label": field.label, "display_label": field.label,
        "data_type": field.kind.data_type(), "json_type": field.kind.json_type(), "length": field.length,
        "system_mandatory": field.mandatory, "read_only": !by_people,
        "field_read_only": own == Permission::ReadOnly, "visible": own != Permission::Hidden,
        "virtual_field": false, "custom_field": field.custom, "type": "used",
        "unique": if field.unique { json!({"casesensitive": "false"}) } else { json!({}) },
        "pick_list_values": choices, "lookup": lookup(org, field), "profiles": profiles,
        "operation_type": {
            "web_create": by_people, "web_update": by_people, "api_create": by_people, "api_update": changes,
        },
        "view_type": {"view": true, "edit": by_people, "create": by_people, "quick_create": false},
        "searchable": true, "sortable": true, "filterable": true, "display_field": field.mandatory,
        "created_source": if field.custom { "custom" } else { "default" },
        "associated_module": null, "formula": {}, "currency": {}, "auto_number": {}, "multiselectlookup": {},
        "module": {"id": module.id, "api_name": module.api_name},
    })
}

fn lookup(org: &Org, field: &Field) -> Value {
    match field.kind {
        Kind::Lookup(target) => json!({
            "display_label": field.label, "api_name": field.api_name,
            "module": {"api_name": target, "id": org.module(target).map(|module| module.id)},
            "id": field.id,
        }),
        _ => json!({}),
    }
}
