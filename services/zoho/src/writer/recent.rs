//! What was made or found a moment ago, and what lists may not show yet.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many things are remembered.
const REMEMBERED: usize = 1_000;

/// By organisation and name.
type Kept<V> = HashMap<(String, String), Thing<V>>;

#[derive(Debug)]
struct Thing<V> {
    value: V,
    /// The account that knows it.
    account: String,
    at: Instant,
}

/// What is known of an organisation's things by their names, for as long as lists may show the past. What one account
/// made another one of the organisation need not be allowed to see.
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

    /// What the account knows of this one.
    pub(super) fn get(&self, account: &str, name: &str) -> Option<V> {
        let (value, by) = self.find(account, name)?;
        (by == account).then_some(value)
    }

    /// What another account of the organisation knows of this one.
    pub(super) fn of_others(&self, account: &str, name: &str) -> Option<V> {
        let (value, by) = self.find(account, name)?;
        (by != account).then_some(value)
    }

    fn find(&self, account: &str, name: &str) -> Option<(V, String)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let thing = known.get(&key(account, name))?;
        (thing.at.elapsed() < self.keep).then(|| (thing.value.clone(), thing.account.clone()))
    }

    /// Remembers it from now on.
    pub(super) fn remember(&self, account: &str, name: &str, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, thing| thing.at.elapsed() < self.keep);
        }
        let thing = Thing {
            value,
            account: account.to_owned(),
            at: Instant::now(),
        };
        known.insert(key(account, name), thing);
    }

    /// Remembers nothing of it any more.
    pub(super) fn forget(&self, account: &str, name: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&key(account, name));
    }
}

/// An account is an organisation, `/`, and a user.
fn key(account: &str, name: &str) -> (String, String) {
    let organisation = account.split_once('/').map_or(account, |(org, _)| org);
    (organisation.to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_remembered_for_its_organisation_only_and_not_for_ever() {
        let recent = Recent::new(Duration::from_mins(1));
        recent.remember("org/1", "Acme", 7);
        assert_eq!(recent.get("org/1", "Acme"), Some(7));
        assert_eq!(recent.of_others("org/1", "Acme"), None);
        assert_eq!(recent.get("org/2", "Acme"), None);
        assert_eq!(recent.of_others("org/2", "Acme"), Some(7));
        assert_eq!(recent.of_others("elsewhere/2", "Acme"), None);
        recent.forget("org/1", "Acme");
        assert_eq!(recent.get("org/1", "Acme"), None);
        let forgetful = Recent::new(Duration::ZERO);
        forgetful.remember("org/1", "Acme", 7);
        assert_eq!(forgetful.get("org/1", "Acme"), None);
    }
}
