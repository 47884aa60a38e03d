//! Which records belong together, and whether they are equal.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    book::{Book, Entry, Kind},
    report::{Difference, DifferingPath, Duplicate, Report, Totals},
};

/// Compares Zoho CRM's book with Google's; records with these ids are left out.
///
/// Contacts belong together that share address and name, else the address, else, where neither has an address, the
/// name; occurrences of meetings that share title and beginning, else one of them. Of several it is the ones that are
/// most alike, so that every record has at most one counterpart.
pub fn compare(left: &Book, right: &Book, ignored: &BTreeSet<String>) -> Report {
    let [lefts, rights] = [left, right].map(|book| compared(book, ignored));
    let kind = left.kind;
    let mut report = Report {
        kind,
        left: totals(left, &lefts),
        right: totals(right, &rights),
        ..Report::default()
    };
    for (side, entries) in [("left", &lefts), ("right", &rights)] {
        report.duplicates.extend(duplicates(kind, side, entries));
    }
    let mut open = Open {
        left: lefts,
        right: rights,
    };
    for key in kind.keys() {
        for (left, right) in open.pairs(key) {
            report.take(left, right);
        }
    }
    report.only_left = ids(&open.left);
    report.only_right = ids(&open.right);
    report
}

fn compared<'a>(book: &'a Book, ignored: &BTreeSet<String>) -> Vec<&'a Entry> {
    let entries = book.entries.iter();
    entries
        .filter(|entry| {
            ![Some(&entry.id), entry.series.as_ref()]
                .into_iter()
                .flatten()
                .any(|id| ignored.contains(id))
        })
        .collect()
}

fn totals(book: &Book, compared: &[&Entry]) -> Totals {
    Totals {
        listed: book.listed,
        in_scope: book.entries.len(),
        ignored: book.entries.len() - compared.len(),
    }
}

fn ids(entries: &[&Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.id.clone()).collect()
}

/// Records that have no counterpart yet.
struct Open<'a> {
    left: Vec<&'a Entry>,
    right: Vec<&'a Entry>,
}

impl<'a> Open<'a> {
    /// Takes out the pairs that share a key, most alike first.
    fn pairs(&mut self, keys: impl Fn(&Entry) -> Vec<String>) -> Vec<(&'a Entry, &'a Entry)> {
        let mut by_key: BTreeMap<String, Vec<&'a Entry>> = BTreeMap::new();
        for entry in &self.right {
            for key in keys(entry) {
                by_key.entry(key).or_default().push(*entry);
            }
        }
        let mut edges = Vec::new();
        for left in &self.left {
            let shared = keys(left);
            for right in shared.iter().filter_map(|key| by_key.get(key)).flatten() {
                edges.push((left.differs_from(right).len(), &left.id, &right.id));
            }
        }
        edges.sort();
        let mut taken = BTreeMap::new();
        let mut used = BTreeSet::new();
        for (_, left, right) in edges {
            if !taken.contains_key(left) && used.insert(right) {
                taken.insert(left, right);
            }
        }
        let find = |id: &String| self.right.iter().find(|right| right.id == *id).copied();
        let pairs: Vec<_> = self
            .left
            .iter()
            .filter_map(|left| Some((*left, find(taken.get(&left.id)?)?)))
            .collect();
        self.left
            .retain(|left| pairs.iter().all(|(taken, _)| taken.id != left.id));
        self.right
            .retain(|right| pairs.iter().all(|(_, taken)| taken.id != right.id));
        pairs
    }
}

impl Report {
    fn take(&mut self, left: &Entry, right: &Entry) {
        let places = left.differs_from(right);
        if places.is_empty() {
            self.equal += 1;
            return;
        }
        let path = |place: usize| DifferingPath {
            place,
            left: left.values[place].clone(),
            right: right.values[place].clone(),
        };
        self.differing.push(Difference {
            left: left.id.clone(),
            right: right.id.clone(),
            paths: places.into_iter().map(path).collect(),
        });
    }
}

