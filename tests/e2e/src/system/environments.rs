//! What each service is told.

use std::collections::BTreeMap;

use super::{Configuration, Infrastructure, text};
use crate::sandbox::Sandbox;

/// What each service is told.
pub(super) struct Environments<'a> {
    pub(super) infrastructure: &'a Infrastructure,
    pub(super) configuration: &'a Configuration,
    pub(super) http: BTreeMap<&'static str, u16>,
    pub(super) sandbox: &'a Sandbox,
    pub(super) control: u16,
    pub(super) reconciler: u16,
    pub(super) google: u16,
    pub(super) zoho: u16,
    pub(super) push: u16,
    pub(super) google_push: u16,
}

type Environment = BTreeMap<String, String>;

/// Where a connector receives what its provider pushes.
fn receives(port: u16) -> Environment {
    let address = format!("127.0.0.1:{port}");
    let url = format!("http://{address}");
    [("RAPPORT_PUSH_URL", url), ("RAPPORT_PUSH_LISTEN", address)]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

impl Environments<'_> {
    pub(super) fn all(&self) -> anyhow::Result<Vec<(&'static str, Environment)>> {
        let listen = |port: u16| {
            (
                "RAPPORT_GRPC_LISTEN".to_owned(),
                format!("127.0.0.1:{port}"),
            )
        };
        let mut services = Vec::new();
        let mut control = self.common();
        control.extend([
            listen(self.control),
            (
                "RAPPORT_CONNECTORS".to_owned(),
                format!(
                    "google=http://127.0.0.1:{},zoho=http://127.0.0.1:{}",
                    self.google, self.zoho
                ),
            ),
            // 32 zero bytes: a key for a sandbox's secrets.
            (
                "RAPPORT_CONTROL_KEYS".to_owned(),
                "sandbox:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
            ),
            ("RAPPORT_ALLOW_ANY_FREQUENCY".to_owned(), "true".to_owned()),
        ]);
        services.push(("control", control));
        let mut reconciler = self.common();
        reconciler.extend([listen(self.reconciler)]);
        services.push(("reconciler", reconciler));
        let mut google = self.common();
        google.extend(self.google()?);
        let mut google_connector = google.clone();
        google_connector.extend([listen(self.google)]);
        google_connector.extend(receives(self.google_push));
        services.push(("google-connector", google_connector));
        services.push(("google-writer", google));
        let mut zoho = self.common();
        zoho.extend(self.zoho()?);
        let mut zoho_connector = zoho.clone();
        zoho_connector.extend([listen(self.zoho)]);
        zoho_connector.extend(receives(self.push));
        services.push(("zoho-connector", zoho_connector));
        services.push(("zoho-writer", zoho));
        for (name, environment) in &mut services {
            let port = self.http.get(name).copied().unwrap_or_default();
            let http = format!("127.0.0.1:{port}");
            environment.insert("RAPPORT_HTTP_LISTEN".to_owned(), http);
            if let Configuration::Shipped(changed) = self.configuration {
                environment.extend(changed.clone());
            }
        }
        Ok(services)
    }

    fn common(&self) -> Environment {
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        [
            ("RAPPORT_NATS_URL", self.infrastructure.nats_url.clone()),
            (
                "RAPPORT_NATS_NAMESPACE",
                self.infrastructure.namespace.clone(),
            ),
            (
                "RAPPORT_DATABASE_URL",
                self.infrastructure.database_url.clone(),
            ),
            ("RAPPORT_CONTROL_URL", url(self.control)),
            ("RAPPORT_SERVICE_TOKEN", "a token of services".to_owned()),
            ("RAPPORT_RECONCILER_URL", url(self.reconciler)),
            ("RUST_BACKTRACE", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(self.small())
        .collect()
    }

    /// What makes a test's system small and its waits short.
    fn small(&self) -> Environment {
        if matches!(self.configuration, Configuration::Shipped(_)) {
            return Environment::new();
        }
        [
            ("RAPPORT_NATS_PARTITIONS", "2"),
            // A server keeps this much free for each stream, and many systems share one.
            ("RAPPORT_NATS_STREAM_MEBIBYTES", "16"),
            ("RAPPORT_DATABASE_MAX_CONNECTIONS", "6"),
            ("RAPPORT_LOOK_AGAIN_SECONDS", "2,5,10"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn timing(&self, provider: &str) -> Environment {
        let Configuration::Test(timing) = self.configuration else {
            return Environment::new();
        };
        [
            ("HORIZON_SECONDS", timing.horizon_seconds),
            ("REQUEST_TIMEOUT_SECONDS", timing.request_timeout_seconds),
        ]
        .map(|(name, value)| (format!("RAPPORT_{provider}_{name}"), value.to_string()))
        .into()
    }

    fn google(&self) -> anyhow::Result<Environment> {
        let google = &self.sandbox.credentials.google;
        let mut environment: Environment = self.timing("GOOGLE");
        for (name, part) in [
            ("PEOPLE_URL", "base_url"),
            ("CALENDAR_URL", "base_url"),
            ("AUTH_URL", "authorize_url"),
            ("TOKEN_URL", "token_url"),
            ("TOKEN_INFORMATION_URL", "token_information_url"),
            ("CLIENT_ID", "client_id"),
            ("CLIENT_SECRET", "client_secret"),
        ] {
            environment.insert(
                format!("RAPPORT_GOOGLE_{name}"),
                text(google, part)?.to_owned(),
            );
        }
        for name in ["READS", "WRITES", "GROUP_WRITES"] {
            if matches!(self.configuration, Configuration::Shipped(_)) {
                break;
            }
            environment.insert(
                format!("RAPPORT_GOOGLE_{name}_PER_MINUTE"),
                "6000".to_owned(),
            );
        }
        Ok(environment)
    }

    fn zoho(&self) -> anyhow::Result<Environment> {
        let zoho = &self.sandbox.credentials.zoho;
        let mut environment: Environment = self.timing("ZOHO");
        for (setting, kind) in [("SYNC", "Contacts"), ("CALENDAR_SYNC", "Calendar")] {
            environment.insert(
                format!("RAPPORT_ZOHO_{setting}_PERMISSION"),
                format!("Crm_Implied_Google_{kind}_Sync"),
            );
        }
        for (name, part) in [
            ("ACCOUNTS_URL", "accounts_url"),
            ("CLIENT_ID", "client_id"),
            ("CLIENT_SECRET", "client_secret"),
        ] {
            environment.insert(format!("RAPPORT_ZOHO_{name}"), text(zoho, part)?.to_owned());
        }
        Ok(environment)
    }
}
