//! Canonical event → what is sent: all of it for a new meeting, only the differences for an existing one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::{
    Edit, Element, Path, Record, Value, Version,
    event::{self, Description, Override, Zone},
};
use provider::RefusedPath;
use serde_json::{Map, Value as Json};

use super::{
    NotCarried, elements,
    participants::{self, Contacts, MOST},
    read::{NO_TITLE, single},
    reminders::{self, Span},
    rule::{self, RULE},
    series::plan::without_changes,
    value, when,
};
use crate::{
    kind::Kind,
    map::{Changes, custom_name, refused},
    wire::{Row, stamp},
};

/// What decides how a meeting is written, beside the meeting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// The caller's time zone, if anybody knows it.
    pub(crate) zone: Option<&'a Zone>,
    /// The provider's clock.
    pub(crate) now: Timestamp,
    /// Those of whom it is known that they are contacts.
    pub(crate) contacts: &'a Contacts,
}

/// What creates a meeting, or a series. What of it Zoho CRM cannot hold is refused by its path, and the rest is made.
pub(crate) fn creation(record: &Record, terms: Terms<'_>) -> Changes {
    create(record, &Json::Null, terms)
}

fn create(record: &Record, participants: &Json, terms: Terms<'_>) -> Changes {
    let record = &without_empty(record);
    let mut writing = Writing::of(record, participants, &Json::Null, terms);
    writing.is_new = true;
    let roots: Vec<Path> = record.fields.keys().cloned().collect();
    for root in &roots {
        // What a side knows of itself is nothing to be set.
        if !["organizer", "uid"].contains(&root.field()) {
            writing.root(root);
        }
    }
    writing.title();
    writing.recurrence();
    writing
        .changes
        .fields
        .retain(|_, value| !value.is_null() && *value != Json::Array(Vec::new()));
    writing.changes
}

/// What is empty is nothing to be set.
fn without_empty(record: &Record) -> Record {
    let mut record = record.clone();
    record.fields.retain(|_, value| !value.is_empty());
    record
}

/// What creates a meeting in another's place: participants stay who they are.
pub(crate) fn anew(record: &Record, old: &Row, terms: Terms<'_>) -> Changes {
    let member = |name: &str| old.0.get(name).unwrap_or(&Json::Null);
    create(record, member("Participants"), terms)
}

/// Whether a meeting holds all that was sent for a new one, whatever else it has.
pub(crate) fn is_made_like(shown: &Record, made: &Record) -> bool {
    let Some(table) = model::table(event::KIND) else {
        return false;
    };
    let told = made
        .fields
        .iter()
        .filter(|(root, _)| !["overrides", "organizer", "uid"].contains(&root.field()));
    let same = |(root, value): (&Path, &Value)| {
        let comparison = table.comparison(root);
        comparison.same(shown.fields.get(root), Some(value))
    };
    let recurs = |record| value(record, "recurrence").is_some();
    recurs(shown) == recurs(made) && told.into_iter().all(same)
}

/// Puts what was sent into a row.
pub(crate) fn overlay(row: &mut Row, mut sent: Map<String, Json>, version: Option<&Version>) {
    if let Some(list) = sent.get_mut("Participants") {
        participants::keep_invited(row.0.get("Participants"), list);
    }
    row.0.extend(sent);
    if let Some(at) = version.and_then(|version| version.changed_at_micros)
        && let Ok(at) = Timestamp::from_microsecond(at)
    {
        row.0.insert("Modified_Time".to_owned(), stamp(at).into());
    }
}

/// What a new meeting shows, made of what was sent: participants as the meeting in whose place it is shows them, the rule
/// as the event has it that it was made of, which is read by the same clock.
pub(crate) fn made(
    sent: &Row,
    old: Option<&Row>,
    event: &Record,
    zone: Option<&Zone>,
) -> Result<Record, NotCarried> {
    let mut sent = sent.clone();
    if let Some(list) = sent.0.get_mut("Participants") {
        let known = old.and_then(|old| old.0.get("Participants"));
        participants::keep_invited(known, list);
    }
    let mut record = single(&sent, zone)?;
    if sent.shows(RULE) {
        let plain = without_changes(event);
        for (root, value) in &plain.fields {
            match root.field() {
                "recurrence" => {
                    let rule = event::rule(event)?.map(|rule| rule.to_string());
                    record.set(root.clone(), rule.and_then(|rule| Value::text(&rule)));
                }
                "overrides" => record.set(root.clone(), Some(value.clone())),
                _ => {}
            }
        }
    }
    Ok(record)
}