/// Records of one side that are the same one, or have the same application data.
fn duplicates(kind: Kind, side: &'static str, entries: &[&Entry]) -> Vec<Duplicate> {
    let [surest, ..] = kind.keys();
    let mut same: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
    let mut marked: BTreeMap<&(String, String), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        for key in surest(entry) {
            same.entry(key).or_default().push(entry);
        }
        for item in &entry.application {
            marked.entry(item).or_default().push(entry);
        }
    }
    let mut found: Vec<Duplicate> = Vec::new();
    let mut several = |common: &'static str, groups: Vec<Vec<&Entry>>| {
        for group in groups.iter().filter(|group| group.len() > 1) {
            let ids = ids(group);
            if found.iter().all(|other| other.ids != ids) {
                found.push(Duplicate { side, ids, common });
            }
        }
    };
    several(kind.common(), same.into_values().collect());
    several("same application data", marked.into_values().collect());
    found
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::mapping::MAPPING;

    fn entry(id: &str, values: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new(id);
        for (zoho, value) in values {
            let place = MAPPING
                .iter()
                .position(|pairing| pairing.zoho == *zoho)
                .unwrap();
            entry.values[place].push((*value).to_owned());
        }
        entry
    }

    fn ana(id: &str, more: &[(&str, &str)]) -> Entry {
        let known = [
            ("First_Name", "Ana"),
            ("Last_Name", "Lee"),
            ("Email", "ana@example.com"),
        ];
        entry(id, &[&known[..], more].concat())
    }

    fn book(entries: Vec<Entry>) -> Book {
        Book {
            listed: entries.len(),
            entries,
            ..Book::default()
        }
    }

    fn compared(left: Vec<Entry>, right: Vec<Entry>) -> Report {
        compare(&book(left), &book(right), &BTreeSet::new())
    }

    #[test]
    fn spelling_makes_no_difference() {
        let left = ana("1", &[("Phone", "+442079000012")]);
        let mut right = entry(
            "people/c1",
            &[
                ("First_Name", "Ana "),
                ("Last_Name", "Lee"),
                ("Email", "Ana@Example.com"),
            ],
        );
        right.values[5].push("+44 20 7900 0012".to_owned());
        let report = compared(vec![left], vec![right]);
        assert_eq!((report.equal, report.agrees()), (1, true));
    }

    #[test]
    fn a_differing_path_is_named_and_its_values_only_on_request() {
        let report = compared(
            vec![ana("1", &[("Title", "Buyer")])],
            vec![ana("people/c1", &[("Title", "Partner")])],
        );
        assert!(!report.agrees());
        assert_eq!(report.differing[0].paths.len(), 1);
        let (silent, open) = (report.text(false), report.text(true));
        assert!(silent.contains("Title and organizations.title") && !silent.contains("Buyer"));
        assert!(open.contains("Buyer") && open.contains("Partner"), "{open}");
    }

    #[test]
    fn an_empty_value_differs_from_a_set_one() {
        let report = compared(
            vec![ana("1", &[("Title", "Buyer")])],
            vec![ana("people/c1", &[("Title", " ")])],
        );
        assert_eq!(report.differing.len(), 1);
    }

    #[test]
    fn records_of_one_side_alone_are_listed() {
        let report = compared(vec![ana("1", &[])], vec![]);
        assert_eq!((report.only_left, report.equal), (vec!["1".to_owned()], 0));
        let report = compared(vec![], vec![ana("people/c1", &[])]);
        assert_eq!(report.only_right, ["people/c1"]);
    }

    #[test]
    fn a_shared_mailbox_is_no_duplicate_and_is_paired_by_name() {
        let ben = |id: &str| {
            entry(
                id,
                &[
                    ("First_Name", "Ben"),
                    ("Last_Name", "Roe"),
                    ("Email", "ana@example.com"),
                ],
            )
        };
        let report = compared(
            vec![ana("1", &[]), ben("2")],
            vec![ben("people/c2"), ana("people/c1", &[])],
        );
        assert_eq!((report.equal, report.agrees()), (2, true));
    }

    #[test]
    fn the_same_person_twice_on_a_side_is_a_duplicate_unless_one_is_left_out() {
        let left = book(vec![ana("1", &[]), ana("2", &[])]);
        let right = book(vec![ana("people/c1", &[])]);
        let report = compare(&left, &right, &BTreeSet::new());
        assert_eq!(report.duplicates.len(), 1);
        assert_eq!(report.duplicates[0].ids, ["1", "2"]);
        let report = compare(&left, &right, &BTreeSet::from(["2".to_owned()]));
        assert!(report.agrees());
        assert_eq!(report.left.ignored, 1);
    }

    #[test]
    fn the_same_person_twice_on_both_sides_is_equal_and_still_a_duplicate() {
        let report = compared(
            vec![ana("1", &[]), ana("2", &[])],
            vec![ana("people/c1", &[]), ana("people/c2", &[])],
        );
        assert!(report.is_equal() && !report.agrees());
        assert_eq!(report.duplicates.len(), 2);
    }

    #[test]
    fn two_records_with_the_same_application_data_are_a_duplicate() {
        let marked = |id: &str, name: &str| Entry {
            application: vec![("client".to_owned(), "mark".to_owned())],
            ..entry(id, &[("Last_Name", name)])
        };
        let report = compared(
            vec![],
            vec![marked("people/c1", "Lee"), marked("people/c2", "Roe")],
        );
        assert_eq!(report.duplicates[0].common, "same application data");
    }

    #[test]
    fn nobody_is_paired_with_two() {
        let report = compared(
            vec![ana("1", &[("Title", "Buyer")])],
            vec![
                ana("people/c1", &[]),
                ana("people/c2", &[("Title", "Buyer")]),
            ],
        );
        assert_eq!((report.equal, report.only_right.len()), (1, 1));
        assert_eq!(report.only_right, ["people/c1"]);
    }

    #[test]
    fn namesakes_belong_together_only_without_an_address() {
        let named = |id: &str| entry(id, &[("Last_Name", "Lee")]);
        let other = entry(
            "people/c2",
            &[("Last_Name", "Lee"), ("Email", "lee@example.com")],
        );
        let report = compared(vec![named("1")], vec![other, named("people/c1")]);
        assert_eq!((report.equal, report.only_right.len()), (1, 1));
    }

    #[test]
    fn one_of_several_addresses_of_a_type_is_enough() {
        let mut right = ana("people/c1", &[]);
        right.values[3].insert(0, "second@example.com".to_owned());
        let report = compared(vec![ana("1", &[])], vec![right]);
        assert_eq!(report.equal + report.differing.len(), 1);
        assert!(report.agrees(), "{}", report.text(true));
    }

    #[test]
    fn empty_books_agree() {
        assert!(compared(vec![], vec![]).agrees());
    }
}
