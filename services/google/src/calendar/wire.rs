//! The Calendar API's types as they are sent (Calendar API v3, reference "Events" and "`CalendarList`").
//!
//! Items of a list stay JSON until they are mapped: one in an undocumented form harms no other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An answer of `calendarList.list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CalendarList {
    #[serde(default)]
    pub(super) items: Vec<ListEntry>,
    pub(super) next_page_token: Option<String>,
}

/// A calendar, as it stands in a person's list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListEntry {
    /// The calendar's id.
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) summary: String,
    /// What this person calls it.
    pub(super) summary_override: Option<String>,
    #[serde(default)]
    pub(super) access_role: String,
    /// It was taken off the list.
    #[serde(default)]
    pub(super) deleted: bool,
    /// Reminders of events that use the calendar's own.
    #[serde(default)]
    pub(super) default_reminders: Vec<Reminder>,
}

/// A page of `events.list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    #[serde(default)]
    pub(super) items: Vec<Value>,
    /// What the account may do in this calendar now.
    #[serde(default)]
    pub(super) access_role: String,
    /// Reminders of events that use the calendar's own.
    #[serde(default)]
    pub(super) default_reminders: Vec<Reminder>,
    pub(super) next_page_token: Option<String>,
    pub(super) next_sync_token: Option<String>,
}

/// What an event holds, as far as we read it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_field_names, reason = "the names are Google's")]
pub(super) struct Event {
    pub(super) id: String,
    /// The version of this event; exceptions of a series have their own.
    pub(super) etag: String,
    pub(super) status: String,
    pub(super) updated: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) summary: Option<String>,
    /// May hold HTML.
    pub(super) description: Option<String>,
    pub(super) location: Option<String>,
    pub(super) start: Option<Time>,
    /// No part of the event.
    pub(super) end: Option<Time>,
    /// Lines of iCalendar; of a series only.
    pub(super) recurrence: Vec<String>,
    /// The series that this is an instance of.
    pub(super) recurring_event_id: Option<String>,
    /// When the instance would begin if it were no exception.
    pub(super) original_start_time: Option<Time>,
    #[serde(rename = "iCalUID")]
    pub(super) ical_uid: Option<String>,
    pub(super) organizer: Option<Organizer>,
    pub(super) attendees: Vec<Attendee>,
    /// Some guests are not shown.
    pub(super) attendees_omitted: bool,
    /// Whether guests may change what all of them see.
    pub(super) guests_can_modify: bool,
    pub(super) reminders: Option<Reminders>,
    pub(super) transparency: Option<String>,
    pub(super) visibility: Option<String>,
    pub(super) hangout_link: Option<String>,
    pub(super) conference_data: Option<ConferenceData>,
    pub(super) source: Option<Source>,
    pub(super) extended_properties: ExtendedProperties,
}

/// A beginning or an end: a day, or an instant and the zone in which it was planned.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the names are Google's")]
pub(super) struct Time {
    pub(super) date: Option<String>,
    pub(super) date_time: Option<String>,
    pub(super) time_zone: Option<String>,
}

/// Whose event it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Organizer {
    pub(super) email: Option<String>,
    /// It is the calendar that is read.
    #[serde(rename = "self", default)]
    pub(super) is_self: bool,
}

/// Somebody, or something, that is invited.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attendee {
    /// A profile's id, if there is one.
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    /// It is the calendar that is read.
    #[serde(rename = "self")]
    pub(super) is_self: bool,
    pub(super) display_name: Option<String>,
    pub(super) optional: bool,
    pub(super) resource: bool,
    pub(super) response_status: Option<String>,
    pub(super) comment: Option<String>,
}

/// How this account is reminded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reminders {
    #[serde(default)]
    pub(super) use_default: bool,
    #[serde(default)]
    pub(super) overrides: Vec<Reminder>,
}

/// One reminder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reminder {
    /// `popup` or `email`.
    pub(super) method: String,
    /// Before the beginning.
    pub(super) minutes: u32,
}

