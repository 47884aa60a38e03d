//! Zoho CRM's contacts and canonical ones: the same record in two forms. Pure.

mod catalogue;
mod place;
mod read;
mod surname;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use catalogue::{Rights, catalogue, custom_entry};
pub(crate) use place::{
    custom, custom_name, custom_shown, fields_of, fields_to_ask, fields_with_custom, path_of,
    readable,
};
pub(crate) use read::{custom_values, read, version, version_of};
pub(crate) use write::{Changes, Companies, Company, changes, creation, refused};

/// The kind of record that Contacts hold.
pub(crate) const KIND: &str = "contact";
