//! Events, after JSCalendar (RFC 8984): how an appointment, or a whole series of them, is a [`Record`].
//!
//! | path | value |
//! |---|---|
//! | `title` | text |
//! | `when` | [`When`]: beginning, end, zones, and whether it is of days, as one value |
//! | `recurrence` | [`Rule`]; absent for an event that does not recur |
//! | `overrides` | a list: one element an exception, labelled with the [`Original`] beginning of the instance; see [`Override`] |
//! | `location` | text |
//! | `description` | [`Description`]: plain text or HTML |
//! | `participants` | a list: one element a [`Participant`], labelled with the address |
//! | `organizer` | e-mail address |
//! | `alerts` | a list of [`Alert`]s, labelled `display` or `email` |
//! | `useDefaultAlerts` | `true`, `false`, or absent; see [`Alert`] |
//! | `status` | [`EventStatus`], absent when confirmed |
//! | `privacy` | [`Privacy`], absent when the calendar's own setting holds |
//! | `freeBusy` | [`FreeBusy`], absent when busy |
//! | `conference` | where to join: a URL |
//! | `url` | what the event is about: a URL |
//! | `uid` | the iCalendar UID (RFC 5545); set when an event is created, and never changed |
//! | `recurrenceId` | of an instance that is a record by itself, as a guest of that instance alone sees it: where its series has it, as an instant in UTC (`2026-12-08T08:00:00Z`) or a day; never changed |
//! | `remark` | why a record is shown as it is, for people; read only, and never mapped |
//! | `keywords` | a list of texts |
//! | `color` | text |
//! | `custom[Name]` | an account's own field |
//!
//! A value that is the format's default is absent, so that a provider that leaves defaults out and one that states
//! them show the same; a provider's *own* default is another thing than both of the values that it stands for, and
//! is told apart (`privacy`, `useDefaultAlerts`).
//!
//! # Invariants
//!
//! - A series is one record: what holds for all instances, its rule, and its exceptions. No instance is a record where the
//!   account has the series.
//! - A time is what the clock on the wall shows, with the zone of that wall ([`Point`]); the instant follows from the
//!   rules of the zone in force. Days are dates, and have no zone.
//! - Everything is text on the wire and in the store, so that the contract knows no kind of record. The types here
//!   read and write these texts; values that came in another spelling compare equal where they mean the same.
//! - [`Recurrence`] reads and writes the lines of iCalendar, which several providers speak.
//! - [`check`] tells what is no event. Limits are an account's ([`crate::Catalogue::exceeded`]).
//!
//! # Matching
//!
//! By [`UID_AND_RECURRENCE_ID`] where both sides know a UID, else by [`TITLE_AND_START`]. R-09 holds as for every kind: the
//! title is an event's name. Every guest's calendar has a meeting under the same UID, so that it is one meeting.

mod alert;
mod description;
mod error;
mod instance;
mod limits;
mod lines;
mod participant;
mod point;
mod rule;
mod when;
mod words;
mod zone;

use std::collections::BTreeSet;

pub use alert::{Alert, AlertAction, Trigger};
pub use description::Description;
pub use error::EventError;
pub use instance::{Original, Override};
pub use limits::{SeriesLimits, Unholdable};
pub use lines::Recurrence;
pub use participant::Participant;
pub use point::Point;
pub use rule::Rule;
pub use when::When;
pub use words::{EventStatus, FreeBusy, Privacy, Role, Status};
pub use zone::Zone;

use crate::{
    comparison::Comparison,
    path::Path,
    record::{REMARK, Record},
    table::{FieldSpec, Form, KeySpec, SIMPLE, Table, field},
    value::Value,
};

/// The kind's name.
pub const KIND: &str = "event";

/// The match key of one meeting in whatever calendar it is: its UID, and of an instance that is a record by itself where
/// its series has it.
pub const UID_AND_RECURRENCE_ID: &str = "uidAndRecurrenceId";

/// The match key of events without a common UID: the title, and the beginning to the minute.
pub const TITLE_AND_START: &str = "titleAndStart";

