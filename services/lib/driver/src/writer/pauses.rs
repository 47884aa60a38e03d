//! Connections that take no calls for a while: their writes go straight back into the outbox.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    backoff::{backoff, from_now},
    definitions::ConnectionKey,
};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(2);

/// What is known of connections that failed last time.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<ConnectionKey, Pause>>);

struct Pause {
    until: Timestamp,
    failures: u32,
}

impl Pauses {
    /// Until when a connection takes no calls, if it does not.
    pub(super) fn of(&self, key: &ConnectionKey) -> Option<Timestamp> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.get(key)?;
        (pause.until > Timestamp::now()).then_some(pause.until)
    }

    /// Notes that a connection failed, and answers until when it is left alone: as asked, or longer each time.
    pub(super) fn failed(&self, key: &ConnectionKey, asked: Option<Timestamp>) -> Timestamp {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.entry(key.clone()).or_insert(Pause {
            until: Timestamp::UNIX_EPOCH,
            failures: 0,
        });
        pause.failures = pause.failures.saturating_add(1);
        pause.until = asked.unwrap_or_else(|| from_now(backoff(pause.failures, FIRST, LONGEST)));
        pause.until
    }

    /// Notes that a connection works.
    pub(super) fn worked(&self, key: &ConnectionKey) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connection_that_failed_waits_and_longer_each_time() {
        let pauses = Pauses::default();
        let [zoho, google] = ["zoho", "google"].map(|connection| ConnectionKey {
            tenant: "acme".into(),
            connection: connection.into(),
        });
        assert_eq!(pauses.of(&zoho), None);
        let first = pauses.failed(&zoho, None);
        assert_eq!(pauses.of(&zoho), Some(first));
        assert_eq!(pauses.of(&google), None);
        for _ in 0..5 {
            pauses.failed(&zoho, None);
        }
        assert!(pauses.of(&zoho).unwrap() > from_now(Duration::from_secs(20)));
        let asked = from_now(Duration::from_hours(1));
        assert_eq!(pauses.failed(&zoho, Some(asked)), asked);
        pauses.worked(&zoho);
        assert_eq!(pauses.of(&zoho), None);
    }
}
