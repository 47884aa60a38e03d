//! Who calls, what they may, and whether there is a slot and credit for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use crate::journal::Effect;

use super::id::Id;
use super::oauth::scope::{self, Operation};
use super::org::Org;
use super::params::Params;
use super::quota::{Limit, Slot};
use super::refusal::Refusal;
use super::render;
use super::state::{State as Stored, Zoho};

/// Largest request body.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// Whom a request's access token stands for. A token is bound to one organisation.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// Index of the organisation.
    pub(super) org: usize,
    pub(super) user: Id,
    pub(super) profile: Id,
    scope: String,
    account: String,
}

impl Caller {
    /// Refuses a token that was issued for less.
    pub(super) fn scoped(&self, area: &str, operation: Operation) -> Result<(), Refusal> {
        if scope::covers(&self.scope, area, operation) {
            Ok(())
        } else {
            Err(Refusal::scope())
        }
    }

    /// Refuses a call on a module's records for which scope or profile lack the right.
    pub(super) fn may(&self, org: &Org, module: &str, operation: Operation) -> Result<(), Refusal> {
        self.scoped(&format!("modules.{}", module.to_lowercase()), operation)?;
        let right = match operation {
            Operation::Read => "View",
            Operation::Create => "Create",
            Operation::Update => "Edit",
            Operation::Delete => "Delete",
        };
        self.permitted(org, &format!("Crm_Implied_{right}_{module}"))
    }

    /// Refuses what the profile does not allow.
    pub(super) fn permitted(&self, org: &Org, permission: &str) -> Result<(), Refusal> {
        if org.allows(self.profile, permission) {
            Ok(())
        } else {
            Err(Refusal::permission(permission))
        }
    }

    /// For the journal: whose account it was, and which records were written.
    pub(super) fn wrote(&self, ids: impl IntoIterator<Item = Id>) -> Effect {
        Effect {
            account: Some(self.account.clone()),
            written: ids.into_iter().map(|id| id.to_string()).collect(),
            letters: Vec::new(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or_else(no_token)
    }
}

fn no_token() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "AUTHENTICATION_FAILURE",
        "Authentication failed",
        json!({}),
    )
}

/// Around every call of the CRM's API.
pub(super) async fn admit(State(zoho): State<Arc<Zoho>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "").into_response();
    };
    let admitted = match admission(&zoho, &parts, &body) {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    // The slots are held while the call is worked on: that is what makes concurrency limits bite.
    if !admitted.work.is_zero() {
        tokio::time::sleep(admitted.work).await;
    }
    let account = admitted.caller.wrote([]);
    parts.extensions.insert(admitted.caller);
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if response.extensions().get::<Effect>().is_none() {
        response.extensions_mut().insert(account);
    }
    if let Ok(reset) = HeaderValue::from_str(&admitted.token_expires) {
        response.headers_mut().insert("x-accesstoken-reset", reset);
    }
    response
}

struct Admitted {
    caller: Caller,
    token_expires: String,
    work: Duration,
    _slots: Vec<Slot>,
}

#[allow(
    clippy::result_large_err,
    reason = "the error is the response, made once a call"
)]
fn admission(zoho: &Zoho, parts: &Parts, body: &Bytes) -> Result<Admitted, Response> {
    let now = zoho.shared.clock.now();
    let mut state = zoho.state();
    let (caller, expires) =
        authenticate(&state, parts, now).map_err(IntoResponse::into_response)?;
    let weight = Weight::of(&parts.method, parts.uri.path(), parts.uri.query(), body);
    let settings = state.settings.clone();
    let limit = |limit: Limit| {
        zoho.shared.journal.mark(limit.mark());
        limit.response(settings.legacy_429)
    };
    let pools = state.pools[caller.org].clone();
    let mut slots = vec![
        pools
            .all
            .take(settings.concurrency)
            .ok_or_else(|| limit(Limit::Concurrency))?,
    ];
    if weight.expensive {
        let slot = pools.expensive.take(settings.sub_concurrency);
        slots.push(slot.ok_or_else(|| limit(Limit::SubConcurrency))?);
    }
    let org = &mut state.orgs[caller.org];
    if !org
        .credits
        .spend(now, weight.credits, settings.credits_per_day)
    {
        return Err(limit(Limit::Credits));
    }
    let zone = org
        .user(caller.user)
        .map_or(jiff::tz::TimeZone::UTC, super::org::User::zone);
    Ok(Admitted {
        caller,
        token_expires: render::instant(expires, &zone),
        work: Duration::from_millis(settings.work_milliseconds),
        _slots: slots,
    })
}

