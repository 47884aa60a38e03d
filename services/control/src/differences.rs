//! What an apply would change: a line per difference, and whether it begins a new generation.

use std::collections::BTreeMap;

use crate::definition::Definition;

/// The differences between what is stored and what is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// A line each, by name.
    pub lines: Vec<String>,
    /// Whether mapping, direction or scope differ, so that every link is planned again.
    pub new_generation: bool,
}

impl Differences {
    /// From `before` to `after`.
    pub(crate) fn between(before: &Definition, after: &Definition) -> Self {
        let (old, new) = (shown(before), shown(after));
        let mut differences = Self::default();
        for (name, shown) in &old {
            match new.get(name) {
                None => differences.add(name, format!("- {name}: {}", shown.text)),
                Some(now) if now != shown => {
                    differences.add(name, format!("~ {name}: {} → {}", shown.text, now.text));
                }
                Some(_same) => {}
            }
        }
        for (name, shown) in &new {
            if !old.contains_key(name) {
                differences.add(name, format!("+ {name}: {}", shown.text));
            }
        }
        differences
    }

    fn add(&mut self, name: &Name, line: String) {
        self.lines.push(line);
        self.new_generation |= name.new_generation();
    }
}

/// The policies that say what takes part, and which way.
const SCOPE: [&str; 4] = [
    "direction",
    "events.past_days",
    "events.recurrence",
    "events.private",
];

/// What a line is about, in the order in which people read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Connection(&'static str),
    Collection(&'static str),
    Option(&'static str, String),
    Policy(String),
    Match(usize),
    Mapping(String),
}

impl Name {
    fn new_generation(&self) -> bool {
        match self {
            Self::Collection(_) | Self::Match(_) | Self::Mapping(_) => true,
            Self::Policy(name) => SCOPE.contains(&name.as_str()),
            Self::Connection(_) | Self::Option(..) => false,
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connection(side) => write!(f, "{side}.connection"),
            Self::Collection(side) => write!(f, "{side}.collection"),
            Self::Option(side, name) => write!(f, "{side}.options.{name}"),
            Self::Policy(name) => write!(f, "policies.{name}"),
            Self::Match(rank) => write!(f, "match {}", rank + 1),
            Self::Mapping(pair) => write!(f, "mapping {pair}"),
        }
    }
}

/// What a line shows, and what tells whether it differs.
#[derive(Clone, Debug)]
struct Shown {
    text: String,
    /// Instead of the text, where people see a name and an id decides.
    key: Option<String>,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        match (&self.key, &other.key) {
            (Some(one), Some(two)) => one == two,
            _ => self.text == other.text,
        }
    }
}

fn plain(text: &impl ToString) -> Shown {
    Shown {
        text: text.to_string(),
        key: None,
    }
}

fn shown(definition: &Definition) -> BTreeMap<Name, Shown> {
    let mut lines = BTreeMap::new();
    for (word, side) in [("left", &definition.left), ("right", &definition.right)] {
        lines.insert(Name::Connection(word), plain(&side.connection_name));
        let collection = &side.collection;
        let text = if collection.id.is_empty() {
            "the whole account".to_owned()
        } else {
            format!("{} \"{}\"", collection.form, collection.name)
        };
        let key = Some(format!("{}/{}", collection.form, collection.id));
        lines.insert(Name::Collection(word), Shown { text, key });
        for (name, value) in &side.options {
            lines.insert(Name::Option(word, name.clone()), plain(value));
        }
    }
    for (name, value) in definition.policies.named() {
        lines.insert(Name::Policy(name.to_owned()), plain(&value));
    }
    for (rank, criterion) in definition.criteria.iter().enumerate() {
        let text = format!("{} = {}", criterion.left, criterion.right);
        lines.insert(Name::Match(rank), plain(&text));
    }
    for pairing in &definition.mapping {
        let pair = format!("{} = {}", pairing.left, pairing.right);
        lines.insert(Name::Mapping(pair), plain(&pairing.direction));
    }
    lines
}

#[cfg(test)]
mod tests {
    use model::{Direction, Pairing, Path};
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::{definition::Collection, samples};

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    #[test]
    fn a_definition_does_not_differ_from_itself() {
        let definition = samples::definition();
        assert_eq!(
            Differences::between(&definition, &definition),
            Differences::default()
        );
    }

    #[test]
    fn a_frequency_changes_in_place_and_a_direction_begins_a_generation() {
        let before = samples::definition();
        let mut after = before.clone();
        after.policies.frequency_seconds = 60;
        let differences = Differences::between(&before, &after);
        assert_eq!(
            differences.lines,
            ["~ policies.frequency_seconds: 300 → 60"]
        );
        assert!(!differences.new_generation);
        after.policies.direction = Direction::LeftToRight;
        let differences = Differences::between(&before, &after);
        assert_eq!(
            differences.lines[0],
            "~ policies.direction: both → left-to-right"
        );
        assert!(differences.new_generation);
    }

    // proves: R-14
    #[test]
    fn a_pairing_that_comes_in_gets_the_new_revision_and_the_others_keep_theirs() {
        let before = samples::definition();
        let mut after = before.clone();
        after.mapping.remove(0);
        let (left, right) = (path("custom[Twitter_Handle]"), path("custom[Twitter]"));
        after
            .mapping
            .push(Pairing::new("contact", left, right, Direction::Both).unwrap());
        let differences = Differences::between(&before, &after);
        let removed = &before.mapping[0];
        assert_eq!(
            differences.lines,
            [
                format!("- mapping {} = {}: both", removed.left, removed.right),
                "+ mapping custom[Twitter_Handle] = custom[Twitter]: both".to_owned(),
            ]
        );
        assert!(differences.new_generation);
        let revised = after.revised(Some(&before), 7);
        let revisions: Vec<u64> = revised
            .mapping
            .iter()
            .map(|pairing| pairing.revision)
            .collect();
        assert_eq!(revisions.last(), Some(&7));
        assert!(
            revisions[..revisions.len() - 1]
                .iter()
                .all(|revision| *revision == 1)
        );
    }

    #[test]
    fn a_renamed_collection_is_the_same_and_another_one_begins_a_generation() {
        let before = samples::definition();
        let mut after = before.clone();
        after.left.collection.name = "Renamed".to_owned();
        assert!(Differences::between(&before, &after).lines.is_empty());
        after.left.collection = Collection::default();
        let differences = Differences::between(&before, &after);
        assert_eq!(
            differences.lines,
            ["~ left.collection: list_view \"Key accounts\" → the whole account"]
        );
        assert!(differences.new_generation);
    }
}
