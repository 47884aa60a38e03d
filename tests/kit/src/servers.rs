//! The servers that tests share.

use std::path::{Path, PathBuf};

use local::{Durability, LocalError};
use tokio::sync::OnceCell;

/// Where the shared NATS server is.
pub const NATS_VARIABLE: &str = "RAPPORT_TEST_NATS";
/// Where the shared PostgreSQL server is.
pub const POSTGRES_VARIABLE: &str = "RAPPORT_TEST_POSTGRES";

const FOLDER: &str = "rapport-tests-";

static SHARED: OnceCell<Servers> = OnceCell::const_new();

/// Where the servers are.
#[derive(Debug, Clone)]
pub struct Servers {
    /// URL of NATS.
    pub nats: String,
    /// URL of a database of PostgreSQL from which others can be created.
    pub postgres: String,
}

impl Servers {
    /// The servers that the environment names, or else ones that live as long as this process.
    pub async fn shared() -> &'static Self {
        SHARED
            .get_or_init(|| async {
                match Self::from_environment() {
                    Some(servers) => servers,
                    None => Self::for_this_process().await,
                }
            })
            .await
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the settings of the tests themselves"
    )]
    fn from_environment() -> Option<Self> {
        Some(Self {
            nats: std::env::var(NATS_VARIABLE).ok()?,
            postgres: std::env::var(POSTGRES_VARIABLE).ok()?,
        })
    }

    /// Starts both in a folder named after this process, which a later run removes.
    async fn for_this_process() -> Self {
        remove_what_others_left();
        let folder = std::env::temp_dir().join(format!("{FOLDER}{}", std::process::id()));
        let (started, servers) = tokio::sync::oneshot::channel();
        // The servers end with the thread that started them, so it stays.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let running = Running::start(&folder)
                    .await
                    .expect("NATS and PostgreSQL can be started");
                let _waiting = started.send(running.servers());
                std::future::pending::<()>().await;
            });
        });
        servers.await.expect("NATS and PostgreSQL can be started")
    }
}

/// NATS and PostgreSQL, running.
#[derive(Debug)]
pub struct Running {
    nats: local::Nats,
    postgres: local::Postgres,
}

impl Running {
    /// Starts both with their data in this folder.
    pub async fn start(folder: &Path) -> Result<Self, LocalError> {
        let nats = local::Nats::start(&folder.join("nats"), Durability::Fast).await?;
        let postgres = local::Postgres::start(&folder.join("postgres"), Durability::Fast).await?;
        Ok(Self { nats, postgres })
    }

    /// Where they are.
    pub fn servers(&self) -> Servers {
        Servers {
            nats: self.nats.url(),
            postgres: self.postgres.url("postgres"),
        }
    }

    /// Stops both.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        self.nats.stop().await?;
        self.postgres.kill().await
    }
}

/// Removes the folders of test processes that are gone.
fn remove_what_others_left() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if is_left_over(&path) {
            let _another_process_may_be_faster = std::fs::remove_dir_all(path);
        }
    }
}

fn is_left_over(path: &Path) -> bool {
    let process = path
        .file_name()
        .and_then(|name| name.to_str()?.strip_prefix(FOLDER)?.parse::<u32>().ok());
    process.is_some_and(|id| !PathBuf::from(format!("/proc/{id}")).exists())
}
