//! Sync files: YAML as people write it. Every complaint says the line and the column.

use std::{collections::BTreeMap, fmt};

use model::Direction;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use crate::policies;

/// The longest sync file that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A sync as people write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// What the document describes.
    pub kind: Kind,
    /// The sync's name.
    pub name: Spanned<String>,
    /// The recipe's name.
    pub recipe: Spanned<String>,
    /// The left side.
    pub left: Spanned<SideDocument>,
    /// The right side.
    pub right: Spanned<SideDocument>,
    /// What the recipe's policies are replaced by.
    #[serde(default)]
    pub policies: Option<Spanned<policies::Asked>>,
    /// What the recipe's mapping is changed by.
    #[serde(default)]
    pub mapping: Vec<PairingDocument>,
}

/// What a document describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    /// A sync.
    Sync,
}

/// One side as people write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SideDocument {
    /// The connection's name.
    pub connection: Spanned<String>,
    /// The provider's word for the collection, and the collection's name or id; nothing for the whole account.
    #[serde(default)]
    pub collection: Option<Spanned<BTreeMap<String, String>>>,
    /// The provider's own options.
    #[serde(default)]
    pub options: Option<Spanned<BTreeMap<String, String>>>,
}

/// A pairing as people write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairingDocument {
    /// A path on the left.
    pub left: Spanned<String>,
    /// A path on the right.
    pub right: Spanned<String>,
    /// Both ways, unless it says otherwise.
    #[serde(default)]
    pub direction: AskedDirection,
}

/// Which way a pairing goes, or that it is not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AskedDirection {
    /// Both ways.
    #[default]
    Both,
    /// From left to right.
    LeftToRight,
    /// From right to left.
    RightToLeft,
    /// Not at all: drops the recipe's pairing.
    None,
}

impl AskedDirection {
    /// The direction of the pairing; nothing if it is dropped.
    pub(crate) fn direction(self) -> Option<Direction> {
        match self {
            Self::Both => Some(Direction::Both),
            Self::LeftToRight => Some(Direction::LeftToRight),
            Self::RightToLeft => Some(Direction::RightToLeft),
            Self::None => None,
        }
    }
}

/// Something wrong in a sync file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// From 1; 0 if the place is not known.
    pub line: u64,
    /// From 1; 0 if the place is not known.
    pub column: u64,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem at the place of a value.
    pub(crate) fn at<T>(place: &Spanned<T>, message: impl Into<String>) -> Self {
        Self::at_location(place.referenced, message)
    }

    /// A problem of the file as a whole.
    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Self::at_location(Location::UNKNOWN, message)
    }

    fn at_location(place: Location, message: impl Into<String>) -> Self {
        Self {
            line: place.line(),
            column: place.column(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)
    }
}

/// Reads the documents of a sync file.
pub(crate) fn parse(yaml: &str) -> Result<Vec<Document>, Problem> {
    if yaml.len() > MAX_BYTES {
        return Err(Problem::nowhere(format!(
            "the file is longer than {MAX_BYTES} bytes; apply it in parts"
        )));
    }
    let documents: Vec<Document> = serde_saphyr::from_multiple(yaml).map_err(|error| {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        Problem::at_location(place, bare_message(&error))
    })?;
    if documents.is_empty() {
        return Err(Problem::nowhere(
            "the file holds no document; begin with `kind: Sync`",
        ));
    }
    Ok(documents)
}

