//! Which of the writes that wait go out now.
//!
//! A provider call takes many writes, and providers count calls. So what fills a call goes at once, the oldest first,
//! and what does not waits for more, as long as the writer has something else to do, or while a baseline that may
//! bring more is being planned; but never for long, and never where a person waits.

use std::collections::HashMap;

use crate::{
    lane,
    store::outbox::{OnTheWay, Waiting},
};

/// Changes that fill no call wait at most so long for others.
const FILL_SECONDS: f64 = 30.0;
/// What a baseline found and fills no call waits at most so long: what the other side's answers change of its plans comes
/// within the minute.
const FILL_BASELINE_SECONDS: f64 = 60.0;

/// How much may be on its way, and in what portions.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Writes of an account on their way at most.
    pub window: usize,
    /// Writes that fill a call.
    pub batch: usize,
}

/// Writes of one sync that one call may make, at most as many as fill it, in the order in which they were queued.
#[derive(Debug)]
struct Call<'w> {
    lane: i16,
    writes: Vec<&'w Waiting>,
}

/// How many more may be on their way.
pub(super) fn room(on_the_way: &[OnTheWay], limits: Limits) -> usize {
    let count = |open: &OnTheWay| usize::try_from(open.count).unwrap_or(usize::MAX);
    let taken = on_the_way.iter().map(count).fold(0, usize::saturating_add);
    limits.window.saturating_sub(taken)
}

/// Chooses among what waits, in the order in which it should go; answers in that order.
pub(super) fn choose<'w>(
    on_the_way: &[OnTheWay],
    waiting: &'w [Waiting],
    limits: Limits,
) -> Vec<&'w Waiting> {
    let mut room = room(on_the_way, limits);
    let (again, queued): (Vec<_>, Vec<_>) = waiting.iter().partition(|write| write.again);
    let mut chosen: Vec<&Waiting> = again.into_iter().take(room).collect();
    room -= chosen.len();
    let unclaimed = on_the_way.iter().filter(|open| open.unclaimed > 0);
    // The first lane of which a writer has something to take already.
    let served = unclaimed.map(|open| open.lane).min().unwrap_or(i16::MAX);
    for call in calls(&queued, limits.batch) {
        let full = call.writes.len() >= limits.batch;
        if !full && !goes_partly(&call, served) {
            continue;
        }
        let fits = call.writes.len() <= room;
        if !fits && room < limits.window {
            // What comes later must not take the room that this one waits for.
            break;
        }
        chosen.extend(call.writes.iter().take(room));
        room -= call.writes.len().min(room);
    }
    chosen
}

/// Whether writes go out that fill no call.
fn goes_partly(call: &Call<'_>, served: i16) -> bool {
    let patience = if call.lane == lane::BASELINE {
        FILL_BASELINE_SECONDS
    } else {
        FILL_SECONDS
    };
    let waited = call
        .writes
        .first()
        .is_some_and(|write| write.seconds >= patience);
    let idle = served > call.lane;
    let more = call.writes.iter().any(|write| write.more);
    call.lane == lane::PEOPLE || waited || idle && !more
}

