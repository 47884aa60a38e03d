//! `/control/zoho/…`: the people who work in the CRM, and its administrator.

mod access;
mod admin;
mod records;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};
use http::StatusCode;
use serde::Deserialize;

use super::id::Id;
use super::refusal::Refusal;
use super::state::{State as Stored, Zoho};
use crate::control::ControlError;

/// Every route, relative to `/control/zoho`.
pub(super) fn router() -> Router<Arc<Zoho>> {
    Router::new()
        .route(
            "/organisations",
            get(access::organisations).post(access::open),
        )
        .route(
            "/records/{module}",
            get(records::list)
                .post(records::create)
                .patch(records::edit_many),
        )
        .route("/callbacks", get(access::callbacks))
        .route(
            "/records/{module}/{id}",
            get(records::one)
                .patch(records::edit)
                .delete(records::delete),
        )
        .route("/records/{module}/{id}/restore", post(records::restore))
        .route("/records/{module}/{id}/copy", post(records::copy))
        .route("/records/{module}/{id}/merge", post(records::merge))
        .route("/views", get(views::list).post(views::create))
        .route(
            "/views/{id}",
            axum::routing::patch(views::change).delete(views::delete),
        )
        .route(
            "/views/{id}/members/{record}",
            put(views::add).delete(views::remove),
        )
        .route("/fields/{module}", post(admin::add_field))
        .route(
            "/fields/{module}/{api_name}",
            axum::routing::patch(admin::change_field).delete(admin::remove_field),
        )
        .route("/users/{email}", axum::routing::patch(admin::change_user))
        .route("/permissions", get(admin::permissions))
        .route("/permissions/{name}", put(admin::permit))
        .route(
            "/workflows",
            get(admin::workflows).put(admin::set_workflows),
        )
        .route("/channels", get(access::channels))
        .route("/channels/expire", post(access::expire_channels))
        .route("/grants", get(access::grants).post(access::grant))
        .route("/grants/{token}", axum::routing::delete(access::revoke))
        .route("/credits", get(access::credits))
}

/// Who acts, and in which organisation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    /// E-mail address; absent means the organisation's last user, who is not the default caller of the API.
    #[serde(rename = "as")]
    user: Option<String>,
    /// Index of the organisation; absent means that of the user, or the first one.
    org: Option<usize>,
    /// Deletions only: past the recycle bin.
    #[serde(default)]
    permanent: bool,
    /// Whether workflow rules run, as they do for people; absent means yes.
    workflows: Option<bool>,
}

impl Who {
    /// Organisation and user.
    fn find(&self, state: &Stored) -> Result<(usize, Id), ControlError> {
        if let Some(email) = &self.user {
            let found = state.find_user(Some(email));
            return found.ok_or_else(|| ControlError::not_found(format!("user {email}")));
        }
        let index = self.org.unwrap_or(0);
        let org = state.orgs.get(index);
        let user = org.and_then(|org| org.users.last()).map(|user| user.id);
        let user = user.ok_or_else(|| ControlError::not_found(format!("organisation {index}")))?;
        Ok((index, user))
    }
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        let status = if refusal.code == "INVALID_MODULE" {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::BAD_REQUEST
        };
        Self::new(status, refusal.body().to_string())
    }
}

/// An id in a control path.
fn id(text: &str) -> Result<Id, ControlError> {
    text.parse()
        .map_err(|error: super::id::NotAnId| ControlError::bad_request(error.to_string()))
}
