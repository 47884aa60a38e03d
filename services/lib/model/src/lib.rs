//! Canonical records: what every provider's records become, and what is written back to them.
//!
//! A [`Record`] is a set of [`Value`]s by [`Path`]. One [`Table`] per kind of record lists the fields that
//! exist, their form and how their values compare; [`Catalogue`]s say which of them an account offers, and
//! [`resolve_mapping`] turns what people ask for into [`Pairing`]s. [`project`] shows a record on the paths
//! of a mapping, and [`patch`] applies [`Edit`]s without touching what nobody mapped.
//!
//! This crate is pure: no I/O, no async, no clock, no randomness and no state; the same arguments give the
//! same answer, whatever the lints in force.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod catalogue;
mod comparison;
mod date;
mod mapping;
mod match_key;
mod patch;
mod path;
mod phone;
mod project;
mod record;
mod side;
mod table;
mod value;
mod version;
mod wire;

pub use catalogue::{Catalogue, CatalogueEntry};
pub use comparison::Comparison;
pub use date::{Date, DateError};
pub use mapping::{MappingError, MappingLine, PairKey, Pairing, keep_revisions, resolve_mapping};
pub use match_key::{MatchKey, NO_NAME, match_keys};
pub use patch::{Edit, Patched, locate, patch, patch_elements};
pub use path::{Path, PathError};
pub use project::project;
pub use record::Record;
pub use side::{Direction, PerSide, Side, UnknownWord};
pub use table::{FieldSpec, Form, Table, TableError, table};
pub use value::{Element, Fields, SIMPLE_PART, Value};
pub use version::{Order, Version, order};
pub use wire::WireError;
