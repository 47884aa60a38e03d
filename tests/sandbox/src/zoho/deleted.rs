//! `GET /{module}/deleted`: who is gone, without values and without page tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::HeaderMap;
use serde_json::{Value, json};

use super::caller::Caller;
use super::list;
use super::oauth::scope::Operation;
use super::params::Params;
use super::record::Deleted;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::state::Zoho;

/// `GET /{module}/deleted?type=all|recycle|permanent`.
pub(super) async fn records(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Reply {
    let state = zoho.state();
    let now = zoho.shared.clock.now();
    let org = &state.orgs[caller.org];
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    caller.may(org, module.api_name, Operation::Read)?;
    let kind = params.get("type").unwrap_or("all");
    if !["all", "recycle", "permanent"].contains(&kind) {
        return Err(Refusal::param("type"));
    }
    let since = list::instant_header(&headers, "if-modified-since")?;
    let per_page = params.typed::<usize>("per_page")?.unwrap_or(200);
    if !(1..=200).contains(&per_page) {
        return Err(Refusal::param("per_page"));
    }
    let per_page = per_page.min(state.settings.page_cap.max(1));
    let page = params.typed::<usize>("page")?.unwrap_or(1);
    if page == 0 {
        return Err(Refusal::param("page"));
    }
    let mut gone: Vec<&Deleted> = module
        .deleted
        .values()
        .filter(|deleted| deleted.visible_at <= now)
        .filter(|deleted| since.is_none_or(|since| deleted.at > since))
        .filter(|deleted| match kind {
            "recycle" => !deleted.is_permanent(now),
            "permanent" => deleted.is_permanent(now),
            _ => true,
        })
        .collect();
    gone.sort_by_key(|deleted| std::cmp::Reverse((deleted.at, deleted.record.id)));
    let first = (page - 1).saturating_mul(per_page).min(gone.len());
    let rest = gone.split_off(first);
    let more = rest.len() > per_page;
    let lens = Lens::of(org, caller.user);
    let data: Vec<Value> = rest
        .into_iter()
        .take(per_page)
        .map(|deleted| row(&lens, deleted, deleted.is_permanent(now)))
        .collect();
    if data.is_empty() {
        return Ok(list::nothing());
    }
    let body = json!({
        "info": {"per_page": per_page, "count": data.len(), "page": page, "more_records": more},
        "data": data,
    });
    Ok(Json(body).into_response())
}

/// What is gone for good has lost its name, too.
fn row(lens: &Lens<'_>, deleted: &Deleted, permanent: bool) -> Value {
    let shown = |value: Value| if permanent { Value::Null } else { value };
    json!({
        "id": deleted.record.id,
        "type": if permanent { "permanent" } else { "recycle" },
        "display_name": shown(json!(deleted.display_name)),
        "deleted_by": shown(lens.org.user_stamp(deleted.by)),
        "created_by": shown(lens.org.user_stamp(deleted.record.created_by)),
        "deleted_time": lens.instant(deleted.at),
    })
}
