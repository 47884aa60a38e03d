//! A Person as an answer shows it: masked, merged from its sources, with its metadata.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Contact, Fields, etag};
use crate::google::error::GoogleError;
use crate::google::ledger::Version;
use crate::google::masks::Mask;

/// A list shows at most so many e-mail addresses and phone numbers of one person.
const LIST_TRUNCATION: usize = 100;

/// Which sources of a person are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::google) struct Sources {
    pub(in crate::google) contact: bool,
    pub(in crate::google) profile: bool,
}

impl Sources {
    /// Reads repeated `sources` parameters; none means contact and profile.
    pub(in crate::google) fn parse<'a>(
        values: impl Iterator<Item = &'a str>,
    ) -> Result<Self, GoogleError> {
        let mut sources = Self {
            contact: false,
            profile: false,
        };
        let mut any = false;
        for value in values {
            any = true;
            match value {
                "READ_SOURCE_TYPE_CONTACT" => sources.contact = true,
                "READ_SOURCE_TYPE_PROFILE" => sources.profile = true,
                "READ_SOURCE_TYPE_DOMAIN_CONTACT" | "READ_SOURCE_TYPE_OTHER_CONTACT" => {}
                other => {
                    return Err(GoogleError::bad_field(
                        "sources",
                        format!(
                            "Invalid value at 'sources' (type.googleapis.com/google.people.v1.ReadSourceType), \"{other}\""
                        ),
                    ));
                }
            }
        }
        Ok(if any {
            sources
        } else {
            Self {
                contact: true,
                profile: true,
            }
        })
    }
}

/// How to show persons.
#[derive(Debug, Clone)]
pub(in crate::google) struct View {
    pub(in crate::google) mask: Mask,
    pub(in crate::google) sources: Sources,
    /// Long fields are truncated.
    pub(in crate::google) list: bool,
    /// Former resource names are told.
    pub(in crate::google) sync: bool,
    /// Items of a field are rotated by this number; 0 leaves them in order.
    pub(in crate::google) rotation: usize,
}

impl View {
    /// Everything, in order: the view of an answer to a write.
    pub(in crate::google) fn of(mask: Mask, sources: Sources) -> Self {
        Self {
            mask,
            sources,
            list: false,
            sync: false,
            rotation: 0,
        }
    }
}

/// One person.
pub(in crate::google) fn person(key: u64, version: &Version<Contact>, view: &View) -> Value {
    let contact = version.value.as_ref();
    let mut person = head(key, version, view);
    if view.mask.has("metadata") {
        person.insert("metadata".to_owned(), metadata(key, version, view));
    }
    for path in view.mask.paths() {
        let items = match path {
            "metadata" => continue,
            "memberships" => memberships(contact, view),
            "photos" => photos(contact, view),
            path => merged(contact, path, view),
        };
        if !items.is_empty() {
            person.insert(path.to_owned(), Value::Array(items));
        }
    }
    Value::Object(person)
}

/// A tombstone. Without `metadata` in the mask nothing tells it from an empty person.
pub(in crate::google) fn deleted_person(
    key: u64,
    version: &Version<Contact>,
    view: &View,
) -> Value {
    let mut person = head(key, version, view);
    if view.mask.has("metadata") {
        person.insert(
            "metadata".to_owned(),
            json!({
                "sources": [contact_source(key, version)],
                "deleted": true,
                "objectType": "PERSON",
            }),
        );
    }
    Value::Object(person)
}

/// The profile of the account's owner, as `people/me` shows it.
pub(in crate::google) fn own_profile(id: &str, name: &str, email: &str, mask: &Mask) -> Value {
    let metadata = json!({
        "primary": true, "verified": true, "sourcePrimary": true, "source": { "type": "PROFILE", "id": id },
    });
    let mut person = json!({
        "resourceName": format!("people/{id}"),
        "etag": format!("%{}", &blake3::hash(format!("{id}{}", mask.canonical()).as_bytes()).to_hex()[..20]),
    });
    if mask.has("metadata") {
        person["metadata"] = json!({
            "sources": [{
                "type": "PROFILE", "id": id, "etag": format!("#{}", &blake3::hash(id.as_bytes()).to_hex()[..12]),
                "profileMetadata": { "objectType": "PERSON", "userTypes": ["GOOGLE_USER"] },
            }],
            "objectType": "PERSON",
        });
    }
    if mask.has("emailAddresses") {
        person["emailAddresses"] = json!([{ "metadata": metadata, "value": email }]);
    }
    if mask.has("names") {
        let mut item = Map::new();
        item.insert("unstructuredName".to_owned(), json!(name));
        let mut item = super::derive::completed("names", item);
        item.insert("metadata".to_owned(), metadata);
        person["names"] = json!([item]);
    }
    person
}

