//! When a feed is read next (R-05, and the fault table for feeds).

use std::time::Duration;

use provider::Fault;

use super::{Connector, round::End};
use crate::{
    backoff::{about, backoff, until},
    settings::FeedSettings,
    store::feeds::{Leased, Release},
};

/// A throttling provider is believed between these.
const SHORTEST_THROTTLE: Duration = Duration::from_secs(1);
const LONGEST_THROTTLE: Duration = Duration::from_hours(1);

/// A round of this length may be followed by another one at once.
const SHORT_ROUND: Duration = Duration::from_millis(500);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Where feeds wait longer than this for their turn, in seconds, one whose hint found nothing new gives way to the others
/// for a while: a burst of pushes is read when it began and when it is over, not once for each of them.
const CROWD: f64 = 0.1;
const GIVES_WAY: Duration = Duration::from_secs(10);

const FIRST_BACKOFF: Duration = Duration::from_secs(2);
const LONGEST_BACKOFF: Duration = Duration::from_mins(10);

const FIRST_PEER_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_PEER_BACKOFF: Duration = Duration::from_secs(10);

/// A feed that the reconciler does not want now is asked about again after this.
const UNWANTED: Duration = Duration::from_secs(5);

/// A complete reading that finds no place is tried again after this.
const CROWDED: Duration = Duration::from_secs(2);

/// A definition that is being replaced is fresh after this.
const OUTDATED: Duration = Duration::from_secs(1);

/// The next round of a feed whose round has ended, after this time.
pub(super) fn release(end: &End, took: Duration, feed: &Leased, connector: &Connector) -> Release {
    let side = connector.definitions.side(&feed.key);
    let frequency = side.map_or(UNWANTED, |side| side.frequency);
    let next = next(end, feed, frequency, &connector.settings.feeds);
    Release {
        rest: rest(took).max(next.rest),
        ..next
    }
}

/// A feed whose rounds take long rests half as long as the last one took, so that a hint after each of our own
/// writes does not read a large collection without end. A short round costs nothing.
fn rest(took: Duration) -> Duration {
    if took < SHORT_ROUND {
        Duration::ZERO
    } else {
        (took / 2).min(LONGEST_REST)
    }
}

fn next(end: &End, feed: &Leased, frequency: Duration, settings: &FeedSettings) -> Release {
    let again = |after| Release {
        after,
        held: false,
        rest: Duration::ZERO,
        met: false,
        failures: feed.failures,
        looks: feed.looks,
        parked: None,
        seen: None,
    };
    match end {
        End::Read { shown, news } => {
            let look = look_again(feed, *news, settings);
            let polled = about(frequency);
            let gives_way = feed.hinted && !news && feed.lag_seconds > CROWD;
            let rest = if gives_way { GIVES_WAY } else { Duration::ZERO };
            Release {
                after: look.map_or(polled, |(wait, _)| about(wait.max(rest)).min(polled)),
                rest,
                met: true,
                failures: 0,
                looks: look.map_or(0, |(_, looks)| looks),
                seen: Some(shown.clone().unwrap_or_default()),
                ..again(polled)
            }
        }
        End::Undefined | End::Unwanted => again(about(UNWANTED)),
        End::Outdated | End::Superseded => again(about(OUTDATED)),
        End::Crowded => again(about(CROWDED)),
        End::Stopping => again(Duration::ZERO),
        // Our own services come back soon, and a hint must not hammer them meanwhile.
        End::Stalled | End::PeerSilent => {
            let failures = feed.failures.saturating_add(1);
            Release {
                held: true,
                failures,
                ..again(backoff(failures, FIRST_PEER_BACKOFF, LONGEST_PEER_BACKOFF))
            }
        }
        End::Fault(fault) => Release {
            held: true,
            ..failed(fault, feed, settings, again)
        },
    }
}

/// What a fault means for the feed. Each waits by itself; no other feed does.
fn failed(
    fault: &Fault,
    feed: &Leased,
    settings: &FeedSettings,
    again: impl Fn(Duration) -> Release,
) -> Release {
    let failures = feed.failures.saturating_add(1);
    match fault {
        Fault::Throttled { until: time } => again(about(
            until(*time).clamp(SHORTEST_THROTTLE, LONGEST_THROTTLE),
        )),
        Fault::Unauthorised { reason } => {
            tracing::warn!(reason, "a feed waits for a person to sign in again");
            Release {
                parked: Some(reason.clone()),
                ..again(about(settings.parked_seconds))
            }
        }
        fault => {
            let after = backoff(failures, FIRST_BACKOFF, LONGEST_BACKOFF);
            tracing::warn!(%fault, failures, after_seconds = after.as_secs(), "a round failed");
            Release {
                failures,
                ..again(after)
            }
        }
    }
}

