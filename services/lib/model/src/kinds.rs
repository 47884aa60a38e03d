//! Which kinds of record there are.

use std::sync::{PoisonError, RwLock};

use crate::{contact, event, table::Table};

static BUILT_IN: [&Table; 2] = [&contact::TABLE, &event::TABLE];

/// Tables that a program brought along; they are only ever added.
static DECLARED: RwLock<Vec<&'static Table>> = RwLock::new(Vec::new());

/// There is another table of this kind already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is a table of the kind {0:?} already")]
pub struct DeclareError(pub &'static str);

/// The table of a kind of record.
pub fn table(kind: &str) -> Option<&'static Table> {
    let of_kind = |table: &&Table| table.kind == kind;
    BUILT_IN.into_iter().find(of_kind).or_else(|| {
        let declared = DECLARED.read().unwrap_or_else(PoisonError::into_inner);
        declared.iter().copied().find(of_kind)
    })
}

/// Adds a kind of record by its table, once and before any record of it is read. To declare the same table again
/// changes nothing.
pub fn declare(table: &'static Table) -> Result<(), DeclareError> {
    let mut declared = DECLARED.write().unwrap_or_else(PoisonError::into_inner);
    let known = BUILT_IN.into_iter().chain(declared.iter().copied());
    match known.into_iter().find(|other| other.kind == table.kind) {
        Some(other) if std::ptr::eq(other, table) => Ok(()),
        Some(_) => Err(DeclareError(table.kind)),
        None => {
            declared.push(table);
            Ok(())
        }
    }
}
