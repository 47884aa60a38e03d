//! `GET /{module}` and `GET /{module}/{id}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::caller::Caller;
use super::id::Id;
use super::module::Module;
use super::oauth::scope::Operation;
use super::org::Org;
use super::paging::Bookmark;
use super::params::Params;
use super::record::Record;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::replica::{Direction, SortBy, position};
use super::state::{State as Stored, Zoho};
use super::view::View;

/// Fields that one call may ask for.
const MOST_FIELDS: usize = 50;
/// Rows of the largest page.
const LARGEST_PAGE: usize = 200;
/// Pages that `page` reaches.
const MOST_PAGES: usize = 10;
/// Rows that `page` reaches.
const DISCRETE_ROWS: usize = 2_000;

/// `GET /{module}`.
pub(super) async fn records(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> Reply {
    let mut state = zoho.state();
    let now = zoho.shared.clock.now();
    let org = &mut state.orgs[caller.org];
    if org.module(&module).is_none() {
        return Err(Refusal::module());
    }
    caller.may(org, &module, Operation::Read)?;
    org.settle(now);
    let query = Query::parse(&state, &caller, &module, &params, &headers, now)?;
    let page = page(&state.orgs[caller.org], &caller, &query)?;
    if page.rows.is_empty() {
        // Nothing newer is told apart from nothing at all.
        let status = if query.since.is_some() {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::NO_CONTENT
        };
        return Ok(status.into_response());
    }
    let body = answer(&mut state, &zoho, &caller, &query, &page, now);
    Ok(Json(body).into_response())
}

/// `GET /{module}/{id}`: immediate, whatever lists show. 204 when there is no such record (any more).
pub(super) async fn record(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path((module, id)): Path<(String, String)>,
    params: Params,
    headers: HeaderMap,
) -> Reply {
    let state = zoho.state();
    let org = &state.orgs[caller.org];
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    caller.may(org, module.api_name, Operation::Read)?;
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let Some(record) = module.records.get(&id) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let since = instant_header(&headers, "if-modified-since")?;
    if since.is_some_and(|since| record.modified <= since) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let lens = Lens::of(org, caller.user);
    let names = params.list("fields");
    let row = if names.is_empty() {
        lens.whole(module, record)
    } else {
        lens.row(module, record, &lens.chosen(module, &names))
    };
    Ok(Json(json!({"data": [row]})).into_response())
}

/// An ISO 8601 instant in a header.
pub(super) fn instant_header(
    headers: &HeaderMap,
    name: &str,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let parsed = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let refusal = || Refusal::bad("INVALID_DATA", "invalid data", json!({"header": name}));
    parsed.map(Some).ok_or_else(refusal)
}

/// What a list asks for.
struct Query {
    module: String,
    fields: Vec<String>,
    per_page: usize,
    page: usize,
    bookmark: Option<Bookmark>,
    ids: Vec<Id>,
    view: Option<View>,
    sort_by: SortBy,
    direction: Direction,
    since: Option<Timestamp>,
    bound_to: String,
}

impl Query {
    fn parse(
        state: &Stored,
        caller: &Caller,
        module: &str,
        params: &Params,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        refuse_ambiguity(params)?;
        let fields = wanted_fields(params)?;
        let (sort_by, direction) = order(params)?;
        let per_page = params.typed::<usize>("per_page")?.unwrap_or(LARGEST_PAGE);
        if !(1..=LARGEST_PAGE).contains(&per_page) {
            return Err(Refusal::param("per_page"));
        }
        let page = params.typed::<usize>("page")?;
        match page {
            Some(0) => return Err(Refusal::param("page")),
            Some(page) if page > MOST_PAGES => return Err(past_the_discrete_limit()),
            _ => {}
        }
        let since = instant_header(headers, "if-modified-since")?;
        // That the header is bound as well is unverified; the documentation says "param".
        let header = since.map(|since| since.to_string()).unwrap_or_default();
        let bound_to = format!(
            "{module}?{}#{header}",
            params.fingerprint(&["page", "page_token"])
        );
        let reach = state.settings.page_token_rows;
        let bookmark = match params.get("page_token") {
            None => None,
            Some(token) => {
                let life = i64::try_from(state.settings.page_token_seconds).unwrap_or(i64::MAX);
                let life = SignedDuration::from_secs(life);
                Some(state.page_tokens.find(token, &bound_to, now, life)?)
            }
        };
        if bookmark
            .as_ref()
            .is_some_and(|bookmark| bookmark.rows >= reach)
        {
            return Err(Refusal::bad(
                "PAGINATION_LIMIT_EXCEEDED",
                "You can only get upto 100000 records using page_token param",
                json!({"param_name": "page_token"}),
            ));
        }
        Ok(Self {
            module: module.to_owned(),
            fields,
            per_page: per_page.min(state.settings.page_cap.max(1)),
            page: bookmark
                .as_ref()
                .map_or(page.unwrap_or(1), |bookmark| bookmark.page),
            bookmark,
            ids: params.ids("ids")?,
            view: view(&state.orgs[caller.org], module, params)?,
            sort_by,
            direction,
            since,
            bound_to,
        })
    }
}

fn refuse_ambiguity(params: &Params) -> Result<(), Refusal> {
    for pair in [["page", "page_token"], ["cvid", "sort_by"]] {
        if pair.iter().all(|name| params.get(name).is_some()) {
            let due_to: Vec<Value> = pair
                .iter()
                .map(|name| json!({"param_name": name}))
                .collect();
            return Err(Refusal::bad(
                "AMBIGUITY_DURING_PROCESSING",
                "ambiguity while processing the request",
                json!({"ambiguity_due_to": due_to}),
            ));
        }
    }
    Ok(())
}

fn wanted_fields(params: &Params) -> Result<Vec<String>, Refusal> {
    let fields = params.list("fields");
    if fields.is_empty() {
        return Err(Refusal::missing_param("fields"));
    }
    if fields.len() > MOST_FIELDS {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "limit exceeded",
            json!({"limit": MOST_FIELDS, "param_name": "fields"}),
        ));
    }
    // The id comes by itself; asking for nothing else is refused.
    if fields.iter().all(|field| field == "id") {
        return Err(Refusal::param("fields"));
    }
    Ok(fields)
}

