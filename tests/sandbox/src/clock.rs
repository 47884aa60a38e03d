//! The sandbox's clock: real time plus an offset that tests push forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Real time plus an offset. It never goes back: stored times would contradict the order of writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    offset_milliseconds: Arc<AtomicI64>,
}

impl Clock {
    /// Now, to the millisecond.
    pub(crate) fn now(&self) -> Timestamp {
        let offset = self.offset_milliseconds.load(Ordering::Relaxed);
        let milliseconds = Timestamp::now()
            .as_millisecond()
            .saturating_add(offset)
            .clamp(0, Timestamp::MAX.as_millisecond());
        Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_milliseconds(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Moves the clock forward; negative durations are ignored.
    pub(crate) fn advance(&self, by: SignedDuration) {
        let milliseconds = i64::try_from(by.as_millis()).unwrap_or(i64::MAX).max(0);
        self.offset_milliseconds
            .fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// How far this clock is ahead of real time, in seconds.
    pub(crate) fn ahead_seconds(&self) -> i64 {
        self.offset_milliseconds.load(Ordering::Relaxed) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_now_forward_and_never_back() {
        let clock = Clock::default();
        let before = clock.now();
        clock.advance(SignedDuration::from_hours(7 * 24));
        clock.advance(SignedDuration::from_secs(-10));
        assert!(clock.now().duration_since(before) >= SignedDuration::from_hours(7 * 24));
        assert_eq!(clock.ahead_seconds(), 7 * 24 * 3600);
    }
}