/// What is there under every mask.
fn head(key: u64, version: &Version<Contact>, view: &View) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert(
        "resourceName".to_owned(),
        json!(version.value.resource_name()),
    );
    head.insert(
        "etag".to_owned(),
        json!(etag::of_person(
            key,
            version.sequence,
            &view.mask.canonical()
        )),
    );
    head
}

fn metadata(key: u64, version: &Version<Contact>, view: &View) -> Value {
    let contact = version.value.as_ref();
    let mut sources = Vec::new();
    if view.sources.contact {
        sources.push(contact_source(key, version));
    }
    if let Some(profile) = contact.profile.as_ref().filter(|_| view.sources.profile) {
        sources.push(json!({
            "type": "PROFILE",
            "id": profile.id,
            "etag": format!("#{}", &blake3::hash(profile.id.as_bytes()).to_hex()[..12]),
            "profileMetadata": { "objectType": "PERSON", "userTypes": ["GOOGLE_USER"] },
        }));
    }
    let mut metadata = json!({ "sources": sources, "objectType": "PERSON" });
    if view.sync && !contact.previous_names.is_empty() {
        metadata["previousResourceNames"] = json!(contact.previous_names);
    }
    metadata
}

fn contact_source(key: u64, version: &Version<Contact>) -> Value {
    json!({
        "type": "CONTACT",
        "id": version.value.source_id,
        "etag": etag::of_source(key, version.sequence),
        "updateTime": Timestamp::from_millisecond(version.at).unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

/// The items of one field from every source that is asked for; exactly one of them is primary.
fn merged(contact: &Contact, path: &str, view: &View) -> Vec<Value> {
    let contact_source = json!({ "type": "CONTACT", "id": contact.source_id });
    let mut items = Vec::new();
    if view.sources.contact {
        items.extend(sourced(&contact.fields, path, &contact_source, false));
    }
    if let Some(profile) = contact.profile.as_ref().filter(|_| view.sources.profile) {
        let source = json!({ "type": "PROFILE", "id": profile.id });
        items.extend(sourced(&profile.fields, path, &source, true));
    }
    if view.list && matches!(path, "emailAddresses" | "phoneNumbers") {
        items.truncate(LIST_TRUNCATION);
    }
    if let Some(first) = items.first_mut() {
        first["metadata"]["primary"] = json!(true);
    }
    if !items.is_empty() {
        let by = view.rotation % items.len();
        items.rotate_left(by);
    }
    items
}

fn sourced(fields: &Fields, path: &str, source: &Value, verified: bool) -> Vec<Value> {
    let mut items: Vec<Value> = fields
        .get(path)
        .into_iter()
        .flatten()
        .map(|item| {
            let mut item = Value::Object(item.clone());
            item["metadata"] = json!({ "source": source });
            if verified {
                item["metadata"]["verified"] = json!(true);
            }
            item
        })
        .collect();
    if let Some(first) = items.first_mut() {
        first["metadata"]["sourcePrimary"] = json!(true);
    }
    items
}

fn memberships(contact: &Contact, view: &View) -> Vec<Value> {
    if !view.sources.contact {
        return Vec::new();
    }
    contact
        .groups
        .iter()
        .map(|name| {
            json!({
                "metadata": { "source": { "type": "CONTACT", "id": contact.source_id } },
                "contactGroupMembership": {
                    "contactGroupId": name.trim_start_matches("contactGroups/"),
                    "contactGroupResourceName": name,
                },
            })
        })
        .collect()
}

fn photos(contact: &Contact, view: &View) -> Vec<Value> {
    if !view.sources.contact {
        return Vec::new();
    }
    let metadata = json!({
        "primary": true, "source": { "type": "CONTACT", "id": contact.source_id },
    });
    let photo = match &contact.photo {
        Some(name) => json!({
            "metadata": metadata, "url": format!("https://lh3.googleusercontent.com/contacts/{name}=s100"),
        }),
        None => json!({
            "metadata": metadata, "default": true, "url": "https://lh3.googleusercontent.com/cm/placeholder=s100",
        }),
    };
    vec![photo]
}
