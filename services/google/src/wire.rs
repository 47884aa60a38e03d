//! The People API's types as they are sent.
//!
//! Only what we read or decide on has a name here. Everything else a person carries stays in
//! [`Person::fields`] exactly as it came, so that it can be written back untouched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A person: the envelope by name, the content by field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    /// `people/c…`; can change when a contact is linked with a profile.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) resource_name: String,
    /// The version of the whole person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) etag: String,
    /// Where the person comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<PersonMetadata>,
    /// The fields by their names in a mask: `names`, `emailAddresses`, …
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

/// Where a person comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonMetadata {
    /// The address book entries and profiles that are shown as one person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<Source>,
    /// Only in answers to a sync request: the person is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) deleted: bool,
    /// Only in answers to a sync request: names that this person had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) previous_resource_names: Vec<String>,
    /// What else was sent.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// One source of a person, or of one item of a field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    /// `CONTACT`, `PROFILE`, `DOMAIN_CONTACT`, …
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    /// The source's own id; for a contact it outlives the resource name.
    #[serde(default)]
    pub(crate) id: String,
    /// The version of this source; another string than the person's etag.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) etag: String,
    /// When this source was last changed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) update_time: String,
    /// What else was sent.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// The source that we read and write.
pub(crate) const CONTACT: &str = "CONTACT";

impl Person {
    /// The entry in the user's own address book that this person is.
    pub(crate) fn contact_source(&self) -> Option<&Source> {
        let sources = &self.metadata.as_ref()?.sources;
        sources.iter().find(|source| source.kind == CONTACT)
    }

    /// Whether this is the tombstone of a person.
    pub(crate) fn is_deleted(&self) -> bool {
        self.metadata
            .as_ref()
            .is_some_and(|metadata| metadata.deleted)
    }

    /// The items of a field; none if the field is absent or not a list.
    pub(crate) fn items(&self, field: &str) -> &[Value] {
        self.fields
            .get(field)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// Whether the person is a member of a contact group, by the group's resource name.
    pub(crate) fn is_member_of(&self, group: &str) -> bool {
        self.items("memberships").iter().any(|membership| {
            membership["contactGroupMembership"]["contactGroupResourceName"] == group
        })
    }

    /// The value of application data with this key. Merged contacts have several: the least one, for Google
    /// promises no order.
    pub(crate) fn client_value(&self, key: &str) -> Option<&str> {
        let entries = self.items("clientData").iter();
        entries
            .filter(|entry| entry["key"] == key)
            .filter_map(|entry| entry["value"].as_str())
            .min()
    }
}

/// `people.connections.list`. Persons are decoded one by one, so that one that cannot be spoils no other.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_field_names, reason = "the names are Google's")]
pub(crate) struct Connections {
    pub(crate) connections: Vec<Value>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
}

/// One person in the answer to a batch call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PersonResponse {
    pub(crate) requested_resource_name: String,
    pub(crate) person: Option<Value>,
    pub(crate) http_status_code: Option<u16>,
    pub(crate) status: Option<Status>,
}

/// `people.getBatchGet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BatchGet {
    pub(crate) responses: Vec<PersonResponse>,
}

/// The body of `people.batchCreateContacts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchCreateRequest<'a> {
    pub(crate) contacts: Vec<ContactToCreate<'a>>,
    pub(crate) read_mask: &'a str,
    pub(crate) sources: [&'a str; 1],
}

/// One contact to create.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactToCreate<'a> {
    pub(crate) contact_person: &'a Person,
}

/// The answer to `people.batchCreateContacts`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchCreate {
    pub(crate) created_people: Vec<PersonResponse>,
}

/// The body of `people.batchUpdateContacts`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchUpdateRequest<'a> {
    pub(crate) contacts: BTreeMap<&'a str, &'a Person>,
    pub(crate) update_mask: &'a str,
    pub(crate) read_mask: &'a str,
    pub(crate) sources: [&'a str; 1],
}

/// The answer to `people.batchUpdateContacts`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchUpdate {
    pub(crate) update_result: BTreeMap<String, PersonResponse>,
}

/// The answer to `contactGroups.members.modify`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ModifiedMembers {
    pub(crate) not_found_resource_names: Vec<String>,
}

/// `contactGroups.list`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContactGroups {
    pub(crate) contact_groups: Vec<ContactGroup>,
    pub(crate) next_page_token: Option<String>,
}

/// A contact group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContactGroup {
    pub(crate) resource_name: String,
    /// `USER_CONTACT_GROUP` or `SYSTEM_CONTACT_GROUP`.
    pub(crate) group_type: String,
    pub(crate) name: String,
    /// The name in the account's language; system groups have it.
    pub(crate) formatted_name: String,
    pub(crate) metadata: ContactGroupMetadata,
}

/// What is known of a contact group beside its content.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContactGroupMetadata {
    pub(crate) deleted: bool,
}

/// What a token may do, as the token information endpoint tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TokenInformation {
    /// Separated by spaces.
    pub(crate) scope: String,
}

/// The envelope of an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub(crate) error: Status,
}

/// An error, of a call or of one item of a batch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names, reason = "the names are Google's")]
pub(crate) struct Status {
    /// An HTTP status in the envelope, a `google.rpc.Code` in an item.
    pub(crate) code: u16,
    pub(crate) message: String,
    /// The name of the `google.rpc.Code`; only in the envelope.
    pub(crate) status: String,
    pub(crate) details: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    /// The documented example of a person, with fields that nothing here knows.
    fn ana() -> Value {
        json!({
            "resourceName": "people/c401", "etag": "%EgUBAi43PT4aBAECBQci",
            "metadata": {"objectType": "PERSON", "sources": [{"type": "CONTACT", "id": "191", "etag": "#aB1c=",
                "updateTime": "2026-11-02T09:15:31.204Z", "somethingNew": [1]}]},
            "names": [{"metadata": {"primary": true, "source": {"type": "CONTACT", "id": "191"}},
                "displayName": "Ana Petrov", "givenName": "Ana", "familyName": "Petrov"}],
            "memberships": [{"contactGroupMembership": {"contactGroupId": "2b1",
                "contactGroupResourceName": "contactGroups/2b1"}}],
            "clientData": [{"key": "acme.id", "value": "0193"}, {"key": "rapport", "value": "m1"}],
            "fieldOfTomorrow": [{"deep": {"er": null}}]
        })
    }

    #[test]
    fn a_person_goes_through_unchanged_with_everything_unknown() {
        let person: Person = serde_json::from_value(ana()).unwrap();
        assert_eq!(serde_json::to_value(&person).unwrap(), ana());
    }

    #[test]
    fn the_envelope_is_read() {
        let person: Person = serde_json::from_value(ana()).unwrap();
        assert_eq!(person.contact_source().unwrap().id, "191");
        assert!(person.is_member_of("contactGroups/2b1"));
        assert!(!person.is_member_of("contactGroups/myContacts"));
        assert_eq!(person.client_value("rapport"), Some("m1"));
        assert_eq!(person.client_value("other"), None);
        assert!(!person.is_deleted());
    }

    #[test]
    fn a_tombstone_is_recognised() {
        let person: Person = serde_json::from_value(json!({
            "resourceName": "people/c1",
            "metadata": {"deleted": true, "previousResourceNames": ["people/c0"]}
        }))
        .unwrap();
        assert!(person.is_deleted());
        assert_eq!(
            person.metadata.unwrap().previous_resource_names,
            ["people/c0"]
        );
    }
}
