//! One Google account: its contacts, its groups, and what every write to them entails.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::error::{Code, GoogleError};
use super::group::{Group, MY_CONTACTS, SYSTEM_GROUPS, can_be_added_to};
use super::ledger::{Ledger, Version};
use super::masks::Mask;
use super::person::{self, Contact, Draft, Fields, field_name};
use crate::dice::stable_number;

/// How long a deleted contact stays in the trash.
const TRASH_MILLISECONDS: i64 = 30 * 24 * 3600 * 1000;

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    /// Stable id, the N of the owner's own `people/N`.
    pub(super) id: String,
    /// Address to sign in with.
    pub(super) email: String,
    /// The owner's name.
    pub(super) name: String,
    /// Contacts, deleted ones included.
    pub(super) contacts: Ledger<Contact>,
    /// Groups, deleted ones included.
    pub(super) groups: Ledger<Group>,
    /// People the owner has written to but not saved.
    pub(super) others: Ledger<Contact>,
    /// What the search cache has seen; nothing before the first warm-up call.
    pub(super) search_horizon: Option<u64>,
    seed: u64,
    next_key: u64,
    keys_by_name: HashMap<String, u64>,
    group_keys: HashMap<String, u64>,
    members: HashMap<String, BTreeSet<u64>>,
    live: usize,
    trash: BTreeMap<u64, i64>,
}

impl Account {
    pub(super) fn new(id: &str, email: &str, name: &str, seed: u64) -> Self {
        let mut account = Self {
            id: id.to_owned(),
            email: email.to_owned(),
            name: name.to_owned(),
            contacts: Ledger::default(),
            groups: Ledger::default(),
            others: Ledger::default(),
            search_horizon: None,
            seed,
            next_key: 0,
            keys_by_name: HashMap::new(),
            group_keys: HashMap::new(),
            members: HashMap::new(),
            live: 0,
            trash: BTreeMap::new(),
        };
        for (id, title) in SYSTEM_GROUPS {
            account.write_new_group(Group::system(id, title), 0);
        }
        account
    }

    fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn new_number(&self, key: u64, generation: usize) -> u64 {
        let words = [self.id.as_str(), &key.to_string(), &generation.to_string()];
        // Nineteen digits at most, as the real ones.
        stable_number(self.seed, &words) >> 2
    }

    // ---- contacts: reading -------------------------------------------------------------------

    /// The key of the contact that has or had this resource name.
    pub(super) fn contact_key(&self, name: &str) -> Option<u64> {
        self.keys_by_name.get(name).copied()
    }

    /// The true state of a contact that is not deleted.
    pub(super) fn contact(&self, name: &str) -> Result<(u64, &Version<Contact>), GoogleError> {
        self.contact_key(name)
            .and_then(|key| Some((key, self.contacts.truth(key)?)))
            .filter(|(_, version)| !version.deleted)
            .ok_or_else(GoogleError::not_found)
    }

