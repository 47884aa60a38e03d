//! The Notification API: channels that clients create, renew and remove, and the callbacks they get.

pub(super) mod callback;
pub(super) mod channel;
pub(super) mod sent;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::caller::Caller;
use super::list;
use super::oauth::scope::Operation;
use super::org::Org;
use super::params::Params;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::state::Zoho;
use channel::{Channel, Event, Rules};

/// Channels in one call.
const MOST_CHANNELS: usize = 50;

/// What a `watch` call does with each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// POST: subscribe, or subscribe again.
    Enable,
    /// PUT: replace everything.
    Replace,
    /// PATCH: change what is named.
    Change,
}

/// `POST /actions/watch`.
pub(super) async fn enable(zoho: State<Arc<Zoho>>, caller: Caller, body: Bytes) -> Reply {
    caller.scoped("notifications", Operation::Create)?;
    apply(&zoho, &caller, &body, Verb::Enable)
}

/// `PUT /actions/watch`.
pub(super) async fn replace(zoho: State<Arc<Zoho>>, caller: Caller, body: Bytes) -> Reply {
    caller.scoped("notifications", Operation::Update)?;
    apply(&zoho, &caller, &body, Verb::Replace)
}

/// `PATCH /actions/watch`.
pub(super) async fn change(zoho: State<Arc<Zoho>>, caller: Caller, body: Bytes) -> Reply {
    caller.scoped("notifications", Operation::Update)?;
    apply(&zoho, &caller, &body, Verb::Change)
}

/// `GET /actions/watch?channel_id=&module=&page=`.
pub(super) async fn details(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    params: Params,
) -> Reply {
    caller.scoped("notifications", Operation::Read)?;
    let mut state = zoho.state();
    let org = &mut state.orgs[caller.org];
    collect_expired(org, zoho.shared.clock.now());
    let lens = Lens::of(org, caller.user);
    let page = params.typed::<usize>("page")?.unwrap_or(1).max(1);
    let per_page = params
        .typed::<usize>("per_page")?
        .unwrap_or(200)
        .clamp(1, 200);
    let mut rows: Vec<Value> = org
        .channels
        .values()
        .filter(|channel| channel.user == caller.user)
        .filter(|channel| params.get("channel_id").is_none_or(|id| id == channel.id))
        .flat_map(|channel| channel.rows(org, &lens, &zoho.base_url()))
        .filter(|row| {
            params
                .get("module")
                .is_none_or(|module| row["resource_name"] == module)
        })
        .skip((page - 1) * per_page)
        .take(per_page + 1)
        .collect();
    let more = rows.len() > per_page;
    rows.truncate(per_page);
    if rows.is_empty() {
        return Ok(list::nothing());
    }
    let info =
        json!({"per_page": per_page, "count": rows.len(), "page": page, "more_records": more});
    Ok(Json(json!({"watch": rows, "info": info})).into_response())
}

/// `DELETE /actions/watch?channel_ids=1,2`.
pub(super) async fn disable(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    params: Params,
) -> Reply {
    caller.scoped("notifications", Operation::Delete)?;
    let ids = params.list("channel_ids");
    if ids.is_empty() {
        return Err(Refusal::missing_param("channel_ids"));
    }
    let mut state = zoho.state();
    let org = &mut state.orgs[caller.org];
    collect_expired(org, zoho.shared.clock.now());
    let items: Vec<Result<Value, Refusal>> = ids
        .iter()
        .map(|id| {
            let own = org
                .channels
                .get(id)
                .is_some_and(|channel| channel.user == caller.user);
            let channel = if own { org.channels.remove(id) } else { None };
            let channel = channel.ok_or_else(|| not_subscribed(id))?;
            let modules: Vec<Value> = channel
                .modules()
                .into_iter()
                .map(|module| {
                    json!({
                        "resource_uri": format!("{}/crm/v8/{module}", zoho.base_url()),
                        "resource_id": org.module(module).map(|module| module.id),
                        "resource_name": module, "channel_id": id,
                    })
                })
                .collect();
            Ok(success(
                "Successfully unsubscribed from actions-watch of the given module",
                &json!({"events": modules}),
            ))
        })
        .collect();
    Ok(answer(items, StatusCode::OK))
}

