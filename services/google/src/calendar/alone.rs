//! Instances to which alone the account is invited.
//!
//! Google lists such an instance by itself, and it is a record of its own. Once the account is invited to all, it is a part
//! of its series: then the list shows the series and says nothing of the instance. So the feed's cursor remembers it, and
//! tells it as gone in the round in which its series takes it over.

use std::collections::{BTreeMap, BTreeSet};

use provider::{Seen, What};
use serde::{Deserialize, Serialize};

use super::told::{gone, parts_of};

/// How the ids of instances end that were told alone, by the id of their series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Alone(BTreeMap<String, BTreeSet<String>>);

impl Alone {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Remembers what is told of single instances of a series that is not shown.
    pub(super) fn remember(&mut self, series: &str, seen: &[Seen]) {
        let ends = self.0.entry(series.to_owned()).or_default();
        for one in seen {
            let Some((_, end)) = parts_of(&one.remote_id) else {
                continue;
            };
            if matches!(one.what, What::Deleted { .. }) {
                ends.remove(end);
            } else {
                ends.insert(end.to_owned());
            }
        }
        if ends.is_empty() {
            self.0.remove(series);
        }
    }

    /// What was told alone of a series that is `seen` now, as gone; but not what is told by itself all the same.
    pub(super) fn taken_over(&mut self, series: &str, seen: &[Seen]) -> Vec<Seen> {
        let ends = self.0.remove(series).unwrap_or_default();
        let told: BTreeSet<&str> = seen.iter().map(|one| one.remote_id.as_str()).collect();
        let gone = ends.iter().map(|end| gone(series, end));
        gone.filter(|one| !told.contains(one.remote_id.as_str()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::calendar::sight::Sight;

    #[test]
    fn what_was_told_alone_is_gone_when_its_series_is_told() {
        let there = |id: &str| Sight::unreadable(id.to_owned(), "");
        let away = |id: &str| Sight::gone(id.to_owned());
        let (one, two) = ("s_20270308T140000Z", "s_20270315");
        let mut alone = Alone::default();
        alone.remember("s", &[there(one), there(two), there("s")]);
        alone.remember("other", &[there("other_20270308")]);
        let text = serde_json::to_string(&alone).unwrap();
        assert_eq!(serde_json::from_str::<Alone>(&text).unwrap(), alone);
        alone.remember("other", &[away("other_20270308")]);
        let mut told = alone.clone();
        assert_eq!(told.taken_over("s", &[there("s")]), [away(one), away(two)]);
        assert!(told.is_empty());
        assert_eq!(told.taken_over("s", &[there("s")]), []);
        assert_eq!(alone.taken_over("s", &[there(one)]), [away(two)]);
    }
}
