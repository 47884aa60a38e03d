//! What an account's fields can hold.

use model::{Catalogue, CatalogueEntry};

use super::place::{path_of, places};
use crate::wire::Field;

/// Types whose values are texts, and can be written as texts.
const TEXTS: [&str; 8] = [
    "text",
    "textarea",
    "email",
    "phone",
    "website",
    "picklist",
    "date",
    "autonumber",
];

/// Types whose values can be shown as a text, but not be written as one.
const SHOWN: [&str; 8] = [
    "integer",
    "bigint",
    "double",
    "currency",
    "boolean",
    "percent",
    "formula",
    "ownerlookup",
];

/// Fields of Zoho's own that say nothing about the person.
const OWN: [&str; 6] = [
    "id",
    "Full_Name",
    "Mailing_Address",
    "Other_Address",
    "Created_By",
    "Modified_By",
];

/// The fields of contacts as a profile sees them: one that is hidden from it is absent.
pub(crate) fn catalogue(fields: &[Field], profile: Option<&str>) -> Catalogue {
    Catalogue(
        fields
            .iter()
            .filter_map(|field| entry(field, profile))
            .collect(),
    )
}

fn entry(field: &Field, profile: Option<&str>) -> Option<CatalogueEntry> {
    let permission =
        profile.and_then(|profile| field.profiles.iter().find(|held| held.id == profile));
    let permission = permission.map_or("read_write", |held| held.permission_type.as_str());
    if permission == "hidden" || field.visible == Some(false) {
        return None;
    }
    let has_place = places()
        .iter()
        .any(|place| place.api_name == field.api_name);
    let in_json = field.json_type.as_deref().unwrap_or("string");
    if in_json == "jsonarray" {
        return None;
    }
    let is_text = has_place || in_json == "string" && TEXTS.contains(&field.data_type.as_str());
    if !is_text && !SHOWN.contains(&field.data_type.as_str())
        || OWN.contains(&field.api_name.as_str())
    {
        return None;
    }
    let may_write = permission == "read_write" && field.operation_type.api_update;
    Some(CatalogueEntry {
        path: path_of(&field.api_name)?,
        name: field.api_name.clone(),
        readable: true,
        writable: is_text && may_write && !field.read_only && !field.fixed,
        max_length: field.length.filter(|length| *length > 0),
        max_elements: None,
        // A missing surname is derived, so that nobody has to map it.
        required: field.system_mandatory && field.api_name != "Last_Name",
    })
}
