//! What control can change about the Calendar emulator.

use serde::{Deserialize, Serialize};

/// The switches, below `calendar` in Google's settings. Durations carry their unit in the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub(in crate::google) struct CalendarSettings {
    /// How long a write stays invisible to lists.
    pub(super) list_lag_milliseconds: u64,
    /// How long a write stays invisible to get and instances: a fresh event may be 404.
    pub(super) get_lag_milliseconds: u64,
    /// Most items on a page, whatever `maxResults` says.
    pub(super) page_cap: usize,
    /// Pages hold fewer items than asked for, some none, though more follow.
    pub(super) short_pages: bool,
    /// Items of a page come in another order: an exception before its series.
    pub(super) reorder: bool,
    /// Life of a sync token; the real one is not published.
    pub(super) sync_token_seconds: u64,
    /// How long a deleted event can still be read; then it is 404 and gone from the feed, its id stays taken.
    pub(super) tombstone_seconds: u64,
    /// How far back `updatedMin` may lie.
    pub(super) updated_min_seconds: u64,
    /// Whether a body with `created` or `updated` is refused instead of read without them.
    pub(super) refuse_read_only: bool,
    /// Whether a second import of a UID replaces the first (as in 2021) instead of being refused as a duplicate.
    pub(super) import_replaces: bool,
    /// Whether an update with `status: confirmed` brings a deleted event back; else it is refused with 403.
    pub(super) updates_resurrect: bool,
    /// Whether a write that changes nothing keeps the etag and stays out of the feed (unverified for events).
    pub(super) unchanged_writes_are_silent: bool,
    /// Whether a channel's address must be https, unless it is a loopback address.
    pub(super) https_channels: bool,
    /// Longest life of a channel.
    pub(super) channel_seconds: u64,
    /// Notifications arrive up to so much later, and overtake each other.
    pub(super) notification_delay_milliseconds: u64,
    /// Share of the notifications that are never sent.
    pub(super) notification_drop_rate: f64,
    /// Share of the notifications that are sent twice.
    pub(super) notification_duplicate_rate: f64,
    /// First pause before a notification is sent again that was answered 500, 502, 503 or 504; it doubles.
    pub(super) notification_retry_milliseconds: u64,
    /// Ceilings.
    pub(super) quota: CalendarQuota,
}

/// Calls in a sliding minute, and invitations of strangers in an hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::google) struct CalendarQuota {
    /// Calls of one user, or of one `quotaUser`.
    pub(super) user_requests: usize,
    /// Calls of everybody.
    pub(super) project_requests: usize,
    /// Writes to one calendar; the real ceiling is not published.
    pub(super) calendar_writes: usize,
    /// Invitations sent to other domains within an hour; the real ceiling is 10,000 "in a short period".
    pub(super) external_invitations: usize,
    /// Status of a refusal: 403 or 429; 0 takes the one or the other. Both were seen.
    pub(super) status: u16,
}

impl CalendarSettings {
    /// The defaults: everything that the documentation allows and clients like to forget.
    pub(in crate::google) fn unkind() -> Self {
        Self {
            list_lag_milliseconds: 2_000,
            get_lag_milliseconds: 200,
            page_cap: 100,
            short_pages: true,
            reorder: true,
            sync_token_seconds: 7 * 24 * 3600,
            tombstone_seconds: 30 * 24 * 3600,
            updated_min_seconds: 30 * 24 * 3600,
            refuse_read_only: true,
            import_replaces: false,
            updates_resurrect: false,
            unchanged_writes_are_silent: false,
            https_channels: true,
            channel_seconds: 7 * 24 * 3600,
            notification_delay_milliseconds: 250,
            notification_drop_rate: 0.0,
            notification_duplicate_rate: 0.0,
            notification_retry_milliseconds: 200,
            quota: CalendarQuota {
                user_requests: 600,
                project_requests: 10_000,
                calendar_writes: 400,
                external_invitations: 10_000,
                status: 0,
            },
        }
    }

    /// No lag, whole pages, items in order, no quota to speak of.
    pub(in crate::google) fn kind() -> Self {
        let plenty = 1_000_000;
        Self {
            list_lag_milliseconds: 0,
            get_lag_milliseconds: 0,
            page_cap: 2_500,
            short_pages: false,
            reorder: false,
            updates_resurrect: true,
            notification_delay_milliseconds: 0,
            quota: CalendarQuota {
                user_requests: plenty,
                project_requests: plenty,
                calendar_writes: plenty,
                external_invitations: plenty,
                status: 403,
            },
            ..Self::unkind()
        }
    }
}
