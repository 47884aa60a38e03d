//! Reminders.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};

use super::EventError;
use crate::value::{Element, SIMPLE_PART};

/// A reminder: an element of `alerts`, labelled with how people are reminded.
///
/// `alerts` has what is set on the event itself, in the provider's order. Where an account has reminders of its own
/// that hold for events that state none, `useDefaultAlerts` tells the three cases apart:
///
/// | `useDefaultAlerts` | `alerts` | the event |
/// |---|---|---|
/// | absent | as they are | is of an account that has no reminders of its own |
/// | `false` | empty | has no reminder, and that is meant |
/// | `true` | what the account's own come to, where the provider tells | has none of its own, and the account's hold |
///
/// A reminder that an account's own settings gave is a derived value: it is never written back while nobody edits it
/// . An edit of `alerts` states all reminders of the event and ends `useDefaultAlerts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alert {
    /// When.
    pub trigger: Trigger,
    /// How.
    pub action: AlertAction,
}

/// How people are reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertAction {
    /// On the screen; the label is `display`.
    Display,
    /// By e-mail, which a sync reads and never writes; the label is `email`.
    Email,
}

/// When a reminder is due.
///
/// As a text it is a duration from the beginning, `-PT15M` or `PT0S`; from the end, `-PT5M/end`; or an instant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// So long after the beginning; before it if negative.
    Start(SignedDuration),
    /// So long after the end; before it if negative.
    End(SignedDuration),
    /// At this instant.
    At(Timestamp),
}

const AFTER_END: &str = "/end";

impl Alert {
    /// A reminder on the screen so many minutes before the beginning.
    pub fn minutes_before(minutes: u32) -> Self {
        Self {
            trigger: Trigger::Start(SignedDuration::from_mins(-i64::from(minutes))),
            action: AlertAction::Display,
        }
    }

    /// How many minutes before the beginning it is due, if it is.
    pub fn minutes(&self) -> Option<u32> {
        match self.trigger {
            Trigger::Start(after) => u32::try_from(-after.as_mins()).ok(),
            Trigger::End(_) | Trigger::At(_) => None,
        }
    }

    /// The element of `alerts`.
    pub fn element(&self) -> Element {
        Element::simple(self.action.as_str(), self.trigger.to_string())
    }

    /// What an element of `alerts` says.
    pub fn read(element: &Element) -> Result<Self, EventError> {
        let trigger = element.part(SIMPLE_PART).unwrap_or_default().parse()?;
        let action = if element.label == AlertAction::Email.as_str() {
            AlertAction::Email
        } else {
            AlertAction::Display
        };
        Ok(Self { trigger, action })
    }
}

impl AlertAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Email => "email",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(after) => write!(f, "{after}"),
            Self::End(after) => write!(f, "{after}{AFTER_END}"),
            Self::At(at) => write!(f, "{at}"),
        }
    }
}

impl FromStr for Trigger {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let wrong = || EventError::Trigger {
            text: text.chars().take(64).collect(),
        };
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        let (duration, end) = match text.strip_suffix(AFTER_END) {
            Some(duration) => (duration, true),
            None => (text, false),
        };
        // Days and weeks of a reminder are of 24 hours: a duration, not a date.
        let span: jiff::Span = duration.parse().map_err(|_| wrong())?;
        let after = span
            .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .map_err(|_| wrong())?;
        Ok(if end {
            Self::End(after)
        } else {
            Self::Start(after)
        })
    }
}