/// The parser's message without the place, which is said before it, and without the excerpt.
fn bare_message(error: &serde_saphyr::Error) -> String {
    let message = error.without_snippet().to_string();
    let end = message.find(" at line ").unwrap_or(message.len());
    match &message[..end] {
        "invalid u32" | "invalid i64" => "write a whole number".to_owned(),
        said => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
kind: Sync
name: ana-clients
recipe: zoho-google-contacts
left:  { connection: acme-zoho,  collection: { list_view: Key accounts } }   # names; ids are resolved by apply
right: { connection: ana-google, collection: { group: Clients } }
policies:
  direction: both            # left-to-right, right-to-left
  conflict: left             # right, newest
  deletion: propagate        # ignore, stop
  frequency_seconds: 300
  guard: { percent: 10, window_seconds: 86400 }
  caps: { first_run: 10000, later_runs: 500 }
mapping: [ { left: \"custom[Twitter_Handle]\", right: \"custom[Twitter]\", direction: both } ]
";

    fn problem(yaml: &str) -> String {
        parse(yaml).unwrap_err().to_string()
    }

    #[test]
    fn a_sync_is_read_as_people_write_it() {
        let documents = parse(GOOD).unwrap();
        let [sync] = documents.as_slice() else {
            panic!("{} documents", documents.len());
        };
        assert_eq!(sync.kind, Kind::Sync);
        assert_eq!(sync.name.value, "ana-clients");
        let collection = sync.left.value.collection.as_ref().unwrap();
        assert_eq!(collection.value["list_view"], "Key accounts");
        assert_eq!(sync.mapping[0].right.value, "custom[Twitter]");
        assert_eq!(
            (
                sync.recipe.referenced.line(),
                sync.recipe.referenced.column()
            ),
            (3, 9)
        );
    }

    #[test]
    fn several_documents_are_read_in_turn_and_places_count_through_the_file() {
        let two = format!("{GOOD}---\n{}", GOOD.replace("ana-clients", "second"));
        let documents = parse(&two).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[1].name.referenced.line(), 16);
        let broken = format!("{GOOD}---\nkind: Sync\nname: [\n");
        assert!(
            problem(&broken).starts_with("line 1"),
            "{}",
            problem(&broken)
        );
    }

    #[test]
    fn malformed_yaml_says_the_line_and_the_column() {
        assert_eq!(
            problem("kind: Sync\nname: 'a\n"),
            "line 2, column 7: unclosed quote"
        );
        assert!(problem(&GOOD.replace("conflict: left ", "conflict: [left ")).starts_with("line "));
        let tab = problem("kind: Sync\n\tname: a\n");
        assert!(tab.starts_with("line 1, column 7: "), "{tab}");
    }

    #[test]
    fn unknown_keys_and_words_say_where_they_are_and_what_there_is() {
        let unknown = problem(&GOOD.replace("deletion: propagate", "deletions: propagate"));
        assert!(unknown.starts_with("line 9, column 3: "), "{unknown}");
        assert!(
            unknown.contains("deletions") && unknown.contains("deletion_against_edit"),
            "{unknown}"
        );
        let word = problem(&GOOD.replace("conflict: left ", "conflict: oldest "));
        assert!(word.starts_with("line 8, column 13: "), "{word}");
        assert!(word.contains("oldest") && word.contains("newest"), "{word}");
        let kind = problem(&GOOD.replace("kind: Sync", "kind: Snyc"));
        assert!(
            kind.starts_with("line 1, column 7: ") && kind.contains("Sync"),
            "{kind}"
        );
    }

    #[test]
    fn wrong_types_missing_keys_and_repeated_keys_say_where_they_are() {
        let number = problem(&GOOD.replace("frequency_seconds: 300", "frequency_seconds: often"));
        assert_eq!(number, "line 10, column 22: write a whole number");
        let missing = problem(&GOOD.replace("recipe: zoho-google-contacts\n", ""));
        assert!(
            missing.contains("recipe") && missing.starts_with("line "),
            "{missing}"
        );
        let twice = problem(&GOOD.replace("recipe:", "name:"));
        assert!(twice.starts_with("line 3, column 1: "), "{twice}");
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(problem("").contains("kind: Sync"));
        assert!(problem("# only a comment\n").contains("kind: Sync"));
        assert!(problem(&"#".repeat(MAX_BYTES + 1)).contains("longer"));
    }
}
