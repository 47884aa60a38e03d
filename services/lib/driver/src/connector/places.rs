//! Places for rounds: bounded, and shared so that no tenant and no long reading keeps others out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

/// The places of a connector. Complete readings may take half of them, so that polls go on meanwhile; of either,
/// one tenant may take three quarters.
pub(super) struct Places {
    rounds: Arc<Share>,
    baselines: Arc<Share>,
}

impl Places {
    pub(super) fn new(rounds: usize) -> Self {
        Self {
            rounds: Share::new(rounds),
            baselines: Share::new(rounds / 2),
        }
    }

    /// Waits until there is a free place; answers how many there are.
    pub(super) async fn free(&self) -> usize {
        loop {
            let freed = self.rounds.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            match self.rounds.free() {
                0 => freed.await,
                free => return free,
            }
        }
    }

    /// Tenants that may take no more places now.
    pub(super) fn full_tenants(&self) -> Vec<String> {
        self.rounds.full_tenants()
    }

    /// Takes a place for a round of a tenant.
    pub(super) fn round(&self, tenant: &str) -> Place {
        self.rounds.take(tenant)
    }

    /// Takes a place for a complete reading, unless too many go on.
    pub(super) fn baseline(&self, tenant: &str) -> Option<Place> {
        let may = self.baselines.free() > 0
            && !self
                .baselines
                .full_tenants()
                .iter()
                .any(|full| full == tenant);
        may.then(|| self.baselines.take(tenant))
    }
}

/// Places of one sort.
struct Share {
    all: usize,
    of_a_tenant: usize,
    taken: Mutex<HashMap<String, usize>>,
    freed: Notify,
}

impl Share {
    fn new(all: usize) -> Arc<Self> {
        let all = all.max(1);
        Arc::new(Self {
            all,
            of_a_tenant: (all - all / 4).max(1),
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn free(&self) -> usize {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        self.all.saturating_sub(taken.values().sum())
    }

    fn full_tenants(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = taken
            .iter()
            .filter(|(_, places)| **places >= self.of_a_tenant);
        full.map(|(tenant, _)| tenant.clone()).collect()
    }

    fn take(self: &Arc<Self>, tenant: &str) -> Place {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.entry(tenant.to_owned()).or_default() += 1;
        Place {
            share: self.clone(),
            tenant: tenant.to_owned(),
        }
    }
}

/// A place; given back when dropped.
pub(super) struct Place {
    share: Arc<Share>,
    tenant: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .share
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = taken.get_mut(&self.tenant) {
            *places -= 1;
            if *places == 0 {
                taken.remove(&self.tenant);
            }
        }
        drop(taken);
        self.share.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_takes_no_more_than_its_part_and_gives_it_back() {
        let places = Places::new(8);
        let mut taken: Vec<_> = (0..6).map(|_| places.round("acme")).collect();
        assert_eq!(places.full_tenants(), ["acme"]);
        assert_eq!(places.free().await, 2);
        taken.pop();
        assert!(places.full_tenants().is_empty());
        drop(taken);
        assert_eq!(places.free().await, 8);
    }

    #[test]
    fn complete_readings_leave_half_of_the_places_and_a_part_of_their_half_to_other_tenants() {
        let places = Places::new(8);
        let mut taken: Vec<_> = (0..3).map_while(|_| places.baseline("acme")).collect();
        assert_eq!(taken.len(), 3);
        assert!(places.baseline("acme").is_none());
        taken.extend(places.baseline("zeta"));
        assert_eq!(taken.len(), 4);
        assert!(places.baseline("zeta").is_none());
        taken.clear();
        assert!(places.baseline("acme").is_some());
    }

    #[tokio::test]
    async fn who_waits_for_a_place_gets_the_one_that_is_given_back() {
        let places = Places::new(1);
        let taken = places.round("acme");
        let give_back = async { drop(taken) };
        let (free, ()) = tokio::join!(places.free(), give_back);
        assert_eq!(free, 1);
    }

    #[test]
    fn the_smallest_connector_still_reads() {
        let places = Places::new(0);
        assert!(places.full_tenants().is_empty() && places.baseline("acme").is_some());
    }
}
