//! Writes: up to a hundred records a call, a result for each in the order of the request.

mod body;
pub(super) mod delete;
mod insert;
mod unique;
mod update;
mod upsert;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::caller::Caller;
use super::edit::Edit;
use super::id::Id;
use super::list::instant_header;
use super::meeting;
use super::oauth::scope::Operation;
use super::org::Org;
use super::record::Record;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::settings::Settings;
use super::state::Zoho;
use super::value::{Checker, Draft};
use super::watch;
use body::Body;

/// Records in one call.
const MOST_RECORDS: usize = 100;

/// What became of one record.
enum Outcome {
    Done {
        record: Arc<Record>,
        message: &'static str,
        /// `insert` or `update`, and the field that decided; for upserts only.
        upserted: Option<(&'static str, Option<String>)>,
    },
    Refused(Refusal),
}

impl Outcome {
    fn added(record: Arc<Record>) -> Self {
        Self::Done {
            record,
            message: "record added",
            upserted: None,
        }
    }

    fn updated(record: Arc<Record>) -> Self {
        Self::Done {
            record,
            message: "record updated",
            upserted: None,
        }
    }

    fn written(&self) -> Option<Id> {
        match self {
            Self::Done { record, .. } => Some(record.id),
            Self::Refused(_) => None,
        }
    }

    fn item(&self, lens: &Lens<'_>) -> Value {
        match self {
            Self::Refused(refusal) => refusal.body(),
            Self::Done {
                record,
                message,
                upserted,
            } => {
                let mut details = lens.stamps(record);
                details["$approval_state"] = json!("approved");
                let mut item = json!({
                    "code": "SUCCESS", "status": "success", "message": message, "details": details,
                });
                if let Some((action, duplicate_field)) = upserted {
                    item["action"] = json!(action);
                    item["duplicate_field"] = json!(duplicate_field);
                }
                item
            }
        }
    }
}

/// The status of a call: the one of success, 207 when mixed, the first refusal's own when nothing succeeded.
fn status(outcomes: &[Outcome], success: StatusCode) -> StatusCode {
    let refused: Vec<&Refusal> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(refusal),
            Outcome::Done { .. } => None,
        })
        .collect();
    match refused.first() {
        None => success,
        Some(first) if refused.len() == outcomes.len() => first.status,
        Some(_) => StatusCode::MULTI_STATUS,
    }
}

/// Everything that one write call works with.
struct Call<'a> {
    edit: Edit<'a>,
    module: &'static str,
    profile: Id,
    /// Values of unique fields, by field.
    taken: unique::Taken,
}

impl Call<'_> {
    /// Checks one record of the body.
    fn draft(&self, sent: &Value, path: &str, target: Option<Id>) -> Result<Draft, Refusal> {
        let sent = sent
            .as_object()
            .ok_or_else(|| Refusal::value_type("data", path, "jsonobject"))?;
        let module = self
            .edit
            .org
            .module(self.module)
            .ok_or_else(Refusal::module)?;
        let checker = Checker {
            org: self.edit.org,
            module,
            profile: self.profile,
            rewrite: self.edit.settings.rewrite_values,
            existing: target
                .and_then(|id| module.records.get(&id))
                .map(AsRef::as_ref),
        };
        checker.draft(sent, path)
    }

    /// The id that a record of the body names, if that record exists.
    fn target(&self, sent: &Value, path: &str) -> Result<Id, Refusal> {
        let path = format!("{path}.id");
        let text = match &sent["id"] {
            Value::Null => return Err(Refusal::mandatory("id", &path)),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(Refusal::value_type("id", &path, "bigint")),
        };
        let id: Id = text
            .parse()
            .map_err(|_| Refusal::value_type("id", &path, "bigint"))?;
        let module = self.edit.org.module(self.module);
        if module.is_some_and(|module| module.records.contains_key(&id)) {
            Ok(id)
        } else {
            Err(Refusal::no_such_record(&path))
        }
    }

    fn mandatory(&self, draft: &Draft, path: &str) -> Result<(), Refusal> {
        let fields = self
            .edit
            .org
            .module(self.module)
            .map(|module| module.fields.iter());
        let missing = fields.into_iter().flatten().find(|field| {
            field.mandatory && draft.values.get(&field.api_name).is_none_or(Value::is_null)
        });
        match missing {
            Some(field) => Err(Refusal::mandatory(
                &field.api_name,
                &format!("{path}.{}", field.api_name),
            )),
            None => Ok(()),
        }
    }
}

