//! A meeting as the fields that are sent of it, and the paths that Zoho CRM cannot hold.

use std::collections::BTreeSet;

use model::{
    Path, Record, Value,
    event::{self, Description, Override},
};
use provider::RefusedPath;
use serde_json::Value as Json;

use super::Terms;
use crate::{
    event::{
        elements,
        participants::{self, MOST},
        read::NO_TITLE,
        reminders::{self, Span},
        rule::{self, RULE},
        value, when,
    },
    kind::Kind,
    map::{Changes, custom_name},
};

/// Why an additional date is refused.
pub(in crate::event) const ADDED: &str = "Zoho CRM has no occurrences beside those of the rule";

/// A meeting that is being put into fields.
pub(super) struct Writing<'a> {
    event: &'a Record,
    participants: &'a Json,
    reminders: &'a Json,
    terms: Terms<'a>,
    /// Whether all of it is sent, or only what differs.
    pub(super) is_new: bool,
    /// What came of it so far.
    pub(super) changes: Changes,
}

impl<'a> Writing<'a> {
    /// Nothing is put into fields yet. Those who take part and the reminders that there are stay as they are.
    pub(super) fn of(
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

    /// Puts one root path.
    pub(super) fn root(&mut self, root: &Path) {
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
    pub(super) fn title(&mut self) {
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
    pub(super) fn recurrence(&mut self) {
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
