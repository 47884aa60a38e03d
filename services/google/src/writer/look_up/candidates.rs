//! Contacts among which a look-up looks: of most of them their keys are enough.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use model::{Path, match_keys};

use super::Wanted;
use crate::{map, wire::Person};

/// Keys are compared within one process only.
pub(super) const KEY: [u8; 32] = [0; 32];

/// Who has a key, by its rank and hash.
pub(super) type Holders = BTreeMap<(u32, [u8; 32]), Vec<Holder>>;

/// A candidate that has a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) candidate: usize,
    pub(super) name: [u8; 32],
}

/// What tells live contacts apart, by marker and by match key. Accounts hold tens of thousands, and this is kept for
/// half a minute: without the contacts.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    candidates: usize,
    marked: HashMap<String, Vec<usize>>,
    holders: BTreeMap<Vec<Path>, Holders>,
}

impl Keys {
    /// Those with this marker.
    pub(super) fn marked(&self, marker: &str) -> &[usize] {
        self.marked.get(marker).map_or(&[], Vec::as_slice)
    }

    /// Who has which key of these paths; none if these were not asked for. A candidate with a marker is the counterpart
    /// of another record, or a copy of one: it is left to the matching.
    pub(super) fn holders(&self, paths: &[Path]) -> Option<&Holders> {
        self.holders.get(paths)
    }
}

/// The keys of live contacts, and those contacts that share one with a create.
#[derive(Debug)]
pub(super) struct Candidates {
    markers: BTreeSet<String>,
    sought: HashSet<(u32, [u8; 32])>,
    keys: Keys,
    people: HashMap<usize, Person>,
}

impl Candidates {
    /// Nobody yet, for these creates.
    pub(super) fn of(wanted: &[Wanted<'_>]) -> Self {
        let creates = || wanted.iter().map(|(_, create)| create);
        let mut keys = Keys::default();
        for create in creates() {
            if !keys.holders.contains_key(create.match_paths.as_slice()) {
                let paths = create.match_paths.clone();
                keys.holders.insert(paths, Holders::new());
            }
        }
        Self {
            markers: creates()
                .filter_map(|create| create.marker.clone())
                .collect(),
            sought: creates()
                .flat_map(|create| match_keys(&create.record, &create.match_paths, &KEY))
                .map(|key| (key.rank, key.hash))
                .collect(),
            keys,
            people: HashMap::new(),
        }
    }

    /// Takes in a live contact.
    pub(super) fn add(&mut self, person: Person) {
        let candidate = self.keys.candidates;
        self.keys.candidates += 1;
        let mut is_sought = false;
        if let Some(marker) = map::marker(&person) {
            is_sought = self.markers.contains(&marker);
            self.keys.marked.entry(marker).or_default().push(candidate);
        } else if let Ok(record) = map::record(&person) {
            for (paths, holders) in &mut self.keys.holders {
                for key in match_keys(&record, paths, &KEY) {
                    is_sought |= self.sought.contains(&(key.rank, key.hash));
                    let name = key.name_hash;
                    let of_key = holders.entry((key.rank, key.hash)).or_default();
                    of_key.push(Holder { candidate, name });
                }
            }
        }
        if is_sought {
            self.people.insert(candidate, person);
        }
    }

    /// Who has what.
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A contact that shares something with a create.
    pub(super) fn person(&self, candidate: usize) -> Option<&Person> {
        self.people.get(&candidate)
    }

    /// What is remembered of them.
    pub(super) fn into_keys(self) -> Keys {
        self.keys
    }
}
