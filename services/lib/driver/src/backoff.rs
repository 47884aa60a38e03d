//! Waits that grow with every failure and never fall into step.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use jiff::Timestamp;

/// The wait after `failures` failures in a row: from about `first`, doubled each time, to at most `longest`, with
/// as much again at random.
pub(crate) fn backoff(failures: u32, first: Duration, longest: Duration) -> Duration {
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest)
        .with_jitter()
        .without_max_times()
        .build()
        .nth(failures.saturating_sub(1).min(32) as usize)
        .unwrap_or(longest)
}

/// About this time: up to a twentieth less or more.
pub(crate) fn about(time: Duration) -> Duration {
    time.mul_f64(rand::random_range(0.95..1.05))
}

/// How long until then; nothing if it is past.
pub(crate) fn until(time: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default()
}

/// The time that long from now.
pub(crate) fn from_now(wait: Duration) -> Timestamp {
    Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_mins(10);

    #[test]
    fn waits_grow_and_stay_bounded() {
        let wait = |failures| backoff(failures, FIRST, LONGEST);
        assert!(wait(1) >= FIRST && wait(1) <= FIRST * 2);
        assert!(wait(5) >= FIRST * 16);
        assert!(wait(1000) >= LONGEST && wait(u32::MAX) <= LONGEST * 2);
    }

    #[test]
    fn a_time_in_the_past_is_no_wait() {
        assert_eq!(until(Timestamp::UNIX_EPOCH), Duration::ZERO);
        assert!(until(from_now(LONGEST)) > LONGEST / 2);
    }
}
