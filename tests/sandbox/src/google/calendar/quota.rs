//! Calls in a sliding minute ("Usage limits"), and how many strangers were invited within an hour.

use std::collections::{HashMap, VecDeque};

use super::error::CalendarError;
use super::settings::CalendarQuota;
use crate::dice::Dice;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// When what was done, by whom or where.
#[derive(Debug, Default)]
pub(in crate::google) struct Meter {
    done: HashMap<String, VecDeque<i64>>,
}

impl Meter {
    /// Counts one call, or refuses it and counts nothing.
    pub(super) fn charge(
        &mut self,
        user: &str,
        calendar_written: Option<&str>,
        quota: &CalendarQuota,
        dice: &Dice,
        now: i64,
    ) -> Result<(), CalendarError> {
        let mut taken = vec![
            (format!("user {user}"), quota.user_requests),
            ("project".to_owned(), quota.project_requests),
        ];
        if let Some(calendar) = calendar_written {
            taken.push((format!("calendar {calendar}"), quota.calendar_writes));
        }
        let full = taken
            .iter()
            .any(|(key, ceiling)| self.within(key, MINUTE, now) >= *ceiling);
        if full {
            let status = match quota.status {
                0 if dice.chance(0.5) => 429,
                0 => 403,
                status => status,
            };
            return Err(CalendarError::rate_limit(status));
        }
        for (key, _) in taken {
            self.done.entry(key).or_default().push_back(now);
        }
        Ok(())
    }

    /// Counts invitations to other domains, or refuses all of them.
    pub(super) fn invite(
        &mut self,
        account: &str,
        strangers: usize,
        quota: &CalendarQuota,
        now: i64,
    ) -> Result<(), CalendarError> {
        let key = format!("invitations {account}");
        if self.within(&key, HOUR, now) + strangers > quota.external_invitations {
            return Err(CalendarError::usage_limit());
        }
        let done = self.done.entry(key).or_default();
        done.extend(std::iter::repeat_n(now, strangers));
        Ok(())
    }

    fn within(&mut self, key: &str, window: i64, now: i64) -> usize {
        let Some(done) = self.done.get_mut(key) else {
            return 0;
        };
        while done.front().is_some_and(|at| now - at >= window) {
            done.pop_front();
        }
        done.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::google::calendar::settings::CalendarSettings;

    #[test]
    fn the_minute_slides() {
        let quota = CalendarQuota {
            user_requests: 2,
            status: 403,
            ..CalendarSettings::unkind().quota
        };
        let (mut meter, dice) = (Meter::default(), Dice::new(1));
        let mut call = |user: &str, now| meter.charge(user, None, &quota, &dice, now).is_ok();
        assert!(call("ana", 0));
        assert!(call("ana", MINUTE / 2));
        assert!(!call("ana", MINUTE - 1));
        assert!(call("ben", MINUTE - 1));
        assert!(call("ana", MINUTE));
        assert!(!call("ana", MINUTE + 1));
    }

    #[test]
    fn strangers_are_counted_by_the_hour() {
        let quota = CalendarQuota {
            external_invitations: 3,
            ..CalendarSettings::unkind().quota
        };
        let mut meter = Meter::default();
        assert!(meter.invite("ana", 2, &quota, 0).is_ok());
        assert!(meter.invite("ana", 2, &quota, 1).is_err());
        assert!(meter.invite("ana", 1, &quota, 2).is_ok());
        assert!(meter.invite("ana", 3, &quota, HOUR + 2).is_ok());
    }
}
