//! How many calls pass in a time.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    DefaultDirectRateLimiter, RateLimiter,
    clock::{Clock, DefaultClock},
};

/// How calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// One every `period`, and up to `burst` at once after a rest.
    Spread { period: Duration, burst: NonZeroU32 },
    /// At most `calls` in any span as long as `period`, however they come.
    Window { calls: NonZeroU32, period: Duration },
}

impl Count {
    /// The most that one call may cost.
    pub(super) fn most(self) -> NonZeroU32 {
        match self {
            Self::Spread { burst, .. } => burst,
            Self::Window { calls, .. } => calls,
        }
    }
}

/// Counts calls.
pub(super) enum Limit {
    Spread(Box<DefaultDirectRateLimiter>),
    Window {
        calls: NonZeroU32,
        period: Duration,
        /// When calls passed, oldest first, and what each cost.
        passed: Mutex<VecDeque<(Instant, u32)>>,
    },
}

impl Limit {
    pub(super) fn new(count: Count) -> Self {
        match count {
            Count::Spread { period, burst } => {
                let rate = governor::Quota::with_period(period)
                    .unwrap_or_else(|| governor::Quota::per_second(NonZeroU32::MAX))
                    .allow_burst(burst);
                Self::Spread(Box::new(RateLimiter::direct(rate)))
            }
            Count::Window { calls, period } => Self::Window {
                calls,
                period,
                passed: Mutex::default(),
            },
        }
    }

    /// Lets a call pass that costs so much, or says how long to wait before asking again.
    pub(super) fn pass(&self, cost: NonZeroU32) -> Result<(), Duration> {
        match self {
            // The cost is within the burst that this limit was made with, unless the quota has changed since.
            Self::Spread(limiter) => limiter
                .check_n(cost)
                .unwrap_or(Ok(()))
                .map_err(|not_yet| not_yet.wait_time_from(DefaultClock::default().now())),
            Self::Window {
                calls,
                period,
                passed,
            } => {
                let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
                pass_window(&mut passed, *calls, *period, cost, Instant::now())
            }
        }
    }
}

fn pass_window(
    passed: &mut VecDeque<(Instant, u32)>,
    calls: NonZeroU32,
    period: Duration,
    cost: NonZeroU32,
    now: Instant,
) -> Result<(), Duration> {
    while passed.front().is_some_and(|(at, _)| *at + period <= now) {
        passed.pop_front();
    }
    let spent: u32 = passed.iter().map(|(_, cost)| cost).sum();
    let mut missing = (spent + cost.get().min(calls.get())).saturating_sub(calls.get());
    if missing == 0 {
        passed.push_back((now, cost.get()));
        return Ok(());
    }
    for (at, cost) in passed {
        missing = missing.saturating_sub(*cost);
        if missing == 0 {
            return Err((*at + period).saturating_duration_since(now));
        }
    }
    Err(period)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_mins(1);

    proptest! {
        // proves: R-29
        #[test]
        fn no_window_holds_more_than_its_calls_and_none_are_left_unspent(
            wishes in prop::collection::vec((0..40_000_u64, 1..7_u32), 1..80),
        ) {
            let calls = NonZeroU32::new(30).unwrap();
            let mut now = Instant::now();
            let (mut passed, mut made) = (VecDeque::new(), Vec::<(Instant, u32)>::new());
            for (milliseconds, cost) in wishes {
                now += Duration::from_millis(milliseconds);
                let cost = NonZeroU32::new(cost).unwrap();
                while let Err(wait) = pass_window(&mut passed, calls, PERIOD, cost, now) {
                    prop_assert!(!wait.is_zero());
                    let spent: u32 = made.iter().filter(|(at, _)| *at + PERIOD > now).map(|(_, cost)| cost).sum();
                    prop_assert!(spent + cost.get() > calls.get(), "waits although {spent} were spent");
                    now += wait;
                }
                made.push((now, cost.get()));
                let spent: u32 = made.iter().filter(|(at, _)| *at + PERIOD > now).map(|(_, cost)| cost).sum();
                prop_assert!(spent <= calls.get());
            }
        }
    }
}
