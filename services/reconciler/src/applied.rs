//! Who waits for a batch to be applied is told at once by the process that applies it. Another process may
//! be the one: whoever waits also looks by itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::store::SyncKey;

/// The feeds' waiters, by sync.
#[derive(Debug, Default)]
pub struct Applied(Mutex<HashMap<SyncKey, Arc<Notify>>>);

/// A waiter's place; given back when dropped.
#[derive(Debug)]
pub struct Place<'a> {
    applied: &'a Applied,
    key: SyncKey,
    told: Arc<Notify>,
}

impl Applied {
    /// A place among those that wait for batches of a sync.
    pub fn place(&self, key: &SyncKey) -> Place<'_> {
        Place {
            applied: self,
            key: key.clone(),
            told: self.lock().entry(key.clone()).or_default().clone(),
        }
    }

    /// A batch of a sync was applied.
    pub fn tell(&self, key: &SyncKey) {
        if let Some(told) = self.lock().get(key) {
            told.notify_waiters();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SyncKey, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// What is told from now on.
    pub fn told(&self) -> tokio::sync::futures::OwnedNotified {
        self.told.clone().notified_owned()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiters = self.applied.lock();
        // The map's own, and this one.
        if Arc::strong_count(&self.told) <= 2 {
            waiters.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_and_leaves_nothing_behind() {
        let applied = Applied::default();
        let key = SyncKey::new("acme", "s");
        {
            let (one, two) = (applied.place(&key), applied.place(&key));
            let (first, second) = (one.told(), two.told());
            applied.tell(&key);
            tokio::join!(first, second);
        }
        assert!(applied.lock().is_empty());
        applied.tell(&key);
    }
}
