//! Readiness by named part: a process is ready when it has started, is not stopping, and each of its
//! parts says that it is ready.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tokio::sync::watch;

/// The readiness of a process. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<String, Option<String>>>>,
    ready: Arc<watch::Sender<bool>>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            parts: Arc::default(),
            ready: Arc::new(watch::Sender::new(true)),
        }
    }
}

impl Health {
    /// A part of the process whose readiness counts; it is not ready until it says so.
    pub fn part(&self, name: &str) -> Part {
        let part = Part {
            name: name.to_owned(),
            health: self.clone(),
        };
        part.not_ready("starting");
        part
    }

    /// Whether every part is ready.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Follows [`Health::is_ready`].
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// What readiness is made of: parts that are ready, and the reason of each that is not.
    pub fn report(&self) -> Report {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        Report {
            ready: parts.values().all(Option::is_none),
            parts: parts
                .iter()
                .map(|(name, reason)| {
                    let state = reason.clone().unwrap_or_else(|| "ready".to_owned());
                    (name.clone(), state)
                })
                .collect(),
        }
    }

    fn set(&self, part: &str, reason: Option<&str>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part.to_owned(), reason.map(ToOwned::to_owned));
        self.publish(&parts);
    }

    fn forget(&self, part: &str) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.remove(part);
        self.publish(&parts);
    }

    fn publish(&self, parts: &BTreeMap<String, Option<String>>) {
        let ready = parts.values().all(Option::is_none);
        self.ready
            .send_if_modified(|was| std::mem::replace(was, ready) != ready);
    }
}

/// What `/readyz` answers with.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether every part is ready.
    pub ready: bool,
    /// `ready`, or why not, by part.
    pub parts: BTreeMap<String, String>,
}

/// One part of a process.
#[derive(Debug, Clone)]
pub struct Part {
    name: String,
    health: Health,
}

impl Part {
    /// This part can do its work.
    pub fn ready(&self) {
        self.health.set(&self.name, None);
    }

    /// This part cannot do its work; `reason` is shown to operators and carries no personal data.
    pub fn not_ready(&self, reason: &str) {
        self.health.set(&self.name, Some(reason));
    }

    /// This part is ready while the watched value is true; ends when the value does.
    pub async fn follow(self, mut works: watch::Receiver<bool>, reason: &str) {
        loop {
            if *works.borrow_and_update() {
                self.ready();
            } else {
                self.not_ready(reason);
            }
            if works.changed().await.is_err() {
                return;
            }
        }
    }

    /// This part does not count any more.
    pub fn forget(&self) {
        self.health.forget(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn ready_only_when_every_part_is() {
        let health = Health::default();
        let database = health.part("database");
        let bus = health.part("bus");
        database.ready();
        assert!(!health.is_ready());
        bus.ready();
        assert!(health.is_ready());
        database.not_ready("connection refused");
        assert!(!health.is_ready());
        let report = health.report();
        assert_eq!(report.parts["bus"], "ready");
        assert_eq!(report.parts["database"], "connection refused");
        database.forget();
        assert!(health.is_ready());
    }
}
