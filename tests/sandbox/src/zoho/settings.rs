//! What control may change about this emulator while it runs.

use serde::{Deserialize, Serialize};

/// The emulator's settings. [`Settings::unkind`] is the default of the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the control API"
)]
pub(super) struct Settings {
    /// Life of an access token.
    pub(super) access_token_seconds: u64,
    /// Access tokens that one refresh token may ask for within ten minutes.
    pub(super) tokens_per_ten_minutes: usize,
    /// The consent page agrees by itself, as [`Settings::consent_user`]; so it does with `auto=1` in its query.
    pub(super) auto_consent: bool,
    /// E-mail address of the user who agrees; absent means the default user.
    pub(super) consent_user: Option<String>,
    /// Earliest moment at which lists, counts and COQL show a write.
    pub(super) list_lag_min_milliseconds: u64,
    /// Latest moment at which they show it.
    pub(super) list_lag_max_milliseconds: u64,
    /// When `/search` shows a write.
    pub(super) search_lag_milliseconds: u64,
    /// Rows on a page however many were asked for.
    pub(super) page_cap: usize,
    /// Life of a page token.
    pub(super) page_token_seconds: u64,
    /// Rows that one chain of page tokens reaches.
    pub(super) page_token_rows: usize,
    /// Values are stored trimmed, with e-mail domains in lower case and line ends as `\n`.
    pub(super) rewrite_values: bool,
    /// How long each call holds its slot, so that concurrency limits bite.
    pub(super) work_milliseconds: u64,
    /// Calls of one organisation that may run at the same time.
    pub(super) concurrency: u32,
    /// The same for the expensive ones.
    pub(super) sub_concurrency: u32,
    /// Credits within a sliding day.
    pub(super) credits_per_day: u64,
    /// 429 bodies in the older shape `{"code":429,"error":…,"error_info":…}`.
    pub(super) legacy_429: bool,
    /// What `If-Unmodified-Since` refuses when one record of several is newer.
    pub(super) stale_batches: StaleBatches,
    /// `notify_url` must be https, unless it points to a loopback address.
    pub(super) https_callbacks: bool,
    /// Latest moment at which a callback is sent; each one picks its own, so they overtake each other.
    pub(super) callback_delay_milliseconds: u64,
    /// Share of callbacks that are never sent.
    pub(super) callback_drop_rate: f64,
    /// Share of callbacks that are sent twice.
    pub(super) callback_duplicate_rate: f64,
    /// Whether deleting a meeting sends a cancellation to whoever was invited to it (unverified).
    pub(super) deletions_mail_the_invited: bool,
    /// Whether the other occurrences of a series name the day of a deleted one in `EXDATE` (unverified).
    pub(super) deleted_occurrences_are_exdates: bool,
}

/// How far one stale record reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StaleBatches {
    /// 412 for the whole call, nothing is written; `data[]` names the newer records. The reading of the published
    /// OpenAPI file, whose 412 knows `ALREADY_MODIFIED` items only and whose 207 does not know them.
    RefuseCall,
    /// Only the newer records are refused; 207, or 412 when all are newer.
    RefuseRecord,
}

impl Settings {
    /// The defaults of the sandbox.
    pub(super) fn unkind() -> Self {
        Self {
            access_token_seconds: 120,
            tokens_per_ten_minutes: 10,
            auto_consent: false,
            consent_user: None,
            list_lag_min_milliseconds: 1_000,
            list_lag_max_milliseconds: 2_000,
            search_lag_milliseconds: 5_000,
            page_cap: 120,
            page_token_seconds: 24 * 3_600,
            page_token_rows: 100_000,
            rewrite_values: true,
            work_milliseconds: 5,
            concurrency: 20,
            sub_concurrency: 10,
            credits_per_day: 500_000,
            legacy_429: false,
            stale_batches: StaleBatches::RefuseCall,
            https_callbacks: true,
            callback_delay_milliseconds: 250,
            callback_drop_rate: 0.0,
            callback_duplicate_rate: 0.0,
            deletions_mail_the_invited: true,
            deleted_occurrences_are_exdates: true,
        }
    }

    /// No lag, whole pages, long tokens.
    pub(super) fn kind() -> Self {
        Self {
            access_token_seconds: 3_600,
            list_lag_min_milliseconds: 0,
            list_lag_max_milliseconds: 0,
            search_lag_milliseconds: 0,
            page_cap: 200,
            rewrite_values: false,
            work_milliseconds: 0,
            callback_delay_milliseconds: 0,
            ..Self::unkind()
        }
    }
}