fn order(params: &Params) -> Result<(SortBy, Direction), Refusal> {
    let unsupported = |name: &str, values: &[&str]| {
        Refusal::bad(
            "INVALID_DATA",
            "invalid data",
            json!({"param_name": name, "supported_values": values}),
        )
    };
    let sort_by = match params.get("sort_by") {
        None | Some("id") => SortBy::Id,
        Some("Created_Time") => SortBy::CreatedTime,
        Some("Modified_Time") => SortBy::ModifiedTime,
        Some(_) => {
            return Err(unsupported(
                "sort_by",
                &["id", "Created_Time", "Modified_Time"],
            ));
        }
    };
    let direction = match params.get("sort_order") {
        None | Some("desc") => Direction::Descending,
        Some("asc") => Direction::Ascending,
        Some(_) => return Err(unsupported("sort_order", &["asc", "desc"])),
    };
    Ok((sort_by, direction))
}

fn past_the_discrete_limit() -> Refusal {
    Refusal::bad(
        "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
        "You can only get the first 2000 records without using page_token param",
        json!({"limit": DISCRETE_ROWS}),
    )
}

/// The list view that `cvid` names; one that is gone, hidden or of another module is refused alike.
pub(super) fn view(org: &Org, module: &str, params: &Params) -> Result<Option<View>, Refusal> {
    let Some(id) = params.typed::<Id>("cvid")? else {
        return Ok(None);
    };
    org.view(id)
        .filter(|view| view.module == module && !view.hidden)
        .cloned()
        .map(Some)
        .ok_or_else(|| Refusal::param("cvid"))
}

