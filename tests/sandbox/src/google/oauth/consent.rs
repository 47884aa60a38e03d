//! `GET /o/oauth2/v2/auth`: the page on which people choose an account and allow access.
//!
//! `auto=1`, or the setting `auto_consent`, stands for a person who clicks "Allow" at once; `login_hint`, or the
//! setting `consent_user`, chooses the account.

use std::collections::BTreeSet;

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use url::Url;

use super::grants::Pending;
use super::{CLIENT_ID, KNOWN_SCOPES};
use crate::dice::Dice;
use crate::google::query::Query;
use crate::google::state::State;

/// Shows the page, or redirects once it is decided.
pub(in crate::google) fn authorize(
    state: &mut State,
    dice: &Dice,
    query: &Query,
    now: i64,
) -> Response {
    let redirect = match checked_redirect(query) {
        Ok(redirect) => redirect,
        Err(reason) => return error_page(&reason),
    };
    let scopes: BTreeSet<String> = query
        .text("scope")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    if query.text("response_type") != Some("code") {
        return error_page("Error 400: invalid_request (response_type must be code)");
    }
    if let Some(unknown) = scopes
        .iter()
        .find(|scope| !KNOWN_SCOPES.contains(&scope.as_str()))
    {
        return error_page(&format!("Error 400: invalid_scope ({unknown})"));
    }
    if scopes.is_empty() {
        return error_page("Error 400: invalid_request (missing scope)");
    }
    let automatic = query.text("auto").is_some() || state.settings.auto_consent;
    let decision = query.text("decision").or(automatic.then_some("allow"));
    match decision {
        None => Html(page(state, query)).into_response(),
        Some("allow") => match account(state, query) {
            Some(account) => allow(state, dice, query, redirect, &account, scopes, now),
            None => error_page("There is no such account."),
        },
        Some(_) => send_back(redirect, query, &[("error", "access_denied")]),
    }
}

fn allow(
    state: &mut State,
    dice: &Dice,
    query: &Query,
    redirect: Url,
    account: &str,
    mut scopes: BTreeSet<String>,
    now: i64,
) -> Response {
    scopes.retain(|scope| !state.settings.withheld_scopes.contains(scope));
    let first = !state.grants.has_consented(account);
    let again = query
        .text("prompt")
        .is_some_and(|prompt| prompt.split_whitespace().any(|word| word == "consent"));
    let method = query.text("code_challenge_method").unwrap_or("plain");
    let pending = Pending {
        account: account.to_owned(),
        scopes: scopes.clone(),
        redirect_uri: query.text("redirect_uri").unwrap_or_default().to_owned(),
        challenge: query
            .text("code_challenge")
            .map(|challenge| (challenge.to_owned(), method.to_owned())),
        offline: query.text("access_type") == Some("offline") && (first || again),
        expires_at: 0,
    };
    let code = state.grants.new_code(dice, pending, now);
    let granted = scopes.into_iter().collect::<Vec<_>>().join(" ");
    send_back(redirect, query, &[("code", &code), ("scope", &granted)])
}

/// The account that the page's link or the login hint names; the first one otherwise.
fn account(state: &State, query: &Query) -> Option<String> {
    let wanted = query
        .text("account")
        .or(state.settings.consent_user.as_deref())
        .or(query.text("login_hint"));
    match wanted {
        None => state.accounts.keys().next().cloned(),
        Some(wanted) => state
            .accounts
            .values()
            .find(|account| account.email == wanted || account.id == wanted)
            .map(|account| account.email.clone()),
    }
}

/// Loopback addresses with any port, or HTTPS.
fn checked_redirect(query: &Query) -> Result<Url, String> {
    if query.text("client_id") != Some(CLIENT_ID) {
        return Err("Error 401: invalid_client".to_owned());
    }
    let mismatch = || "Error 400: redirect_uri_mismatch".to_owned();
    let url = query
        .text("redirect_uri")
        .and_then(|text| Url::parse(text).ok())
        .ok_or_else(mismatch)?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
        Ok(url)
    } else {
        Err(mismatch())
    }
}

fn send_back(mut redirect: Url, query: &Query, pairs: &[(&str, &str)]) -> Response {
    {
        let mut appended = redirect.query_pairs_mut();
        appended.extend_pairs(pairs);
        if let Some(state) = query.text("state") {
            appended.append_pair("state", state);
        }
    }
    let Ok(location) = HeaderValue::from_str(redirect.as_str()) else {
        return error_page("Error 400: redirect_uri_mismatch");
    };
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn page(state: &State, query: &Query) -> String {
    let link = |pairs: &[(&str, &str)]| {
        let mut link = url::form_urlencoded::Serializer::new(String::from("?"));
        link.extend_pairs(query.pairs()).extend_pairs(pairs);
        escape(&link.finish())
    };
    let choices: Vec<String> = state
        .accounts
        .values()
        .map(|account| {
            let href = link(&[("account", &account.email), ("decision", "allow")]);
            format!(
                "<li><a href=\"{href}\">Allow as {}</a></li>\n",
                escape(&account.email)
            )
        })
        .collect();
    let choices = choices.concat();
    let scopes = escape(query.text("scope").unwrap_or_default());
    let deny = link(&[("decision", "deny")]);
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Sign in (sandbox)</title>\n\
         <h1>An application wants to access your account</h1>\n<p>{scopes}</p>\n<ul>\n{choices}</ul>\n\
         <p><a href=\"{deny}\">Cancel</a></p>\n</html>\n"
    )
}

fn error_page(reason: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Access blocked (sandbox)</title>\n<p>{}</p>\n</html>\n",
        escape(reason)
    );
    (StatusCode::BAD_REQUEST, Html(page)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
