//! What was made or found a moment ago, and what lists may not show yet.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many things are remembered.
const REMEMBERED: usize = 1_000;

type Kept<V> = HashMap<(String, String), (V, Instant)>;

/// What is known of an account's things by their names, for as long as lists may show the past.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    keep: Duration,
    known: Mutex<Kept<V>>,
}

impl<V: Clone> Recent<V> {
    /// Nothing yet. Lists show the past for as long as the horizon.
    pub(crate) fn new(horizon: Duration) -> Self {
        Self {
            keep: horizon * 2,
            known: Mutex::default(),
        }
    }

    /// What is known of this one.
    pub(super) fn get(&self, account: &str, name: &str) -> Option<V> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, at) = known.get(&(account.to_owned(), name.to_owned()))?;
        (at.elapsed() < self.keep).then(|| value.clone())
    }

    /// Remembers it from now on.
    pub(super) fn remember(&self, account: &str, name: &str, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, (_, at)| at.elapsed() < self.keep);
        }
        let key = (account.to_owned(), name.to_owned());
        known.insert(key, (value, Instant::now()));
    }

    /// Remembers nothing of it any more.
    pub(super) fn forget(&self, account: &str, name: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(account.to_owned(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_remembered_for_its_account_only_and_not_for_ever() {
        let recent = Recent::new(Duration::from_mins(1));
        recent.remember("org/1", "Acme", 7);
        assert_eq!(recent.get("org/1", "Acme"), Some(7));
        assert_eq!(recent.get("org/2", "Acme"), None);
        recent.forget("org/1", "Acme");
        assert_eq!(recent.get("org/1", "Acme"), None);
        let forgetful = Recent::new(Duration::ZERO);
        forgetful.remember("org/1", "Acme", 7);
        assert_eq!(forgetful.get("org/1", "Acme"), None);
    }
}
