//! Canonical records: what every provider's records become, and what is written back to them.
//!
//! A [`Record`] is a set of [`Value`]s by [`Path`]. One [`Table`] per kind of record lists the fields that
//! exist, their form, how their values compare, and what tells one record from another; [`Catalogue`]s say which
//! fields an account offers, and [`resolve_mapping`] turns what people ask for into [`Pairing`]s. [`project`] shows a
//! record on the paths of a mapping, and [`patch`] applies [`Edit`]s without touching what nobody mapped.
//!
//! The kinds are contacts and [events](event). The engine knows no kind but by its table: a program that brings a
//! table along ([`declare`]) has one more.
//!
//! This crate is pure: no I/O, no async, no clock, no randomness and no state but the list of kinds, which only
//! grows; the same arguments give the same answer, whatever the lints in force.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod catalogue;
mod comparison;
mod contact;
mod date;
pub mod event;
mod kinds;
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

pub use catalogue::{Catalogue, CatalogueEntry, Exceeded};
pub use comparison::Comparison;
pub use date::{Date, DateError};
pub use kinds::{DeclareError, declare, table};
pub use mapping::{MappingError, MappingLine, PairKey, Pairing, keep_revisions, resolve_mapping};
pub use match_key::{MatchKey, NO_NAME, match_keys};
pub use patch::{Edit, Patched, locate, patch, patch_elements};
pub use path::{Path, PathError};
pub use project::project;
pub use record::{REMARK, Record, remark};
pub use side::{Direction, PerSide, Side, UnknownWord};
pub use table::{FieldSpec, Form, KeySpec, Table, TableError};
pub use value::{Element, Fields, SIMPLE_PART, Value};
pub use version::{Order, Version, order};
pub use wire::WireError;
