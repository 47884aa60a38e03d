//! Paging and sync tokens, the same for every collection.

use super::Call;
use crate::dice::stable_number;
use crate::google::cursor::{PageToken, SyncToken, binding};
use crate::google::error::GoogleError;
use crate::google::ledger::{Ledger, Version};

/// One page of a list or of a delta.
pub(super) struct Page<T> {
    /// Versions in this page, tombstones included when it is a delta.
    pub(super) items: Vec<Version<T>>,
    /// Token of the next page.
    pub(super) next: Option<String>,
    /// Token of the next delta, on the last page and if it was asked for.
    pub(super) next_sync: Option<String>,
    /// From where it was read.
    pub(super) horizon: u64,
    /// Whether it is a page of a delta.
    pub(super) delta: bool,
}

/// What of a call decides about its pages.
pub(super) struct Plan<'a> {
    /// Name of the collection, for the binding.
    pub(super) collection: &'a str,
    /// The parameters that must not change between calls.
    pub(super) parameters: &'a [&'a str],
    /// Page size asked for.
    pub(super) size: usize,
    /// Whether a token for the next delta is wanted.
    pub(super) wants_sync: bool,
}

/// Where a page begins.
pub(super) struct Start {
    binding: String,
    horizon: u64,
    after: u64,
    began_at: i64,
    sync: Option<SyncToken>,
}

/// Opens the tokens of a call.
pub(super) fn start(
    call: &Call<'_>,
    plan: &Plan<'_>,
    visible: u64,
) -> Result<(Start, String), GoogleError> {
    let mut words = vec![call.account.id.as_str(), plan.collection];
    words.extend(plan.parameters);
    let bound = binding(&words);
    let sync = call
        .query
        .text("syncToken")
        .map(|text| SyncToken::open(text, &bound, call.epoch, call.now, call.settings))
        .transpose()?;
    let paged = binding(&[&bound, call.query.text("syncToken").unwrap_or_default()]);
    let start = match call.query.text("pageToken") {
        Some(text) => {
            let token = PageToken::open(text, &paged, call.epoch)?;
            Start {
                binding: paged,
                horizon: token.horizon,
                after: token.after,
                began_at: token.began_at,
                sync,
            }
        }
        None => Start {
            binding: paged,
            horizon: visible,
            after: sync.as_ref().map_or(0, |token| token.sequence),
            began_at: call.now,
            sync,
        },
    };
    Ok((start, bound))
}

/// Reads a page in the order of last modification: a delta if the call has a sync token, else what exists.
pub(super) fn read<T>(
    call: &Call<'_>,
    ledger: &Ledger<T>,
    plan: &Plan<'_>,
) -> Result<Page<T>, GoogleError> {
    let visible = ledger.horizon(call.list_moment());
    let (start, bound) = start(call, plan, visible)?;
    let delta = start.sync.is_some();
    let size = page_size(call, plan.size, start.after);
    let mut rest = ledger
        .changes(start.after, start.horizon)
        .filter(|version| delta || !version.deleted)
        .peekable();
    let mut items: Vec<Version<T>> = rest
        .by_ref()
        .take(size)
        .map(|version| Version {
            sequence: version.sequence,
            at: version.at,
            deleted: version.deleted,
            value: version.value.clone(),
        })
        .collect();
    let after = items.last().map_or(start.after, |version| version.sequence);
    let more = rest.peek().is_some();
    let next_page = more.then(|| next_page(call, &start, after));
    let next_sync = (!more && (plan.wants_sync || delta)).then(|| next_sync(call, &start, bound));
    if call.settings.reorder && (plan.wants_sync || delta) {
        call.dice.shuffle(&mut items);
    }
    Ok(Page {
        items,
        next: next_page,
        next_sync,
        horizon: start.horizon,
        delta,
    })
}

/// Reads a page of an already sorted list; `after` counts the items before it.
pub(super) fn slice<T>(
    call: &Call<'_>,
    plan: &Plan<'_>,
    sorted: impl FnOnce(u64) -> Vec<Version<T>>,
    visible: u64,
) -> Result<Page<T>, GoogleError> {
    let (start, _) = start(call, plan, visible)?;
    let size = page_size(call, plan.size, start.after);
    let all = sorted(start.horizon);
    let from = usize::try_from(start.after)
        .unwrap_or(usize::MAX)
        .min(all.len());
    let to = (from + size).min(all.len());
    let next_page = (to < all.len()).then(|| next_page(call, &start, to as u64));
    Ok(Page {
        items: all.into_iter().skip(from).take(size).collect(),
        next: next_page,
        next_sync: None,
        horizon: start.horizon,
        delta: false,
    })
}

fn next_page(call: &Call<'_>, start: &Start, after: u64) -> String {
    PageToken {
        binding: start.binding.clone(),
        horizon: start.horizon,
        after,
        began_at: start.began_at,
        epoch: call.epoch,
    }
    .seal()
}

fn next_sync(call: &Call<'_>, start: &Start, bound: String) -> String {
    let full_sync_at = match &start.sync {
        Some(token) if !call.settings.delta_renews_sync_token => token.full_sync_at,
        _ => start.began_at,
    };
    SyncToken {
        binding: bound,
        sequence: start.horizon,
        full_sync_at,
        epoch: call.epoch,
    }
    .seal()
}

/// The size asked for, under the cap; where pages are short, between half of it and all.
fn page_size(call: &Call<'_>, asked: usize, after: u64) -> usize {
    let most = asked.min(call.settings.page_cap).max(1);
    if !call.settings.short_pages || most < 2 {
        return most;
    }
    let roll = stable_number(call.dice.seed(), &["page", &after.to_string()]);
    let spread = (most / 2) as u64 + 1;
    most - usize::try_from(roll % spread).unwrap_or(0)
}
