//! Between Google's persons and canonical contacts. Pure.
//!
//! [`table`] says which canonical path is kept where; [`read`] shows a person as a record by it, and
//! [`write`] patches the person that Google holds: items, properties and fields that the table does not
//! name are written back as they came, and items of another source than the user's address book never are.

mod read;
mod table;
mod write;

use jiff::Timestamp;
use model::{Catalogue, CatalogueEntry, Path, Version};
use provider::{Live, Scope};

use crate::wire::Person;

pub(crate) use self::{
    read::{Undecodable, custom_names, record},
    table::path_named_in,
    write::{Body, create, mask_of, patch},
};

/// The kind of record that persons are.
pub(crate) const CONTACT: &str = "contact";

/// Our own entry among a contact's application data.
const MARKER_KEY: &str = "rapport";

/// A text of a contact has at most so many characters; notes are exempt (Contacts Help, "I get a Contacts error").
const MAX_LENGTH: u32 = 1024;

/// A person's version. The token is an etag of our one field mask, for those under different masks do not compare.
pub(crate) fn version(person: &Person) -> Version {
    Version {
        token: person.etag.clone(),
        changed_at_micros: changed_at(person).map(Timestamp::as_microsecond),
        coarse: false,
    }
}

/// When the contact was last changed, by Google's clock.
pub(crate) fn changed_at(person: &Person) -> Option<Timestamp> {
    person.contact_source()?.update_time.parse().ok()
}

/// Other ids of a person: its former resource names, as far as the answer tells them, and the ids of its
/// address book entries, which outlive a change of the resource name.
pub(crate) fn former_ids(person: &Person) -> Vec<String> {
    let Some(metadata) = &person.metadata else {
        return Vec::new();
    };
    let contacts = metadata
        .sources
        .iter()
        .filter(|source| source.kind == crate::wire::CONTACT);
    let entries = contacts.map(|source| format!("{ENTRY}{}", source.id));
    metadata
        .previous_resource_names
        .iter()
        .cloned()
        .chain(entries)
        .collect()
}

/// How an address book entry is written among former ids; it is no resource name and cannot be read by.
const ENTRY: &str = "contact/";

/// Whether an id is that of an address book entry.
pub(crate) fn is_entry(id: &str) -> bool {
    id.starts_with(ENTRY)
}

/// Whether an id is a person's resource name.
pub(crate) fn is_resource_name(id: &str) -> bool {
    id.starts_with("people/")
}

/// The marker that we left on a person.
pub(crate) fn marker(person: &Person) -> Option<String> {
    person.client_value(MARKER_KEY).map(str::to_owned)
}

/// Whether a person is inside a collection.
pub(crate) fn in_scope(person: &Person, collection: &str) -> bool {
    collection.is_empty() || person.is_member_of(collection)
}

/// A person as a live record of a scope.
pub(crate) fn live(person: &Person, scope: &Scope) -> Result<Live, Undecodable> {
    Ok(Live {
        remote_id: person.resource_name.clone(),
        former_ids: former_ids(person),
        version: version(person),
        record: record(person)?,
        marker: marker(person),
        in_scope: in_scope(person, &scope.collection),
        readable: readable(scope),
    })
}

/// The root paths that every answer shows.
pub(crate) fn readable(scope: &Scope) -> Vec<Path> {
    let table = table::COLUMNS.iter().filter_map(table::Column::root);
    let custom = scope
        .paths
        .iter()
        .filter(|path| path.field() == table::CUSTOM)
        .cloned();
    let mut paths: Vec<Path> = table.chain(custom).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// What an account offers: the table, any custom name, and those custom names that are in use.
pub(crate) fn catalogue(custom: impl IntoIterator<Item = Path>) -> Catalogue {
    let mut entries: Vec<CatalogueEntry> = table::COLUMNS
        .iter()
        .filter_map(table::Column::catalogue_entry)
        .collect();
    entries.extend(custom.into_iter().map(|path| CatalogueEntry {
        name: path.key().unwrap_or_default().to_owned(),
        ..entry(path, MAX_LENGTH.into())
    }));
    Catalogue(entries)
}

fn entry(path: Path, max_length: Option<u32>) -> CatalogueEntry {
    CatalogueEntry {
        path,
        name: String::new(),
        readable: true,
        writable: true,
        max_length,
        max_elements: None,
        required: false,
    }
}

#[cfg(test)]
mod tests;
