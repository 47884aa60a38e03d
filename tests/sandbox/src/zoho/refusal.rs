//! Errors in Zoho's envelope: `{"code","message","status":"error","details":{}}`, bare for a whole request,
//! inside `data[]` for one record.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::id::Id;

/// What a handler answers.
pub(super) type Reply = Result<Response, Refusal>;

/// One refusal, of a request or of a record in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// HTTP status when it refuses the whole request.
    pub(super) status: StatusCode,
    /// `INVALID_DATA`, `NO_PERMISSION` …
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
    /// What exactly was wrong.
    pub(super) details: Value,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: &str,
        details: Value,
    ) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
            details,
        }
    }

    /// 400 with this code.
    pub(super) fn bad(code: &'static str, message: &str, details: Value) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, details)
    }

    /// A query parameter whose value is wrong.
    pub(super) fn param(name: &str) -> Self {
        Self::bad("INVALID_DATA", "invalid data", json!({"param_name": name}))
    }

    /// A query parameter that is missing.
    pub(super) fn missing_param(name: &str) -> Self {
        Self::bad(
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            json!({"param_name": name}),
        )
    }

    /// A value in the body that is wrong.
    pub(super) fn value(api_name: &str, json_path: &str) -> Self {
        Self::bad(
            "INVALID_DATA",
            "invalid data",
            json!({"api_name": api_name, "json_path": json_path}),
        )
    }

    /// A value in the body that has the wrong type.
    pub(super) fn value_type(api_name: &str, json_path: &str, expected: &str) -> Self {
        Self::bad(
            "INVALID_DATA",
            "invalid data",
            json!({"expected_data_type": expected, "api_name": api_name, "json_path": json_path}),
        )
    }

    /// A value in the body that is too long (or a list with too many entries).
    pub(super) fn too_long(api_name: &str, json_path: &str, maximum: usize) -> Self {
        Self::bad(
            "INVALID_DATA",
            "invalid data",
            json!({"maximum_length": maximum, "api_name": api_name, "json_path": json_path}),
        )
    }

    /// A value that must be there.
    pub(super) fn mandatory(api_name: &str, json_path: &str) -> Self {
        Self::bad(
            "MANDATORY_NOT_FOUND",
            "required field not found",
            json!({"api_name": api_name, "json_path": json_path}),
        )
    }

    /// The id of a record in the body that does not exist.
    pub(super) fn no_such_record(json_path: &str) -> Self {
        Self::bad(
            "INVALID_DATA",
            "the id given seems to be invalid",
            json!({"api_name": "id", "json_path": json_path}),
        )
    }

    /// An id in the path that is none, or that does not exist.
    pub(super) fn path_id() -> Self {
        Self::bad(
            "INVALID_DATA",
            "the id given seems to be invalid",
            json!({"resource_path_index": 1}),
        )
    }

    /// No such module.
    pub(super) fn module() -> Self {
        Self::bad(
            "INVALID_MODULE",
            "the module name given seems to be invalid",
            json!({"resource_path_index": 0}),
        )
    }

    /// The profile lacks a right.
    pub(super) fn permission(name: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "NO_PERMISSION",
            "permission denied",
            json!({"permissions": [name]}),
        )
    }

    /// The token was issued for less.
    pub(super) fn scope() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "OAUTH_SCOPE_MISMATCH",
            "invalid oauth scope to access this URL",
            json!({}),
        )
    }

    /// No such path.
    pub(super) fn url() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "INVALID_URL_PATTERN",
            "Please check if the URL trying to access is a correct one",
            json!({}),
        )
    }

    /// No such verb on this path. Zoho answers 400, not 405.
    pub(super) fn verb() -> Self {
        Self::bad(
            "INVALID_REQUEST_METHOD",
            "The http request method type is not a valid one",
            json!({}),
        )
    }

    /// A unique value that another record holds; `id` is that record.
    pub(super) fn duplicate(
        api_name: &str,
        json_path: &str,
        id: Id,
        owner: &Value,
        module: &Value,
    ) -> Self {
        Self::bad(
            "DUPLICATE_DATA",
            "duplicate data",
            json!({
                "api_name": api_name, "json_path": json_path, "id": id, "more_records": false,
                "duplicate_record": {"id": id, "Owner": owner, "module": module},
            }),
        )
    }

    /// Several errors in one record.
    pub(super) fn several(errors: &[Self]) -> Self {
        let errors: Vec<Value> = errors.iter().map(Self::body).collect();
        Self::bad(
            "MULTIPLE_OR_MULTI_ERRORS",
            "Multiple errors in the request",
            json!({"errors": errors}),
        )
    }

    /// The envelope.
    pub(super) fn body(&self) -> Value {
        json!({
            "code": self.code, "message": self.message, "status": "error", "details": self.details,
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}
