//! A private NATS server with JetStream.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Child;

use crate::{
    Durability, LocalError,
    child::{self, Credentials},
    tools,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running, or stopped, NATS server.
#[derive(Debug)]
pub struct Nats {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Nats {
    /// Starts a server whose data is in this folder, and waits until it takes connections.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, LocalError> {
        std::fs::create_dir_all(folder).map_err(LocalError::file(folder))?;
        let port = child::free_port().await?;
        let mut nats = Self {
            folder: folder.to_owned(),
            port,
            child: None,
        };
        nats.write_configuration(durability)?;
        nats.resume().await?;
        Ok(nats)
    }

    /// Where clients connect; the same after a restart.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The server's process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Starts the server again after [`Nats::stop`] or [`Nats::kill`].
    pub async fn resume(&mut self) -> Result<(), LocalError> {
        let log = self.folder.join("nats.log");
        let mut command = child::command(&tools::nats_server()?, Credentials::default(), true);
        command.arg("--config").arg(self.configuration());
        let mut server = child::start(&mut command, &log)?;
        child::wait_for_port("nats-server", &mut server, self.port, &log, PATIENCE).await?;
        self.child = Some(server);
        Ok(())
    }

    /// Stops the server in good order.
    pub async fn stop(&mut self) -> Result<(), LocalError> {
        match self.child.take() {
            Some(mut server) => child::stop(&mut server, "TERM", PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Stops the server as a crash would.
    pub async fn kill(&mut self) -> Result<(), LocalError> {
        match self.child.take() {
            Some(mut server) => child::kill(&mut server).await,
            None => Ok(()),
        }
    }

    /// Kills the server, deletes everything that it stored, and starts it again: a lost disk.
    pub async fn lose_store(&mut self) -> Result<(), LocalError> {
        self.kill().await?;
        let store = self.store();
        std::fs::remove_dir_all(&store).map_err(LocalError::file(&store))?;
        self.resume().await
    }

    /// Where JetStream keeps its data.
    pub fn store(&self) -> PathBuf {
        self.folder.join("jetstream")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("nats.conf")
    }

    fn write_configuration(&self, durability: Durability) -> Result<(), LocalError> {
        let sync = match durability {
            Durability::Durable => "    sync_interval: always\n",
            Durability::Fast => "",
        };
        // The limits are far above what anybody stores: streams have their own, and the server adds these up.
        let text = format!(
            "listen: \"127.0.0.1:{port}\"\nserver_name: \"rapport-local\"\njetstream {{\n    store_dir: \"{store}\"\n    max_memory_store: 64GB\n    max_file_store: 10TB\n{sync}}}\n",
            port = self.port,
            store = self.store().display(),
        );
        let path = self.configuration();
        std::fs::write(&path, text).map_err(LocalError::file(&path))
    }
}
