//! The same of two calendars.

use serde::Serialize;

use super::{Term, ZOHO, term};
use crate::diaries::{Diaries, OCCURRENCES};

/// Google: events of a page.
const PAGE: u64 = 2_500;
/// Zoho CRM: records that are read by id in one call.
const BY_ID: u64 = 100;
/// Addresses that one query looks up.
const ADDRESSES: u64 = 40;

/// What a first sync of calendars had to do.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Meetings {
    /// What both calendars held before it.
    pub(crate) diaries: Diaries,
    /// Created in Zoho CRM; a series is one.
    pub(crate) created_left: u64,
    /// Created in Google.
    pub(crate) created_right: u64,
    /// Updated in Zoho CRM.
    pub(crate) updated_left: u64,
    /// Updated in Google.
    pub(crate) updated_right: u64,
}

impl Meetings {
    /// Everything that must be called. Google takes each event in a call of its own: what its batch endpoint takes
    /// together counts one by one ("Usage limits").
    pub(crate) fn terms(&self) -> Vec<Term> {
        let mut terms = self.google();
        terms.extend(self.zoho());
        terms.retain(|term| term.calls > 0);
        terms
    }

    fn google(&self) -> Vec<Term> {
        let written = self.created_right + self.updated_right;
        let creates = u64::from(self.created_right > 0);
        vec![
            term("Google: calendars, to find the collection", 1),
            term("Google: pages", pages(self.diaries.each, PAGE)),
            term(
                "Google: the calendar before and after each of two rounds",
                4,
            ),
            term(
                "Google: the calendar, and a look before creating",
                2 * creates,
            ),
            term("Google: creates, one by one", self.created_right),
            term("Google: reads before updates", self.updated_right),
            term("Google: updates, one by one", self.updated_right),
            term("Google: pages of the echo", pages(written, PAGE)),
            term(
                "Google: series of the echo, read as a whole",
                self.diaries.series_alone.min(self.created_right),
            ),
        ]
    }

    fn zoho(&self) -> Vec<Term> {
        let [page, batch] = ZOHO;
        let (created, diaries) = (self.created_left, self.diaries);
        let series = |count: u64| (count * OCCURRENCES).div_ceil(BY_ID);
        let new_series = diaries.series_alone.min(created);
        let written = created + new_series * (OCCURRENCES - 1) + self.updated_left;
        let creates = u64::from(created > 0);
        vec![
            term(
                "Zoho CRM: user, fields, list views, to find the collection",
                3,
            ),
            term("Zoho CRM: fields and rights before writing", 2),
            term("Zoho CRM: the caller's clock in each of two rounds", 2),
            term("Zoho CRM: pages", pages(diaries.rows, page)),
            term(
                "Zoho CRM: series, read by their occurrences",
                series(diaries.series_alone + diaries.series_both),
            ),
            term("Zoho CRM: a look before creating", creates),
            term(
                "Zoho CRM: guests by address",
                diaries.guests.div_ceil(ADDRESSES),
            ),
            term("Zoho CRM: batches of creates", created.div_ceil(batch)),
            term(
                "Zoho CRM: reads before updates",
                self.updated_left.div_ceil(batch),
            ),
            term(
                "Zoho CRM: batches of updates",
                self.updated_left.div_ceil(batch),
            ),
            term("Zoho CRM: pages of the echo", pages(written, page)),
            term(
                "Zoho CRM: series of the echo, read by their occurrences",
                series(new_series),
            ),
            term("Zoho CRM: deleted records, echo", 1),
        ]
    }
}

fn pages(records: u64, size: u64) -> u64 {
    records.div_ceil(size).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(work: &Meetings, what: &str) -> Option<u64> {
        let terms = work.terms();
        let named = terms.iter().find(|term| term.what == what);
        named.map(|term| term.calls)
    }

    #[test]
    fn two_empty_calendars_are_still_read() {
        let calls: u64 = Meetings::default()
            .terms()
            .iter()
            .map(|term| term.calls)
            .sum();
        assert_eq!(calls, 1 + 1 + 4 + 1 + 3 + 2 + 2 + 1 + 1 + 1);
    }

    #[test]
    fn google_takes_one_event_a_call_and_zoho_crm_a_hundred() {
        let work = Meetings {
            created_left: 101,
            created_right: 101,
            ..Meetings::default()
        };
        assert_eq!(calls(&work, "Google: creates, one by one"), Some(101));
        assert_eq!(calls(&work, "Zoho CRM: batches of creates"), Some(2));
    }
}
