//! Everything that runs: NATS, PostgreSQL, the sandbox and every service, in a folder of its own on disk.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use e2e::{Configuration, Infrastructure, Sandbox, System};
use local::{Durability, Nats, Postgres};
use uuid::Uuid;

/// What differs from the shipped configuration, unless a scenario is about quotas: an account that allows as many
/// calls as are made. Otherwise the provider's quota would be measured.
const FAST_ACCOUNTS: [(&str, &str); 4] = [
    ("RAPPORT_GOOGLE_READS_PER_MINUTE", "1000000"),
    ("RAPPORT_GOOGLE_WRITES_PER_MINUTE", "1000000"),
    ("RAPPORT_GOOGLE_GROUP_WRITES_PER_MINUTE", "1000000"),
    ("RAPPORT_GOOGLE_CALENDAR_REQUESTS_PER_MINUTE", "1000000"),
];

/// Whether accounts have the quotas that real ones have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotas {
    /// As many calls as anybody makes.
    Off,
    /// Those that are observed at the providers, and the pace that is shipped.
    Real,
}

/// Everything that runs. What is dropped first stops first.
pub(crate) struct Stage {
    /// The services and the sandbox.
    pub(crate) system: System,
    /// NATS.
    pub(crate) nats: Nats,
    /// PostgreSQL.
    pub(crate) postgres: Postgres,
    /// Where services find them.
    pub(crate) infrastructure: Infrastructure,
    /// What differs from the shipped configuration.
    pub(crate) changed: BTreeMap<String, String>,
    folder: Folder,
}

/// A folder that is removed with this value, unless it is to be looked at.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            let _cannot_be_helped = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Stage {
    /// Starts everything in a new folder below this one.
    pub(crate) async fn start(below: &Path, quotas: Quotas, keep: bool) -> anyhow::Result<Self> {
        let folder = Folder {
            path: below.join(format!("rapport-bench-{}", Uuid::now_v7().simple())),
            kept: keep,
        };
        std::fs::create_dir_all(&folder.path)?;
        // The shipped nats.conf leaves it to NATS when it syncs; what NATS holds can be derived again.
        let nats = Nats::start(&folder.path.join("nats"), Durability::Fast).await?;
        let postgres = Postgres::start(&folder.path.join("postgres"), Durability::Durable).await?;
        postgres.create_database("rapport").await?;
        let infrastructure = Infrastructure {
            nats_url: nats.url(),
            namespace: "rapport".to_owned(),
            database_url: postgres.url("rapport"),
        };
        let sandbox = Sandbox::start(&["--kind"]).await?;
        let changed: BTreeMap<String, String> = match quotas {
            Quotas::Off => FAST_ACCOUNTS
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            Quotas::Real => BTreeMap::new(),
        };
        let configuration = Configuration::Shipped(changed.clone());
        let logs = folder.path.join("logs");
        let system = System::start_with(sandbox, &infrastructure, &configuration, &logs).await?;
        Ok(Self {
            system,
            nats,
            postgres,
            infrastructure,
            changed,
            folder,
        })
    }

    /// Where everything keeps its files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Process ids by role.
    pub(crate) fn process_ids(&self) -> BTreeMap<&'static str, u32> {
        let mut ids = self.system.process_ids();
        ids.extend(self.nats.id().map(|id| ("nats", id)));
        ids.extend(self.postgres.id().map(|id| ("postgres", id)));
        ids
    }

    /// Stops everything, services first.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self {
            system,
            mut nats,
            mut postgres,
            folder,
            ..
        } = self;
        drop(system);
        nats.stop().await?;
        postgres.stop().await?;
        drop(folder);
        Ok(())
    }
}
