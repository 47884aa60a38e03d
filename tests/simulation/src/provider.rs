//! A model of a provider: an account that people edit and that our writers call.
//!
//! Lists show the past: what a reading sees is the account as it was up to the horizon ago. A read by id and the
//! answer to a conditional write show the present. What is written is rewritten by the provider's own habits.

mod calls;
mod habits;
mod pages;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use model::{Fields, Side};
use proto::change::CollectionState;

pub use calls::{Fate, NOT_ACCEPTED};
pub use habits::{FILLED_IN, MOST_EMAILS, crm_would_show};
pub use pages::Reading;
pub use people::Deed;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;

/// Which of the two behaviours a provider has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As a CRM with list views: no marker, stamps of whole seconds, a time cursor that overlaps, answers without
    /// the record, a collection that cannot be joined.
    View,
    /// As an address book with groups: markers, etags, a token that says how far lists were read, answers with
    /// the record, a collection that can be joined.
    Group,
}

/// A record as its provider holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its values, hidden ones included.
    pub fields: Fields,
    /// Whether it is inside the collection.
    pub in_scope: bool,
    /// The marker on it, where one can be carried.
    pub marker: String,
    /// Ids of records that were merged into it.
    pub former_ids: Vec<String>,
    /// Whether one of our writers created it; people's copies do not count.
    pub ours: bool,
    /// When the provider says that it changed, in microseconds.
    pub stamp: i64,
    /// Which state of the record this is.
    pub version: u64,
}

/// The states of a record, the newest last; none stands for its deletion.
type States = Vec<(i64, Option<Held>)>;

/// A provider's account.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The side that it is on.
    pub side: Side,
    /// How it behaves.
    pub kind: Kind,
    /// How long lists may show the past, in seconds.
    pub horizon: i64,
    /// Paths that an administrator hides from us.
    pub hidden: BTreeSet<&'static str>,
    /// Whether the collection can be reached.
    pub collection: CollectionState,
    /// People about whom it accepts no record from us.
    pub refused: BTreeSet<String>,
    /// Changes that our writers made.
    pub mutations: u64,
    /// Records that our creates made and whose answers have not been applied.
    pub unanswered: BTreeSet<String>,
    /// Records that our creates made where neither a list nor a look-up tells them from others, with whom they are
    /// about: without a match key and without a marker, and either outside the list view, where only match keys are
    /// told (by themselves, or because somebody moved them there before the answer came), or cut off by the provider,
    /// so that their content is another one.
    pub beyond: BTreeMap<String, String>,
    records: BTreeMap<String, States>,
    trash: BTreeMap<String, Held>,
    next: u32,
    version: u64,
}

impl Provider {
    /// An empty account.
    pub fn new(side: Side, kind: Kind, horizon: i64) -> Self {
        Self {
            side,
            kind,
            horizon,
            hidden: BTreeSet::new(),
            collection: CollectionState::Present,
            refused: BTreeSet::new(),
            mutations: 0,
            unanswered: BTreeSet::new(),
            beyond: BTreeMap::new(),
            records: BTreeMap::new(),
            trash: BTreeMap::new(),
            next: 0,
            version: 0,
        }
    }

    /// A record as it is.
    pub fn get(&self, id: &str) -> Option<&Held> {
        self.records.get(id)?.last()?.1.as_ref()
    }

    /// Every record there is, by id.
    pub fn live(&self) -> impl Iterator<Item = (&str, &Held)> {
        self.records
            .iter()
            .filter_map(|(id, states)| Some((id.as_str(), states.last()?.1.as_ref()?)))
    }

    /// How many records of ours about somebody nothing can tell: their answers were lost too.
    pub fn lost_beyond(&self, who: &str) -> u32 {
        let lost = self
            .beyond
            .iter()
            .filter(|(id, whose)| *whose == who && self.unanswered.contains(*id));
        u32::try_from(lost.count()).unwrap_or(u32::MAX)
    }

    /// Whether there was a record of this id that is deleted now.
    pub fn is_deleted(&self, id: &str) -> bool {
        self.records
            .get(id)
            .is_some_and(|states| states.last().is_some_and(|(_, state)| state.is_none()))
    }

    /// A record as lists showed it at a time.
    fn then(&self, id: &str, at: i64) -> Option<&Held> {
        state_at(self.records.get(id)?, at)?.as_ref()
    }

    /// Stores a new state of a record.
    fn put(&mut self, id: &str, now: i64, mut held: Held) {
        self.version += 1;
        held.version = self.version;
        self.records
            .entry(id.to_owned())
            .or_default()
            .push((now, Some(held)));
    }

    /// The stamp of a change made now.
    fn stamp(&self, now: i64) -> i64 {
        match self.kind {
            Kind::View => now / SECOND * SECOND,
            Kind::Group => now,
        }
    }

    fn new_id(&mut self) -> String {
        self.next += 1;
        let letter = if self.side == Side::Left { 'L' } else { 'R' };
        format!("{letter}{}", self.next)
    }

    fn delete(&mut self, id: &str, now: i64) {
        if let Some(held) = self.get(id).cloned() {
            self.trash.insert(id.to_owned(), held);
            if let Some(states) = self.records.get_mut(id) {
                states.push((now, None));
            }
        }
    }
}

/// The state that lists showed at a time; none if the record was not there yet.
fn state_at(states: &States, at: i64) -> Option<&Option<Held>> {
    states
        .iter()
        .rev()
        .find(|(since, _)| *since <= at)
        .map(|(_, state)| state)
}
