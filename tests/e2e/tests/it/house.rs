//! A system of a test's own.

use std::time::Duration;

use e2e::{Infrastructure, Sandbox, System, Timing};
use test_kit::{Backup, Database, Folder, Nats};

pub const SYNC: &str = "ana-clients";

pub struct House {
    pub system: System,
    pub timing: Timing,
    database: Option<Database>,
    _nats: Nats,
    folder: Option<Folder>,
}

impl Drop for House {
    /// A failed test leaves its logs and its database behind, to be looked at.
    #[allow(clippy::print_stderr, reason = "what a failed test says")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let folder = self.folder.take();
        let database = self.database.take();
        if let (Some(folder), Some(database)) = (&folder, &database) {
            eprintln!(
                "logs are in {}, the database is {}",
                folder.path().display(),
                database.url
            );
        }
        std::mem::forget((folder, database));
    }
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

    /// As [`House::new`], with a sandbox that shows every write at once: for what does not depend on lag.
    pub async fn kind(people: u32) -> Self {
        let timing = Timing {
            horizon_seconds: 1,
            ..Timing::default()
        };
        Self::timed(people, &["--kind"], timing).await
    }

    pub async fn with(people: u32, sandbox: &[&str]) -> Self {
        Self::timed(people, sandbox, Timing::default()).await
    }

    pub async fn timed(people: u32, sandbox: &[&str], timing: Timing) -> Self {
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
        } else {
            // A scenario makes the group; without one somebody has to.
            let group = serde_json::json!({ "name": "Clients" });
            sandbox.post("google/groups", &group).await.unwrap();
            let past_the_lag = serde_json::json!({ "seconds": 5 });
            sandbox.post("clock/advance", &past_the_lag).await.unwrap();
        }
        let infrastructure = Infrastructure {
            nats_url: nats.url.clone(),
            namespace: nats.namespace.clone(),
            database_url: database.url.clone(),
        };
        let system = System::start(sandbox, &infrastructure, timing, folder.path())
            .await
            .unwrap();
        system.connect().await.unwrap();
        Self {
            system,
            timing,
            database: Some(database),
            _nats: nats,
            folder: Some(folder),
        }
    }

    /// Has the database go wrong in a way that no service would do; answers how many rows it concerned.
    pub async fn tamper(&self, statement: &'static str) -> u64 {
        let database = self.database.as_ref().unwrap();
        let done = sqlx::query(statement).execute(&database.pool).await;
        done.unwrap().rows_affected()
    }

    /// In how many tables of the services a text is found, as text or as bytes.
    pub async fn tables_with(&self, text: &str) -> i64 {
        let database = self.database.as_ref().unwrap();
        let count = sqlx::query_scalar(
            "select count(*) from pg_tables, query_to_xml(
                 format('select from %I.%I as entry where strpos(entry::text, %L) > 0
                         or strpos(entry::text, encode(convert_to(%L, ''UTF8''), ''hex'')) > 0 limit 1',
                        schemaname, tablename, $1, $1), false, false, '') as found
             where schemaname not in ('pg_catalog', 'information_schema')
                 and xpath_exists('//row', found)",
        );
        count.bind(text).fetch_one(&database.pool).await.unwrap()
    }

    /// Copies the database as it is now.
    pub async fn back_up(&self) -> Backup {
        self.database.as_ref().unwrap().back_up().await
    }

    /// Puts a backup in the place of the database, under everybody's feet.
    pub async fn restore(&self, backup: &Backup) {
        self.database.as_ref().unwrap().restore(backup).await;
    }

    pub async fn quiet(&mut self) -> proto::reconcile::StatusResponse {
        self.quiet_of(SYNC).await
    }

    /// As [`House::quiet`], of a sync of another name.
    pub async fn quiet_of(&mut self, name: &str) -> proto::reconcile::StatusResponse {
        self.system
            .quiet(name, Duration::from_mins(2), self.timing)
            .await
            .unwrap()
    }
}
