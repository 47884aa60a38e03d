//! What a look-up read a moment ago, for creates of a baseline.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

/// For so long a glance will do.
const KEPT: Duration = Duration::from_secs(30);

/// What is known of the newest records of accounts, as look-ups of the last half minute read them. A baseline makes thousands of
/// creates within minutes after both accounts were read as a whole; what people add meanwhile is looked for twice a
/// minute instead of with every batch.
#[derive(Debug)]
pub struct Glances<T>(Mutex<HashMap<String, Glance<T>>>);

#[derive(Debug)]
struct Glance<T> {
    taken: Instant,
    since: Timestamp,
    records: Arc<T>,
}

impl<T> Default for Glances<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Glances<T> {
    /// What an account showed a moment ago of the records that changed after a time. `of` names the account, and
    /// whatever else makes a reading another one.
    pub fn recent(&self, of: &str, since: Timestamp) -> Option<Arc<T>> {
        let glances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let glance = glances.get(of)?;
        (glance.taken.elapsed() < KEPT && glance.since <= since).then(|| glance.records.clone())
    }

    /// Remembers what an account shows now of the records that changed after a time; `began` is when the reading
    /// began.
    pub fn remember(&self, of: &str, since: Timestamp, began: Instant, records: T) -> Arc<T> {
        let records = Arc::new(records);
        let mut glances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        glances.retain(|_, glance| glance.taken.elapsed() < KEPT);
        glances.insert(
            of.to_owned(),
            Glance {
                taken: began,
                since,
                records: records.clone(),
            },
        );
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: R-07
    #[test]
    fn a_glance_serves_its_account_its_time_and_half_a_minute() {
        let glances = Glances::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let now = Instant::now();
        glances.remember("a", at(100), now, 1);
        assert_eq!(glances.recent("a", at(100)).as_deref(), Some(&1));
        assert_eq!(glances.recent("a", at(200)).as_deref(), Some(&1));
        assert_eq!(glances.recent("a", at(99)), None, "it did not reach so far");
        assert_eq!(glances.recent("b", at(100)), None);
        if let Some(before) = now.checked_sub(KEPT) {
            glances.remember("a", at(100), before, 1);
            assert_eq!(glances.recent("a", at(100)), None, "it is too old");
        }
    }
}
