//! What an account offers.

use serde::{Deserialize, Serialize};

use crate::path::Path;

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
