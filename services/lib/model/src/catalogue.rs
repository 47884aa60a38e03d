//! What an account offers.

use serde::{Deserialize, Serialize};

use crate::{path::Path, record::Record, value::Value};

/// A field that an account offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// The canonical path, for example `emails[work]`. A multi-valued field without a label stands for the
    /// whole list and for every label, and `custom` for every custom name.
    pub path: Path,
    /// The provider's own name.
    pub name: String,
    /// Whether its values can be read.
    pub readable: bool,
    /// Whether it can be written.
    pub writable: bool,
    /// The longest text it takes, in characters.
    pub max_length: Option<u32>,
    /// How many elements it holds.
    pub max_elements: Option<u32>,
    /// Whether a record cannot be without it.
    pub required: bool,
}

/// The fields that an account offers for one kind of record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalogue(pub Vec<CatalogueEntry>);

impl Catalogue {
    /// The entry that says most exactly what can be done on this path.
    pub fn entry(&self, path: &Path) -> Option<&CatalogueEntry> {
        let exact = |path: &Path| self.0.iter().find(|entry| entry.path == *path);
        exact(path)
            .or_else(|| exact(&path.without_part()))
            .or_else(|| exact(&path.without_key()))
    }
}

/// A limit of an account that a record exceeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// A text is too long.
    #[error("{path} has {length} characters, and the account takes {limit}")]
    Length {
        /// The path.
        path: Path,
        /// Characters that it has.
        length: usize,
        /// Characters that the account takes.
        limit: u32,
    },
    /// A list has too many elements.
    #[error("{path} has {count} elements, and the account takes {limit}")]
    Elements {
        /// The path.
        path: Path,
        /// Elements that it has.
        count: usize,
        /// Elements that the account takes.
        limit: u32,
    },
}

impl Catalogue {
    /// The account's limits that a record exceeds, by its root paths. A connector or writer says them of a record
    /// that it has to set aside; what an account does not offer has no limit.
    pub fn exceeded(&self, record: &Record) -> Vec<Exceeded> {
        let exceeded = |(path, value): (&Path, &Value)| {
            let entry = self.entry(path)?;
            match value {
                Value::Text(text) => {
                    let (length, limit) = (text.chars().count(), entry.max_length?);
                    (length > limit as usize).then(|| Exceeded::Length {
                        path: path.clone(),
                        length,
                        limit,
                    })
                }
                Value::Elements(elements) => {
                    let (count, limit) = (elements.len(), entry.max_elements?);
                    (count > limit as usize).then(|| Exceeded::Elements {
                        path: path.clone(),
                        count,
                        limit,
                    })
                }
                Value::Date(_) => None,
            }
        };
        record.fields.iter().filter_map(exceeded).collect()
    }
}
