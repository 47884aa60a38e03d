//! The cursor that a round begins and ends with.

use jiff::{SignedDuration, Timestamp};
use provider::Fault;
use serde::{Deserialize, Serialize};

use super::series::Known;

/// The list of deleted records is complete for so long; an older cursor reads everything again.
const LONGEST_ABSENCE: SignedDuration = SignedDuration::from_hours(55 * 24);

/// Where a round begins: what the ones before have told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The provider's clock when the last thorough round began.
    pub(super) since: Timestamp,
    /// The members of the list view that it told of; absent without a view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) view: Option<Roll>,
    /// The newest modification that was shown so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<Timestamp>,
    /// The series that are known, where they are followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) series: Option<Known>,
}

impl Cursor {
    /// Whether a round that begins now may be quick, by the provider's clock.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.since);
        !age.is_negative() && age < THOROUGH_AFTER
    }

    /// Whether it is worth asking the provider for its clock, which may be ahead of ours.
    pub(super) fn may_be_fresh(&self, our_now: Timestamp) -> bool {
        our_now.duration_since(self.since) < THOROUGH_AFTER
    }

    /// Reads a cursor; one that we did not write, or that is too old, has expired.
    pub(super) fn read(text: &str, now: Timestamp) -> Result<Self, Fault> {
        let cursor: Self = serde_json::from_str(text).map_err(|_| Fault::CursorExpired)?;
        if now.duration_since(cursor.since) > LONGEST_ABSENCE {
            return Err(Fault::CursorExpired);
        }
        Ok(cursor)
    }

    /// The cursor as it is stored.
    pub(super) fn write(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| Fault::malformed("the cursor cannot be written"))
    }
}

/// A round this soon after a thorough one is quick. Less than the shortest period of a sync, so that a poll is thorough.
const THOROUGH_AFTER: SignedDuration = SignedDuration::from_secs(50);

/// Who is in a list view, told apart by count and by a sum that the order does not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Roll {
    count: u64,
    sum: u64,
}

impl Roll {
    pub(super) fn add(&mut self, id: &str) {
        let mut bytes = [0; 8];
        blake3::Hasher::new()
            .update(id.as_bytes())
            .finalize_xof()
            .fill(&mut bytes);
        self.count += 1;
        self.sum = self.sum.wrapping_add(u64::from_le_bytes(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn roll(ids: &[&str]) -> Roll {
        let mut roll = Roll::default();
        for id in ids {
            roll.add(id);
        }
        roll
    }

    #[test]
    fn a_cursor_that_is_not_ours_or_too_old_has_expired() {
        let now = at("2026-11-22T12:00:00Z");
        let good = Cursor {
            since: at("2026-11-01T00:00:00Z"),
            view: Some(roll(&["1"])),
            newest: None,
            series: None,
        };
        assert_eq!(Cursor::read(&good.write().unwrap(), now), Ok(good));
        for bad in [
            "",
            "{}",
            "1",
            r#"{"since":"2026-09-01T00:00:00Z"}"#,
            r#"{"since":"soon"}"#,
        ] {
            assert_eq!(Cursor::read(bad, now), Err(Fault::CursorExpired), "{bad}");
        }
    }

    #[test]
    fn two_rolls_are_the_same_only_with_the_same_members() {
        assert_eq!(roll(&["1", "2"]), roll(&["2", "1"]));
        assert_ne!(roll(&["1", "2"]), roll(&["12"]));
        assert_ne!(roll(&["1", "2"]), roll(&["1", "3"]));
        assert_ne!(roll(&[]), roll(&["1"]));
    }

    #[test]
    fn rounds_are_quick_for_less_than_the_shortest_period_of_a_sync() {
        let cursor = Cursor {
            since: at("2026-11-22T12:00:00Z"),
            view: None,
            newest: None,
            series: None,
        };
        for (now, fresh) in [
            ("2026-11-22T12:00:00Z", true),
            ("2026-11-22T12:00:49Z", true),
            ("2026-11-22T12:00:50Z", false),
            ("2026-11-22T11:59:59Z", false),
        ] {
            assert_eq!(cursor.is_fresh(at(now)), fresh, "{now}");
            assert!(cursor.may_be_fresh(at(now)) || !fresh, "{now}");
        }
    }
}
