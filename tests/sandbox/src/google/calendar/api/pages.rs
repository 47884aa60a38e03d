//! Paging, the same for every list: short pages, empty ones, tokens bound to the request.

use super::Request;
use crate::dice::stable_number;
use crate::google::calendar::act::Act;
use crate::google::calendar::cursor::PageToken;
use crate::google::calendar::error::CalendarError;
use crate::google::cursor::binding;

/// Parameters that may differ from page to page.
const FREE: &[&str] = &[
    "alt",
    "fields",
    "key",
    "maxResults",
    "pageToken",
    "prettyPrint",
    "quotaUser",
    "userIp",
];

/// Where a page begins and how long it is.
pub(super) struct Page {
    binding: String,
    /// From where every page looks.
    pub(super) horizon: u64,
    /// Sequence number or offset of what was read last.
    pub(super) after: u64,
    /// Items that fit; none on an empty page.
    pub(super) size: usize,
    number: u64,
    epoch: u64,
}

impl Page {
    /// Opens the page token, or begins with the first page. `first` is where a first page begins.
    pub(super) fn open(
        act: &Act<'_>,
        request: &Request<'_>,
        collection: &str,
        most: usize,
        horizon: u64,
        first: u64,
    ) -> Result<Self, CalendarError> {
        let mut words = vec![act.account, collection];
        for (name, value) in request.query.pairs() {
            if !FREE.contains(&name) {
                words.extend([name, value]);
            }
        }
        let binding = binding(&words);
        let token = request
            .query
            .text("pageToken")
            .map(|text| PageToken::open(text, &binding, act.epoch))
            .transpose()?;
        let (horizon, after, number) = token.map_or((horizon, first, 1), |token| {
            (token.horizon, token.after, token.page)
        });
        Ok(Self {
            size: size(act, most, number, after),
            binding,
            horizon,
            after,
            number,
            epoch: act.epoch,
        })
    }

    /// The token of the page that begins after this place.
    pub(super) fn next(&self, after: u64) -> String {
        PageToken {
            binding: self.binding.clone(),
            horizon: self.horizon,
            after,
            page: self.number + 1,
            epoch: self.epoch,
        }
        .seal()
    }
}

/// The size asked for, under the cap; where pages are short, between half of it and all, and now and then nothing.
fn size(act: &Act<'_>, asked: usize, number: u64, after: u64) -> usize {
    let most = asked.min(act.settings.page_cap).max(1);
    if !act.settings.short_pages {
        return most;
    }
    let words = [number.to_string(), after.to_string()];
    let roll = stable_number(act.dice.seed(), &["page", &words[0], &words[1]]);
    if number.is_multiple_of(2) && roll.is_multiple_of(3) {
        return 0;
    }
    let spread = (most / 2) as u64 + 1;
    most - usize::try_from(roll % spread).unwrap_or(0)
}