/// The rows of a page, and whether more follow.
struct Page {
    rows: Vec<Arc<Record>>,
    more: bool,
}

fn page(org: &Org, caller: &Caller, query: &Query) -> Result<Page, Refusal> {
    let module = org.module(&query.module).ok_or_else(Refusal::module)?;
    let after = query.bookmark.as_ref().map(|bookmark| bookmark.after);
    let skipped = if query.bookmark.is_some() {
        0
    } else {
        (query.page - 1) * query.per_page
    };
    let mut rows: Vec<Arc<Record>> = candidates(module, query, after)
        // Strictly later, by the second: a cursor without overlap misses its own second.
        .filter(|record| query.since.is_none_or(|since| record.modified > since))
        .filter(|record| {
            let view = query.view.as_ref();
            view.is_none_or(|view| org.in_view(module, record, view, caller.user))
        })
        .skip(skipped)
        .take(query.per_page + 1)
        .cloned()
        .collect();
    let more = rows.len() > query.per_page;
    rows.truncate(query.per_page);
    Ok(Page { rows, more })
}

fn candidates<'a>(
    module: &'a Module,
    query: &Query,
    after: Option<(i64, Id)>,
) -> Box<dyn Iterator<Item = &'a Arc<Record>> + 'a> {
    if query.ids.is_empty() {
        return module.lists.sorted(query.sort_by, query.direction, after);
    }
    let mut rows: Vec<&Arc<Record>> = query
        .ids
        .iter()
        .filter_map(|id| module.lists.get(*id))
        .collect();
    rows.sort_by_key(|row| position(row, query.sort_by));
    rows.dedup_by_key(|row| row.id);
    let (by, direction) = (query.sort_by, query.direction);
    if direction == Direction::Descending {
        rows.reverse();
    }
    Box::new(rows.into_iter().filter(move |row| {
        after.is_none_or(|after| match direction {
            Direction::Ascending => position(row, by) > after,
            Direction::Descending => position(row, by) < after,
        })
    }))
}

fn answer(
    state: &mut Stored,
    zoho: &Zoho,
    caller: &Caller,
    query: &Query,
    page: &Page,
    now: Timestamp,
) -> Value {
    let before = query.bookmark.as_ref().map_or_else(
        || (query.page - 1) * query.per_page,
        |bookmark| bookmark.rows,
    );
    let rows = before + page.rows.len();
    let mut token = None;
    if let (true, Some(last)) = (page.more, page.rows.last()) {
        let issued = format!("{}{}", zoho.shared.dice.token(), zoho.shared.dice.token());
        let bookmark = Bookmark {
            bound_to: query.bound_to.clone(),
            after: position(last, query.sort_by),
            rows,
            page: query.page + 1,
        };
        state.page_tokens.issue(issued.clone(), bookmark, now);
        token = Some(issued);
    }
    let life = i64::try_from(state.settings.page_token_seconds).unwrap_or(i64::MAX / 2);
    let org = &state.orgs[caller.org];
    let lens = Lens::of(org, caller.user);
    let expiry = token
        .as_ref()
        .map(|_| lens.instant(now + SignedDuration::from_secs(life)));
    let data: Vec<Value> = org.module(&query.module).map_or_else(Vec::new, |module| {
        let fields = lens.chosen(module, &query.fields);
        page.rows
            .iter()
            .map(|record| lens.row(module, record, &fields))
            .collect()
    });
    let sort_by = match query.sort_by {
        SortBy::Id => "id",
        SortBy::CreatedTime => "Created_Time",
        SortBy::ModifiedTime => "Modified_Time",
    };
    let sort_order = match query.direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    };
    json!({
        "data": data,
        "info": {
            "per_page": query.per_page, "count": page.rows.len(), "page": query.page,
            "sort_by": sort_by, "sort_order": sort_order, "more_records": page.more,
            "next_page_token": token, "previous_page_token": null, "page_token_expiry": expiry,
            "call": false, "email": false,
        },
    })
}

/// 204 with nothing in it.
pub(super) fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
