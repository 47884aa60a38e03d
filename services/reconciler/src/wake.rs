//! Waking: which syncs have something to do. A hint and a timer lead to the same work, so that a lost
//! hint costs time and nothing else.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::store::SyncKey;

/// The syncs that are woken, each at most once.
#[derive(Debug, Default)]
pub struct Wake {
    syncs: Mutex<BTreeSet<SyncKey>>,
    some: Notify,
    outbox: Notify,
}

impl Wake {
    /// A sync has something to do.
    pub fn sync(&self, key: &SyncKey) {
        self.lock().insert(key.clone());
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
                (syncs.pop_first(), !syncs.is_empty())
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

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<SyncKey>> {
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
