//! Every change to records, whoever makes it: a client through the API, or a person through control.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::dice::stable_number;
use crate::emulator::Shared;
use crate::journal::Letter;

use super::id::Id;
use super::meeting;
use super::module::{Module, Visibility};
use super::org::Org;
use super::record::{Record, whole_seconds};
use super::refusal::Refusal;
use super::settings::Settings;
use super::value::Draft;

/// What happened to a record, in the words of the callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Insert,
    Update,
    Delete,
}

/// One change, for the callbacks.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) module: &'static str,
    pub(super) operation: Operation,
    pub(super) record: Arc<Record>,
    /// API names of the fields that changed; empty for inserts and deletions.
    pub(super) fields: Vec<String>,
}

/// Changes made together, by one user at one moment.
pub(super) struct Edit<'a> {
    pub(super) org: &'a mut Org,
    pub(super) settings: &'a Settings,
    pub(super) shared: &'a Shared,
    pub(super) now: Timestamp,
    pub(super) user: Id,
    /// Whether workflow rules run.
    pub(super) automate: bool,
    /// Made in the CRM's own pages, not through the API.
    pub(super) by_people: bool,
    pub(super) changes: Vec<Change>,
    /// Mails to participants of meetings.
    pub(super) letters: Vec<Letter>,
}

impl<'a> Edit<'a> {
    pub(super) fn new(
        org: &'a mut Org,
        settings: &'a Settings,
        shared: &'a Shared,
        user: Id,
        automate: bool,
    ) -> Self {
        Self {
            org,
            settings,
            shared,
            now: shared.clock.now(),
            user,
            automate,
            by_people: false,
            changes: Vec::new(),
            letters: Vec::new(),
        }
    }

    /// Creates a record from a checked draft; of a recurring meeting one for each occurrence, and answers the first.
    pub(super) fn create(
        &mut self,
        module: &str,
        mut draft: Draft,
    ) -> Result<Arc<Record>, Refusal> {
        if module != meeting::MODULE {
            return self.create_one(module, draft);
        }
        if draft.notify {
            let letters = meeting::mail::announce(self.org, None, &mut draft.values, "");
            self.letters.extend(letters);
        }
        let reminders = meeting::mail::reminders(self.org, None, &draft.values, "");
        self.letters.extend(reminders);
        let token = |words: &[&str]| stable_number(self.shared.dice.seed(), words).to_string();
        let next = self.org.ids.next().to_string();
        let uid = token(&["u_id", &next]);
        draft.values.insert("$u_id".to_owned(), uid.into());
        draft
            .values
            .insert("Check_In_Status".to_owned(), "PLANNED".into());
        let zone = self.org.user(self.user).map(super::org::User::zone);
        let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
        let several = meeting::series::occurrences(&draft.values, &zone);
        let repeats = draft
            .values
            .get("Recurring_Activity")
            .is_some_and(|rule| !rule.is_null());
        let mut first = None;
        for mut values in several {
            if repeats {
                values.insert("$recurrence_id".to_owned(), next.clone().into());
            }
            let one = Draft {
                values,
                owner: draft.owner,
                notify: false,
            };
            let record = self.create_one(module, one)?;
            first.get_or_insert(record);
        }
        let first = first.ok_or_else(Refusal::module)?;
        for letter in &mut self.letters {
            if letter.record.is_empty() {
                letter.record = first.id.to_string();
            }
        }
        Ok(first)
    }

    fn create_one(&mut self, module: &str, draft: Draft) -> Result<Arc<Record>, Refusal> {
        let id = self.org.ids.next();
        let stamp = whole_seconds(self.now);
        let mut values = draft.values;
        values.retain(|_, value| !value.is_null());
        let record = Record {
            id,
            owner: draft.owner.unwrap_or(self.user),
            created: stamp,
            created_by: self.user,
            modified: stamp,
            modified_by: self.user,
            values,
        };
        let record = self.put(module, record, Operation::Insert, Vec::new())?;
        self.run_workflows(module, record, true)
    }

    /// Applies a checked draft to a record: what it does not name stays, null clears.
    pub(super) fn update(
        &mut self,
        module: &str,
        id: Id,
        draft: Draft,
    ) -> Result<Arc<Record>, Refusal> {
        let record = self.overlay(module, id, draft)?;
        self.run_workflows(module, record, false)
    }

    fn overlay(&mut self, module: &str, id: Id, draft: Draft) -> Result<Arc<Record>, Refusal> {
        let found = self
            .org
            .module(module)
            .and_then(|module| module.records.get(&id));
        let before = Arc::clone(found.ok_or_else(Refusal::path_id)?);
        let mut after = Record::clone(&before);
        let mut values = draft.values;
        meeting::participants::kept(before.values.get("Participants"), &mut values);
        for (name, value) in values {
            if value.is_null() {
                after.values.remove(&name);
            } else {
                after.values.insert(name, value);
            }
        }
        if module == meeting::MODULE {
            let (name, values) = (id.to_string(), &mut after.values);
            if draft.notify {
                let letters = meeting::mail::announce(self.org, Some(&before), values, &name);
                self.letters.extend(letters);
            }
            let reminders = meeting::mail::reminders(self.org, Some(&before), values, &name);
            self.letters.extend(reminders);
        }
        after.owner = draft.owner.unwrap_or(after.owner);
        // The stamp moves even when no value does.
        after.modified = whole_seconds(self.now);
        after.modified_by = self.user;
        let fields = after.changed_fields(&before);
        self.put(module, after, Operation::Update, fields)
    }

