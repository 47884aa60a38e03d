//! Contacts among which a look-up looks, with what tells them apart: worked out once, asked for with every batch.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use model::{Path, Record, match_keys};

use crate::{map, wire::Person};

/// Keys are compared within one look-up only.
pub(super) const KEY: [u8; 32] = [0; 32];

/// Live contacts, by marker and by match key.
#[derive(Debug)]
pub(crate) struct Candidates {
    people: Vec<Person>,
    marked: HashMap<String, Vec<usize>>,
    holders: Mutex<HashMap<Vec<Path>, Arc<Holders>>>,
}

/// Who has a key, by its rank and hash.
pub(super) type Holders = BTreeMap<(u32, [u8; 32]), Vec<Holder>>;

/// A candidate that has a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) candidate: usize,
    pub(super) name: [u8; 32],
}

impl Candidates {
    pub(super) fn new(people: Vec<Person>) -> Self {
        let mut marked: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, person) in people.iter().enumerate() {
            if let Some(marker) = map::marker(person) {
                marked.entry(marker).or_default().push(at);
            }
        }
        Self {
            people,
            marked,
            holders: Mutex::default(),
        }
    }

    pub(super) fn person(&self, at: usize) -> &Person {
        &self.people[at]
    }

    /// Those with this marker.
    pub(super) fn marked(&self, marker: &str) -> &[usize] {
        self.marked.get(marker).map_or(&[], Vec::as_slice)
    }

    /// Who has which key of these paths. A candidate with a marker is the counterpart of another record, or a copy of
    /// one: it is left to the matching.
    pub(super) fn holders(&self, paths: &[Path]) -> Arc<Holders> {
        let mut known = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holders) = known.get(paths) {
            return holders.clone();
        }
        let mut holders = Holders::new();
        let unmarked = self.people.iter().enumerate();
        for (candidate, person) in unmarked.filter(|(_, person)| map::marker(person).is_none()) {
            let record: Option<Record> = map::record(person).ok();
            let keys = record.map(|record| match_keys(&record, paths, &KEY));
            for key in keys.into_iter().flatten() {
                let name = key.name_hash;
                let of_key = holders.entry((key.rank, key.hash)).or_default();
                of_key.push(Holder { candidate, name });
            }
        }
        let holders = Arc::new(holders);
        known.insert(paths.to_vec(), holders.clone());
        holders
    }
}
