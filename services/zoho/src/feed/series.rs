//! Which occurrences the series have that a feed knows of.
//!
//! No call asks for the occurrences of a series, and a deleted one no longer tells what it belonged to. So the cursor
//! keeps their ids: a complete reading shows all of them, and each round what came, changed or went.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// So many occurrences are kept in mind; further series are set aside.
const MOST: usize = 20_000;

/// So many occurrences are read for one page; of a series that has more, all.
const PAGE: usize = 200;

/// The ids of a series' occurrences. Written as the differences of one to the next, for most were made in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members(BTreeSet<u64>);

/// The series that are known, by their ids.
pub(super) type Known = BTreeMap<String, Members>;

/// What a round knows of series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    /// The series that are known.
    pub(super) known: Known,
    /// Those of which something was shown, to be read as a whole.
    touched: BTreeSet<String>,
}

impl Book {
    pub(super) fn of(known: Known) -> Self {
        Self {
            known,
            touched: BTreeSet::new(),
        }
    }

    /// Notes an occurrence that was shown. False if there is no room for its series, or if its id is none.
    pub(super) fn note(&mut self, series: &str, occurrence: &str) -> bool {
        let Ok(id) = occurrence.parse() else {
            return false;
        };
        let full = || {
            self.known
                .values()
                .map(|known| known.0.len())
                .sum::<usize>()
                >= MOST
        };
        if !self.known.contains_key(series) && full() {
            return false;
        }
        let known = self.known.entry(series.to_owned()).or_default();
        known.0.insert(id);
        self.touched.insert(series.to_owned());
        true
    }

    /// Takes a deleted occurrence out. False if it was none of a known series.
    pub(super) fn bury(&mut self, occurrence: &str) -> bool {
        let Ok(id) = occurrence.parse::<u64>() else {
            return false;
        };
        let Some((series, known)) = self
            .known
            .iter_mut()
            .find(|(_, known)| known.0.contains(&id))
        else {
            return false;
        };
        known.0.remove(&id);
        self.touched.insert(series.clone());
        true
    }

    /// Whether a series is still to be read.
    pub(super) fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The next series to be read, with their occurrences: as many as make a page.
    pub(super) fn take(&mut self) -> Vec<(String, Vec<String>)> {
        let mut taken = Vec::new();
        let mut count = 0;
        while count < PAGE
            && let Some(series) = self.touched.pop_first()
        {
            let known = self.known.get(&series);
            let ids: Vec<String> = known
                .into_iter()
                .flat_map(|known| &known.0)
                .map(ToString::to_string)
                .collect();
            count += ids.len().max(1);
            taken.push((series, ids));
        }
        taken
    }

    /// Keeps only what was found of a series. Where nothing was, all of it: only the list of deleted records, or a complete
    /// reading, tells that it is gone.
    pub(super) fn keep<'i>(&mut self, series: &str, found: impl Iterator<Item = &'i str>) {
        let found: BTreeSet<u64> = found.filter_map(|id| id.parse().ok()).collect();
        let known = self.known.get(series);
        if !found.is_empty() {
            self.known.insert(series.to_owned(), Members(found));
        } else if known.is_some_and(|known| known.0.is_empty()) {
            self.known.remove(series);
        }
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut last = 0;
        let steps: Vec<String> = self
            .0
            .iter()
            .map(|id| (id - std::mem::replace(&mut last, *id)).to_string())
            .collect();
        steps.join(" ").serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut last: u64 = 0;
        let mut ids = BTreeSet::new();
        for step in text.split_whitespace() {
            let step: u64 = step.parse().map_err(D::Error::custom)?;
            last = last
                .checked_add(step)
                .ok_or_else(|| D::Error::custom("an id is out of range"))?;
            ids.insert(last);
        }
        Ok(Self(ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_steps_and_read_as_they_were() {
        let mut book = Book::default();
        for id in [
            "5725767000000000105",
            "5725767000000000100",
            "18446744073709551615",
        ] {
            assert!(book.note("s", id));
        }
        let text = serde_json::to_string(&book.known).unwrap();
        assert_eq!(
            text,
            r#"{"s":"5725767000000000100 5 12720977073709551510"}"#
        );
        assert_eq!(serde_json::from_str::<Known>(&text).unwrap(), book.known);
        assert!(serde_json::from_str::<Known>(r#"{"s":"1 x"}"#).is_err());
        assert!(serde_json::from_str::<Known>(r#"{"s":"1 18446744073709551615"}"#).is_err());
    }

    #[test]
    fn an_occurrence_that_goes_touches_its_series_and_no_other() {
        let mut book = Book::default();
        book.note("a", "1");
        book.note("b", "2");
        assert_eq!(book.take().len(), 2);
        assert!(book.bury("2") && !book.bury("2") && !book.bury("3") && !book.bury("x"));
        assert_eq!(book.take(), [("b".to_owned(), Vec::new())]);
        assert!(!book.is_touched());
    }

    #[test]
    fn a_page_has_as_many_series_as_it_can_read_and_the_mind_its_limit() {
        let mut book = Book::default();
        for id in 0..450_u64 {
            book.note(&format!("s{:02}", id / 45), &id.to_string());
        }
        let sizes: Vec<usize> =
            std::iter::from_fn(|| Some(book.take().len()).filter(|n| *n > 0)).collect();
        assert_eq!(sizes, [5, 5]);
        for id in 450..20_000_u64 {
            book.note("long", &id.to_string());
        }
        assert!(!book.note("one more", "20001") && book.note("long", "20002"));
        assert!(!book.note("long", "no id"));
    }
}
