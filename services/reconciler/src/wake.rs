//! Waking: which syncs have something to do. A hint and a timer lead to the same work, so that a lost
//! hint costs time and nothing else.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::store::SyncKey;

/// The syncs that are woken, each at most once; whoever was woken first is first.
#[derive(Debug, Default)]
pub struct Wake {
    syncs: Mutex<Woken>,
    some: Notify,
    outbox: Notify,
}

#[derive(Debug, Default)]
struct Woken {
    queue: VecDeque<SyncKey>,
    queued: HashSet<SyncKey>,
}

impl Woken {
    fn push(&mut self, key: &SyncKey) {
        if self.queued.insert(key.clone()) {
            self.queue.push_back(key.clone());
        }
    }

    fn pop(&mut self) -> Option<SyncKey> {
        let key = self.queue.pop_front()?;
        self.queued.remove(&key);
        Some(key)
    }
}

impl Wake {
    /// A sync has something to do.
    pub fn sync(&self, key: &SyncKey) {
        self.lock().push(key);
        self.some.notify_one();
    }

    /// The outbox has something to release.
    pub fn outbox(&self) {
        self.outbox.notify_one();
    }

    /// The next woken sync; waits for one.
    pub async fn next(&self) -> SyncKey {
        loop {
            let (key, more) = {
                let mut syncs = self.lock();
                (syncs.pop(), !syncs.queue.is_empty())
            };
            if more {
                self.some.notify_one();
            }
            if let Some(key) = key {
                return key;
            }
            self.some.notified().await;
        }
    }

    /// Waits until the outbox is woken.
    pub async fn outbox_woken(&self) {
        self.outbox.notified().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Woken> {
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_who_is_woken_again_and_again_keeps_another_one_waiting() {
        let wake = Wake::default();
        let key = |name: &str| SyncKey::new("acme", name);
        for name in ["b", "c", "b", "a"] {
            wake.sync(&key(name));
        }
        assert_eq!(wake.next().await, key("b"));
        wake.sync(&key("b"));
        for name in ["c", "a", "b"] {
            assert_eq!(wake.next().await, key(name));
        }
    }
}
