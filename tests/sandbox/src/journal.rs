//! The request log: what clients called, what it wrote, whom it would have mailed.

mod mail;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

#[cfg(test)]
use mail::Cause;
pub use mail::Mail;
pub(crate) use mail::{Letter, MailFilter};

/// Entries kept; older ones go, the counts stay.
const KEPT_ENTRIES: usize = 200_000;

/// What a call did, told by its handler through the response's extensions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Whose account it was, if the call got that far.
    pub(crate) account: Option<String>,
    /// Ids of the records it created, changed or deleted.
    pub(crate) written: Vec<String>,
    /// Mails that the provider would have sent because of it.
    pub(crate) letters: Vec<Letter>,
}

/// One call.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// 1, 2, 3 … over all providers.
    pub number: u64,
    /// When it began, by the sandbox's clock.
    pub at: Timestamp,
    /// `google`, `zoho`.
    pub provider: &'static str,
    /// The API method, as the provider documents it.
    pub method: String,
    /// HTTP method.
    pub verb: String,
    /// Path and query.
    pub path: String,
    /// Whose account, if known.
    pub account: Option<String>,
    /// Status answered; absent when the connection was cut.
    pub status: Option<u16>,
    /// Ids of the records written.
    pub written: Vec<String>,
    /// The faults that hit it.
    pub faults: Vec<&'static str>,
    /// How long it took, in milliseconds of real time.
    pub milliseconds: u64,
    /// When it ended, by the sandbox's clock.
    pub ended_at: Timestamp,
}

/// Counts of one method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Calls, whatever became of them.
    pub calls: u64,
    /// Calls that were answered 400 or above, or cut.
    pub failed: u64,
    /// Records written.
    pub written: u64,
}

/// Which entries to read.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only this provider.
    pub(crate) provider: Option<String>,
    /// Only this method.
    pub(crate) method: Option<String>,
    /// Only entries with a higher number.
    #[serde(default)]
    pub(crate) after: u64,
    /// Only calls that wrote a record.
    #[serde(default)]
    pub(crate) writes: bool,
    /// At most so many, the newest.
    pub(crate) limit: Option<usize>,
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        entry.number > self.after
            && (!self.writes || !entry.written.is_empty())
            && self.provider.as_deref().is_none_or(|p| p == entry.provider)
            && self.method.as_deref().is_none_or(|m| m == entry.method)
    }
}

/// The log and its counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last_number: u64,
    in_flight: u64,
    entries: VecDeque<Entry>,
    counts: BTreeMap<&'static str, BTreeMap<String, Count>>,
    mails: BTreeMap<&'static str, u64>,
    last_mail: u64,
    letters: VecDeque<Mail>,
    marks: BTreeMap<String, u64>,
}

/// Everything that is counted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Counts {
    /// By provider and method.
    pub(crate) methods: BTreeMap<&'static str, BTreeMap<String, Count>>,
    /// Mails that each provider would have sent because of API calls and of workflow rules.
    pub(crate) mails: BTreeMap<&'static str, u64>,
    /// Other events, by name: `google.parallel_mutations`.
    pub(crate) marks: BTreeMap<String, u64>,
    /// Calls that have begun and not ended.
    pub(crate) in_flight: u64,
}

