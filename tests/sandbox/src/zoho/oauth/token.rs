//! `/oauth/v2/token`: codes and refresh tokens against access tokens.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::grants::{Issued, TokenError};
use crate::zoho::params::Params;
use crate::zoho::state::Zoho;

/// `POST /oauth/v2/token`. Parameters come in the query or in a form body. Errors are answered with status 200.
pub(super) async fn issue(State(zoho): State<Arc<Zoho>>, query: Params, body: Bytes) -> Response {
    let params = Params::parse(&body).or(query);
    let error = |error: &str| Json(json!({ "error": error })).into_response();
    let Some(client_id) = params.get("client_id").filter(|id| zoho.is_client(id)) else {
        return error("invalid_client");
    };
    if params.get("client_secret") != Some(zoho.client_secret()) {
        return error("invalid_client_secret");
    }
    let now = zoho.shared.clock.now();
    let dice = &zoho.shared.dice;
    let mut state = zoho.state();
    let limits = state.token_limits();
    let issued = match params.get("grant_type") {
        Some("authorization_code") => state.grants.exchange(
            dice,
            now,
            limits,
            params.get("code").unwrap_or_default(),
            client_id,
            params.get("redirect_uri").unwrap_or_default(),
        ),
        Some("refresh_token") => {
            let token = params.get("refresh_token").unwrap_or_default();
            state.grants.refresh(dice, now, limits, token, client_id)
        }
        _ => return error("invalid_grant"),
    };
    let seconds = state.settings.access_token_seconds;
    drop(state);
    match issued {
        Ok(issued) => granted(&zoho, issued, seconds),
        Err(TokenError::InvalidCode) => error("invalid_code"),
        Err(TokenError::Throttled) => {
            zoho.shared.journal.mark("zoho.throttled_token_requests");
            Json(json!({
                "error": "Access Denied", "status": "failure",
                "error_description":
                    "You have made too many requests continuously. Please try again after some time.",
            }))
            .into_response()
        }
    }
}

fn granted(zoho: &Zoho, issued: Issued, seconds: u64) -> Response {
    let mut body = json!({
        "access_token": issued.access_token, "api_domain": zoho.base_url(), "token_type": "Bearer",
        "expires_in": seconds, "scope": issued.scope.replace(',', " "),
    });
    if let Some(refresh_token) = issued.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    Json(body).into_response()
}

/// `POST /oauth/v2/token/revoke?token=`.
pub(super) async fn revoke(State(zoho): State<Arc<Zoho>>, query: Params, body: Bytes) -> Response {
    let params = Params::parse(&body).or(query);
    let token = params.get("token").unwrap_or_default();
    if zoho.state().grants.revoke(token) {
        Json(json!({"status": "success"})).into_response()
    } else {
        (
            StatusCode::BAD_REQUEST,
            Json(json!({"error": "invalid_token"})),
        )
            .into_response()
    }
}
