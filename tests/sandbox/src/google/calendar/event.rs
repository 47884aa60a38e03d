//! One event as one calendar holds it: a single one, a series, or an exception of a series.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::content::Content;
use super::moment::Moment;

/// Where an exception belongs.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct Place {
    /// Id of the series.
    pub(super) series: String,
    /// When the instance would have started.
    pub(super) original: Moment,
}

/// Who an event belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct Organizer {
    pub(super) email: String,
    pub(super) display_name: Option<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct Event {
    pub(super) id: String,
    pub(super) ical_uid: String,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    /// Milliseconds since 1970; reminders do not move it.
    pub(super) updated: i64,
    pub(super) sequence: i64,
    pub(super) creator: String,
    pub(super) organizer: Organizer,
    pub(super) kind: String,
    pub(super) place: Option<Place>,
    /// A private copy that was imported: nobody is invited to it.
    pub(super) imported: bool,
    pub(super) content: Content,
    /// By the account that they are for.
    pub(super) reminders: BTreeMap<String, Value>,
}

impl Event {
    /// Whether it repeats.
    pub(super) fn is_series(&self) -> bool {
        !self.content.recurrence.is_empty()
    }

    /// The instance of this series that would start at `original`.
    pub(super) fn instance(&self, original: &Moment) -> Self {
        let content = &self.content;
        Self {
            id: instance_id(&self.id, original),
            place: Some(Place {
                series: self.id.clone(),
                original: original.clone(),
            }),
            content: Content {
                start: original.clone(),
                end: Moment::end_like(original, (&content.start, &content.end)),
                recurrence: Vec::new(),
                ..content.clone()
            },
            ..self.clone()
        }
    }

    /// Whether it overlaps a window; the bounds are exclusive.
    pub(super) fn within(
        &self,
        from: Option<jiff::Timestamp>,
        to: Option<jiff::Timestamp>,
        zone: &TimeZone,
    ) -> bool {
        from.is_none_or(|from| self.content.end.instant(zone) > from)
            && to.is_none_or(|to| self.content.start.instant(zone) < to)
    }
}

/// The id of an instance.
pub(super) fn instance_id(series: &str, original: &Moment) -> String {
    format!("{series}_{}", original.suffix())
}

/// Whether clients may choose this id: base32hex, 5 to 1024 characters.
pub(super) fn is_valid_id(id: &str) -> bool {
    (5..=1024).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_base32hex() {
        for good in ["0193c0ffee", "vvvvv", "00000"] {
            assert!(is_valid_id(good), "{good}");
        }
        for bad in [
            "",
            "abcd",
            "wxyz0",
            "0193-c0ffee",
            "ABCDE",
            "abcde_20261201",
        ] {
            assert!(!is_valid_id(bad), "{bad}");
        }
        assert!(!is_valid_id(&"a".repeat(1025)));
    }
}
