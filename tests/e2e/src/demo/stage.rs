//! Everything that runs: NATS, PostgreSQL, the sandbox and the services, in a temporary folder.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use local::{Durability, Nats, Postgres};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Infrastructure, Sandbox, System, Timing};

use super::{SYNCS, YAML, meetings, screen};

/// Everything that runs. What is dropped first stops first.
pub(super) struct Stage {
    /// The services and the sandbox.
    pub(super) system: System,
    /// How long providers may show the past.
    pub(super) timing: Timing,
    /// What is true of the seeded books and calendars, as the sandbox says.
    pub(super) seeded: [Value; 2],
    /// How long to wait for rest at most.
    pub(super) patience: Duration,
    infrastructure: Infrastructure,
    nats: Nats,
    postgres: Postgres,
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

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Ordinary meetings of both sides, for so many people.
fn meetings_for(people: u32) -> u32 {
    (people / 10).max(4)
}

/// Fills both accounts; answers what is true of the books, and of the calendars.
async fn fill(sandbox: &Sandbox, people: u32, seed: u64) -> anyhow::Result<[Value; 2]> {
    let books = json!({ "scenario": "two-address-books", "people": people, "seed": seed });
    let books = sandbox.post("seed", &books).await?;
    let calendars = json!({
        "scenario": "two-calendars", "meetings": meetings_for(people), "seed": seed,
    });
    let calendars = sandbox.post("seed", &calendars).await?;
    let crowd = calendars["google"]["special"]["many guests"].as_str();
    meetings::cancel(sandbox, crowd.context("nobody is invited")?).await?;
    meetings::guests_are_no_clients(sandbox).await?;
    meetings::type_in(sandbox).await?;
    // What was typed so far is old.
    sandbox
        .post("clock/advance", &json!({ "seconds": 5 }))
        .await?;
    Ok([books, calendars].map(|seeded| seeded["figures"].clone()))
}

impl Stage {
    /// Starts everything and fills both address books and both calendars.
    pub(super) async fn start(people: u32, seed: u64) -> anyhow::Result<Self> {
        screen::heading("Starting");
        let folder = Folder {
            path: std::env::temp_dir().join(format!("rapport-demo-{}", Uuid::now_v7().simple())),
            kept: false,
        };
        std::fs::create_dir_all(&folder.path)?;
        let nats = Nats::start(&folder.path.join("nats"), Durability::Fast).await?;
        let postgres = Postgres::start(&folder.path.join("postgres"), Durability::Fast).await?;
        postgres.create_database("rapport").await?;
        let infrastructure = Infrastructure {
            nats_url: nats.url(),
            namespace: "demo".to_owned(),
            database_url: postgres.url("rapport"),
        };
        screen::line("  NATS and PostgreSQL, private, with their data in a temporary folder");
        let sandbox = Sandbox::start(&["--seed", &seed.to_string()]).await?;
        let seeded = fill(&sandbox, people, seed).await?;
        screen::line(
            "  the sandbox with its unkind defaults: lag, short pages, short-lived tokens",
        );
        let timing = Timing::default();
        let logs = folder.path.join("logs");
        let system = System::start(sandbox, &infrastructure, timing, &logs).await?;
        screen::line("  control, reconciler, two connectors and two writers, each its own process");
        Ok(Self {
            system,
            timing,
            seeded,
            patience: Duration::from_mins(3) + Duration::from_millis(500) * people,
            infrastructure,
            nats,
            postgres,
            folder,
        })
    }

    /// Signs in to both accounts.
    pub(super) async fn connect(&self) -> anyhow::Result<()> {
        screen::line("$ rapport connect zoho --name acme-zoho --secret-file …");
        screen::line("$ rapport connect google --name ana-google --secret-file …");
        self.system.connect().await
    }

    /// Applies the repository's YAML.
    pub(super) async fn apply(&self) -> anyhow::Result<()> {
        for yaml in YAML {
            screen::line(format!("$ rapport apply -f {yaml}"));
            let path = root().join(yaml);
            let said = self
                .system
                .rapport(&["apply", "-f", &path.to_string_lossy()])
                .await?;
            screen::line(said.trim_end());
        }
        Ok(())
    }

    /// Both accounts, for the comparison.
    pub(super) fn accounts(&self) -> anyhow::Result<agreement::Accounts> {
        let credentials = &self.system.sandbox.credentials;
        let both = json!({ "zoho": credentials.zoho, "google": credentials.google });
        serde_json::from_value(both).context("the sandbox's credentials have another form")
    }

    /// Leaves the folder behind when everything has stopped, and says where it is.
    pub(super) fn keep_folder(&mut self) {
        if !std::mem::replace(&mut self.folder.kept, true) {
            screen::complain(&format!("logs are in {}", self.system.folder.display()));
        }
    }

    /// Says where everything is, and stays until a service ends; the caller ends it earlier.
    pub(super) async fn stay(&mut self) -> anyhow::Result<()> {
        screen::heading("Everything stays up until Ctrl-C");
        let control = self.system.control_url();
        let sandbox = &self.system.sandbox.credentials;
        for text in [
            format!("control    export RAPPORT_CONTROL_URL={control}"),
            format!(
                "           target/debug/rapport status {} --watch",
                SYNCS[0]
            ),
            format!("           target/debug/rapport history {}", SYNCS[1]),
            format!(
                "sandbox    {}/control/credentials (tests/sandbox/README.md)",
                sandbox.control_url
            ),
            format!(
                "NATS       {} (namespace {})",
                self.infrastructure.nats_url, self.infrastructure.namespace
            ),
            format!("PostgreSQL {}", self.infrastructure.database_url),
            format!("logs       {}", self.system.folder.display()),
        ] {
            screen::line(format!("  {text}"));
        }
        loop {
            self.system.check()?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Stops everything, services first.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
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
