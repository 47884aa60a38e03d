//! How to reach NATS, and how large the streams may grow.

use std::path::PathBuf;

use async_nats::jetstream::stream::StorageType;
use clap::{Args, ValueEnum};

/// Settings of the bus; the same for every service of an installation.
#[derive(Debug, Clone, Args)]
pub struct BusSettings {
    /// NATS servers, separated by commas, for example `nats://127.0.0.1:4222`.
    #[arg(
        long,
        env = "RAPPORT_NATS_URL",
        value_name = "URL",
        default_value = "nats://127.0.0.1:4222"
    )]
    pub nats_url: String,
    /// A NATS credentials file, where the servers ask for one.
    #[arg(long, env = "RAPPORT_NATS_CREDENTIALS", value_name = "PATH")]
    pub nats_credentials: Option<PathBuf>,
    /// The first word of every subject, and the prefix of stream names unless it is `rapport`: several
    /// installations can share a server.
    #[arg(
        long,
        env = "RAPPORT_NATS_NAMESPACE",
        default_value = "rapport",
        value_name = "WORD"
    )]
    pub nats_namespace: String,
    /// Into how many partitions the work queues are divided. Messages in partitions that a smaller
    /// number leaves out stay unread until the number is raised again.
    #[arg(long, env = "RAPPORT_NATS_PARTITIONS", default_value_t = 8, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=256))]
    pub nats_partitions: u32,
    /// Where the streams are kept.
    #[arg(long, env = "RAPPORT_NATS_STORAGE", value_enum, default_value_t = Storage::File)]
    pub nats_storage: Storage,
    /// Copies of each stream in a cluster of NATS servers.
    #[arg(
        long,
        env = "RAPPORT_NATS_REPLICAS",
        default_value_t = 1,
        value_name = "NUMBER"
    )]
    pub nats_replicas: usize,
    /// Mebibytes that each stream may hold; a full work queue refuses to take in more.
    #[arg(
        long,
        env = "RAPPORT_NATS_STREAM_MEBIBYTES",
        default_value_t = 512,
        value_name = "NUMBER"
    )]
    pub nats_stream_mebibytes: u32,
}

impl BusSettings {
    /// Settings for these servers with every default.
    pub fn new(nats_url: &str) -> Self {
        Self {
            nats_url: nats_url.to_owned(),
            nats_credentials: None,
            nats_namespace: "rapport".to_owned(),
            nats_partitions: 8,
            nats_storage: Storage::File,
            nats_replicas: 1,
            nats_stream_mebibytes: 512,
        }
    }

    /// Settings for a bus of a test's own: few partitions, small streams.
    #[must_use]
    pub fn for_test(nats_url: &str, namespace: &str) -> Self {
        Self {
            nats_namespace: namespace.to_owned(),
            nats_partitions: 2,
            nats_stream_mebibytes: 16,
            ..Self::new(nats_url)
        }
    }
}

/// Where JetStream keeps a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    /// On disk: survives a restart of the server.
    File,
    /// In memory: lost with the server, which costs time and nothing else.
    Memory,
}

impl From<Storage> for StorageType {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::File => Self::File,
            Storage::Memory => Self::Memory,
        }
    }
}
