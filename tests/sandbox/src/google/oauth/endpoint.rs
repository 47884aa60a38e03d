//! `POST /token` and `POST /revoke`.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{CLIENT_ID, CLIENT_SECRET, OAuthError};
use crate::dice::Dice;
use crate::google::query::Query;
use crate::google::state::State;
use crate::journal::Effect;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Exchanges a code, a refresh token or an assertion for an access token.
pub(in crate::google) fn token(
    state: &mut State,
    dice: &Dice,
    headers: &HeaderMap,
    form: &Query,
    now: i64,
) -> Response {
    let issued = match form.text("grant_type") {
        Some("authorization_code") => {
            check_client(headers, form).and_then(|()| by_code(state, dice, form, now))
        }
        Some("refresh_token") => {
            check_client(headers, form).and_then(|()| by_refresh(state, dice, form, now))
        }
        Some(JWT_BEARER) => by_assertion(state, dice, form, now),
        Some(other) => Err(OAuthError::new(
            "unsupported_grant_type",
            format!("Invalid grant_type: {other}"),
        )),
        None => Err(OAuthError::new(
            "invalid_request",
            "Required parameter is missing: grant_type",
        )),
    };
    match issued {
        Ok((account, body)) => {
            let mut response = Json(body).into_response();
            response.extensions_mut().insert(Effect {
                account: Some(account),
                ..Effect::default()
            });
            response
        }
        Err(error) => error.into_response(),
    }
}

/// Revokes a token; the token comes in the query or in the form.
pub(in crate::google) fn revoke(state: &mut State, query: &Query, form: &Query) -> Response {
    let token = form.text("token").or(query.text("token"));
    if token.is_some_and(|token| state.grants.revoke(token)) {
        Json(json!({})).into_response()
    } else {
        let body =
            json!({ "error": "invalid_token", "error_description": "Token expired or revoked" });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

/// What an access token stands for; the token comes in the query or in the form.
pub(in crate::google) fn information(
    state: &State,
    query: &Query,
    form: &Query,
    now: i64,
) -> Response {
    let token = form.text("access_token").or(query.text("access_token"));
    let Some(access) = token.and_then(|token| state.grants.access(token, now)) else {
        let body = json!({ "error": "invalid_token", "error_description": "Invalid Value" });
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let scope = access.scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let seconds = access.seconds_left(now);
    Json(json!({
        "azp": CLIENT_ID, "aud": CLIENT_ID, "scope": scope, "access_type": "offline",
        "exp": (now / 1000 + seconds).to_string(), "expires_in": seconds.to_string(),
    }))
    .into_response()
}

/// Account and answer.
type Issued = Result<(String, Value), OAuthError>;

fn by_code(state: &mut State, dice: &Dice, form: &Query, now: i64) -> Issued {
    let pending = form
        .text("code")
        .and_then(|code| state.grants.take_code(code, now))
        .ok_or_else(|| OAuthError::new("invalid_grant", "Malformed auth code."))?;
    if form.text("redirect_uri") != Some(&pending.redirect_uri) {
        return Err(OAuthError::new("redirect_uri_mismatch", "Bad Request"));
    }
    if let Some((challenge, method)) = &pending.challenge {
        let verifier = form.text("code_verifier").unwrap_or_default();
        if !verifies(challenge, method, verifier) {
            return Err(OAuthError::new("invalid_grant", "Invalid code verifier."));
        }
    }
    let refresh = pending.offline.then(|| {
        state
            .grants
            .new_refresh(dice, &pending.account, pending.scopes.clone())
    });
    let mut body = issue(
        state,
        dice,
        &pending.account,
        pending.scopes,
        refresh.as_deref(),
        now,
    );
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    Ok((pending.account, body))
}

fn by_refresh(state: &mut State, dice: &Dice, form: &Query, now: i64) -> Issued {
    let token = form.text("refresh_token").ok_or_else(|| {
        OAuthError::new(
            "invalid_request",
            "Missing required parameter: refresh_token",
        )
    })?;
    let grant = state.grants.refresh(token)?.clone();
    let mut scopes = grant.scopes;
    if let Some(wanted) = form.text("scope") {
        let wanted: BTreeSet<String> = wanted.split_whitespace().map(str::to_owned).collect();
        if !wanted.is_subset(&scopes) {
            return Err(OAuthError::new("invalid_scope", "Bad Request"));
        }
        scopes = wanted;
    }
    let body = issue(state, dice, &grant.account, scopes, Some(token), now);
    Ok((grant.account, body))
}

fn by_assertion(state: &mut State, dice: &Dice, form: &Query, now: i64) -> Issued {
    let assertion = form.text("assertion").unwrap_or_default();
    let claims = state.service_accounts.verify(assertion, now / 1000)?;
    let account = state
        .accounts
        .get(&claims.subject)
        .ok_or_else(|| OAuthError::new("invalid_grant", "Invalid email or User ID"))?
        .email
        .clone();
    let mut body = issue(state, dice, &account, claims.scopes, None, now);
    if let Some(body) = body.as_object_mut() {
        body.remove("scope");
    }
    Ok((account, body))
}

fn issue(
    state: &mut State,
    dice: &Dice,
    account: &str,
    scopes: BTreeSet<String>,
    refresh: Option<&str>,
    now: i64,
) -> Value {
    let seconds = state.settings.access_token_seconds;
    let expires_at = now + i64::try_from(seconds).unwrap_or(i64::MAX / 2000) * 1000;
    let scope = scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let token = state
        .grants
        .new_access(dice, account, scopes, refresh, expires_at);
    json!({
        "access_token": token, "expires_in": seconds, "scope": scope, "token_type": "Bearer",
    })
}

/// PKCE (RFC 7636).
fn verifies(challenge: &str, method: &str, verifier: &str) -> bool {
    let derived = match method {
        "S256" => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
        _ => verifier.to_owned(),
    };
    derived == challenge
}

/// Client id and secret, in the form or in a Basic header.
fn check_client(headers: &HeaderMap, form: &Query) -> Result<(), OAuthError> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    let basic = basic.as_deref().and_then(|text| text.split_once(':'));
    let id = form.text("client_id").or(basic.map(|(id, _)| id));
    let secret = form
        .text("client_secret")
        .or(basic.map(|(_, secret)| secret));
    if id != Some(CLIENT_ID) {
        return Err(OAuthError::new(
            "invalid_client",
            "The OAuth client was not found.",
        ));
    }
    if secret != Some(CLIENT_SECRET) {
        return Err(OAuthError::new("invalid_client", "Unauthorized"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_rfc_7636_verifies() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verifies(challenge, "S256", verifier));
        assert!(!verifies(challenge, "S256", "another"));
        assert!(!verifies(challenge, "plain", verifier));
    }
}