    /// Contacts in the trash, newest deletion last.
    pub(super) fn trashed(&self, now: i64) -> impl Iterator<Item = u64> + '_ {
        self.trash
            .iter()
            .filter(move |(_, since)| now - **since < TRASH_MILLISECONDS)
            .map(|(key, _)| *key)
    }

    // ---- contacts: writing -------------------------------------------------------------------

    /// Adds a contact; it never looks whether the same person is already there.
    pub(super) fn create_contact(
        &mut self,
        draft: Draft,
        cap: usize,
        now: i64,
    ) -> Result<u64, GoogleError> {
        if self.live + self.trashed(now).count() >= cap {
            return Err(overflow());
        }
        let groups = match draft.groups {
            Some(names) if !names.is_empty() => {
                self.check_groups(names.iter())?;
                names.into_iter().collect()
            }
            _ => BTreeSet::from([MY_CONTACTS.to_owned()]),
        };
        let key = self.new_key();
        let number = self.new_number(key, 0);
        let contact = Contact {
            number,
            source_id: format!("{number:x}"),
            fields: draft.fields,
            groups,
            ..Contact::default()
        };
        self.put_contact(key, contact, now);
        Ok(key)
    }

    /// Replaces the fields of the mask; what the mask names and the body lacks is cleared.
    pub(super) fn update_contact(
        &mut self,
        name: &str,
        draft: &Draft,
        mask: &Mask,
        now: i64,
    ) -> Result<u64, GoogleError> {
        let key = self.check_update(name, draft, mask)?;
        let mut contact = self.truth_of(key)?;
        for path in mask.paths() {
            if let Some(field) = field_name(path) {
                match draft.items(field) {
                    items if items.is_empty() => contact.fields.remove(field),
                    items => contact.fields.insert(field, items),
                };
            }
        }
        if mask.has("memberships") {
            contact.groups = draft.groups.iter().flatten().cloned().collect();
        }
        self.put_contact(key, contact, now);
        Ok(key)
    }

    /// Whether an update would be accepted, without doing it.
    pub(super) fn check_update(
        &self,
        name: &str,
        draft: &Draft,
        mask: &Mask,
    ) -> Result<u64, GoogleError> {
        let (key, version) = self.contact(name)?;
        person::check_etags(draft, key, version.sequence)?;
        if mask.has("memberships") {
            let kept = &version.value.groups;
            let names = draft.groups.as_deref().unwrap_or_default();
            if names.is_empty() {
                return Err(GoogleError::bad_field(
                    "person.memberships",
                    "A contact must always have at least one contact group membership.",
                ));
            }
            // A contact may stay in a group that nothing can be added to.
            let added = names.iter().filter(|name| !kept.contains(*name));
            self.check_groups(added)?;
        }
        Ok(key)
    }

    /// Moves a contact to the trash.
    pub(super) fn delete_contact(&mut self, name: &str, now: i64) -> Result<u64, GoogleError> {
        let (key, version) = self.contact(name)?;
        let contact = version.value.as_ref().clone();
        self.set_members(key, &contact.groups, &BTreeSet::new());
        self.contacts.write(key, contact, true, now);
        self.live -= 1;
        self.trash.insert(key, now);
        Ok(key)
    }

    /// Takes a contact out of the trash again, under its old name.
    pub(super) fn restore_contact(&mut self, key: u64, now: i64) -> Result<(), GoogleError> {
        self.trash.remove(&key).ok_or_else(GoogleError::not_found)?;
        let contact = self.truth_of(key)?;
        self.put_contact(key, contact, now);
        Ok(())
    }

    /// Empties the trash of one contact. Its tombstone stays in the feed.
    pub(super) fn purge_contact(&mut self, key: u64) -> Result<(), GoogleError> {
        self.trash
            .remove(&key)
            .map(|_| ())
            .ok_or_else(GoogleError::not_found)
    }

    /// Gives a contact another resource name, as linking it with a profile does.
    pub(super) fn rekey_contact(&mut self, key: u64, now: i64) -> Result<(), GoogleError> {
        let mut contact = self.truth_of(key)?;
        contact.previous_names.push(contact.resource_name());
        contact.number = self.new_number(key, contact.previous_names.len());
        self.put_contact(key, contact, now);
        Ok(())
    }

    /// Changes a contact as its owner would, past every check of the API.
    pub(super) fn edit_contact(
        &mut self,
        key: u64,
        now: i64,
        edit: impl FnOnce(&mut Contact),
    ) -> Result<(), GoogleError> {
        let mut contact = self.truth_of(key)?;
        edit(&mut contact);
        self.put_contact(key, contact, now);
        Ok(())
    }

    /// Stores a new version of a living contact and keeps the indexes in step.
    fn put_contact(&mut self, key: u64, contact: Contact, now: i64) {
        self.keys_by_name.insert(contact.resource_name(), key);
        let (was_live, before) = self.contacts.truth(key).map_or_else(
            || (false, BTreeSet::new()),
            |version| (!version.deleted, version.value.groups.clone()),
        );
        let before = if was_live { before } else { BTreeSet::new() };
        self.set_members(key, &before, &contact.groups);
        self.live += usize::from(!was_live);
        self.contacts.write(key, contact, false, now);
    }

    fn truth_of(&self, key: u64) -> Result<Contact, GoogleError> {
        self.contacts
            .truth(key)
            .map(|version| version.value.as_ref().clone())
            .ok_or_else(GoogleError::not_found)
    }

    /// Adds somebody the owner has written to; answers the id.
    pub(super) fn add_other(&mut self, fields: Fields, now: i64) -> String {
        let key = self.new_key();
        let source_id = format!("c{}", self.new_number(key, 0));
        let other = Contact {
            source_id: source_id.clone(),
            fields,
            ..Contact::default()
        };
        self.others.write(key, other, false, now);
        source_id
    }

    // ---- groups ------------------------------------------------------------------------------

    /// The true state of a group that is not deleted.
    pub(super) fn group(&self, name: &str) -> Result<(u64, &Version<Group>), GoogleError> {
        self.group_keys
            .get(name)
            .and_then(|key| Some((*key, self.groups.truth(*key)?)))
            .filter(|(_, version)| !version.deleted)
            .ok_or_else(GoogleError::not_found)
    }

    /// The key of a group that exists or existed.
    pub(super) fn group_key(&self, name: &str) -> Option<u64> {
        self.group_keys.get(name).copied()
    }

    /// The group with this title.
    pub(super) fn group_titled(&self, title: &str) -> Option<String> {
        self.groups
            .all()
            .find(|version| !version.deleted && version.value.is_titled(title))
            .map(|version| version.value.resource_name())
    }

    /// Keys of the contacts in a group.
    pub(super) fn members(&self, name: &str) -> impl Iterator<Item = u64> + '_ {
        self.members.get(name).into_iter().flatten().copied()
    }

    /// How many contacts are in a group.
    pub(super) fn member_count(&self, name: &str) -> usize {
        self.members.get(name).map_or(0, BTreeSet::len)
    }

    /// Adds a group; its title must be free.
    pub(super) fn create_group(&mut self, title: &str, now: i64) -> Result<String, GoogleError> {
        self.check_title(title)?;
        let number = stable_number(self.seed, &[&self.id, "group", &self.next_key.to_string()]);
        let group = Group::user(&format!("{:x}", number >> 8), title);
        let name = group.resource_name();
        self.write_new_group(group, now);
        Ok(name)
    }

    /// Changes a group.
    pub(super) fn put_group(&mut self, key: u64, group: Group, now: i64) {
        self.groups.write(key, group, false, now);
    }

    /// Removes a group; its contacts lose the membership, or go with it.
    pub(super) fn delete_group(
        &mut self,
        name: &str,
        with_contacts: bool,
        now: i64,
    ) -> Result<Vec<String>, GoogleError> {
        let (key, version) = self.group(name)?;
        let group = version.value.as_ref().clone();
        let members: Vec<u64> = self.members(name).collect();
        let mut touched = Vec::new();
        for member in members {
            let contact = self.truth_of(member)?;
            touched.push(contact.resource_name());
            if with_contacts {
                self.delete_contact(&contact.resource_name(), now)?;
            } else {
                self.edit_contact(member, now, |contact| {
                    contact.groups.remove(name);
                    if contact.groups.is_empty() {
                        contact.groups.insert(MY_CONTACTS.to_owned());
                    }
                })?;
            }
        }
        self.groups.write(key, group, true, now);
        Ok(touched)
    }

    /// Refuses a title that a group has already.
    pub(super) fn check_title(&self, title: &str) -> Result<(), GoogleError> {
        match self.group_titled(title) {
            Some(_) => Err(GoogleError::new(
                Code::AlreadyExists,
                "Contact group name already exists.",
            )),
            None => Ok(()),
        }
    }

    /// Resource names of groups that contacts may be put into.
    fn check_groups<'a>(&self, names: impl Iterator<Item = &'a String>) -> Result<(), GoogleError> {
        for name in names {
            let known = self.group(name).is_ok();
            if !known || !can_be_added_to(name) {
                return Err(GoogleError::bad_field(
                    "person.memberships",
                    format!("'{name}' is not a contact group that contacts can be added to."),
                ));
            }
        }
        Ok(())
    }

    fn write_new_group(&mut self, group: Group, now: i64) {
        let key = self.new_key();
        self.group_keys.insert(group.resource_name(), key);
        self.groups.write(key, group, false, now);
    }

    fn set_members(&mut self, key: u64, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        for name in before.difference(after) {
            if let Some(members) = self.members.get_mut(name) {
                members.remove(&key);
            }
        }
        for name in after.difference(before) {
            self.members.entry(name.clone()).or_default().insert(key);
        }
    }
}

/// The account is full. The token in the text is what clients see; code and status are unverified.
fn overflow() -> GoogleError {
    GoogleError::new(
        Code::FailedPrecondition,
        "MY_CONTACTS_OVERFLOW_COUNT: the maximum number of contacts is reached.",
    )
}
