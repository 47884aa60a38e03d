//! Zoho CRM v8.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::ControlError;
use crate::emulator::{Emulator, Shared, Strike};
use crate::seed::TwoAddressBooks;

/// The emulator, for the list in `lib.rs`.
pub(crate) fn emulator(_shared: Shared) -> Arc<dyn Emulator> {
    Arc::new(Zoho)
}

struct Zoho;

impl Emulator for Zoho {
    fn provider(&self) -> &'static str {
        "zoho"
    }

    fn router(&self) -> Router {
        Router::new()
    }

    fn control_router(&self) -> Router {
        Router::new()
    }

    fn method_of(&self, _verb: &Method, _path: &str) -> String {
        "unknown".to_owned()
    }

    fn credentials(&self, base_url: &str) -> Value {
        json!({ "base_url": base_url })
    }

    fn failure(&self, status: StatusCode) -> Response {
        status.into_response()
    }

    fn strike(&self, _strike: Strike) {}

    fn seed(&self, _books: &TwoAddressBooks) -> Result<Value, ControlError> {
        Ok(json!({}))
    }

    fn settings(&self) -> Value {
        json!({})
    }

    fn configure(&self, _patch: &Value) -> Result<(), ControlError> {
        Ok(())
    }

    fn truth(&self) -> Value {
        json!({})
    }

    fn reset(&self) {}
}
