//! `/oauth/v2/auth`: where people agree.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use url::Url;

use super::grants::Consent;
use crate::zoho::id::Id;
use crate::zoho::params::Params;
use crate::zoho::state::{State as Stored, Zoho};

/// `GET /oauth/v2/auth`: the consent page, or the redirect at once where people agree by themselves.
pub(super) async fn page(State(zoho): State<Arc<Zoho>>, params: Params) -> Response {
    let asked = match asked(&zoho, &params) {
        Ok(asked) => asked,
        Err(problem) => return refused(problem),
    };
    let mut state = zoho.state();
    if !state.settings.auto_consent && params.get("auto").is_none() {
        return Html(form(&state, &params)).into_response();
    }
    let wanted = params
        .get("login_hint")
        .or(state.settings.consent_user.as_deref())
        .map(str::to_owned);
    let Some((org, user)) = state.find_user(wanted.as_deref()) else {
        return refused("there is no such user");
    };
    agree(&zoho, &mut state, asked, org, user)
}

/// `POST /oauth/v2/auth`: what the page sends.
pub(super) async fn decision(State(zoho): State<Arc<Zoho>>, body: Bytes) -> Response {
    let params = Params::parse(&body);
    let asked = match asked(&zoho, &params) {
        Ok(asked) => asked,
        Err(problem) => return refused(problem),
    };
    if params.get("decision") != Some("accept") {
        return redirect(asked, &[("error", "access_denied")]);
    }
    let mut state = zoho.state();
    let Some((org, user)) = state.find_user(params.get("user")) else {
        return refused("there is no such user");
    };
    agree(&zoho, &mut state, asked, org, user)
}

/// A consent that a client asks for.
struct Asked {
    client_id: String,
    scope: String,
    redirect_uri: Url,
    /// As it was sent: the code is bound to these bytes, not to what a URL parser makes of them.
    sent_redirect_uri: String,
    state: Option<String>,
    offline: bool,
}

fn asked(zoho: &Zoho, params: &Params) -> Result<Asked, &'static str> {
    let client_id = params.get("client_id").filter(|id| zoho.is_client(id));
    let client_id = client_id.ok_or("Invalid Client: there is no client of this id")?;
    if params.get("response_type") != Some("code") {
        return Err("Invalid Response Type: response_type must be code");
    }
    let scope = params
        .get("scope")
        .filter(|scope| scope.contains("ZohoCRM."));
    let scope = scope.ok_or("Invalid OAuth Scope: no scope of the CRM was asked for")?;
    let sent_redirect_uri = params.get("redirect_uri").unwrap_or_default().to_owned();
    let redirect_uri = Url::parse(&sent_redirect_uri)
        .ok()
        .filter(|uri| matches!(uri.scheme(), "http" | "https"))
        .ok_or("Invalid Redirect Uri: it must be an http or https URL")?;
    Ok(Asked {
        client_id: client_id.to_owned(),
        scope: scope.to_owned(),
        redirect_uri,
        sent_redirect_uri,
        state: params.get("state").map(str::to_owned),
        offline: params.get("access_type") == Some("offline"),
    })
}

fn agree(zoho: &Zoho, state: &mut Stored, asked: Asked, org: usize, user: Id) -> Response {
    let consent = Consent {
        client_id: asked.client_id.clone(),
        org,
        user,
        scope: asked.scope.clone(),
    };
    let now = zoho.shared.clock.now();
    let sent = &asked.sent_redirect_uri;
    let code = state
        .grants
        .consent(&zoho.shared.dice, now, consent, sent, asked.offline);
    let server = zoho.base_url();
    redirect(
        asked,
        &[
            ("code", &code),
            ("location", "eu"),
            ("accounts-server", &server),
        ],
    )
}

fn redirect(asked: Asked, pairs: &[(&str, &str)]) -> Response {
    let mut target = asked.redirect_uri;
    {
        let mut query = target.query_pairs_mut();
        query.extend_pairs(pairs);
        if let Some(state) = &asked.state {
            query.append_pair("state", state);
        }
    }
    Redirect::to(target.as_str()).into_response()
}

fn refused(problem: &str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Html(format!("<h1>Error</h1><p>{problem}</p>")),
    )
        .into_response()
}

fn form(state: &Stored, params: &Params) -> String {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let hidden: Vec<String> = params
        .pairs()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
        })
        .collect();
    let users: Vec<String> = state
        .orgs
        .iter()
        .flat_map(|org| org.users.iter().map(move |user| (org.company, user)))
        .map(|(company, user)| {
            let (email, company) = (escaped(&user.email), escaped(company));
            format!(
                r#"<option value="{email}">{} ({company})</option>"#,
                escaped(&user.full_name())
            )
        })
        .collect();
    let (hidden, users) = (hidden.concat(), users.concat());
    let scope = escaped(params.get("scope").unwrap_or_default());
    format!(
        "<!doctype html><title>Zoho CRM emulator</title><h1>An application asks for access</h1>\
         <p>{scope}</p><form method=\"post\" action=\"/oauth/v2/auth\">{hidden}\
         <label>Sign in as <select name=\"user\">{users}</select></label>\
         <button name=\"decision\" value=\"accept\">Accept</button>\
         <button name=\"decision\" value=\"reject\">Reject</button></form>"
    )
}