fn apply(zoho: &Zoho, caller: &Caller, body: &Bytes, verb: Verb) -> Reply {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| Refusal::value_type("body", "$", "jsonobject"))?;
    let watch = body
        .get("watch")
        .ok_or_else(|| Refusal::mandatory("watch", "$.watch"))?
        .as_array()
        .ok_or_else(|| Refusal::value_type("watch", "$.watch", "jsonarray"))?;
    if watch.len() > MOST_CHANNELS {
        return Err(Refusal::too_long("watch", "$.watch", MOST_CHANNELS));
    }
    let mut state = zoho.state();
    let rules = Rules {
        https: state.settings.https_callbacks,
        now: zoho.shared.clock.now(),
    };
    let org = &mut state.orgs[caller.org];
    collect_expired(org, rules.now);
    let items = watch
        .iter()
        .enumerate()
        .map(|(position, sent)| {
            one(
                org,
                zoho,
                caller,
                sent,
                &format!("$.watch[{position}]"),
                verb,
                rules,
            )
        })
        .collect();
    let success = if verb == Verb::Enable {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(answer(items, success))
}

fn one(
    org: &mut Org,
    zoho: &Zoho,
    caller: &Caller,
    sent: &Value,
    path: &str,
    verb: Verb,
    rules: Rules,
) -> Result<Value, Refusal> {
    let id = channel::id(sent, path)?;
    let current = org
        .channels
        .get(&id)
        .filter(|channel| channel.user == caller.user)
        .cloned();
    let (channel, message) = match (verb, current) {
        (Verb::Enable, _) => {
            let channel = Channel::parse(id, caller.user, org, sent, path, rules)?;
            (
                channel,
                "Successfully subscribed for actions-watch of the given module",
            )
        }
        (_, None) => return Err(not_subscribed(&id)),
        (Verb::Replace, Some(_)) => {
            let channel = Channel::parse(id, caller.user, org, sent, path, rules)?;
            (channel, "Successfully updated the subscribe details")
        }
        (Verb::Change, Some(mut channel)) => {
            let removed = channel.change(org, sent, path, rules)?;
            let message = if removed {
                "Successfully removed the subscribe details"
            } else {
                "Successfully updated the subscribe details"
            };
            (channel, message)
        }
    };
    let lens = Lens::of(org, caller.user);
    let details = json!({"events": channel.summaries(org, &lens, &zoho.base_url())});
    if channel.events.is_empty() {
        org.channels.remove(&channel.id);
    } else {
        org.channels.insert(channel.id.clone(), channel);
    }
    Ok(success(message, &details))
}

/// Whether a module's API name and an operation can be watched.
fn watchable(org: &Org, module: &str) -> bool {
    org.module(module).is_some() || module == "users"
}

/// What has expired is gone without a word.
fn collect_expired(org: &mut Org, now: Timestamp) {
    org.channels.retain(|_, channel| channel.expiry > now);
}

fn not_subscribed(channel_id: &str) -> Refusal {
    Refusal::bad(
        "NOT_SUBSCRIBED",
        "Not subscribed to this channel",
        json!({"channel_id": channel_id}),
    )
}

fn success(message: &str, details: &Value) -> Value {
    json!({"code": "SUCCESS", "status": "success", "message": message, "details": details})
}

fn answer(items: Vec<Result<Value, Refusal>>, success: StatusCode) -> axum::response::Response {
    let failed = items.iter().filter(|item| item.is_err()).count();
    let status = match failed {
        0 => success,
        failed if failed == items.len() => StatusCode::BAD_REQUEST,
        _ => StatusCode::MULTI_STATUS,
    };
    let items: Vec<Value> = items
        .into_iter()
        .map(|item| item.unwrap_or_else(|refusal| refusal.body()))
        .collect();
    (status, Json(json!({"watch": items}))).into_response()
}

/// Reads `Contacts.edit`.
fn event(org: &Org, text: &str) -> Option<Event> {
    let (module, operation) = text.split_once('.')?;
    let known = ["create", "edit", "delete", "all"].contains(&operation);
    (known && watchable(org, module)).then(|| Event {
        module: module.to_owned(),
        operation: operation.to_owned(),
    })
}
