//! The People API's error envelope (`google.rpc.Status` in JSON).

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Canonical codes of `google.rpc.Code`: name, number, HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidArgument,
    FailedPrecondition,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    AlreadyExists,
    Aborted,
    ResourceExhausted,
    Internal,
    Unavailable,
}

impl Code {
    fn parts(self) -> (&'static str, u8, u16) {
        match self {
            Self::InvalidArgument => ("INVALID_ARGUMENT", 3, 400),
            Self::FailedPrecondition => ("FAILED_PRECONDITION", 9, 400),
            Self::Unauthenticated => ("UNAUTHENTICATED", 16, 401),
            Self::PermissionDenied => ("PERMISSION_DENIED", 7, 403),
            Self::NotFound => ("NOT_FOUND", 5, 404),
            Self::AlreadyExists => ("ALREADY_EXISTS", 6, 409),
            Self::Aborted => ("ABORTED", 10, 409),
            Self::ResourceExhausted => ("RESOURCE_EXHAUSTED", 8, 429),
            Self::Internal => ("INTERNAL", 13, 500),
            Self::Unavailable => ("UNAVAILABLE", 14, 503),
        }
    }

    /// The code that goes with an HTTP status which the fault script ordered.
    fn for_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            409 => Self::Aborted,
            429 => Self::ResourceExhausted,
            503 => Self::Unavailable,
            400..=499 => Self::InvalidArgument,
            _ => Self::Internal,
        }
    }
}

/// A refused call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GoogleError {
    code: Code,
    http_status: u16,
    message: String,
    details: Vec<Value>,
    challenge: Option<String>,
}

impl GoogleError {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            http_status: code.parts().2,
            message: message.into(),
            details: Vec::new(),
            challenge: None,
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "Requested entity was not found.")
    }

    /// 400 that names the fields (`google.rpc.BadRequest`).
    pub(super) fn bad_field(field: &str, description: impl Into<String>) -> Self {
        let description = description.into();
        Self::invalid(description.clone()).with(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": description }],
        }))
    }

    /// JSON that the message type does not have.
    pub(super) fn unknown_name(name: &str, at: &str) -> Self {
        let text = format!(
            "Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."
        );
        Self::bad_field(at, text)
    }

    /// JSON of another type than the message has there.
    pub(super) fn wrong_type(at: &str, expected: &str, value: &Value) -> Self {
        Self::bad_field(at, format!("Invalid value at '{at}' ({expected}), {value}"))
    }

    /// The etag of a person does not fit any more; the real reply carries no details.
    pub(super) fn stale(which: &str) -> Self {
        Self::new(
            Code::FailedPrecondition,
            format!(
                "Request {which} is different than the current {which}. Clear local cache and get the latest person."
            ),
        )
    }

    pub(super) fn unauthenticated() -> Self {
        let mut error = Self::new(
            Code::Unauthenticated,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
             valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        );
        error.challenge = Some(
            "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"".to_owned(),
        );
        error
    }

    pub(super) fn insufficient_scopes(method: &str, needed: &str) -> Self {
        let mut error = Self::new(
            Code::PermissionDenied,
            "Request had insufficient authentication scopes.",
        )
        .with(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": { "service": "people.googleapis.com", "method": method },
        }));
        error.challenge = Some(format!(
            "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"{needed}\""
        ));
        error
    }

    /// Adds a detail message.
    pub(super) fn with(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    /// The same error under another HTTP status.
    pub(super) fn under_status(mut self, http_status: u16) -> Self {
        self.http_status = http_status;
        self
    }

    /// As a `google.rpc.Status` inside another message.
    pub(super) fn status_message(&self) -> Value {
        let mut status = json!({ "code": self.code.parts().1, "message": self.message });
        if !self.details.is_empty() {
            status["details"] = json!(self.details);
        }
        status
    }
}

impl IntoResponse for GoogleError {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.http_status,
            "message": self.message,
            "status": self.code.parts().0,
        });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        let status =
            StatusCode::from_u16(self.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The body for a status that the fault script ordered.
pub(super) fn for_status(status: StatusCode) -> Response {
    let message = match status.as_u16() {
        429 => "Resource has been exhausted (e.g. check quota).",
        503 => "The service is currently unavailable.",
        500 => "Internal error encountered.",
        _ => status.canonical_reason().unwrap_or("Error"),
    };
    GoogleError::new(Code::for_status(status), message)
        .under_status(status.as_u16())
        .into_response()
}

/// A wrong path or HTTP method: the front end answers a page, not JSON.
pub(super) fn no_such_page(path: &str) -> Response {
    // Only the characters of a path are echoed, so that nothing needs escaping.
    let safe: String = path
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "/:._-".contains(*c))
        .collect();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n\
         <p><b>404.</b> <ins>That's an error.</ins>\n\
         <p>The requested URL <code>{safe}</code> was not found on this server.</p></html>\n"
    );
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}
