//! Records.

use serde::{Deserialize, Serialize};

use crate::{
    path::Path,
    value::{Element, Fields, Value},
};

/// A record in canonical form.
///
/// Its fields are keyed by *root* path ([`crate::Table::root`]): `name.given`, `custom[Twitter_Handle]`, and
/// `emails` for the whole list of e-mail addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The kind of record, for example `contact`.
    pub kind: String,
    /// What it holds.
    pub fields: Fields,
}

impl Record {
    /// A record that holds nothing.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            fields: Fields::new(),
        }
    }

    /// Sets a field, or clears it with an empty value.
    pub fn set(&mut self, root: Path, value: Option<Value>) {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.fields.insert(root, value),
            None => self.fields.remove(&root),
        };
    }

    /// The elements of a multi-valued field.
    pub fn elements(&self, root: &Path) -> &[Element] {
        self.fields.get(root).map_or(&[], Value::as_elements)
    }
}