impl State {
    fn post(
        &mut self,
        at: Timestamp,
        provider: &'static str,
        account: Option<String>,
        method: Option<String>,
        call: Option<u64>,
        letter: Letter,
    ) {
        self.last_mail += 1;
        if self.letters.len() == KEPT_ENTRIES {
            self.letters.pop_front();
        }
        self.letters.push_back(Mail {
            number: self.last_mail,
            at,
            provider,
            recipient: letter.recipient,
            kind: letter.kind,
            record: letter.record,
            account,
            method,
            call,
        });
    }
}

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins.
    pub(crate) fn begin(&self) {
        self.state().in_flight += 1;
    }

    /// A call ends; the number of the entry is given here, and of the mails that it caused.
    pub(crate) fn end(&self, mut entry: Entry, letters: Vec<Letter>) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.last_number += 1;
        entry.number = state.last_number;
        let count = state
            .counts
            .entry(entry.provider)
            .or_default()
            .entry(entry.method.clone())
            .or_default();
        count.calls += 1;
        count.failed += u64::from(entry.status.is_none_or(|status| status >= 400));
        count.written += entry.written.len() as u64;
        *state.mails.entry(entry.provider).or_default() += letters.len() as u64;
        let (method, call) = (Some(entry.method.clone()), Some(entry.number));
        for letter in letters {
            let account = entry.account.clone();
            state.post(
                entry.at,
                entry.provider,
                account,
                method.clone(),
                call,
                letter,
            );
        }
        if state.entries.len() == KEPT_ENTRIES {
            state.entries.pop_front();
        }
        state.entries.push_back(entry);
    }

    /// The provider would have sent mails.
    pub(crate) fn mail(&self, provider: &'static str, count: u64) {
        *self.state().mails.entry(provider).or_default() += count;
    }

    /// A person's act made the provider send mails; they are listed, not counted.
    pub(crate) fn mailed_by_people(
        &self,
        at: Timestamp,
        provider: &'static str,
        account: &str,
        letters: Vec<Letter>,
    ) {
        let mut state = self.state();
        for letter in letters {
            state.post(at, provider, Some(account.to_owned()), None, None, letter);
        }
    }

    /// The mails that fit, oldest first.
    pub(crate) fn mails(&self, filter: &MailFilter) -> Vec<Mail> {
        let state = self.state();
        let fitting = state.letters.iter().filter(|mail| filter.fits(mail));
        fitting.cloned().collect()
    }

    /// Counts an event that is no call of its own.
    pub(crate) fn mark(&self, name: &str) {
        *self.state().marks.entry(name.to_owned()).or_default() += 1;
    }

    /// The entries that fit, oldest first.
    pub(crate) fn entries(&self, filter: &Filter) -> Vec<Entry> {
        let state = self.state();
        let mut found: Vec<Entry> = state
            .entries
            .iter()
            .rev()
            .filter(|entry| filter.fits(entry))
            .take(filter.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect();
        found.reverse();
        found
    }

    /// The counts.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.state();
        Counts {
            methods: state.counts.clone(),
            mails: state.mails.clone(),
            marks: state.marks.clone(),
            in_flight: state.in_flight,
        }
    }

    /// Forgets entries and counts; numbers go on.
    pub(crate) fn clear(&self) {
        let mut state = self.state();
        *state = State {
            last_number: state.last_number,
            last_mail: state.last_mail,
            in_flight: state.in_flight,
            ..State::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: &str, status: Option<u16>, written: &[&str]) -> Entry {
        Entry {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            provider: "google",
            method: method.to_owned(),
            verb: "GET".to_owned(),
            path: "/".to_owned(),
            account: None,
            status,
            written: written.iter().map(|id| (*id).to_owned()).collect(),
            faults: Vec::new(),
            milliseconds: 0,
            ended_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn counts_calls_failures_and_written_records() {
        let journal = Journal::default();
        for (status, written) in [
            (Some(200), &["a", "b"][..]),
            (Some(503), &[]),
            (None, &["c"]),
        ] {
            journal.begin();
            journal.end(
                entry("people.batchCreateContacts", status, written),
                Vec::new(),
            );
        }
        let counts = journal.counts();
        let count = &counts.methods["google"]["people.batchCreateContacts"];
        assert_eq!((count.calls, count.failed, count.written), (3, 2, 3));
        assert_eq!(counts.in_flight, 0);
    }

    #[test]
    fn a_filter_narrows_and_a_limit_keeps_the_newest() {
        let journal = Journal::default();
        for method in ["a", "b", "a", "a"] {
            journal.end(entry(method, Some(200), &[]), Vec::new());
        }
        let filter = Filter {
            method: Some("a".to_owned()),
            limit: Some(2),
            ..Filter::default()
        };
        let numbers: Vec<u64> = journal.entries(&filter).iter().map(|e| e.number).collect();
        assert_eq!(numbers, [3, 4]);
        journal.clear();
        assert!(journal.entries(&Filter::default()).is_empty());
    }

    #[test]
    fn mails_name_the_call_and_peoples_are_not_counted() {
        let journal = Journal::default();
        let letter = |recipient: &str| Letter {
            recipient: recipient.to_owned(),
            kind: "invitation",
            record: "e1".to_owned(),
        };
        journal.end(
            entry("calendar.events.insert", Some(200), &["e1"]),
            vec![letter("a@x")],
        );
        journal.mailed_by_people(Timestamp::UNIX_EPOCH, "google", "ana", vec![letter("b@x")]);
        assert_eq!(journal.counts().mails["google"], 1);
        let mails = |by| {
            journal.mails(&MailFilter {
                by: Some(by),
                ..MailFilter::default()
            })
        };
        let (api, people) = (mails(Cause::Api), mails(Cause::People));
        assert_eq!((api.len(), people.len()), (1, 1));
        assert_eq!(api[0].method.as_deref(), Some("calendar.events.insert"));
        assert_eq!((api[0].call, people[0].call), (Some(1), None));
        journal.clear();
        assert!(journal.mails(&MailFilter::default()).is_empty());
    }
}