/// Where to join.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ConferenceData {
    pub(super) entry_points: Vec<EntryPoint>,
}

/// One way to join.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EntryPoint {
    /// `video`, `phone`, `sip`, `more`.
    pub(super) entry_point_type: String,
    pub(super) uri: String,
}

/// What the event was made from.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Source {
    pub(super) url: Option<String>,
}

/// Properties of applications.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExtendedProperties {
    /// Of this calendar's copy.
    pub(super) private: BTreeMap<String, String>,
}

/// What `events.watch` is asked for.
#[derive(Debug, Serialize)]
pub(super) struct NewChannel<'a> {
    pub(super) id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    pub(super) address: &'a str,
    pub(super) token: &'a str,
    pub(super) params: ChannelParameters<'a>,
}

/// How long a channel is asked for.
#[derive(Debug, Serialize)]
pub(super) struct ChannelParameters<'a> {
    /// Seconds.
    pub(super) ttl: &'a str,
}

/// A channel that was opened.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenChannel {
    /// What it watches; closing it needs this.
    pub(super) resource_id: String,
    /// Milliseconds since 1970, as a text or a number.
    pub(super) expiration: Option<Value>,
}

/// A failed call.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorDetail {
    pub(super) errors: Vec<ErrorItem>,
    pub(super) message: String,
    /// `google.rpc.ErrorInfo` and its like, which newer answers have as well (observed).
    pub(super) details: Vec<Value>,
}

/// One thing that went wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorItem {
    pub(super) reason: String,
    /// The parameter or header that it is about.
    pub(super) location: String,
}

impl ErrorDetail {
    /// Whether the access token was given for less (observed: in one of these words, or in all).
    pub(super) fn is_of_scopes(&self) -> bool {
        let mut details = self.details.iter();
        details.any(|detail| detail["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
            || self.message.contains("insufficient authentication scopes")
    }
}

impl Event {
    /// Whether it does not take place, or is deleted: Google has one word for both.
    pub(super) fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// Whether only those who see private events see what is in it.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.visibility.as_deref(), Some("private" | "confidential"))
    }

    /// Whether Google showed no more than when it is. Every event that is shown whole has a UID.
    pub(super) fn is_hidden(&self) -> bool {
        self.ical_uid.is_none()
    }

    /// The address under which this calendar is invited by somebody who lets guests change nothing; none if it is its
    /// own event. On secondary calendars Google may leave out that a guest is oneself (*observed*): then nothing is
    /// known, and Google decides.
    pub(super) fn invited_as(&self) -> Option<&str> {
        let organizer = self.organizer.as_ref()?;
        if organizer.is_self || self.guests_can_modify {
            return None;
        }
        let own = self.attendees.iter().find(|guest| guest.is_self)?;
        let email = own.email.as_deref()?;
        (organizer.email.as_deref() != Some(email)).then_some(email)
    }

    /// The event as no more than the time that it takes.
    pub(super) fn as_block(&self) -> Self {
        self.covered_by(&Self {
            recurrence: self.recurrence.clone(),
            recurring_event_id: self.recurring_event_id.clone(),
            original_start_time: self.original_start_time.clone(),
            visibility: self.visibility.clone(),
            ..Self::default()
        })
    }

    /// The event with its own time, and with everything else from another.
    pub(super) fn covered_by(&self, other: &Self) -> Self {
        Self {
            id: self.id.clone(),
            etag: self.etag.clone(),
            status: self.status.clone(),
            updated: self.updated.clone(),
            start: self.start.clone(),
            end: self.end.clone(),
            recurring_event_id: self.recurring_event_id.clone(),
            original_start_time: self.original_start_time.clone(),
            ical_uid: self.ical_uid.clone(),
            transparency: self.transparency.clone(),
            extended_properties: self.extended_properties.clone(),
            ..other.clone()
        }
    }
}
