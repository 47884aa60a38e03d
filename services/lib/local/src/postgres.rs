//! A private PostgreSQL server.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    Durability, LocalError,
    child::{self, Credentials},
    tools,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// The only role.
const USER: &str = "rapport";

/// What makes a server faster and forgetful.
const FAST: [&str; 3] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// A running, or stopped, PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
    password: String,
    durability: Durability,
    credentials: Credentials,
    child: Option<Child>,
}

impl Postgres {
    /// Starts a server whose data is in this folder, made if it is new, and waits until it answers.
    ///
    /// PostgreSQL refuses to run as root; then it runs as the user `postgres`, who must be able to reach
    /// the folder.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, LocalError> {
        let bin = tools::postgres_bin()?;
        std::fs::create_dir_all(folder).map_err(LocalError::file(folder))?;
        let folder = folder.canonicalize().map_err(LocalError::file(folder))?;
        let credentials = credentials(&folder).await?;
        if let Some((user, group)) = credentials.user {
            chown(&folder, Some(user), Some(group)).map_err(LocalError::file(&folder))?;
        }
        let mut postgres = Self {
            port: child::free_port().await?,
            password: password(&folder, credentials)?,
            folder,
            bin,
            durability,
            credentials,
            child: None,
        };
        if !postgres.data().join("PG_VERSION").exists() {
            postgres.initialise().await?;
        }
        postgres.resume().await?;
        Ok(postgres)
    }

    /// Where clients connect to this database; the same after a restart.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// Creates a database unless it is there.
    pub async fn create_database(&self, name: &str) -> Result<(), LocalError> {
        let exists = format!(
            "SELECT 1 FROM pg_database WHERE datname = '{}'",
            name.replace('\'', "''")
        );
        if self.psql(&exists).await?.trim() == "1" {
            return Ok(());
        }
        let create = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        self.psql(&create).await.map(|_nothing| ())
    }

    /// The server's process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Starts the server again after [`Postgres::stop`] or [`Postgres::kill`].
    pub async fn resume(&mut self) -> Result<(), LocalError> {
        let log = self.folder.join("postgres.log");
        let mut command = child::command(&self.bin.join("postgres"), self.credentials, true);
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.folder);
        command.args([
            "-p",
            &self.port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
        ]);
        command.args(["-c", "max_connections=500"]);
        if self.durability == Durability::Fast {
            command.args(FAST.iter().flat_map(|setting| ["-c", setting]));
        }
        let mut server = child::start(&mut command, &log)?;
        child::wait_for_port("postgres", &mut server, self.port, &log, PATIENCE).await?;
        self.child = Some(server);
        self.wait_until_it_answers(&log).await
    }

    /// Stops the server in good order; connections are cut.
    pub async fn stop(&mut self) -> Result<(), LocalError> {
        match self.child.take() {
            Some(mut server) => child::stop(&mut server, "INT", PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Stops the server without a checkpoint, as a crash would; the next start recovers.
    pub async fn kill(&mut self) -> Result<(), LocalError> {
        match self.child.take() {
            Some(mut server) => child::stop(&mut server, "QUIT", PATIENCE).await,
            None => Ok(()),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    async fn initialise(&self) -> Result<(), LocalError> {
        let mut command = child::command(&self.bin.join("initdb"), self.credentials, false);
        command.arg("-D").arg(self.data()).args([
            "-U",
            USER,
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        // The password travels over the loopback address alone; clients need not hash it.
        command
            .args(["--auth", "password"])
            .arg("--pwfile")
            .arg(password_file(&self.folder));
        child::run(&mut command).await.map(|_output| ())
    }

    async fn wait_until_it_answers(&self, log: &Path) -> Result<(), LocalError> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.psql("SELECT 1").await {
            if Instant::now() >= deadline {
                return Err(LocalError::Silent {
                    program: "postgres",
                    waited: PATIENCE,
                    log: format!("{}\n{error}", child::end_of_file(log)),
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn psql(&self, sql: &str) -> Result<String, LocalError> {
        let mut command = Command::new(self.bin.join("psql"));
        command.args(["-XAtq", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
            .args(["-U", USER, "-d", "postgres", "-c", sql])
            .env("PGPASSWORD", &self.password);
        child::run(&mut command).await
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its own children end with it only when it is asked to stop; killing it leaves them for a while.
        if let Some(id) = self.child.as_ref().and_then(Child::id) {
            let asked = std::process::Command::new("kill")
                .args(["-QUIT", &id.to_string()])
                .status();
            if asked.is_ok_and(|status| status.success()) {
                wait_a_moment(self.child.as_mut());
            }
        }
    }
}

/// Gives a server that was asked to stop a second to do so.
fn wait_a_moment(child: Option<&mut Child>) {
    let Some(child) = child else { return };
    for _ in 0..100 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Root becomes `postgres`; anybody else stays who they are.
async fn credentials(folder: &Path) -> Result<Credentials, LocalError> {
    let owner = std::fs::metadata("/proc/self")
        .map_err(LocalError::file(folder))?
        .uid();
    if owner != 0 {
        return Ok(Credentials::default());
    }
    let number = |text: String| text.trim().parse::<u32>().unwrap_or(0);
    let user = number(child::run(Command::new("id").args(["-u", "postgres"])).await?);
    let group = number(child::run(Command::new("id").args(["-g", "postgres"])).await?);
    Ok(Credentials {
        user: Some((user, group)),
    })
}

fn password_file(folder: &Path) -> PathBuf {
    folder.join("password")
}

/// The password of this folder's server, made when the folder is new; nobody else can read it.
fn password(folder: &Path, credentials: Credentials) -> Result<String, LocalError> {
    let path = password_file(folder);
    if let Ok(known) = std::fs::read_to_string(&path) {
        return Ok(known.trim().to_owned());
    }
    let new = Uuid::new_v4().simple().to_string();
    let written = std::fs::write(&path, &new)
        .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)))
        .and_then(|()| match credentials.user {
            Some((user, group)) => chown(&path, Some(user), Some(group)),
            None => Ok(()),
        });
    written.map_err(LocalError::file(&path))?;
    Ok(new)
}
