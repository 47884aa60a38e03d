//! Records.

use serde::{Deserialize, Serialize};

use crate::{
    path::Path,
    value::{Element, Fields, Value},
};

/// The root path of what a record says, for people, of why it is shown as it is. It is read only, and no part of what is
/// synced: whoever explains a record shows it.
pub const REMARK: &str = "remark";

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

/// Why these fields are shown as they are, in words for people, if they say so ([`REMARK`]).
pub fn remark(fields: &Fields) -> Option<&str> {
    fields.get(&Path::field_only(REMARK))?.as_text()
}