/// `POST /{module}`.
pub(super) async fn insert(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    body: Bytes,
) -> Reply {
    execute(
        &zoho,
        &caller,
        &module,
        &[Operation::Create],
        &Body::parse(&body),
        |call, body| Ok(outcomes(body, |sent, path| insert::one(call, sent, path))),
        StatusCode::CREATED,
    )
}

/// `PUT /{module}`.
pub(super) async fn update(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let unmodified_since = instant_header(&headers, "if-unmodified-since")?;
    execute(
        &zoho,
        &caller,
        &module,
        &[Operation::Update],
        &Body::parse(&body),
        |call, body| Ok(update::all(call, body, unmodified_since)),
        StatusCode::OK,
    )
}

/// `PUT /{module}/{id}`.
pub(super) async fn update_one(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path((module, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let unmodified_since = instant_header(&headers, "if-unmodified-since")?;
    let id: Id = id.parse().map_err(|_| Refusal::path_id())?;
    let mut body = Body::parse(&body);
    if let Ok(Body { data, .. }) = &mut body {
        data.truncate(1);
        if let Some(Value::Object(record)) = data.first_mut() {
            record.insert("id".to_owned(), json!(id));
        }
    }
    execute(
        &zoho,
        &caller,
        &module,
        &[Operation::Update],
        &body,
        |call, body| Ok(update::all(call, body, unmodified_since)),
        StatusCode::OK,
    )
}

/// `POST /{module}/upsert`.
pub(super) async fn upsert(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let unmodified_since = instant_header(&headers, "if-unmodified-since")?;
    if module == meeting::MODULE {
        return Err(Refusal::module());
    }
    let rights = [Operation::Create, Operation::Update];
    execute(
        &zoho,
        &caller,
        &module,
        &rights,
        &Body::parse(&body),
        |call, body| upsert::all(call, body, unmodified_since),
        StatusCode::OK,
    )
}

fn outcomes(
    body: &Body,
    mut one: impl FnMut(&Value, &str) -> Result<Outcome, Refusal>,
) -> Vec<Outcome> {
    body.data
        .iter()
        .enumerate()
        .map(|(position, sent)| {
            one(sent, &format!("$.data[{position}]")).unwrap_or_else(Outcome::Refused)
        })
        .collect()
}

fn execute(
    zoho: &Arc<Zoho>,
    caller: &Caller,
    module: &str,
    rights: &[Operation],
    body: &Result<Body, Refusal>,
    run: impl FnOnce(&mut Call<'_>, &Body) -> Result<Vec<Outcome>, Refusal>,
    success: StatusCode,
) -> Reply {
    let mut state = zoho.state();
    let settings: Settings = state.settings.clone();
    let org: &mut Org = &mut state.orgs[caller.org];
    let module = org.module(module).ok_or_else(Refusal::module)?.api_name;
    for right in rights {
        caller.may(org, module, *right)?;
    }
    let body = body.as_ref().map_err(Clone::clone)?;
    let taken = unique::Taken::of(org.module(module));
    let mut call = Call {
        edit: Edit::new(org, &settings, &zoho.shared, caller.user, body.workflows),
        module,
        profile: caller.profile,
        taken,
    };
    let outcomes = run(&mut call, body)?;
    let (changes, letters) = (call.edit.changes, call.edit.letters);
    let lens = Lens::of(org, caller.user);
    let items: Vec<Value> = outcomes.iter().map(|outcome| outcome.item(&lens)).collect();
    let callbacks =
        watch::callback::for_changes(org, &zoho.base_url(), &changes, zoho.shared.clock.now());
    drop(state);
    watch::callback::send(zoho, callbacks, &settings);
    let mut response: Response =
        (status(&outcomes, success), Json(json!({"data": items}))).into_response();
    let written = outcomes.iter().filter_map(Outcome::written);
    let mut effect = caller.wrote(written);
    effect.letters = letters;
    response.extensions_mut().insert(effect);
    Ok(response)
}
