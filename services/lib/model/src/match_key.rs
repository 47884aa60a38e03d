//! Keyed hashes by which records of two sides are matched.

use serde::{Deserialize, Serialize};

use crate::{
    path::Path,
    project::project,
    record::Record,
    table::table,
    value::{Fields, Value},
};

/// The name hash of a record without a name; it equals no other name.
pub const NO_NAME: [u8; 32] = [0; 32];

/// A keyed hash of a value by which records are matched. Without the key nobody can tell the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchKey {
    /// The rank of the criterion: 0 is the duplicate criterion, higher ranks are fall-backs.
    pub rank: u32,
    /// The keyed hash of the value.
    pub hash: [u8; 32],
    /// The keyed hash of the record's name, or [`NO_NAME`].
    pub name_hash: [u8; 32],
}

/// The match keys of a record. Criterion *i* gives keys of rank *i*: one per element where it names a whole
/// multi-valued field, else at most one.
///
/// Values are hashed in their normal form without regard to case, whatever field they come from, so that
/// the criteria of two sides may name different fields.
pub fn match_keys(record: &Record, criteria: &[Path], hash_key: &[u8; 32]) -> Vec<MatchKey> {
    let Some(table) = table(&record.kind) else {
        return Vec::new();
    };
    let name_hash = name_hash(record, hash_key);
    let mut keys = Vec::new();
    for (rank, path) in (0_u32..).zip(criteria) {
        let shown = project(record, std::slice::from_ref(path), &Fields::new());
        for text in shown.values().flat_map(texts) {
            let normal = table.comparison(path).normal(&text).to_lowercase();
            let key = MatchKey {
                rank,
                hash: keyed(hash_key, "key", &normal),
                name_hash,
            };
            if !normal.is_empty() && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// The texts that a value offers for matching; an element of several parts offers none.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::Date(date) => vec![date.to_string()],
        Value::Elements(elements) => {
            let simple = elements
                .iter()
                .filter_map(|element| element.part(crate::SIMPLE_PART));
            simple.map(str::to_owned).collect()
        }
    }
}

/// Given and family name as one text: where the one ends and the other begins differs between providers.
fn name_hash(record: &Record, hash_key: &[u8; 32]) -> [u8; 32] {
    let part = |field| {
        record
            .fields
            .get(&Path::field_only(field))
            .and_then(Value::as_text)
            .unwrap_or_default()
    };
    let name = format!("{} {}", part("name.given"), part("name.family")).to_lowercase();
    let words: Vec<_> = name.split_whitespace().collect();
    if words.is_empty() {
        return NO_NAME;
    }
    keyed(hash_key, "name", &words.join(" "))
}

fn keyed(hash_key: &[u8; 32], what: &str, text: &str) -> [u8; 32] {
    use unicode_normalization::UnicodeNormalization;
    let mut hasher = blake3::Hasher::new_keyed(hash_key);
    hasher.update(what.as_bytes());
    hasher.update(&[0]);
    hasher.update(text.nfkc().collect::<String>().as_bytes());
    *hasher.finalize().as_bytes()
}