    /// Deletes a record into the recycle bin, or for good.
    pub(super) fn delete(&mut self, module: &str, id: Id, permanent: bool) -> Option<Arc<Record>> {
        let (visible, now, user) = (self.visibility(id), self.now, self.user);
        let module = self.org.module_mut(module)?;
        let record = module.remove(id, user, now, permanent, visible)?;
        self.changes.push(Change {
            module: module.api_name,
            operation: Operation::Delete,
            record: Arc::clone(&record),
            fields: Vec::new(),
        });
        if module.api_name == meeting::MODULE {
            if self.settings.deletions_mail_the_invited {
                self.letters
                    .extend(meeting::mail::called_off(self.org, &record));
            }
            self.note_in_series(&record, true);
        } else if module.api_name == "Contacts" {
            self.delete_meetings_of(record.id, permanent);
        }
        Some(record)
    }

    fn note_in_series(&mut self, occurrence: &Record, gone: bool) {
        if self.settings.deleted_occurrences_are_exdates {
            meeting::series::note(self, occurrence, gone);
        }
    }

    /// Stores a state of a record that nobody is told of: no stamp moves, no callback is sent.
    pub(super) fn store_silently(&mut self, module: &str, record: Record) {
        let visible = self.visibility(record.id);
        if let Some(module) = self.org.module_mut(module) {
            module.put(record, visible);
        }
    }

    /// The meetings of a contact go with it.
    fn delete_meetings_of(&mut self, contact: Id, permanent: bool) {
        let meetings = self.org.module(meeting::MODULE);
        let meetings: Vec<Id> = meetings
            .into_iter()
            .flat_map(|module| module.records.values())
            .filter(|record| record.lookup("Who_Id") == Some(contact))
            .map(|record| record.id)
            .collect();
        for meeting in meetings {
            self.delete(meeting::MODULE, meeting, permanent);
        }
    }

    /// Takes a record out of the recycle bin, with a new `Modified_Time` (whether the provider moves it is unverified).
    pub(super) fn restore(&mut self, module: &str, id: Id) -> Option<Arc<Record>> {
        let now = self.now;
        let found = self.org.module_mut(module)?;
        let record = match found.deleted.get(&id) {
            Some(deleted) if !deleted.is_permanent(now) => Record::clone(&deleted.record),
            _ => return None,
        };
        found.deleted.remove(&id);
        let record = Record {
            modified: whole_seconds(now),
            modified_by: self.user,
            ..record
        };
        if module == meeting::MODULE {
            self.note_in_series(&record, false);
        }
        self.put(module, record, Operation::Insert, Vec::new()).ok()
    }

    fn run_workflows(
        &mut self,
        module: &str,
        record: Arc<Record>,
        created: bool,
    ) -> Result<Arc<Record>, Refusal> {
        if !self.automate {
            return Ok(record);
        }
        if !self.by_people {
            self.shared.journal.mark("zoho.automated_writes");
        }
        let rules: Vec<(Map<String, Value>, u64)> = self
            .org
            .workflows
            .iter()
            .filter(|rule| rule.runs_on(module, created))
            .map(|rule| (rule.set.clone(), rule.mails))
            .collect();
        let mut record = record;
        for (values, mails) in rules {
            self.shared.journal.mark("zoho.workflow_runs");
            if mails > 0 {
                self.shared.journal.mail("zoho", mails);
            }
            if !values.is_empty() {
                let draft = Draft {
                    values,
                    owner: None,
                    notify: false,
                };
                record = self.overlay(module, record.id, draft)?;
            }
        }
        Ok(record)
    }

    fn put(
        &mut self,
        module: &str,
        record: Record,
        operation: Operation,
        fields: Vec<String>,
    ) -> Result<Arc<Record>, Refusal> {
        let visible = self.visibility(record.id);
        let module = self.org.module_mut(module).ok_or_else(Refusal::module)?;
        let record = module.put(record, visible);
        self.changes.push(Change {
            module: module.api_name,
            operation,
            record: Arc::clone(&record),
            fields,
        });
        Ok(record)
    }

    /// Each write picks its own lag, so that writes become visible in another order than they were made.
    fn visibility(&self, id: Id) -> Visibility {
        let settings = self.settings;
        let (least, most) = (
            settings.list_lag_min_milliseconds,
            settings.list_lag_max_milliseconds,
        );
        let words = [
            id.to_string(),
            self.now.to_string(),
            self.changes.len().to_string(),
        ];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let roll = stable_number(self.shared.dice.seed(), &words);
        let lag = least + roll % (most.saturating_sub(least) + 1);
        let after = |milliseconds: u64| {
            self.now
                + SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX / 2))
        };
        Visibility {
            lists: after(lag),
            search: after(settings.search_lag_milliseconds.max(lag)),
        }
    }
}

/// The values of a record that a unique field would refuse, by lower-cased value.
pub(super) fn holders(module: &Module, api_name: &str) -> std::collections::HashMap<String, Id> {
    let mut holders = std::collections::HashMap::new();
    for record in module.records.values() {
        if let Some(value) = record.text(api_name) {
            holders.entry(value.to_lowercase()).or_insert(record.id);
        }
    }
    holders
}
