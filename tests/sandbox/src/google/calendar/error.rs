//! The Calendar API's error envelope ("Handle API errors").

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::google::error::GoogleError;

/// A refused call.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct CalendarError {
    status: u16,
    domain: &'static str,
    reason: &'static str,
    message: String,
    /// `parameter` or `header`, and its name.
    location: Option<(&'static str, &'static str)>,
    /// The method that the access token was not given for.
    beyond_scopes: Option<&'static str>,
}

impl CalendarError {
    pub(super) fn new(
        status: u16,
        domain: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            domain,
            reason,
            message: message.into(),
            location: None,
            beyond_scopes: None,
        }
    }

    fn at(mut self, kind: &'static str, name: &'static str) -> Self {
        self.location = Some((kind, name));
        self
    }

    /// 400: something in the request is not what the API takes.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "global", "invalid", message)
    }

    /// 400: a parameter does not have a value that it can have.
    pub(super) fn parameter(name: &'static str) -> Self {
        Self::new(
            400,
            "global",
            "invalidParameter",
            format!("Invalid value for: {name}"),
        )
        .at("parameter", name)
    }

    /// 400: something is missing.
    pub(super) fn required(message: &str) -> Self {
        Self::new(400, "global", "required", message)
    }

    /// 400: an end before its start.
    pub(super) fn empty_range() -> Self {
        Self::new(
            400,
            "calendar",
            "timeRangeEmpty",
            "The specified time range is empty.",
        )
        .at("parameter", "timeMax")
    }

    /// 400: a sync token beside a filter.
    pub(super) fn token_with_filter() -> Self {
        Self::new(
            400,
            "global",
            "badRequest",
            "Sync token cannot be used with other request restrictions.",
        )
    }

    /// 400: a sync token that is not ours.
    pub(super) fn bad_sync_token() -> Self {
        Self::invalid("Invalid sync token value.").at("parameter", "syncToken")
    }

    /// 400: a page token that is not ours, or belongs to another request.
    pub(super) fn bad_page_token() -> Self {
        Self::invalid("Invalid page token value.").at("parameter", "pageToken")
    }

    /// 410: everything must be read again.
    pub(super) fn full_sync() -> Self {
        Self::new(
            410,
            "calendar",
            "fullSyncRequired",
            "Sync token is no longer valid, a full sync is required.",
        )
        .at("parameter", "syncToken")
    }

    /// 410: `updatedMin` lies too far back.
    pub(super) fn updated_min() -> Self {
        Self::new(
            410,
            "calendar",
            "updatedMinTooLongAgo",
            "The requested minimum modification time lies too far in the past.",
        )
        .at("parameter", "updatedMin")
    }

    /// 401: no token, a forged one, or one whose life is over.
    pub(super) fn unauthenticated() -> Self {
        Self::new(401, "global", "authError", "Invalid Credentials").at("header", "Authorization")
    }

    /// 403: the token was given for less. "Handle API errors" has no example; the body is the one that clients report.
    pub(super) fn scopes(method: &'static str) -> Self {
        let mut error = Self::new(
            403,
            "global",
            "insufficientPermissions",
            "Request had insufficient authentication scopes.",
        );
        error.beyond_scopes = Some(method);
        error
    }

    /// 403: the caller may read, but not write. "Handle API errors" has no example; the body is the one that clients
    /// report.
    pub(super) fn access_level() -> Self {
        Self::new(
            403,
            "calendar",
            "requiredAccessLevel",
            "You need to have writer access to this calendar.",
        )
    }

    /// 403: only the organizer's copy may change this.
    pub(super) fn non_organizer() -> Self {
        Self::new(
            403,
            "calendar",
            "forbiddenForNonOrganizer",
            "Shared properties can only be changed by the organizer of the event.",
        )
    }

    /// 403: not allowed to anybody.
    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(403, "global", "forbidden", message)
    }

    /// 404: never existed, or not for this caller.
    pub(super) fn not_found() -> Self {
        Self::new(404, "global", "notFound", "Not Found")
    }

    /// 409: the id is taken, if only by a deleted event.
    pub(super) fn duplicate() -> Self {
        Self::new(
            409,
            "global",
            "duplicate",
            "The requested identifier already exists.",
        )
    }

    /// 410: deleted already.
    pub(super) fn deleted() -> Self {
        Self::new(410, "global", "deleted", "Resource has been deleted")
    }

    /// 412: changed since it was read.
    pub(super) fn condition() -> Self {
        Self::new(412, "global", "conditionNotMet", "Precondition Failed").at("header", "If-Match")
    }

    /// 403 or 429: too many calls.
    pub(super) fn rate_limit(status: u16) -> Self {
        Self::new(
            status,
            "usageLimits",
            "rateLimitExceeded",
            "Rate Limit Exceeded",
        )
    }

    /// 403: too many invitations of strangers in a short time.
    pub(super) fn usage_limit() -> Self {
        Self::new(
            403,
            "usageLimits",
            "quotaExceeded",
            "Calendar usage limits exceeded.",
        )
    }

    /// The message, for control.
    pub(in crate::google) fn message(&self) -> &str {
        &self.message
    }

    /// The status, for control.
    pub(in crate::google) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<GoogleError> for CalendarError {
    /// What both APIs check alike is the token.
    fn from(_: GoogleError) -> Self {
        Self::unauthenticated()
    }
}

impl IntoResponse for CalendarError {
    fn into_response(self) -> Response {
        let mut item = json!({
            "domain": self.domain, "reason": self.reason, "message": self.message,
        });
        if let Some((kind, name)) = self.location {
            item["locationType"] = json!(kind);
            item["location"] = json!(name);
        }
        let mut body: Value = json!({
            "error": { "errors": [item], "code": self.status, "message": self.message },
        });
        let mut challenge = (self.status == 401).then_some("invalid_token");
        if let Some(method) = self.beyond_scopes {
            challenge = Some("insufficient_scope");
            let error = &mut body["error"];
            error["errors"][0]["message"] = json!("Insufficient Permission");
            error["status"] = json!("PERMISSION_DENIED");
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": { "service": "calendar-json.googleapis.com", "method": in_full(method) },
            }]);
        }
        let mut response = (self.status(), Json(body)).into_response();
        let challenge = challenge.and_then(|error| {
            let text = format!("Bearer realm=\"https://accounts.google.com/\", error={error}");
            HeaderValue::from_str(&text).ok()
        });
        if let Some(challenge) = challenge {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A method as newer answers name it: `calendar.events.list` is `calendar.v3.Events.List` there.
fn in_full(id: &str) -> String {
    let mut words = id.split('.').skip(1).map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!(".{}{rest}", first.to_uppercase())
    });
    words
        .by_ref()
        .fold("calendar.v3".to_owned(), |name, word| name + &word)
}
