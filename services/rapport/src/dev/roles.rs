//! The roles of `rapport dev`. This is the only list of providers in code.

use std::{net::SocketAddr, sync::Arc};

use driver::{ConnectorSettings, FeedSettings, PeerSettings, PushSettings, WriterSettings};
use kit::{ControlSettings, GrpcSettings, Process, Schema};
use provider::Provider;

use super::{House, free_address, key};

/// A provider's own settings, as its services read them, of which only those in the environment are given here.
fn from_environment<S: clap::Args>() -> Result<S, clap::Error> {
    let command = S::augment_args(clap::Command::new("rapport dev"));
    let matches = command.try_get_matches_from(["rapport dev"])?;
    S::from_arg_matches(&matches)
}

/// A provider with the schema of its connector.
struct Supplied {
    provider: Arc<dyn Provider>,
    schema: &'static Schema,
    connector: &'static str,
    writer: &'static str,
    address: SocketAddr,
}

impl House {
    /// Brings every schema up to date and starts every role.
    pub(super) async fn start(&self, processes: &mut Vec<Process>) -> anyhow::Result<()> {
        let supplied = self.supplied().await?;
        let schemas = supplied.iter().map(|supplied| supplied.schema);
        for schema in [&control::SCHEMA, &reconciler::SCHEMA]
            .into_iter()
            .chain(schemas)
        {
            schema.migrate(&self.database).await?;
        }
        let reconciler = free_address().await?;
        let peers = PeerSettings {
            control: ControlSettings {
                control_url: format!("http://127.0.0.1:{}", self.args.port),
                // Others on this machine reach control too; only these roles get access tokens.
                service_token: Some(format!("{:032x}", rand::random::<u128>()).into()),
            },
            reconciler_url: format!("http://{reconciler}"),
        };
        self.start_control(&supplied, &peers, self.process("control", processes))
            .await?;
        self.start_reconciler(reconciler, &peers, self.process("reconciler", processes))
            .await?;
        for supplied in supplied {
            let connector = self.process(supplied.connector, processes);
            let writer = self.process(supplied.writer, processes);
            self.start_provider(supplied, &peers, connector, writer)
                .await?;
        }
        Ok(())
    }

    async fn supplied(&self) -> anyhow::Result<[Supplied; 2]> {
        let google = Supplied {
            provider: Arc::new(google::Google::new(from_environment()?)),
            schema: &google::SCHEMA,
            connector: "google-connector",
            writer: "google-writer",
            address: free_address().await?,
        };
        let zoho = Supplied {
            provider: Arc::new(zoho::Zoho::new(from_environment()?)),
            schema: &zoho::SCHEMA,
            connector: "zoho-connector",
            writer: "zoho-writer",
            address: free_address().await?,
        };
        Ok([google, zoho])
    }

    async fn start_control(
        &self,
        supplied: &[Supplied],
        peers: &PeerSettings,
        process: Process,
    ) -> anyhow::Result<()> {
        let address = |supplied: &Supplied| control::ConnectorAddress {
            provider: supplied.provider.about().provider.to_owned(),
            url: format!("http://{}", supplied.address),
        };
        let settings = control::Settings {
            grpc: GrpcSettings {
                grpc_listen: SocketAddr::from(([127, 0, 0, 1], self.args.port)),
            },
            connectors: supplied.iter().map(address).collect(),
            reconciler_url: peers.reconciler_url.clone(),
            keys_file: Some(key::file(&self.args.data)?),
            service_token: peers.control.service_token.clone(),
            allow_any_frequency: self.args.allow_any_frequency,
            ..control::Settings::new(self.database.clone(), self.bus.clone())
        };
        control::serve(settings, process).await
    }

    async fn start_reconciler(
        &self,
        address: SocketAddr,
        peers: &PeerSettings,
        process: Process,
    ) -> anyhow::Result<()> {
        let settings = reconciler::Settings {
            database: self.database.clone(),
            bus: self.bus.clone(),
            grpc: GrpcSettings {
                grpc_listen: address,
            },
            control: peers.control.clone(),
            window: 800,
            sweep_seconds: reconciler::DEFAULT_SWEEP_SECONDS,
        };
        reconciler::start(settings, process).await
    }

    async fn start_provider(
        &self,
        supplied: Supplied,
        peers: &PeerSettings,
        connector: Process,
        writer: Process,
    ) -> anyhow::Result<()> {
        let http = driver::http_client(&*supplied.provider)?;
        let settings = ConnectorSettings {
            database: self.database.clone(),
            bus: self.bus.clone(),
            grpc: GrpcSettings {
                grpc_listen: supplied.address,
            },
            peers: peers.clone(),
            push: self.push().await?,
            feeds: FeedSettings::default(),
        };
        let (provider, schema) = (Arc::clone(&supplied.provider), supplied.schema);
        driver::connector::serve(provider, Arc::clone(&http), schema, settings, connector).await?;
        let settings = WriterSettings::new(self.bus.clone(), peers.clone());
        driver::writer::serve(supplied.provider, http, settings, writer).await
    }

    async fn push(&self) -> anyhow::Result<PushSettings> {
        if !self.args.local_push {
            return Ok(PushSettings::default());
        }
        let address = free_address().await?;
        Ok(PushSettings {
            push_url: Some(format!("http://{address}").parse()?),
            push_listen: address,
            ..PushSettings::default()
        })
    }
}