/// Between which times, and under which titles, Zoho CRM may hold these meetings already; none if there is none.
pub(crate) fn search(
    events: &[&Record],
    terms: Terms<'_>,
) -> Option<(String, String, BTreeSet<String>)> {
    let day = SignedDuration::from_hours(24);
    let begins = |event: &&Record| Some(when::instants(&event::when(event).ok()?, terms.zone)?.0);
    let begins = || events.iter().filter_map(begins);
    // A day may begin a day earlier or later somewhere.
    let from = begins().min()?.checked_sub(day).ok()?;
    let to = begins().max()?.checked_add(day).ok()?;
    let title = |event: &&Record| {
        let title = value(event, "title").and_then(Value::as_text);
        title.unwrap_or(NO_TITLE).to_owned()
    };
    Some((stamp(from), stamp(to), events.iter().map(title).collect()))
}

/// What changes a live meeting as the edits say; fields that nobody edited are not mentioned.
pub(crate) fn changes(live: &Row, edits: &[Edit], terms: Terms<'_>) -> Changes {
    let mut before = match single(live, terms.zone) {
        Ok(before) => before,
        Err(reason) => {
            let refusals = edits
                .iter()
                .map(|edit| refused(&edit.path, &reason.to_string()));
            return Changes {
                kind: Kind::Event,
                refused: refusals.collect(),
                ..Changes::default()
            };
        }
    };
    let old = before.clone();
    model::patch(&mut before, edits);
    let after = without_empty(&before);
    let member = |name: &str| live.0.get(name).unwrap_or(&Json::Null);
    let mut writing = Writing::of(&after, member("Participants"), member("Remind_At"), terms);
    let table = model::table(event::KIND);
    let roots = edits
        .iter()
        .filter_map(|edit| Some(table?.root(&edit.path)));
    for root in roots.collect::<BTreeSet<_>>() {
        let value = |record: &Record| record.fields.get(&root).cloned();
        if value(&old) != value(&after) {
            writing.root(&root);
        }
    }
    let mut changes = writing.changes;
    let empty = |value: &Json| value.is_null() || *value == Json::Array(Vec::new());
    let same = |name: &str, value: &Json| {
        let shown = member(name);
        shown == value || empty(shown) && empty(value)
    };
    changes.fields.retain(|name, value| !same(name, value));
    // Times are one value: of what is sent of them, all is sent.
    if let Ok(when) = event::when(&after)
        && changes
            .fields
            .keys()
            .any(|name| TIMES.contains(&name.as_str()))
        && let Ok(sent) = when::sent(&when, terms.zone)
    {
        let sent = sent.map(|(name, value)| (name.to_owned(), value));
        changes.fields.extend(sent);
    }
    changes
}

const TIMES: [&str; 3] = ["Start_DateTime", "End_DateTime", "All_day"];

/// A meeting that is being put into fields.
struct Writing<'a> {
    event: &'a Record,
    participants: &'a Json,
    reminders: &'a Json,
    terms: Terms<'a>,
    /// Whether all of it is sent, or only what differs.
    is_new: bool,
    changes: Changes,
}

impl<'a> Writing<'a> {
    fn of(
        event: &'a Record,
        participants: &'a Json,
        reminders: &'a Json,
        terms: Terms<'a>,
    ) -> Self {
        Self {
            event,
            participants,
            reminders,
            terms,
            is_new: false,
            changes: Changes {
                kind: Kind::Event,
                ..Changes::default()
            },
        }
    }

