//! Settings of the service.

use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::SecretString;

use crate::{connectors::ConnectorAddress, keys::KeyRing};

const DEFAULT_RECONCILER_URL: &str = "http://127.0.0.1:7001";
const DEFAULT_RIGHTS_SECONDS: u32 = 300;

/// Settings of control, as flags and environment variables.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Where gRPC is answered.
    #[command(flatten)]
    pub grpc: kit::GrpcSettings,
    /// The database.
    #[command(flatten)]
    pub database: kit::DatabaseSettings,
    /// The bus, over which changes are announced.
    #[command(flatten)]
    pub bus: bus::BusSettings,
    /// Where the connector of each provider answers, as PROVIDER=URL; may be given several times.
    #[arg(
        long = "connector",
        env = "RAPPORT_CONNECTORS",
        value_name = "PROVIDER=URL",
        value_delimiter = ','
    )]
    pub connectors: Vec<ConnectorAddress>,
    /// Where the reconciler answers gRPC.
    #[arg(
        long,
        env = "RAPPORT_RECONCILER_URL",
        value_name = "URL",
        default_value = DEFAULT_RECONCILER_URL
    )]
    pub reconciler_url: String,
    /// Key-encryption keys as `id:base64`, the one in use first, the others so that they still open.
    #[arg(
        long,
        env = "RAPPORT_CONTROL_KEYS",
        hide_env_values = true,
        value_name = "KEYS"
    )]
    pub keys: Option<SecretString>,
    /// A file with the key-encryption keys, a line each, in place of the setting.
    #[arg(
        long,
        env = "RAPPORT_CONTROL_KEYS_FILE",
        value_name = "PATH",
        conflicts_with = "keys"
    )]
    pub keys_file: Option<PathBuf>,
    /// The tenants' tokens as `tenant:token`, separated by commas. Without any, whoever reaches the service acts
    /// for the tenant `default`.
    #[arg(
        long,
        env = "RAPPORT_TENANT_TOKENS",
        hide_env_values = true,
        value_name = "TOKENS"
    )]
    pub tenant_tokens: Option<SecretString>,
    /// The token that the other services present. Without one, whoever reaches the service gets access tokens.
    #[arg(
        long,
        env = "RAPPORT_SERVICE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub service_token: Option<SecretString>,
    /// The token of those who administer the installation. Without one, and without tenants' tokens, whoever reaches the
    /// service is one of them.
    #[arg(
        long,
        env = "RAPPORT_ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub admin_token: Option<SecretString>,
    /// Allow any frequency of at least one second; for tests and demonstrations.
    #[arg(long, env = "RAPPORT_ALLOW_ANY_FREQUENCY")]
    pub allow_any_frequency: bool,
    /// Seconds between two looks at what the accounts of syncs may do.
    #[arg(
        long,
        env = "RAPPORT_RIGHTS_SECONDS",
        value_name = "SECONDS",
        default_value_t = DEFAULT_RIGHTS_SECONDS
    )]
    pub rights_seconds: u32,
}

impl Settings {
    /// This database and bus, with every default; keys and connectors are still to be set.
    pub fn new(database: kit::DatabaseSettings, bus: bus::BusSettings) -> Self {
        Self {
            grpc: kit::GrpcSettings::default(),
            database,
            bus,
            connectors: Vec::new(),
            reconciler_url: DEFAULT_RECONCILER_URL.to_owned(),
            keys: None,
            keys_file: None,
            tenant_tokens: None,
            service_token: None,
            admin_token: None,
            allow_any_frequency: false,
            rights_seconds: DEFAULT_RIGHTS_SECONDS,
        }
    }

    /// The key-encryption keys.
    pub(crate) fn key_ring(&self) -> anyhow::Result<KeyRing> {
        let text = match (&self.keys, &self.keys_file) {
            (_, Some(path)) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the keys from {}", path.display()))?
                .into(),
            (Some(keys), None) => keys.clone(),
            (None, None) => SecretString::default(),
        };
        KeyRing::parse(&text).context(
            "the key-encryption keys in RAPPORT_CONTROL_KEYS or --keys-file cannot be used",
        )
    }
}
