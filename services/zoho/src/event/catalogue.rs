//! What an account's fields can hold of an event.

use model::{Catalogue, CatalogueEntry};

use super::place::{PLACES, Place, is_placed};
use crate::{
    map::{self, Rights},
    wire::Field,
};

/// Participants that a meeting takes ("Update Records").
const PARTICIPANTS: u32 = 50;

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

/// A path can be read, or written, if all of its fields can. Members that begin with `$` are no fields: metadata does
/// not name them, and nobody writes them.
fn entry(place: &Place, fields: &[Field], profile: Option<&str>) -> Option<CatalogueEntry> {
    let mut writable = true;
    let mut length = None;
    for name in place.fields {
        if name.starts_with('$') {
            writable = false;
            continue;
        }
        let field = fields.iter().find(|field| field.api_name == *name)?;
        let rights = Rights::of(field, profile)?;
        writable &= rights.may_write;
        let is_text = ["text", "textarea"].contains(&field.data_type.as_str());
        length = field.length.filter(|length| is_text && *length > 0);
    }
    let people = (place.root == "participants").then_some(PARTICIPANTS);
    Some(CatalogueEntry {
        path: place.path()?,
        name: (*place.fields.first()?).to_owned(),
        readable: true,
        writable: writable && place.root != "organizer",
        max_length: length,
        max_elements: people,
        // A missing title is derived, so that nobody has to map it.
        required: place.root == "when",
    })
}