fn authenticate(
    state: &Stored,
    parts: &Parts,
    now: Timestamp,
) -> Result<(Caller, Timestamp), Refusal> {
    let header = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Zoho-oauthtoken "));
    let token = token.ok_or_else(no_token)?;
    let invalid = || {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_TOKEN",
            "invalid oauth token",
            json!({}),
        )
    };
    let access = state.grants.access(now, token.trim()).ok_or_else(invalid)?;
    let consent = &access.consent;
    let user = state.orgs[consent.org]
        .user(consent.user)
        .ok_or_else(invalid)?;
    let caller = Caller {
        org: consent.org,
        user: user.id,
        profile: user.profile,
        scope: consent.scope.clone(),
        account: user.email.clone(),
    };
    Ok((caller, access.expires))
}

/// What a call costs.
#[derive(Debug, PartialEq, Eq)]
struct Weight {
    credits: u64,
    expensive: bool,
}

/// As much of a write's body as its cost depends on.
#[derive(Deserialize)]
struct Rows {
    data: Vec<IgnoredAny>,
}

/// As much of a query's body as its cost depends on.
#[derive(Deserialize)]
struct Query {
    select_query: String,
}

impl Weight {
    fn of(method: &Method, path: &str, query: Option<&str>, body: &Bytes) -> Self {
        if path.ends_with("/coql") {
            let rows = serde_json::from_slice(body)
                .ok()
                .and_then(|Query { select_query }| super::coql::rows_asked(&select_query))
                .unwrap_or(200);
            let credits = 1 + u64::from(rows > 200) + u64::from(rows > 1_000);
            return Self {
                credits,
                expensive: true,
            };
        }
        if path.ends_with("/search") {
            return Self {
                credits: 3,
                expensive: true,
            };
        }
        if *method == Method::GET {
            let params = Params::parse(query.unwrap_or_default().as_bytes());
            return Self {
                credits: 1,
                expensive: params.get("sort_by").is_some() || params.get("cvid").is_some(),
            };
        }
        let rows = match *method {
            Method::DELETE => Params::parse(query.unwrap_or_default().as_bytes())
                .list("ids")
                .len(),
            _ => serde_json::from_slice(body).map_or(1, |Rows { data }| data.len()),
        };
        Self {
            credits: rows.div_ceil(10).max(1) as u64,
            expensive: rows > 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(method: &Method, path: &str, query: &str, body: &str) -> (u64, bool) {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let weight = Weight::of(method, path, Some(query), &body);
        (weight.credits, weight.expensive)
    }

    #[test]
    fn reads_cost_by_kind() {
        assert_eq!(
            weight(&Method::GET, "/crm/v8/Contacts", "fields=Email", ""),
            (1, false)
        );
        assert_eq!(
            weight(&Method::GET, "/crm/v8/Contacts", "cvid=1", ""),
            (1, true)
        );
        assert_eq!(
            weight(&Method::GET, "/crm/v8/Contacts/search", "word=x", ""),
            (3, true)
        );
        let query = r#"{"select_query":"select id from Contacts where id > 0 limit 0,2000"}"#;
        assert_eq!(weight(&Method::POST, "/crm/v8/coql", "", query), (3, true));
    }

    #[test]
    fn writes_cost_by_ten_rows() {
        let rows = |count: usize| json!({"data": vec![json!({}); count]}).to_string();
        assert_eq!(
            weight(&Method::POST, "/crm/v8/Contacts", "", &rows(1)),
            (1, false)
        );
        assert_eq!(
            weight(&Method::PUT, "/crm/v8/Contacts", "", &rows(100)),
            (10, true)
        );
        assert_eq!(
            weight(&Method::DELETE, "/crm/v8/Contacts", "ids=1,2,3", ""),
            (1, false)
        );
        assert_eq!(
            weight(&Method::POST, "/crm/v8/Contacts", "", "no json"),
            (1, false)
        );
    }
}
