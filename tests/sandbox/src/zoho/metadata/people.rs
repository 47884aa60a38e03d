//! `GET /org`, `/users`, `/settings/roles`, `/settings/profiles`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::PER_PAGE;
use crate::zoho::caller::Caller;
use crate::zoho::id::Id;
use crate::zoho::list;
use crate::zoho::oauth::scope::Operation;
use crate::zoho::org::{Org, Profile, User};
use crate::zoho::params::Params;
use crate::zoho::refusal::{Refusal, Reply};
use crate::zoho::state::Zoho;

/// `GET /org`.
pub(in crate::zoho) async fn org(State(zoho): State<Arc<Zoho>>, caller: Caller) -> Reply {
    caller.scoped("org", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let row = json!({
        "id": org.zgid, "zgid": org.zgid, "company_name": org.company, "time_zone": org.time_zone,
        "currency": "Euro", "iso_code": "EUR", "type": "production", "max_per_page": PER_PAGE,
        "privacy_settings": false, "primary_email": org.users.first().map(|user| user.email.clone()),
        "license_details": {
            "paid": true, "paid_type": "enterprise", "users_license_purchased": org.users.len(),
            "paid_expiry": null, "trial_type": null, "trial_expiry": null,
        },
    });
    Ok(Json(json!({"org": [row]})).into_response())
}

/// `GET /users?type=`. Everybody here is active and confirmed.
pub(in crate::zoho) async fn users(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    params: Params,
) -> Reply {
    caller.scoped("users", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let ids = params.ids("ids")?;
    let now = zoho.shared.clock.now();
    let rows: Vec<Value> = match params.get("type") {
        Some("CurrentUser") => org
            .user(caller.user)
            .map(|user| user_row(org, user, now))
            .into_iter()
            .collect(),
        Some("NotConfirmedUsers" | "DeactiveUsers") => Vec::new(),
        None | Some("AllUsers" | "ActiveUsers" | "ActiveConfirmedUsers" | "ConfirmedUsers") => org
            .users
            .iter()
            .filter(|user| ids.is_empty() || ids.contains(&user.id))
            .map(|user| user_row(org, user, now))
            .collect(),
        Some(_) => return Err(Refusal::param("type")),
    };
    if rows.is_empty() {
        return Ok(list::nothing());
    }
    let info = json!({"per_page": PER_PAGE, "count": rows.len(), "page": 1, "more_records": false});
    Ok(Json(json!({"users": rows, "info": info})).into_response())
}

/// `GET /users/{id}`.
pub(in crate::zoho) async fn user(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.scoped("users", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let user = org.user(id).ok_or_else(Refusal::path_id)?;
    let row = user_row(org, user, zoho.shared.clock.now());
    Ok(Json(json!({"users": [row]})).into_response())
}

fn user_row(org: &Org, user: &User, now: Timestamp) -> Value {
    let named = |id: Id, name: Option<&str>| json!({"id": id, "name": name});
    let role = org
        .roles
        .iter()
        .find(|role| role.id == user.role)
        .map(|role| role.name);
    let profile = org
        .profiles
        .iter()
        .find(|profile| profile.id == user.profile);
    let offset = user.zone().to_offset(now).seconds();
    json!({
        "id": user.id, "zuid": user.zuid, "email": user.email, "first_name": user.first_name,
        "last_name": user.last_name, "full_name": user.full_name(), "status": "active", "confirm": true,
        "role": named(user.role, role), "profile": named(user.profile, profile.map(|profile| profile.name)),
        "time_zone": user.time_zone, "offset": offset * 1_000, "locale": user.locale, "microsoft": false,
        "personal_account": false, "country_locale": user.locale,
    })
}

/// `GET /settings/roles`.
pub(in crate::zoho) async fn roles(State(zoho): State<Arc<Zoho>>, caller: Caller) -> Reply {
    caller.scoped("settings.roles", Operation::Read)?;
    let state = zoho.state();
    let roles: Vec<Value> = state.orgs[caller.org]
        .roles
        .iter()
        .map(|role| {
            json!({
                "id": role.id, "name": role.name, "display_label": role.name, "share_with_peers": true,
                "admin_user": role.reporting_to.is_none(), "description": null,
                "reporting_to": role.reporting_to.map(|id| json!({"id": id})),
            })
        })
        .collect();
    Ok(Json(json!({"roles": roles})).into_response())
}

/// `GET /settings/profiles`.
pub(in crate::zoho) async fn profiles(State(zoho): State<Arc<Zoho>>, caller: Caller) -> Reply {
    caller.scoped("settings.profiles", Operation::Read)?;
    let state = zoho.state();
    let profiles: Vec<Value> = state.orgs[caller.org]
        .profiles
        .iter()
        .map(profile_row)
        .collect();
    Ok(Json(json!({"profiles": profiles})).into_response())
}

/// `GET /settings/profiles/{id}`, with every permission.
pub(in crate::zoho) async fn profile(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.scoped("settings.profiles", Operation::Read)?;
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let profile = org
        .profiles
        .iter()
        .find(|profile| profile.id == id)
        .ok_or_else(Refusal::path_id)?;
    let mut row = profile_row(profile);
    let details: Vec<Value> = PERMISSIONS
        .iter()
        .enumerate()
        .map(|(number, (name, label, module))| {
            json!({
                "id": (9_001 + number).to_string(), "name": name, "display_label": label, "module": module,
                "enabled": !profile.denied.contains(*name), "customizable": true, "parent_permissions": [],
            })
        })
        .collect();
    row["permissions_details"] = json!(details);
    row["sections"] = json!([]);
    Ok(Json(json!({"profiles": [row]})).into_response())
}

fn profile_row(profile: &Profile) -> Value {
    json!({
        "id": profile.id, "name": profile.name, "display_label": profile.name, "type": "normal_profile",
        "custom": false, "default": profile.name == "Administrator", "description": null,
    })
}

/// Name, label and module of each permission that control can switch off. The name of the right to synchronise with
/// Google Contacts and Calendar is unverified.
pub(in crate::zoho) const PERMISSIONS: &[(&str, &str, Option<&str>)] = &[
    ("Crm_Implied_View_Contacts", "View", Some("Contacts")),
    ("Crm_Implied_Create_Contacts", "Create", Some("Contacts")),
    ("Crm_Implied_Edit_Contacts", "Edit", Some("Contacts")),
    ("Crm_Implied_Delete_Contacts", "Delete", Some("Contacts")),
    ("Crm_Implied_View_Accounts", "View", Some("Accounts")),
    ("Crm_Implied_Create_Accounts", "Create", Some("Accounts")),
    ("Crm_Implied_Edit_Accounts", "Edit", Some("Accounts")),
    ("Crm_Implied_Delete_Accounts", "Delete", Some("Accounts")),
    ("Crm_Implied_View_Leads", "View", Some("Leads")),
    ("Crm_Implied_Create_Leads", "Create", Some("Leads")),
    ("Crm_Implied_Edit_Leads", "Edit", Some("Leads")),
    ("Crm_Implied_Delete_Leads", "Delete", Some("Leads")),
    ("Crm_Implied_View_Events", "View", Some("Events")),
    ("Crm_Implied_Create_Events", "Create", Some("Events")),
    ("Crm_Implied_Edit_Events", "Edit", Some("Events")),
    ("Crm_Implied_Delete_Events", "Delete", Some("Events")),
    (
        "Crm_Implied_Google_Calendar_Sync",
        "Sync with Google Calendar",
        None,
    ),
    (
        "Crm_Implied_Google_Contacts_Sync",
        "Sync with Google Contacts",
        None,
    ),
];
