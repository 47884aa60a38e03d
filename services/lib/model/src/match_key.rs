//! Keyed hashes by which records of two sides are matched.

use serde::{Deserialize, Serialize};

use crate::{
    kinds::table,
    path::Path,
    project::project,
    record::Record,
    table::{KeySpec, Table},
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
/// multi-valued field, else at most one. A criterion may name a key of several fields ([`KeySpec`]).
///
/// Values are hashed in their normal form without regard to case, whatever field they come from, so that
/// the criteria of two sides may name different fields.
pub fn match_keys(record: &Record, criteria: &[Path], hash_key: &[u8; 32]) -> Vec<MatchKey> {
    let Some(table) = table(&record.kind) else {
        return Vec::new();
    };
    let name_hash = name_hash(table, record, hash_key);
    let mut keys = Vec::new();
    for (rank, path) in (0_u32..).zip(criteria) {
        let normals = match table.key(path) {
            Some(spec) => composed(table, record, spec).into_iter().collect(),
            None => values(table, record, path),
        };
        for normal in normals {
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

/// What a path shows, as it counts in a key.
fn values(table: &Table, record: &Record, path: &Path) -> Vec<String> {
    let comparison = table.comparison(path);
    let shown = project(record, std::slice::from_ref(path), &Fields::new());
    shown
        .values()
        .flat_map(texts)
        .map(|text| comparison.key(&text))
        .collect()
}

/// A key of several fields; none if the one that it needs is empty.
fn composed(table: &Table, record: &Record, spec: &KeySpec) -> Option<String> {
    let part = |field: &&str| values(table, record, &Path::field_only(field)).join("\n");
    if part(&spec.needs).is_empty() {
        return None;
    }
    let parts: Vec<_> = spec.fields.iter().map(part).collect();
    Some(parts.join("\n\n"))
}

/// The record's name as one text.
fn name_hash(table: &Table, record: &Record, hash_key: &[u8; 32]) -> [u8; 32] {
    let part = |field: &&str| {
        let value = record.fields.get(&Path::field_only(field));
        value.and_then(Value::as_text).unwrap_or_default()
    };
    let parts: Vec<_> = table.name.iter().map(part).collect();
    let name = parts.join(" ").to_lowercase();
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