pub(crate) static TABLE: Table = Table {
    kind: KIND,
    fields: &FIELDS,
    name: &["title"],
    keys: &[
        KeySpec {
            name: UID_AND_RECURRENCE_ID,
            fields: &["uid", "recurrenceId"],
            needs: "uid",
        },
        KeySpec {
            name: TITLE_AND_START,
            fields: &["title", "when"],
            needs: "when",
        },
    ],
    identity: Some(UID_AND_RECURRENCE_ID),
    guests: Some("participants"),
    made_once: &["recurrence", "when", "overrides"],
    // No provider sets a reminder that is due already.
    follows: &[("alerts", "when")],
};

static FIELDS: [FieldSpec; 21] = [
    field("title", Form::Single, Comparison::Text),
    field("when", Form::Single, Comparison::When),
    field("recurrence", Form::Single, Comparison::Rule),
    field(
        "overrides",
        Form::List {
            parts: &instance::PARTS,
        },
        Comparison::Occurrence,
    ),
    field("location", Form::Single, Comparison::Text),
    field("description", Form::Single, Comparison::Description),
    field(
        "participants",
        Form::List {
            parts: &participant::PARTS,
        },
        Comparison::Keyed,
    ),
    field("organizer", Form::Single, Comparison::Email),
    field("alerts", SIMPLE, Comparison::Trigger),
    field("useDefaultAlerts", Form::Single, Comparison::Text),
    field("status", Form::Single, Comparison::Text),
    field("privacy", Form::Single, Comparison::Text),
    field("freeBusy", Form::Single, Comparison::Text),
    field("conference", Form::Single, Comparison::Url),
    field("url", Form::Single, Comparison::Url),
    field("uid", Form::Single, Comparison::Text),
    field("recurrenceId", Form::Single, Comparison::Text),
    field(REMARK, Form::Single, Comparison::Text),
    field("keywords", SIMPLE, Comparison::CaseInsensitive),
    field("color", Form::Single, Comparison::Text),
    field("custom", Form::Open, Comparison::Text),
];

/// The value of a field, if it has one.
fn value<'a>(event: &'a Record, field: &str) -> Option<&'a Value> {
    event.fields.get(&Path::field_only(field))
}

/// When an event is.
pub fn when(event: &Record) -> Result<When, EventError> {
    let text = value(event, "when").and_then(Value::as_text);
    text.ok_or(EventError::NoTime)?.parse()
}

/// How an event recurs; none if it does not. The rule is read with the event's own time.
pub fn rule(event: &Record) -> Result<Option<Rule>, EventError> {
    let text = value(event, "recurrence").and_then(Value::as_text);
    text.map(|text| Rule::read(text, &when(event)?)).transpose()
}

/// Checks a record that a connector made of what a provider shows: whether it is an event at all. A record that is not
/// is set aside with the reason, and harms no other.
pub fn check(event: &Record) -> Result<(), EventError> {
    let when = when(event)?;
    let rule = rule(event)?;
    let list = |field| value(event, field).map_or(&[][..], Value::as_elements);
    let mut seen = BTreeSet::new();
    for element in list("overrides") {
        let (original, exception) = Override::read(element)?;
        let rule = rule.as_ref().ok_or(EventError::NoSeries)?;
        exception.check(original, rule, &when)?;
        if !seen.insert(original.to_string()) {
            return Err(EventError::Twice {
                key: original.to_string(),
            });
        }
    }
    let mut seen = BTreeSet::new();
    for element in list("participants") {
        let participant = Participant::read(element)?;
        if !seen.insert(participant.address) {
            return Err(EventError::Twice {
                key: "a participant".to_owned(),
            });
        }
    }
    for element in list("alerts") {
        Alert::read(element)?;
    }
    let text = |field| value(event, field).and_then(Value::as_text);
    text("status").map(str::parse::<EventStatus>).transpose()?;
    text("privacy").map(str::parse::<Privacy>).transpose()?;
    text("freeBusy").map(str::parse::<FreeBusy>).transpose()?;
    Ok(())
}
