//! A system of a test's own.

use std::time::Duration;

use e2e::{Infrastructure, Sandbox, System, Timing};
use test_kit::{Database, Folder, Nats};

pub const SYNC: &str = "ana-clients";

pub struct House {
    pub system: System,
    pub timing: Timing,
    _database: Database,
    _nats: Nats,
    _folder: Folder,
}

pub fn yaml(policies: &str) -> String {
    format!(
        "kind: Sync\nname: {SYNC}\nrecipe: zoho-google-contacts\n\
         left: {{ connection: acme-zoho, collection: {{ list_view: Key accounts }} }}\n\
         right: {{ connection: ana-google, collection: {{ group: Clients }} }}\n\
         policies:\n  frequency_seconds: 1\n{policies}"
    )
}

impl House {
    /// Everything up, seeded with so many people on each side, and signed in.
    pub async fn new(people: u32) -> Self {
        Self::with(people, &[]).await
    }

    pub async fn with(people: u32, sandbox: &[&str]) -> Self {
        let (database, nats) = (Database::create(None).await, Nats::create().await);
        let folder = Folder::new("rapport-e2e");
        let sandbox = Sandbox::start(sandbox).await.unwrap();
        if people > 0 {
            sandbox
                .post(
                    "seed",
                    &serde_json::json!({ "scenario": "two-address-books", "people": people }),
                )
                .await
                .unwrap();
        }
        let infrastructure = Infrastructure {
            nats_url: nats.url.clone(),
            namespace: nats.namespace.clone(),
            database_url: database.url.clone(),
        };
        let timing = Timing::default();
        let system = System::start(sandbox, &infrastructure, timing, folder.path())
            .await
            .unwrap();
        system.connect().await.unwrap();
        Self {
            system,
            timing,
            _database: database,
            _nats: nats,
            _folder: folder,
        }
    }

    pub async fn quiet(&mut self) -> proto::reconcile::StatusResponse {
        self.system
            .quiet(SYNC, Duration::from_secs(120), self.timing)
            .await
            .unwrap()
    }
}
