//! The settings of the organisation as clients read them: modules, fields, list views, people and their rights.

pub(super) mod fields;
pub(super) mod modules;
pub(super) mod people;
pub(super) mod views;

/// Rows on a page of metadata.
const PER_PAGE: usize = 200;
