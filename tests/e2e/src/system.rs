//! Every service as its own process.

mod environments;
mod faults;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use proto::control::{ListSyncsRequest, control_client::ControlClient};
use proto::reconcile::{StatusRequest, StatusResponse, SyncRef};
use serde_json::Value;
use tokio::{net::TcpStream, process::Command};
use tonic::transport::Channel;

use self::environments::Environments;
use crate::{
    process::{Process, binary},
    sandbox::Sandbox,
};

pub use faults::{Replica, metric};

/// NATS and PostgreSQL, which somebody else has started.
#[derive(Debug, Clone)]
pub struct Infrastructure {
    /// NATS.
    pub nats_url: String,
    /// The namespace on it.
    pub namespace: String,
    /// An empty database.
    pub database_url: String,
}

/// How long providers may show the past, in seconds; the sandbox's lag must be below.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The horizon of both providers.
    pub horizon_seconds: u32,
    /// The longest provider call.
    pub request_timeout_seconds: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            horizon_seconds: 3,
            request_timeout_seconds: 5,
        }
    }
}

/// What services are told beside addresses and credentials.
#[derive(Debug, Clone)]
pub enum Configuration {
    /// Small streams, short waits and a fast pace, so that many systems share a server and no test waits long.
    Test(Timing),
    /// What every installation begins with, but for these variables.
    Shipped(BTreeMap<String, String>),
}

/// The running system.
#[derive(Debug)]
pub struct System {
    /// The providers.
    pub sandbox: Sandbox,
    /// Where services write their logs.
    pub folder: PathBuf,
    control_url: String,
    /// Where services answer gRPC.
    ports: Vec<u16>,
    /// Where services answer HTTP, by name.
    http: BTreeMap<&'static str, u16>,
    push_url: String,
    services: BTreeMap<&'static str, Process>,
}

/// The services.
const NAMES: [&str; 6] = [
    "control",
    "reconciler",
    "google-connector",
    "google-writer",
    "zoho-connector",
    "zoho-writer",
];

/// Ports below those that the system gives to connections, so that none of these takes one before it is listened on.
const PORTS: std::ops::Range<u32> = 10_000..32_000;
/// Far enough apart for the ports that two processes with neighbouring ids take.
const APART: u32 = 41;

/// Ports that nobody listens on at the moment.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    let first = std::process::id().wrapping_mul(APART);
    let mut ports = [0; N];
    for port in &mut ports {
        let free = (0..count).find_map(|_| {
            let next = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
            let port = u16::try_from(PORTS.start + next % count).ok()?;
            TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
        });
        *port = free.context("every port is taken")?;
    }
    Ok(ports)
}

fn text<'a>(value: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("the sandbox did not say its {name}"))
}

impl System {
    /// Migrates the database and starts every service against a sandbox.
    pub async fn start(
        sandbox: Sandbox,
        infrastructure: &Infrastructure,
        timing: Timing,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let configuration = Configuration::Test(timing);
        Self::start_with(sandbox, infrastructure, &configuration, folder).await
    }

    /// Migrates the database and starts every service, told this, against a sandbox.
    pub async fn start_with(
        sandbox: Sandbox,
        infrastructure: &Infrastructure,
        configuration: &Configuration,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let [control, reconciler, google, zoho, push, google_push] = free_ports()?;
        let environments = Environments {
            infrastructure,
            configuration,
            http: NAMES.into_iter().zip(free_ports::<6>()?).collect(),
            sandbox: &sandbox,
            control,
            reconciler,
            google,
            zoho,
            push,
            google_push,
        };
        let mut services = BTreeMap::new();
        for (name, environment) in environments.all()? {
            services.insert(name, Process::new(name, name, &[], environment, folder)?);
        }
        for (name, environment) in environments.all()? {
            if !name.ends_with("writer") {
                let migration = format!("{name} migrate");
                Process::new(&migration, name, &["migrate"], environment, folder)?
                    .finish()
                    .await?;
            }
        }
        for service in services.values_mut() {
            service.start()?;
        }
        let http = environments.http;
        let mut system = Self {
            sandbox,
            folder: folder.to_owned(),
            control_url: format!("http://127.0.0.1:{control}"),
            ports: vec![reconciler, google, zoho],
            http,
            push_url: format!("http://127.0.0.1:{push}"),
            services,
        };
        system.answers().await?;
        Ok(system)
    }