/// A hint that found nothing new is looked after again, a few times: the provider may show late.
fn look_again(feed: &Leased, news: bool, settings: &FeedSettings) -> Option<(Duration, u32)> {
    if news {
        return None;
    }
    let looks = match (feed.hinted, feed.looks) {
        (true, _) => 0,
        (false, 0) => return None,
        (false, looks) => looks,
    };
    let wait = settings.look_again_seconds.get(looks as usize)?;
    Some((*wait, looks + 1))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::Side;
    use uuid::Uuid;

    use super::*;
    use crate::store::FeedKey;

    const FREQUENCY: Duration = Duration::from_mins(5);

    fn feed(hinted: bool, looks: u32, failures: u32) -> Leased {
        Leased {
            key: FeedKey {
                tenant: "acme".into(),
                sync: "s".into(),
                side: Side::Left,
            },
            lease: Uuid::nil(),
            hints: 1,
            hinted,
            failures,
            looks,
            traceparent: String::new(),
            seen: Vec::new(),
            lag_seconds: 0.0,
        }
    }

    fn after(end: &End, feed: &Leased) -> Release {
        next(end, feed, FREQUENCY, &FeedSettings::default())
    }

    fn nothing() -> End {
        End::Read {
            shown: Some(Vec::new()),
            news: false,
        }
    }

    fn near(time: Duration, seconds: u64) -> bool {
        let wanted = Duration::from_secs(seconds);
        time >= wanted.mul_f64(0.94) && time <= wanted.mul_f64(1.06)
    }

    // proves: R-05
    #[test]
    fn a_hint_that_found_nothing_looks_again_after_5_30_and_120_seconds_and_then_polls() {
        let mut state = feed(true, 0, 0);
        for (seconds, looks) in [(5, 1), (30, 2), (120, 3), (300, 0), (300, 0)] {
            let next = after(&nothing(), &state);
            assert!(near(next.after, seconds), "{:?} for {seconds}", next.after);
            assert_eq!(next.looks, looks);
            assert!(next.met && !next.held);
            state = feed(false, next.looks, 0);
        }
    }

    // proves: R-05
    #[test]
    fn news_end_the_looking_and_a_new_hint_begins_it_anew() {
        let news = End::Read {
            shown: None,
            news: true,
        };
        let next = after(&news, &feed(true, 2, 0));
        assert!(near(next.after, 300));
        assert_eq!(next.looks, 0);
        let next = after(&nothing(), &feed(true, 3, 0));
        assert!(near(next.after, 5));
    }

    #[test]
    fn a_throttled_feed_waits_as_asked_but_not_for_ever() {
        let throttled = |seconds: i64| {
            let until = Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            after(&End::Fault(Fault::Throttled { until }), &feed(true, 0, 0))
        };
        assert!(near(throttled(100).after, 100));
        assert!(near(throttled(-100).after, 1));
        assert!(near(throttled(1_000_000).after, 3600));
        assert!(
            throttled(100).held,
            "no hint may hammer a provider that throttles"
        );
    }

    #[test]
    fn failures_wait_longer_each_time_and_success_forgets_them() {
        let fault = || End::Fault(Fault::transient("HTTP 503"));
        let first = after(&fault(), &feed(true, 0, 0));
        let tenth = after(&fault(), &feed(true, 0, 9));
        assert!(first.after < Duration::from_secs(5) && tenth.after > Duration::from_mins(5));
        assert_eq!((first.failures, tenth.failures), (1, 10));
        assert!(!first.met, "the hint is not met");
        assert_eq!(after(&nothing(), &feed(false, 0, 9)).failures, 0);
    }

    #[test]
    fn a_feed_does_not_sleep_long_because_a_service_of_ours_was_away() {
        for end in [End::PeerSilent, End::Stalled] {
            assert!(after(&end, &feed(true, 0, 1000)).after <= Duration::from_secs(20));
        }
    }

    #[test]
    fn a_long_round_rests_half_as_long_as_it_took_and_a_short_one_not_at_all() {
        assert_eq!(rest(Duration::from_millis(20)), Duration::ZERO);
        assert_eq!(rest(Duration::from_secs(4)), Duration::from_secs(2));
        assert_eq!(rest(Duration::from_hours(1)), LONGEST_REST);
    }

    // proves: R-05
    #[test]
    fn where_feeds_wait_for_their_turn_a_hint_that_found_nothing_gives_way() {
        let crowded = |hinted| Leased {
            lag_seconds: 0.5,
            ..feed(hinted, 0, 0)
        };
        let news = End::Read {
            shown: None,
            news: true,
        };
        let crowd = after(&nothing(), &crowded(true));
        assert_eq!(crowd.rest, GIVES_WAY);
        assert!(near(crowd.after, 10), "nor does it look again before");
        for (end, feed) in [
            (nothing(), feed(true, 0, 0)),
            (nothing(), crowded(false)),
            (news, crowded(true)),
        ] {
            assert_eq!(after(&end, &feed).rest, Duration::ZERO);
        }
    }

    #[test]
    fn a_feed_without_access_is_parked_with_the_reason() {
        let fault = Fault::Unauthorised {
            reason: "revoked".into(),
        };
        let next = after(&End::Fault(fault), &feed(false, 0, 0));
        assert_eq!(next.parked.as_deref(), Some("revoked"));
        assert!(near(next.after, 600));
    }
}
