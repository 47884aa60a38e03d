//! Pace: how many calls a quota key takes, and who goes first.

mod limit;

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use self::limit::{Count, Limit};
use crate::fault::Fault;

/// Who waits for a call. Of the calls that wait at one quota key, the first lane goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// A person, in front of a console.
    Person,
    /// A change on its way.
    Change,
    /// A first, complete reading and what it writes.
    Baseline,
}

const LANES: usize = 3;

/// A provider's limit: what it counts calls by, and how many it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What the provider counts by: an organisation, a project, a mailbox, a user; with the kind of call
    /// where those are counted apart. For example "user 123 read".
    pub key: String,
    count: Count,
    concurrent: usize,
    cost: NonZeroU32,
}

impl Quota {
    /// `calls` in every `period`, evenly spread, one at once; as many under way as are started.
    pub fn new(key: impl Into<String>, calls: u32, period: Duration) -> Self {
        Self {
            key: key.into(),
            count: Count::Spread {
                period: (period / calls.max(1)).max(Duration::from_nanos(1)),
                burst: NonZeroU32::MIN,
            },
            concurrent: Semaphore::MAX_PERMITS,
            cost: NonZeroU32::MIN,
        }
    }

    /// At most `calls` in any span as long as `period`, as soon as they come; as many under way as are started.
    pub fn window(key: impl Into<String>, calls: NonZeroU32, period: Duration) -> Self {
        Self {
            key: key.into(),
            count: Count::Window { calls, period },
            concurrent: Semaphore::MAX_PERMITS,
            cost: NonZeroU32::MIN,
        }
    }

    /// Up to `calls` at once after a rest, where calls are spread.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        if let Count::Spread { burst, .. } = &mut self.count {
            *burst = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        }
        self
    }

    /// This call counts as so many, at most as many as may come at once.
    #[must_use]
    pub fn cost(mut self, calls: u32) -> Self {
        self.cost = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// At most `calls` under way at any time.
    #[must_use]
    pub fn concurrent(mut self, calls: usize) -> Self {
        self.concurrent = calls.max(1);
        self
    }
}

/// The gates of one provider's quota keys.
#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<String, Entry>>);

struct Entry {
    gate: Arc<Gate>,
    used: Instant,
}

/// So many idle keys are kept.
const KEPT_KEYS: usize = 4096;

impl Gates {
    /// Waits for the turn of a call, at most `longest`; then, or if the key is closed, it is throttled.
    pub(crate) async fn enter(
        &self,
        quota: &Quota,
        lane: Lane,
        longest: Duration,
    ) -> Result<Permit, Fault> {
        let gate = self.gate(quota);
        let _place = Place::take(&gate, lane);
        tokio::time::timeout(longest, gate.turn(lane, quota.cost.min(quota.count.most())))
            .await
            .unwrap_or_else(|_| {
                Err(Fault::Throttled {
                    until: after(longest),
                })
            })
    }

    /// Lets no call of this key pass until then.
    pub(crate) fn close(&self, quota: &Quota, until: Timestamp) {
        let gate = self.gate(quota);
        let mut closed = gate
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed = closed.max(Some(until));
        drop(closed);
        gate.moved.notify_waiters();
    }

    fn gate(&self, quota: &Quota) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() > KEPT_KEYS {
            gates.retain(|_, entry| {
                Arc::strong_count(&entry.gate) > 1 || entry.used.elapsed() < Duration::from_mins(10)
            });
        }
        let entry = gates.entry(quota.key.clone()).or_insert_with(|| Entry {
            gate: Arc::new(Gate::new(quota)),
            used: Instant::now(),
        });
        entry.used = Instant::now();
        entry.gate.clone()
    }
}

/// The gate of one quota key.
struct Gate {
    limit: Limit,
    slots: Arc<Semaphore>,
    closed_until: Mutex<Option<Timestamp>>,
    waiting: [AtomicUsize; LANES],
    moved: Notify,
}

impl Gate {
    fn new(quota: &Quota) -> Self {
        Self {
            limit: Limit::new(quota.count),
            slots: Arc::new(Semaphore::new(quota.concurrent)),
            closed_until: Mutex::new(None),
            waiting: Default::default(),
            moved: Notify::new(),
        }
    }