/// What waits as calls: lane by lane, that with the oldest write first.
fn calls<'w>(queued: &[&'w Waiting], batch: usize) -> Vec<Call<'w>> {
    let mut calls: Vec<Call<'w>> = Vec::new();
    let mut open: HashMap<(i16, &str, &str), usize> = HashMap::new();
    for write in queued {
        let key = (write.lane, write.sync.as_str(), write.call.as_str());
        let at = *open.entry(key).or_insert_with(|| {
            calls.push(Call {
                lane: write.lane,
                writes: Vec::new(),
            });
            calls.len() - 1
        });
        calls[at].writes.push(write);
        if calls[at].writes.len() >= batch {
            open.remove(&key);
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIMITS: Limits = Limits {
        window: 10,
        batch: 3,
    };

    fn queued(lane: i16, call: &str, count: usize) -> Vec<Waiting> {
        let write = |_| Waiting {
            id: Uuid::now_v7(),
            lane,
            sync: "s".to_owned(),
            call: call.to_owned(),
            seconds: 0.0,
            more: false,
            again: false,
        };
        (0..count).map(write).collect()
    }

    fn unclaimed(lane: i16, count: i64) -> OnTheWay {
        OnTheWay {
            lane,
            count,
            unclaimed: count,
        }
    }

    fn chosen(on_the_way: &[OnTheWay], waiting: &[Waiting]) -> Vec<(i16, String)> {
        let chosen = choose(on_the_way, waiting, LIMITS);
        let name = |write: &&Waiting| (write.lane, write.call.clone());
        chosen.iter().map(name).collect()
    }

    fn calls(lane: i16, call: &str, count: usize) -> Vec<(i16, String)> {
        vec![(lane, call.to_owned()); count]
    }

    // proves: R-29
    #[test]
    fn calls_fill_from_what_lies_behind_others_in_the_queue() {
        let names = ["a", "b", "a", "b", "a", "a", "a"];
        let waiting: Vec<Waiting> = names
            .iter()
            .flat_map(|name| queued(lane::CHANGE, name, 1))
            .collect();
        let busy = [unclaimed(lane::CHANGE, 1)];
        assert_eq!(chosen(&busy, &waiting), calls(lane::CHANGE, "a", 3));
        assert_eq!(
            chosen(&[], &waiting).len(),
            7,
            "the writer has nothing to do"
        );
    }

    // proves: R-29
    #[test]
    fn who_waits_longer_than_calls_take_to_fill_goes() {
        let busy = [unclaimed(lane::CHANGE, 1)];
        let mut waiting = queued(lane::CHANGE, "a", 2);
        assert!(chosen(&busy, &waiting).is_empty());
        waiting[0].seconds = FILL_SECONDS;
        assert_eq!(chosen(&busy, &waiting).len(), 2);

        let mut waiting = queued(lane::BASELINE, "a", 2);
        waiting[0].seconds = FILL_SECONDS;
        assert!(chosen(&busy, &waiting).is_empty());
        waiting[0].seconds = FILL_BASELINE_SECONDS;
        assert_eq!(chosen(&busy, &waiting).len(), 2);
    }

    // proves: R-29
    #[test]
    fn nothing_takes_the_room_that_an_older_call_waits_for() {
        let busy = [unclaimed(lane::BASELINE, 8)];
        let mut waiting = queued(lane::BASELINE, "a", 3);
        waiting.extend(queued(lane::BASELINE, "b", 1));
        assert!(chosen(&busy, &waiting).is_empty());
    }

    // proves: R-29
    #[test]
    fn people_go_before_changes_and_these_before_baselines() {
        let mut waiting = queued(lane::PEOPLE, "a", 1);
        waiting.extend(queued(lane::CHANGE, "a", 1));
        let mut baseline = queued(lane::BASELINE, "a", 4);
        for write in &mut baseline {
            write.more = true;
        }
        waiting.extend(baseline);
        let lanes = |open: &[OnTheWay]| -> Vec<i16> {
            chosen(open, &waiting)
                .iter()
                .map(|(lane, _)| *lane)
                .collect()
        };
        assert_eq!(lanes(&[]), [0, 1, 2, 2, 2]);
        assert_eq!(lanes(&[unclaimed(lane::BASELINE, 1)]), [0, 1, 2, 2, 2]);
        assert_eq!(lanes(&[unclaimed(lane::CHANGE, 1)]), [0, 2, 2, 2]);
        assert_eq!(lanes(&[unclaimed(lane::PEOPLE, 8)]), [0]);
    }

    // proves: R-29
    #[test]
    fn what_got_lost_goes_first_and_as_much_as_there_is_room_for() {
        let mut waiting = queued(lane::BASELINE, "a", 12);
        for write in &mut waiting {
            write.again = true;
        }
        waiting.extend(queued(lane::CHANGE, "b", 3));
        assert_eq!(chosen(&[], &waiting), calls(lane::BASELINE, "a", 10));
        assert!(chosen(&[unclaimed(lane::CHANGE, 10)], &waiting).is_empty());
    }
}
