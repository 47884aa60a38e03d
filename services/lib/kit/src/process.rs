//! What a running process hands to its services.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{Health, Tasks};

/// A running process: where its tasks go, how it learns of the stop, and whom it tells that it is ready.
///
/// Clones share everything. `rapport dev` hands the same process to every role.
#[derive(Debug, Clone)]
pub struct Process {
    /// What this process is called in logs and traces.
    pub name: &'static str,
    /// Every long-running task is started here.
    pub tasks: Tasks,
    /// Cancelled when the process is to stop taking in work.
    pub shutdown: CancellationToken,
    /// What readiness is made of.
    pub health: Health,
    addresses: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Process {
    /// A process that stops with this token; for tests and for `rapport dev`. Binaries use [`crate::Service`].
    pub fn new(name: &'static str, shutdown: CancellationToken) -> Self {
        Self {
            name,
            tasks: Tasks::new(shutdown.clone()),
            shutdown,
            health: Health::default(),
            addresses: Arc::default(),
        }
    }

    /// Notes an address that the process listens on, for `--announce-file`.
    pub fn announce(&self, what: &str, address: SocketAddr) {
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.insert(what.to_owned(), address.to_string());
        tracing::info!(what, %address, "listening");
    }

    /// The address noted under this name.
    pub fn address(&self, what: &str) -> Option<SocketAddr> {
        let addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.get(what)?.parse().ok()
    }

    /// Writes the noted addresses as one JSON line, so that a reader never sees half of it.
    pub(crate) fn write_announcement(&self, path: &Path) -> anyhow::Result<()> {
        let addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut line = serde_json::to_string(&addresses)?;
        line.push('\n');
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".unfinished");
        std::fs::write(&unfinished, line)
            .and_then(|()| std::fs::rename(&unfinished, path))
            .with_context(|| format!("cannot write the addresses to {}", path.display()))
    }
}
