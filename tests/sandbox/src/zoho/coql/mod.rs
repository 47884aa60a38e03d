//! `POST /coql`: `select … from … where … order by … limit …` over what lists see.

mod parse;

use std::cmp::Ordering;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::criteria::Cell;
use super::field::{Field, Kind};
use super::list;
use super::module::Module;
use super::oauth::scope::Operation;
use super::org::Org;
use super::record::Record;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::state::Zoho;
use parse::{Select, parse};

/// Rows that one query returns.
const MOST_ROWS: usize = 2_000;
/// Rows that queries reach by offset.
const MOST_OFFSET: usize = 100_000;
/// Columns of ORDER BY.
const MOST_ORDERS: usize = 10;

/// How many rows a query asks for, for its price.
pub(super) fn rows_asked(query: &str) -> Option<usize> {
    parse(query).ok().map(|select| select.limit)
}

/// `POST /coql`.
pub(super) async fn query(State(zoho): State<Arc<Zoho>>, caller: Caller, body: Bytes) -> Reply {
    caller.scoped("coql", Operation::Read)?;
    let body: Value = serde_json::from_slice(&body)
        .map_err(|_| Refusal::value_type("body", "$", "jsonobject"))?;
    let text = body["select_query"]
        .as_str()
        .ok_or_else(|| Refusal::mandatory("select_query", "$.select_query"))?;
    let select = parse(text)?;
    let mut state = zoho.state();
    let org = &mut state.orgs[caller.org];
    org.settle(zoho.shared.clock.now());
    let module = org.module(&select.module).ok_or_else(Refusal::module)?;
    caller.may(org, module.api_name, Operation::Read)?;
    check(org, module, &caller, &select)?;
    let (rows, more) = run(org, module, &select);
    if rows.is_empty() {
        return Ok(list::nothing());
    }
    let lens = Lens::of(org, caller.user);
    let data: Vec<Value> = rows
        .iter()
        .map(|row| shown(&lens, module, row, &select))
        .collect();
    let body = json!({"info": {"count": data.len(), "more_records": more}, "data": data});
    Ok(Json(body).into_response())
}

fn check(org: &Org, module: &Module, caller: &Caller, select: &Select) -> Result<(), Refusal> {
    let too_many = |clause: &str, limit: usize| {
        Refusal::bad(
            "LIMIT_EXCEEDED",
            "limit exceeded",
            json!({"clause": clause, "limit": limit}),
        )
    };
    if select.limit == 0 || select.limit > MOST_ROWS {
        return Err(too_many("limit", MOST_ROWS));
    }
    if select.offset > MOST_OFFSET {
        return Err(too_many("offset", MOST_OFFSET));
    }
    if select.order.len() > MOST_ORDERS {
        return Err(too_many("order by", MOST_ORDERS));
    }
    let columns = select.columns.iter().map(String::as_str);
    let ordered = select.order.iter().map(|(name, _)| name.as_str());
    for name in columns.chain(select.criteria.fields()).chain(ordered) {
        let readable = column(org, module, name).is_some_and(|field| field.visible(caller.profile));
        if !readable {
            return Err(Refusal::bad(
                "INVALID_QUERY",
                "column given seems to be invalid",
                json!({"column_name": name}),
            ));
        }
    }
    Ok(())
}

/// The field that a column name means, over one lookup at most.
fn column<'a>(org: &'a Org, module: &'a Module, name: &str) -> Option<&'a Field> {
    let Some((lookup, rest)) = name.split_once('.') else {
        // Participants and reminders are no columns (unverified).
        return module.field(name).filter(|field| {
            !matches!(
                field.kind,
                Kind::Image | Kind::Participants | Kind::Reminders | Kind::Recurrence
            )
        });
    };
    match module.field(lookup)?.kind {
        Kind::Lookup(target) => org.module(target)?.field(rest),
        _ => None,
    }
}

fn run<'a>(org: &'a Org, module: &'a Module, select: &Select) -> (Vec<&'a Arc<Record>>, bool) {
    let mut hits: Vec<&Arc<Record>> = module
        .lists
        .rows()
        .filter(|record| org.meets(module, record, &select.criteria))
        .collect();
    if !select.order.is_empty() {
        hits.sort_by_cached_key(|record| {
            let cells = select.order.iter();
            OrderKey(
                cells
                    .map(|(name, down)| (org.cell(module, record, name), *down))
                    .collect(),
            )
        });
    }
    let more = hits.len() > select.offset + select.limit;
    let rows = hits
        .into_iter()
        .skip(select.offset)
        .take(select.limit)
        .collect();
    (rows, more)
}

/// The cells by which a row is sorted; true turns one around.
#[derive(PartialEq)]
struct OrderKey(Vec<(Cell, bool)>);

impl Eq for OrderKey {}

impl PartialOrd for OrderKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .iter()
            .zip(&other.0)
            .map(|((one, down), (two, _))| {
                let order = cell_order(one, two);
                if *down { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// Empty cells first.
fn cell_order(one: &Cell, two: &Cell) -> Ordering {
    match (one, two) {
        (Cell::Text(one), Cell::Text(two)) => one.to_lowercase().cmp(&two.to_lowercase()),
        (Cell::Instant(one), Cell::Instant(two)) => one.cmp(two),
        (Cell::Flag(one), Cell::Flag(two)) => one.cmp(two),
        (Cell::Any(one), Cell::Any(two)) => one.last().cmp(&two.last()),
        (one, two) => (*one != Cell::Empty).cmp(&(*two != Cell::Empty)),
    }
}

fn shown(lens: &Lens<'_>, module: &Module, record: &Record, select: &Select) -> Value {
    let mut row = Map::new();
    row.insert("id".to_owned(), json!(record.id));
    for name in &select.columns {
        let value = match name.split_once('.') {
            None => module
                .field(name)
                .map(|field| plain(field, lens.value(module, record, field))),
            Some(_) => Some(match lens.org.cell(module, record, name) {
                Cell::Empty => Value::Null,
                Cell::Text(text) => json!(text),
                Cell::Flag(flag) => json!(flag),
                Cell::Instant(at) => json!(lens.instant(at)),
                Cell::Any(texts) => json!(texts.first()),
            }),
        };
        row.insert(name.clone(), value.unwrap_or_default());
    }
    Value::Object(row)
}

/// COQL gives lookups as their ids alone.
fn plain(field: &Field, value: Value) -> Value {
    match (field.kind, &value) {
        (Kind::Lookup(_) | Kind::Related | Kind::User, Value::Object(lookup)) => {
            json!({"id": lookup.get("id")})
        }
        _ => value,
    }
}
