//! Contact groups, called labels in the web interface.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::GoogleError;
use super::ledger::Version;
use super::masks::Mask;

/// The group every contact is in unless it says otherwise.
pub(super) const MY_CONTACTS: &str = "contactGroups/myContacts";

/// System groups: id and title. Only the first two take new members.
pub(super) const SYSTEM_GROUPS: [(&str, &str); 8] = [
    ("myContacts", "My Contacts"),
    ("starred", "Starred"),
    ("friends", "Friends"),
    ("family", "Family"),
    ("coworkers", "Coworkers"),
    ("chatBuddies", "Chat contacts"),
    ("all", "All Contacts"),
    ("blocked", "Blocked"),
];

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    id: String,
    system: bool,
    /// The name that people gave it.
    pub(super) title: String,
    /// Entries of applications.
    pub(super) client_data: Vec<Value>,
}

impl Group {
    pub(super) fn user(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            system: false,
            title: title.to_owned(),
            client_data: Vec::new(),
        }
    }

    pub(super) fn system(id: &str, title: &str) -> Self {
        Self {
            system: true,
            ..Self::user(id, title)
        }
    }

    /// `contactGroups/ID`.
    pub(super) fn resource_name(&self) -> String {
        format!("contactGroups/{}", self.id)
    }

    /// Whether the title is taken by this group; capitals make no difference.
    pub(super) fn is_titled(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.title.to_lowercase() == title || (self.system && self.id.to_lowercase() == title)
    }

    /// Refuses to change what Google owns.
    pub(super) fn check_user_owned(&self) -> Result<(), GoogleError> {
        if self.system {
            return Err(GoogleError::invalid(
                "System contact groups cannot be changed or deleted.",
            ));
        }
        Ok(())
    }
}

/// Whether contacts may be added to a group, by its resource name.
pub(super) fn can_be_added_to(name: &str) -> bool {
    let id = name.trim_start_matches("contactGroups/");
    SYSTEM_GROUPS
        .iter()
        .position(|(system, _)| *system == id)
        .is_none_or(|index| index < 2)
}

/// A group as an answer shows it.
pub(super) fn view(key: u64, version: &Version<Group>, member_count: usize, mask: &Mask) -> Value {
    let group = version.value.as_ref();
    let mut view = head(key, version);
    if mask.has("metadata") {
        view.insert("metadata".to_owned(), metadata(version));
    }
    if mask.has("groupType") {
        let kind = if group.system {
            "SYSTEM_CONTACT_GROUP"
        } else {
            "USER_CONTACT_GROUP"
        };
        view.insert("groupType".to_owned(), json!(kind));
    }
    if mask.has("name") {
        let name = if group.system {
            &group.id
        } else {
            &group.title
        };
        view.insert("name".to_owned(), json!(name));
        view.insert("formattedName".to_owned(), json!(group.title));
    }
    if mask.has("memberCount") && member_count > 0 {
        view.insert("memberCount".to_owned(), json!(member_count));
    }
    if mask.has("clientData") && !group.client_data.is_empty() {
        view.insert("clientData".to_owned(), json!(group.client_data));
    }
    Value::Object(view)
}

/// A tombstone of a group.
pub(super) fn tombstone(key: u64, version: &Version<Group>) -> Value {
    let mut view = head(key, version);
    view.insert("metadata".to_owned(), json!({ "deleted": true }));
    Value::Object(view)
}

fn head(key: u64, version: &Version<Group>) -> Map<String, Value> {
    let mut head = Map::new();
    head.insert(
        "resourceName".to_owned(),
        json!(version.value.resource_name()),
    );
    let hash = blake3::hash(&[key.to_be_bytes(), version.sequence.to_be_bytes()].concat());
    head.insert("etag".to_owned(), json!(&hash.to_hex()[..16]));
    head
}

fn metadata(version: &Version<Group>) -> Value {
    json!({ "updateTime": Timestamp::from_millisecond(version.at).unwrap_or(Timestamp::UNIX_EPOCH) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_system_groups_take_new_members() {
        assert!(can_be_added_to("contactGroups/myContacts"));
        assert!(can_be_added_to("contactGroups/starred"));
        assert!(can_be_added_to("contactGroups/2b1"));
        assert!(!can_be_added_to("contactGroups/friends"));
    }

    #[test]
    fn titles_are_compared_without_capitals() {
        assert!(Group::user("1", "Clients").is_titled("clients"));
        assert!(Group::system("myContacts", "My Contacts").is_titled("mycontacts"));
        assert!(!Group::user("1", "Clients").is_titled("Client"));
    }
}
