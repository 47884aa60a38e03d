//! The Person resource: what it may hold, what the server computes, how it is shown.

mod derive;
mod draft;
mod etag;
mod schema;
mod view;

pub(super) use draft::{Draft, Fields, field_name};
pub(super) use etag::check as check_etags;
pub(super) use view::{Sources, View, deleted_person, own_profile, person};

use std::collections::BTreeSet;

/// One contact of an account.
#[derive(Debug, Clone, Default)]
pub(super) struct Contact {
    /// N of `people/cN`. Linking and unlinking profiles changes it.
    pub(super) number: u64,
    /// Stable id of the CONTACT source.
    pub(super) source_id: String,
    /// Resource names it had before.
    pub(super) previous_names: Vec<String>,
    /// What the contact itself holds.
    pub(super) fields: Fields,
    /// Resource names of its groups.
    pub(super) groups: BTreeSet<String>,
    /// The profile of the same person, merged into what is shown.
    pub(super) profile: Option<Profile>,
    /// SHA-like name of an uploaded photo; without one a placeholder is shown.
    pub(super) photo: Option<String>,
}

impl Contact {
    /// `people/cN`.
    pub(super) fn resource_name(&self) -> String {
        format!("people/c{}", self.number)
    }
}

/// What a Google profile contributes to a Person.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile {
    /// Id of the PROFILE source.
    pub(super) id: String,
    /// Its items.
    pub(super) fields: Fields,
}
