//! A running control with everything around it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bus::{Bus, BusSettings, Watch};
use control::{ConnectorAddress, SCHEMA, Settings};
use kit::{CancellationToken, DatabaseSettings, Process};
use proto::control::{
    AccessTokenRequest, AccessTokenResponse, ApplyRequest, ApplyResponse, BeginConnectionRequest,
    BeginConnectionResponse, Connection, FinishConnectionRequest, FinishConnectionResponse,
    ListConnectionsRequest, ListSyncsRequest, SyncDefinition, SyncSummary, SyncsRequest,
    control_client::ControlClient, definitions_client::DefinitionsClient,
};
use test_kit::{Database, Nats};
use tonic::{Request, Status, transport::Channel};

use crate::doubles::{
    connector::{self, Provider},
    reconciler::{self, Reconciler},
};

pub(crate) const WAIT: Duration = Duration::from_secs(20);

/// A key ring of one key.
pub(crate) const KEYS: &str = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/// The same key behind a newer one.
pub(crate) const ROTATED_KEYS: &str = "k2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA= k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A sync of the two accounts that [`Stage::connected`] signs in to.
pub(crate) const FILE: &str = "\
kind: Sync
name: ana-clients
recipe: zoho-google-contacts
left: { connection: acme-zoho, collection: { list_view: Key accounts } }
right: { connection: ana-google, collection: { group: Clients } }
";