    fn text(&self, field: &str) -> Option<&'a str> {
        value(self.event, field).and_then(Value::as_text)
    }

    fn set(&mut self, api_name: &str, value: impl Into<Json>) {
        self.changes
            .fields
            .insert(api_name.to_owned(), value.into());
    }

    fn refuse(&mut self, path: &str, reason: &str) {
        let refused = RefusedPath {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if !self.changes.refused.contains(&refused) {
            self.changes.refused.push(refused);
        }
    }

    fn root(&mut self, root: &Path) {
        match root.field() {
            "title" => self.title(),
            "when" => self.when(),
            "location" => self.set("Venue", self.text("location")),
            "description" => {
                let text = self.text("description");
                let plain = text.map(|text| Description::read(text).to_plain());
                self.set("Description", plain);
            }
            "participants" => self.participants(),
            "alerts" => self.alerts(),
            // These two are made and changed as a whole.
            "recurrence" | "overrides" => {}
            _ => match custom_name(root) {
                Some(name) => {
                    let value = self.event.fields.get(root).and_then(Value::as_text);
                    self.set(name, value);
                }
                None => self.refuse(
                    &root.to_string(),
                    "Zoho CRM has no such field that can be written",
                ),
            },
        }
    }

    /// A meeting needs a title: without one it gets the placeholder, which reads as none.
    fn title(&mut self) {
        let title = self.text("title").filter(|title| !title.trim().is_empty());
        if title.is_some_and(|title| title.trim() == NO_TITLE) {
            self.refuse(
                "title",
                "Zoho CRM holds this title, but it cannot be told from a missing one",
            );
        }
        self.set("Event_Title", title.unwrap_or(NO_TITLE));
    }

    fn when(&mut self) {
        let sent = event::when(self.event)
            .map_err(|error| error.to_string())
            .and_then(|when| when::sent(&when, self.terms.zone));
        match sent {
            Ok(sent) => {
                for (name, value) in sent {
                    self.set(name, value);
                }
            }
            Err(reason) => self.refuse("when", &reason),
        }
    }

    /// Those who are there stay as they are; the newcomers that are too many are refused.
    fn participants(&mut self) {
        let mut invited = Vec::new();
        let mut reasons = BTreeSet::new();
        for element in elements(self.event, "participants") {
            match participants::invitation(self.participants, element, self.terms.contacts) {
                Ok(one) if invited.contains(&one) => {}
                Ok(_) if invited.len() == MOST => {
                    reasons.insert("Zoho CRM takes 50 participants of a meeting");
                }
                Ok(one) => invited.push(one),
                Err(reason) => {
                    reasons.insert(reason);
                }
            }
        }
        for reason in reasons {
            self.refuse("participants", reason);
        }
        let shown = self.participants.as_array().map(Vec::as_slice);
        let shown = shown.unwrap_or_default().iter();
        let is_as_shown = shown
            .map(|one| (&one["type"], &one["participant"]))
            .eq(invited
                .iter()
                .map(|one| (&one["type"], &one["participant"])));
        if self.is_new || !is_as_shown {
            self.set("Participants", invited);
        }
    }

    /// Those that are set stay as they are, due or not. A new one that is due is left out: of a meeting that is over
    /// nobody has to look at it, and what is held then tells that it has none.
    fn alerts(&mut self) {
        let Some(span) = Span::of(self.event, self.terms.zone, self.terms.now) else {
            return;
        };
        let mut set: Vec<Json> = Vec::new();
        for alert in elements(self.event, "alerts") {
            let one = match reminders::known(self.reminders, alert) {
                Some(known) => Ok(Some(known.clone())),
                None => reminders::reminder(alert, span),
            };
            match one {
                Ok(Some(one)) if !set.contains(&one) => set.push(one),
                Ok(_) => {}
                Err(reason) => self.refuse("alerts", reason),
            }
        }
        self.set("Remind_At", set);
    }

    /// The rule, which is set with the meeting or never, without the occurrences that are left out. Those that are
    /// different have to be there before they can be changed.
    fn recurrence(&mut self) {
        let (when, rule) = match (event::when(self.event), event::rule(self.event)) {
            (Ok(when), Ok(Some(rule))) => (when, rule),
            (_, Err(error)) => return self.refuse_rule(&error.to_string()),
            _ => return,
        };
        let mut excluded = BTreeSet::new();
        for element in elements(self.event, "overrides") {
            let exception = Override::read(element).and_then(|(original, exception)| {
                exception.check(original, &rule, &when)?;
                Ok((original, exception))
            });
            match exception {
                Ok((original, Override::Excluded)) => {
                    excluded.insert(original.clock().date());
                }
                Ok((_, Override::Changed { included: true, .. })) => {
                    self.refuse("overrides", ADDED);
                }
                Ok((_, Override::Changed { .. })) => self.refuse(
                    "overrides",
                    "an occurrence is changed once Zoho CRM shows the new series",
                ),
                Err(error) => self.refuse("overrides", &error.to_string()),
            }
        }
        match rule::sent(&rule, &when, self.terms.zone, &excluded) {
            Ok(sent) => self.set(RULE, sent),
            Err(reason) => self.refuse_rule(&reason),
        }
    }

    /// Without its rule a series is not made at all.
    fn refuse_rule(&mut self, reason: &str) {
        self.changes.fields.clear();
        self.changes.refused.clear();
        self.refuse("recurrence", reason);
    }
}

/// Why an additional date is refused.
pub(super) const ADDED: &str = "Zoho CRM has no occurrences beside those of the rule";

/// The elements of `overrides` that Zoho CRM can hold only after the series is there.
pub(crate) fn changed_occurrences(event: &Record) -> Vec<&Element> {
    let is_change = |element: &&Element| {
        matches!(
            Override::read(element),
            Ok((
                _,
                Override::Changed {
                    included: false,
                    ..
                }
            ))
        )
    };
    elements(event, "overrides")
        .iter()
        .filter(is_change)
        .collect()
}

#[cfg(test)]
mod tests;
