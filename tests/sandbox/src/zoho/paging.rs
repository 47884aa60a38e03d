//! Page tokens: bound to the parameters of the first call, dead after a day.

use std::collections::HashMap;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::refusal::Refusal;
use super::replica::Position;

/// Where a chain of pages stands.
#[derive(Debug, Clone)]
pub(super) struct Bookmark {
    /// Everything that must stay the same from page to page.
    pub(super) bound_to: String,
    pub(super) after: Position,
    /// Rows handed out so far.
    pub(super) rows: usize,
    /// Number of the next page.
    pub(super) page: usize,
}

#[derive(Debug)]
struct Kept {
    bookmark: Bookmark,
    issued: Timestamp,
    expired: bool,
}

/// Every page token that was handed out.
#[derive(Debug, Default)]
pub(super) struct PageTokens {
    kept: HashMap<String, Kept>,
}

impl PageTokens {
    /// Keeps a bookmark under a token.
    pub(super) fn issue(&mut self, token: String, bookmark: Bookmark, now: Timestamp) {
        // Far past their life, tokens may be forgotten: they then read as invalid instead of expired.
        self.kept
            .retain(|_, kept| now.duration_since(kept.issued) < SignedDuration::from_hours(7 * 24));
        let kept = Kept {
            bookmark,
            issued: now,
            expired: false,
        };
        self.kept.insert(token, kept);
    }

    /// The bookmark of a token, if the request is still the same.
    pub(super) fn find(
        &self,
        token: &str,
        bound_to: &str,
        now: Timestamp,
        life: SignedDuration,
    ) -> Result<Bookmark, Refusal> {
        let mismatch = || {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "TOKEN_BOUND_DATA_MISMATCH",
                "The page_token given seems to be invalid or input param is added or altered or deleted",
                json!({"param_name": "page_token"}),
            )
        };
        let kept = self.kept.get(token).ok_or_else(mismatch)?;
        if kept.expired || now.duration_since(kept.issued) >= life {
            return Err(Refusal::bad(
                "EXPIRED_VALUE",
                "Page token expired",
                json!({"api_name": "page_token", "json_path": "$.query.page_token"}),
            ));
        }
        if kept.bookmark.bound_to != bound_to {
            return Err(mismatch());
        }
        Ok(kept.bookmark.clone())
    }

    /// Every token handed out so far is expired.
    pub(super) fn expire_all(&mut self) {
        for kept in self.kept.values_mut() {
            kept.expired = true;
        }
    }
}
