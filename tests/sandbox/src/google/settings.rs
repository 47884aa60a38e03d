//! What control can change about the emulator.

use serde::{Deserialize, Serialize};

use super::calendar::CalendarSettings;

/// The switches. Durations carry their unit in the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub(super) struct Settings {
    /// How long a write stays invisible to list and sync reads.
    pub(super) list_lag_milliseconds: u64,
    /// How long a write stays invisible to get and batchGet.
    pub(super) get_lag_milliseconds: u64,
    /// Most items on a page, whatever `pageSize` says.
    pub(super) page_cap: usize,
    /// Pages hold fewer items than asked for, though more follow.
    pub(super) short_pages: bool,
    /// Items come in another order each time: inside a field, on a page of a sync, in batch answers.
    pub(super) reorder: bool,
    /// Life of an access token.
    pub(super) access_token_seconds: u64,
    /// Life of a sync token, measured from the full sync.
    pub(super) sync_token_seconds: u64,
    /// Whether the token of a delta starts a new life.
    pub(super) delta_renews_sync_token: bool,
    /// `status` of the EXPIRED_SYNC_TOKEN error: true FAILED_PRECONDITION, false INVALID_ARGUMENT. Both were seen.
    pub(super) expired_token_is_failed_precondition: bool,
    /// HTTP status for a mutation that runs into another one of the same user; 0 lets it pass. Counted either way.
    pub(super) parallel_mutation_status: u16,
    /// How long a mutation takes, so that two can meet.
    pub(super) mutation_milliseconds: u64,
    /// Whether createContact takes `memberships` (unverified) instead of refusing them.
    pub(super) memberships_on_create: bool,
    /// Whether a batch that fails for some items applies the others (unverified).
    pub(super) failed_batch_applies_rest: bool,
    /// Contacts an account may hold, trash included.
    pub(super) contact_cap: usize,
    /// The consent page agrees by itself, as `consent_user`.
    pub(super) auto_consent: bool,
    /// E-mail address of who agrees; absent means the login hint's account, else the first.
    pub(super) consent_user: Option<String>,
    /// Scopes that people leave unticked on the consent page.
    pub(super) withheld_scopes: Vec<String>,
    /// Ceilings.
    pub(super) quota: Quota,
    /// The Calendar API's own switches.
    pub(super) calendar: CalendarSettings,
}

/// Cost units per user and minute, and writes per day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quota {
    /// Reads of contacts; updates and creates cost reads too.
    pub(super) critical_reads: u64,
    /// Creates and updates of contacts.
    pub(super) critical_writes: u64,
    /// Deletes and writes to groups.
    pub(super) other_writes: u64,
    /// Reads of groups.
    pub(super) group_reads: u64,
    /// Photo uploads and removals.
    pub(super) photo_writes: u64,
    /// First pages of full syncs.
    pub(super) full_sync_starts: u64,
    /// Contacts written per project and day.
    pub(super) daily_contact_writes: u64,
}

impl Settings {
    /// The defaults: everything that the documentation allows and clients like to forget.
    pub(super) fn unkind() -> Self {
        Self {
            list_lag_milliseconds: 2_000,
            get_lag_milliseconds: 200,
            page_cap: 250,
            short_pages: true,
            reorder: true,
            access_token_seconds: 120,
            sync_token_seconds: 7 * 24 * 3600,
            delta_renews_sync_token: false,
            expired_token_is_failed_precondition: false,
            parallel_mutation_status: 409,
            mutation_milliseconds: 10,
            memberships_on_create: false,
            failed_batch_applies_rest: false,
            contact_cap: 25_000,
            auto_consent: false,
            consent_user: None,
            withheld_scopes: Vec::new(),
            quota: Quota {
                critical_reads: 1_200,
                critical_writes: 1_200,
                other_writes: 600,
                group_reads: 600,
                photo_writes: 50,
                full_sync_starts: 30,
                daily_contact_writes: 100_000,
            },
            calendar: CalendarSettings::unkind(),
        }
    }

    /// No lag, whole pages, items in order, tokens that last, no quota to speak of.
    pub(super) fn kind() -> Self {
        let plenty = 1_000_000;
        Self {
            list_lag_milliseconds: 0,
            get_lag_milliseconds: 0,
            page_cap: 1_000,
            short_pages: false,
            reorder: false,
            access_token_seconds: 3_599,
            parallel_mutation_status: 0,
            mutation_milliseconds: 0,
            memberships_on_create: true,
            quota: Quota {
                critical_reads: plenty,
                critical_writes: plenty,
                other_writes: plenty,
                group_reads: plenty,
                photo_writes: plenty,
                full_sync_starts: plenty,
                daily_contact_writes: plenty,
            },
            calendar: CalendarSettings::kind(),
            ..Self::unkind()
        }
    }
}