/// Control, its database, bus and doubles; everything ends with it.
pub(crate) struct Stage {
    pub zoho: Arc<Provider>,
    pub google: Arc<Provider>,
    pub reconciler: Arc<Reconciler>,
    pub control: ControlClient<Channel>,
    pub definitions: DefinitionsClient<Channel>,
    pub database: Database,
    settings: Settings,
    process: Process,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts with settings changed by the test.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        test_kit::log();
        test_kit::install_tls();
        let database = Database::create(None).await;
        let nats = Nats::create().await;
        let views = [
            ("101", "Key accounts", "list_view"),
            ("102", "All", "list_view"),
        ];
        let paths = [
            ("name.given", true),
            ("name.family", true),
            ("emails[work]", true),
            ("phones", true),
            ("custom[Twitter_Handle]", true),
            ("custom[Score]", false),
        ];
        let (zoho, zoho_url) = connector::start("zoho", &views, &paths).await;
        let groups = [
            ("contactGroups/7", "Clients", "group"),
            ("contactGroups/8", "Friends", "group"),
        ];
        let paths = [
            ("name.given", true),
            ("name.family", true),
            ("emails", true),
            ("phones", true),
            ("custom", true),
        ];
        let (google, google_url) = connector::start("google", &groups, &paths).await;
        let (reconciler, reconciler_url) = reconciler::start().await;
        let address = |provider: &str, url| ConnectorAddress {
            provider: provider.to_owned(),
            url,
        };
        let (database_settings, bus) = (
            DatabaseSettings::new(&database.url),
            BusSettings::for_test(&nats.url, &nats.namespace),
        );
        let mut settings = Settings {
            connectors: vec![address("zoho", zoho_url), address("google", google_url)],
            reconciler_url,
            keys: Some(KEYS.into()),
            ..Settings::new(database_settings, bus)
        };
        change(&mut settings);
        SCHEMA.migrate(&settings.database).await.unwrap();
        let (process, control, definitions) = serve(&settings).await;
        Self {
            zoho,
            google,
            reconciler,
            control,
            definitions,
            database,
            settings,
            process,
        }
    }

    /// Where control answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.process.address("grpc").unwrap())
    }

    /// With both accounts of [`FILE`] connected.
    pub(crate) async fn connected() -> Self {
        let stage = Self::start().await;
        stage.connect("zoho", "acme-zoho", "acme").await;
        stage.connect("google", "ana-google", "ana").await;
        stage
    }

    /// Stops control and starts another one on the same database.
    pub(crate) async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        self.process.shutdown.cancel();
        self.process.tasks.finish(WAIT).await.unwrap();
        change(&mut self.settings);
        (self.process, self.control, self.definitions) = serve(&self.settings).await;
    }

    /// Another bus in the same namespace, which hears what control announces.
    pub(crate) async fn watch_changed(&self) -> Watch {
        let bus = Bus::connect(self.settings.bus.clone(), "test")
            .await
            .unwrap();
        bus.watch_changed().await.unwrap()
    }

    pub(crate) async fn begin(
        &self,
        provider: &str,
        name: &str,
    ) -> Result<BeginConnectionResponse, Status> {
        let request = BeginConnectionRequest {
            provider: provider.to_owned(),
            name: name.to_owned(),
            redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
            ..BeginConnectionRequest::default()
        };
        Ok(self
            .control
            .clone()
            .begin_connection(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn finish(
        &self,
        state: &str,
        parameters: &[(&str, &str)],
    ) -> Result<FinishConnectionResponse, Status> {
        let request = FinishConnectionRequest {
            state: state.to_owned(),
            parameters: parameters_of(parameters),
            ..FinishConnectionRequest::default()
        };
        Ok(self
            .control
            .clone()
            .finish_connection(request)
            .await?
            .into_inner())
    }

    /// Signs in as somebody with this account.
    pub(crate) async fn sign_in(
        &self,
        provider: &str,
        name: &str,
        account: &str,
    ) -> Result<FinishConnectionResponse, Status> {
        let begun = self.begin(provider, name).await?;
        let at = if provider == "zoho" {
            &self.zoho
        } else {
            &self.google
        };
        let code = at.consent(&begun.url, account);
        self.finish(&begun.state, &[("code", &code), ("state", &begun.state)])
            .await
    }

    /// Signs in, which works, and gives the connection's id.
    pub(crate) async fn connect(&self, provider: &str, name: &str, account: &str) -> String {
        self.sign_in(provider, name, account)
            .await
            .unwrap()
            .connection
    }

    pub(crate) async fn connections(&self) -> Vec<Connection> {
        let request = ListConnectionsRequest::default();
        self.control
            .clone()
            .list_connections(request)
            .await
            .unwrap()
            .into_inner()
            .connections
    }

    pub(crate) async fn token(
        &self,
        connection: &str,
        refused: &str,
    ) -> Result<AccessTokenResponse, Status> {
        let request = AccessTokenRequest {
            tenant: "default".to_owned(),
            connection: connection.to_owned(),
            refused_token: refused.to_owned(),
        };
        Ok(self
            .definitions
            .clone()
            .access_token(request)
            .await?
            .into_inner())
    }

    pub(crate) async fn try_apply(
        &self,
        yaml: &str,
        dry_run: bool,
    ) -> Result<ApplyResponse, Status> {
        let request = ApplyRequest {
            tenant: String::new(),
            yaml: yaml.to_owned(),
            dry_run,
        };
        Ok(self.control.clone().apply(request).await?.into_inner())
    }

    /// Applies a file of one sync: its id, what became of it, and the differences.
    pub(crate) async fn apply(&self, yaml: &str) -> (String, String, Vec<String>) {
        let one = self.try_apply(yaml, false).await.unwrap().syncs.remove(0);
        (one.sync, one.result, one.differences)
    }

    pub(crate) async fn syncs(&self) -> Vec<SyncSummary> {
        let request = ListSyncsRequest::default();
        self.control
            .clone()
            .list_syncs(request)
            .await
            .unwrap()
            .into_inner()
            .syncs
    }

    /// What the services of a provider read; of all for an empty name.
    pub(crate) async fn definitions_of(&self, provider: &str) -> Vec<SyncDefinition> {
        let request = SyncsRequest {
            provider: provider.to_owned(),
            sync: String::new(),
        };
        self.definitions
            .clone()
            .syncs(request)
            .await
            .unwrap()
            .into_inner()
            .syncs
    }

    /// The one definition that there is.
    pub(crate) async fn definition(&self) -> SyncDefinition {
        let mut definitions = self.definitions_of("").await;
        assert_eq!(definitions.len(), 1);
        definitions.remove(0)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.process.shutdown.cancel();
    }
}

async fn serve(
    settings: &Settings,
) -> (Process, ControlClient<Channel>, DefinitionsClient<Channel>) {
    let process = Process::new("control", CancellationToken::new());
    control::serve(settings.clone(), process.clone())
        .await
        .unwrap();
    let address = process.address("grpc").unwrap();
    let channel = Channel::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy();
    (
        process,
        ControlClient::new(channel.clone()),
        DefinitionsClient::new(channel),
    )
}

pub(crate) fn parameters_of(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

/// A request that presents a token.
pub(crate) fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
