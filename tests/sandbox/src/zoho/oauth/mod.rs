//! The accounts server: consent, tokens, revocation.

mod consent;
pub(super) mod grants;
pub(super) mod scope;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::state::Zoho;

/// The paths of the accounts server. On the real one they live on another host than the API.
pub(super) fn router() -> Router<Arc<Zoho>> {
    Router::new()
        .route("/oauth/v2/auth", get(consent::page).post(consent::decision))
        .route("/oauth/v2/token", post(token::issue))
        .route("/oauth/v2/token/revoke", post(token::revoke))
}