    async fn turn(self: &Arc<Self>, lane: Lane, cost: NonZeroU32) -> Result<Permit, Fault> {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if let Some(until) = self.closed() {
                return Err(Fault::Throttled { until });
            }
            if !self.someone_before(lane)
                && let Ok(slot) = self.slots.clone().try_acquire_owned()
            {
                match self.limit.pass(cost) {
                    Ok(()) => {
                        return Ok(Permit {
                            slot: Some(slot),
                            gate: self.clone(),
                        });
                    }
                    Err(wait) => {
                        drop(slot);
                        tokio::select! {
                            () = tokio::time::sleep(wait) => {}
                            () = &mut moved => {}
                        }
                        continue;
                    }
                }
            }
            moved.await;
        }
    }

    fn closed(&self) -> Option<Timestamp> {
        let closed = *self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        closed.filter(|until| *until > Timestamp::now())
    }

    fn someone_before(&self, lane: Lane) -> bool {
        self.waiting[..lane as usize]
            .iter()
            .any(|count| count.load(Ordering::SeqCst) > 0)
    }
}

/// A call's place in the queue of its lane.
struct Place {
    gate: Arc<Gate>,
    lane: Lane,
}

impl Place {
    fn take(gate: &Arc<Gate>, lane: Lane) -> Self {
        gate.waiting[lane as usize].fetch_add(1, Ordering::SeqCst);
        Self {
            gate: gate.clone(),
            lane,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.waiting[self.lane as usize].fetch_sub(1, Ordering::SeqCst);
        self.gate.moved.notify_waiters();
    }
}

/// Leave to make one call; given back when dropped.
pub(crate) struct Permit {
    slot: Option<OwnedSemaphorePermit>,
    gate: Arc<Gate>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.slot.take();
        self.gate.moved.notify_waiters();
    }
}

/// The time `wait` from now.
pub(crate) fn after(wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn wide(key: &str) -> Quota {
        Quota::new(key, 1000, Duration::from_millis(1)).burst(1000)
    }

    // proves: R-29
    #[tokio::test]
    async fn a_person_goes_before_a_change_and_a_change_before_a_baseline() {
        let gates = Arc::new(Gates::default());
        let quota = wide("user").concurrent(1);
        let first = gates.enter(&quota, Lane::Baseline, LONG).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let calls: Vec<_> = [Lane::Baseline, Lane::Change, Lane::Person]
            .into_iter()
            .map(|lane| {
                let (gates, quota, order) = (gates.clone(), quota.clone(), order.clone());
                tokio::spawn(async move {
                    let permit = gates.enter(&quota, lane, LONG).await.unwrap();
                    order.lock().unwrap().push(lane);
                    drop(permit);
                })
            })
            .collect();
        let gate = gates.gate(&quota);
        while gate
            .waiting
            .iter()
            .map(|count| count.load(Ordering::SeqCst))
            .sum::<usize>()
            < 3
        {
            tokio::task::yield_now().await;
        }
        drop(first);
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            [Lane::Person, Lane::Change, Lane::Baseline]
        );
    }

    #[tokio::test]
    async fn calls_of_one_key_keep_to_its_pace_and_other_keys_do_not_wait() {
        let gates = Gates::default();
        let slow = Quota::new("slow", 1, Duration::from_millis(60));
        let begin = Instant::now();
        for _ in 0..3 {
            gates.enter(&slow, Lane::Change, LONG).await.unwrap();
        }
        assert!(
            begin.elapsed() >= Duration::from_millis(115),
            "{:?}",
            begin.elapsed()
        );
        let begin = Instant::now();
        gates
            .enter(&wide("other"), Lane::Change, LONG)
            .await
            .unwrap();
        assert!(begin.elapsed() < Duration::from_millis(60));
    }

    #[tokio::test]
    async fn a_closed_key_throttles_at_once_those_that_wait_and_those_that_come() {
        let gates = Arc::new(Gates::default());
        let quota = wide("org").concurrent(1);
        let _under_way = gates.enter(&quota, Lane::Change, LONG).await.unwrap();
        let waiting = {
            let (gates, quota) = (gates.clone(), quota.clone());
            tokio::spawn(async move { gates.enter(&quota, Lane::Change, LONG).await.map(drop) })
        };
        let until = after(Duration::from_hours(1));
        gates.close(&quota, until);
        assert_eq!(waiting.await.unwrap(), Err(Fault::Throttled { until }));
        let came = gates.enter(&quota, Lane::Person, LONG).await.map(drop);
        assert_eq!(came, Err(Fault::Throttled { until }));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_turn_for_ever() {
        let gates = Gates::default();
        let quota = wide("busy").concurrent(1);
        let _under_way = gates.enter(&quota, Lane::Change, LONG).await.unwrap();
        let late = gates
            .enter(&quota, Lane::Change, Duration::from_millis(20))
            .await
            .map(drop);
        assert!(matches!(late, Err(Fault::Throttled { .. })), "{late:?}");
    }
}
