//! What an account's fields can hold.

use model::{Catalogue, CatalogueEntry, Path};

use super::place::{custom, places};
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

/// What a profile may do with a field that it sees.
pub(crate) struct Rights {
    /// Change it.
    pub(crate) may_write: bool,
    /// Give it a value when a record is made.
    pub(crate) may_set: bool,
}

impl Rights {
    /// None if the field is hidden from the profile.
    pub(crate) fn of(field: &Field, profile: Option<&str>) -> Option<Self> {
        let permission =
            profile.and_then(|profile| field.profiles.iter().find(|held| held.id == profile));
        let permission = permission.map_or("read_write", |held| held.permission_type.as_str());
        if permission == "hidden" || field.visible == Some(false) {
            return None;
        }
        let open = permission == "read_write" && !field.read_only && !field.fixed;
        Some(Self {
            may_write: open && field.operation_type.api_update,
            may_set: open && (field.operation_type.api_create || field.operation_type.api_update),
        })
    }
}

fn entry(field: &Field, profile: Option<&str>) -> Option<CatalogueEntry> {
    if OWN.contains(&field.api_name.as_str()) {
        return None;
    }
    match places()
        .iter()
        .find(|place| place.api_name == field.api_name)
    {
        Some(place) => {
            let rights = Rights::of(field, profile)?;
            Some(described(field, place.path.clone(), rights.may_write))
        }
        None => custom_entry(field, profile),
    }
}

/// A field that has no place of its own, if a text can show it.
pub(crate) fn custom_entry(field: &Field, profile: Option<&str>) -> Option<CatalogueEntry> {
    let rights = Rights::of(field, profile)?;
    let in_json = field.json_type.as_deref().unwrap_or("string");
    let kind = field.data_type.as_str();
    let is_text = in_json == "string" && TEXTS.contains(&kind);
    if in_json == "jsonarray" || !is_text && !SHOWN.contains(&kind) {
        return None;
    }
    let path = custom(&field.api_name)?;
    Some(described(field, path, is_text && rights.may_write))
}

fn described(field: &Field, path: Path, writable: bool) -> CatalogueEntry {
    CatalogueEntry {
        path,
        name: field.api_name.clone(),
        readable: true,
        writable,
        max_length: field.length.filter(|length| *length > 0),
        max_elements: None,
        // A missing surname is derived, so that nobody has to map it.
        required: field.system_mandatory && field.api_name != "Last_Name",
    }
}
