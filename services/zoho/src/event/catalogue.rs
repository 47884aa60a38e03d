//! What an account's fields can hold of an event.

use std::collections::BTreeSet;

use model::{Catalogue, CatalogueEntry};

use super::{
    participants::MOST,
    place::{PLACES, Place, is_placed},
    rule::RULE,
};
use crate::{
    map::{self, Rights},
    wire::Field,
};

/// Fields of Zoho's own, and links into modules, which stay as they are.
const OWN: [&str; 8] = [
    "id",
    "Created_By",
    "Modified_By",
    "Who_Id",
    "What_Id",
    "Remind_Participants",
    "Locked__s",
    "Tag",
];

/// The fields of meetings as a profile sees them: one that is hidden from it is absent.
pub(crate) fn catalogue(fields: &[Field], profile: Option<&str>) -> Catalogue {
    let placed = PLACES
        .iter()
        .filter_map(|place| entry(place, fields, profile));
    let custom = fields
        .iter()
        .filter(|field| !is_placed(&field.api_name) && !OWN.contains(&field.api_name.as_str()))
        .filter_map(|field| map::custom_entry(field, profile));
    Catalogue(placed.chain(custom).collect())
}

/// The fields that a profile may write, by their API names.
pub(crate) fn writable(fields: &[Field], profile: Option<&str>) -> BTreeSet<String> {
    let entries = catalogue(fields, profile).0.into_iter();
    let names = entries.filter(|entry| entry.writable).flat_map(|entry| {
        let place = PLACES
            .iter()
            .find(|place| place.path().as_ref() == Some(&entry.path));
        place.map_or_else(
            || vec![entry.name],
            |place| place.fields.iter().map(|name| (*name).to_owned()).collect(),
        )
    });
    names.collect()
}

/// Paths that nobody writes.
const ONLY_READ: [&str; 3] = ["status", "organizer", "uid"];

/// A path can be read, or written, if all of its fields can. Members that begin with `$` are no fields: metadata does
/// not name them. A rule can be set, and then no more: for another one the series is made anew.
fn entry(place: &Place, fields: &[Field], profile: Option<&str>) -> Option<CatalogueEntry> {
    let mut writable = true;
    let mut length = None;
    for name in place.fields {
        if name.starts_with('$') {
            continue;
        }
        let field = fields.iter().find(|field| field.api_name == *name)?;
        let rights = Rights::of(field, profile)?;
        writable &= rights.may_write || (rights.may_set && *name == RULE);
        let is_text = ["text", "textarea"].contains(&field.data_type.as_str());
        length = field.length.filter(|length| is_text && *length > 0);
    }
    let people = (place.root == "participants").then_some(u32::try_from(MOST).unwrap_or(u32::MAX));
    Some(CatalogueEntry {
        path: place.path()?,
        name: (*place.fields.first()?).to_owned(),
        readable: true,
        writable: writable && !ONLY_READ.contains(&place.root),
        max_length: length,
        max_elements: people,
        // A missing title is derived, so that nobody has to map it.
        required: place.root == "when",
    })
}
