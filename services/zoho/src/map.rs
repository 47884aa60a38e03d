//! Zoho CRM's contacts and canonical ones: the same record in two forms. Pure.

mod catalogue;
mod place;
mod read;
mod surname;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use catalogue::catalogue;
pub(crate) use place::{fields_of, fields_to_ask, path_of, readable};
pub(crate) use read::{read, version, version_of};
pub(crate) use write::{Changes, Companies, Company, changes, creation};

/// The kind of record that Contacts hold.
pub(crate) const KIND: &str = "contact";