    /// Waits until control answers, and those that it asks listen.
    async fn answers(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            self.check()?;
            if let Ok(mut control) = self.control().await
                && control
                    .list_syncs(ListSyncsRequest {
                        tenant: "default".to_owned(),
                    })
                    .await
                    .is_ok()
                && self.listen().await
            {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < until, "control does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn listen(&self) -> bool {
        for port in &self.ports {
            if TcpStream::connect(("127.0.0.1", *port)).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Fails if a service has ended by itself.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for service in self.services.values_mut() {
            service.check()?;
        }
        Ok(())
    }

    /// The process ids of what runs, the sandbox included, by name.
    pub fn process_ids(&self) -> BTreeMap<&'static str, u32> {
        let services = self.services.iter();
        let ids = services.filter_map(|(name, service)| Some((*name, service.id()?)));
        ids.chain(self.sandbox.process_id().map(|id| ("sandbox", id)))
            .collect()
    }

    /// Where a service answers `/metrics`.
    pub fn http_url(&self, name: &str) -> anyhow::Result<String> {
        let port = self.http.get(name);
        let port = port.with_context(|| format!("there is no service {name}"))?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// Where Zoho CRM pushes to.
    pub fn push_url(&self) -> &str {
        &self.push_url
    }

    /// Where control answers.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// Control's public API.
    pub async fn control(&self) -> anyhow::Result<ControlClient<Channel>> {
        Ok(ControlClient::connect(self.control_url.clone()).await?)
    }

    /// Kills a service with SIGKILL.
    pub async fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        self.service(name)?.kill().await
    }

    /// Starts a service that was killed.
    pub fn restart(&mut self, name: &str) -> anyhow::Result<()> {
        self.service(name)?.start()
    }

    /// Kills a service and starts it with another value of a setting; waits until it answers.
    pub async fn restart_with(
        &mut self,
        name: &str,
        variable: &str,
        value: &str,
    ) -> anyhow::Result<()> {
        self.kill(name).await?;
        self.service(name)?.set(variable, value);
        self.restart(name)?;
        self.answers().await
    }

    fn service(&mut self, name: &str) -> anyhow::Result<&mut Process> {
        self.services
            .get_mut(name)
            .with_context(|| format!("there is no service {name}"))
    }

    /// Runs the `rapport` command; answers what it printed.
    pub async fn rapport(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(binary("rapport")?)
            .args(words)
            .env("RAPPORT_CONTROL_URL", &self.control_url)
            .kill_on_drop(true)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::ensure!(
            output.status.success(),
            "rapport {} failed: {}{said}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    /// Runs the `rapport` command and expects it to fail; answers its exit status and what it said.
    pub async fn rapport_fails(&self, words: &[&str]) -> anyhow::Result<(i32, String)> {
        let output = Command::new(binary("rapport")?)
            .args(words)
            .env("RAPPORT_CONTROL_URL", &self.control_url)
            .kill_on_drop(true)
            .output()
            .await?;
        anyhow::ensure!(
            !output.status.success(),
            "rapport {} did not fail",
            words.join(" ")
        );
        Ok((
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// Signs in to both of the sandbox's accounts as `acme-zoho` and `ana-google`.
    pub async fn connect(&self) -> anyhow::Result<()> {
        for (provider, name) in [("zoho", "acme-zoho"), ("google", "ana-google")] {
            let file = self.folder.join(format!("{provider}-secret.json"));
            std::fs::write(&file, self.sandbox.secret(provider).to_string())?;
            let file = file.to_string_lossy().into_owned();
            self.rapport(&["connect", provider, "--name", name, "--secret-file", &file])
                .await?;
        }
        Ok(())
    }

    /// Applies YAML.
    pub async fn apply(&self, yaml: &str) -> anyhow::Result<String> {
        let file = self.folder.join("sync.yaml");
        std::fs::write(&file, yaml)?;
        self.rapport(&["apply", "-f", &file.to_string_lossy()])
            .await
    }

    /// The id of a sync by its name.
    pub async fn sync_id(&self, name: &str) -> anyhow::Result<String> {
        let syncs = self
            .control()
            .await?
            .list_syncs(ListSyncsRequest {
                tenant: "default".to_owned(),
            })
            .await?
            .into_inner()
            .syncs;
        syncs
            .into_iter()
            .find(|sync| sync.name == name)
            .map(|sync| sync.id)
            .with_context(|| format!("there is no sync {name}"))
    }

    /// A sync's status. The states of its records are checked to add up.
    pub async fn status(&self, name: &str) -> anyhow::Result<StatusResponse> {
        let sync = self.sync_id(name).await?;
        let status = self
            .control()
            .await?
            .status(StatusRequest {
                sync: Some(SyncRef {
                    tenant: "default".to_owned(),
                    sync,
                }),
            })
            .await?
            .into_inner();
        let counts = status.counts.unwrap_or_default();
        let states =
            counts.in_sync + counts.pending + counts.deferred + counts.excluded + counts.set_aside;
        anyhow::ensure!(
            states == counts.in_scope,
            "the states do not add up: {counts:?}"
        );
        Ok(status)
    }

    /// Waits until nothing is pending and each feed has finished a round that began after the last
    /// outcome and past the horizon.
    pub async fn quiet(
        &mut self,
        name: &str,
        within: Duration,
        timing: Timing,
    ) -> anyhow::Result<StatusResponse> {
        let mut quiet = self.all_quiet(&[name], within, timing).await?;
        quiet.pop().context("no sync was asked about")
    }

    /// The same of several syncs at a time; answers in their order.
    pub async fn all_quiet(
        &mut self,
        names: &[&str],
        within: Duration,
        timing: Timing,
    ) -> anyhow::Result<Vec<StatusResponse>> {
        let began = Instant::now();
        let asked_at = micros_now();
        let horizon = i64::from(timing.horizon_seconds) * 1_000_000;
        loop {
            self.check()?;
            let (mut quiet, mut last) = (Vec::new(), String::new());
            for name in names {
                match self.status(name).await {
                    Ok(status) if is_quiet(&status, asked_at, horizon) => quiet.push(status),
                    Ok(status) => last = format!("{name}: {status:?}"),
                    Err(error) => last = format!("{name}: {error:#}"),
                }
            }
            if quiet.len() == names.len() {
                return Ok(quiet);
            }
            anyhow::ensure!(
                began.elapsed() < within,
                "no rest within {within:?}; logs are in {}: {last}",
                self.folder.display()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Whether nothing is left to do, and each feed was read since.
fn is_quiet(status: &StatusResponse, asked_at: i64, horizon: i64) -> bool {
    let pending = status.counts.unwrap_or_default().pending;
    let after = status.last_outcome_at_micros.unwrap_or(0).max(asked_at) + horizon;
    let is_read = [&status.left, &status.right].into_iter().all(|feed| {
        feed.as_ref()
            .and_then(|feed| feed.round_began_at_micros)
            .is_some_and(|at| at > after)
    });
    status.phase == "live" && pending == 0 && status.open_writes == 0 && is_read
}

/// Now, in microseconds since the Unix epoch.
fn micros_now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .unwrap_or_default()
}
