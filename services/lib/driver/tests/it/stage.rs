//! Everything that a connector and a writer need around them, and ways to start, stop and kill them.

use std::{sync::Arc, time::Duration};

use bus::{Bus, BusSettings};
use driver::{ConnectorSettings, FeedSettings, PeerSettings, PushSettings, WriterSettings};
use kit::{CancellationToken, ControlSettings, DatabaseSettings, GrpcSettings, Process, Schema};
use proto::control::{MatchCriterion, Pairing, Policies, SideDefinition, SyncDefinition};
use provider::Provider;
use test_kit::{Database, Nats};
use tokio::runtime::Runtime;
use url::Url;

use crate::{
    memory::Memory,
    peers::{self, Control, Reconciler},
};

pub(crate) static SCHEMA: Schema = driver::schema("driver_memory");

pub(crate) const TENANT: &str = "acme";

/// Long enough for anything that is bound to happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) control: Control,
    pub(crate) reconciler: Reconciler,
    pub(crate) memory: Arc<Memory>,
    pub(crate) bus: Bus,
    pub(crate) feeds: FeedSettings,
    pub(crate) push: PushSettings,
    pub(crate) database: Database,
    nats: BusSettings,
    peers: PeerSettings,
}

/// A connector or a writer, on a runtime of its own.
pub(crate) struct Role {
    runtime: Option<Runtime>,
    pub(crate) process: Process,
}

impl Stage {
    /// A stage with a provider that only answers.
    pub(crate) async fn new() -> Self {
        Self::with(Memory::new(false)).await
    }

    /// A stage with a provider that pushes, to an address that is free now.
    pub(crate) async fn with_pushes() -> Self {
        let mut stage = Self::with(Memory::new(true)).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = listener.local_addr().unwrap();
        stage.push = PushSettings {
            push_url: Some(Url::parse(&format!("http://{listen}")).unwrap()),
            push_listen: listen,
            push_overlap_seconds: Duration::from_millis(300),
            push_check_seconds: Duration::from_millis(50),
        };
        stage
    }

    async fn with(memory: Memory) -> Self {
        test_kit::log();
        provider::install_tls();
        let database = Database::create(None).await;
        SCHEMA
            .migrate(&DatabaseSettings::new(&database.url))
            .await
            .unwrap();
        let nats = Nats::create().await;
        let nats = BusSettings::for_test(&nats.url, &nats.namespace);
        let bus = Bus::connect(nats.clone(), "test").await.unwrap();
        let (control, reconciler) = (Control::default(), Reconciler::default());
        let (control_url, reconciler_url) = peers::serve(&control, &reconciler).await;
        let (consumer, taken) = (reconciler.clone(), bus.clone());
        tokio::spawn(async move { consumer.consume(taken).await });
        Self {
            control,
            reconciler,
            memory: Arc::new(memory),
            bus,
            feeds: FeedSettings {
                lease_seconds: Duration::from_secs(2),
                stalled_seconds: Duration::from_secs(1),
                look_again_seconds: Vec::new(),
                due_check_seconds: Duration::from_millis(50),
                ..FeedSettings::default()
            },
            push: PushSettings::default(),
            database,
            nats,
            peers: PeerSettings {
                control: ControlSettings {
                    control_url,
                    service_token: Some(peers::SERVICE_TOKEN.into()),
                },
                reconciler_url,
            },
        }
    }

    /// Defines a sync whose left side is the provider's, polled once an hour.
    pub(crate) fn define(&self, sync: &str, connection: &str) {
        self.control
            .state()
            .syncs
            .push(definition(sync, connection));
    }

    /// Changes a definition.
    pub(crate) fn redefine(&self, sync: &str, change: impl FnOnce(&mut SyncDefinition)) {
        let mut control = self.control.state();
        change(
            control
                .syncs
                .iter_mut()
                .find(|definition| definition.sync == sync)
                .unwrap(),
        );
    }

    /// Says on the bus that a sync changed.
    pub(crate) async fn announce(&self, sync: &str) {
        self.bus.announce_changed(TENANT, sync).await.unwrap();
    }

    /// Starts a connector.
    pub(crate) async fn connector(&self) -> Role {
        let settings = ConnectorSettings {
            database: DatabaseSettings::new(&self.database.url),
            bus: self.nats.clone(),
            grpc: GrpcSettings::default(),
            peers: self.peers.clone(),
            push: self.push.clone(),
            feeds: self.feeds.clone(),
        };
        let provider: Arc<dyn Provider> = self.memory.clone();
        let http = driver::http_client(&*provider).unwrap();
        Role::start("memory-connector", move |process| {
            driver::connector::serve(provider, http, &SCHEMA, settings, process)
        })
        .await
    }

    /// Starts a writer.
    pub(crate) async fn writer(&self) -> Role {
        let settings = WriterSettings::new(self.nats.clone(), self.peers.clone());
        let provider: Arc<dyn Provider> = self.memory.clone();
        let http = driver::http_client(&*provider).unwrap();
        Role::start("memory-writer", move |process| {
            driver::writer::serve(provider, http, settings, process)
        })
        .await
    }
}

impl Role {
    async fn start<F>(name: &'static str, serve: impl FnOnce(Process) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let process = Process::new(name, CancellationToken::new());
        runtime
            .spawn(serve(process.clone()))
            .await
            .unwrap()
            .unwrap();
        Self {
            runtime: Some(runtime),
            process,
        }
    }

    /// Drops everything where it stands, like a process that is killed.
    pub(crate) fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }

    /// Stops as a process does that is asked to.
    pub(crate) async fn stop(self) {
        self.process.shutdown.cancel();
        self.process.tasks.finish(SOON).await.unwrap();
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn definition(sync: &str, connection: &str) -> SyncDefinition {
    let side = |provider: &str, connection: &str| SideDefinition {
        connection: connection.into(),
        provider: provider.into(),
        account_id: format!("account-{connection}"),
        collection: "1".into(),
        collection_form: "group".into(),
        ..SideDefinition::default()
    };
    SyncDefinition {
        tenant: TENANT.into(),
        sync: sync.into(),
        name: sync.into(),
        kind: "contact".into(),
        generation: 1,
        state: "active".into(),
        left: Some(side("memory", connection)),
        right: Some(side("other", "elsewhere")),
        policies: Some(Policies {
            frequency_seconds: 3600,
            ..Policies::default()
        }),
        mapping: vec![Pairing {
            left: "emails[work]".into(),
            right: "emails[work]".into(),
            direction: "both".into(),
            ..Pairing::default()
        }],
        r#match: vec![MatchCriterion {
            left: "emails".into(),
            right: "emails".into(),
        }],
        hash_key: vec![7; 32],
    }
}
