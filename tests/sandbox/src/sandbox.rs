//! Starting and stopping the emulators.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::control::{self, Controlled};
use crate::dice::Dice;
use crate::emulator::{Emulator, Shared};
use crate::faults::{Faults, Rule};
use crate::journal::{Count, Entry, Filter, Journal};
use crate::{call, serve};

/// How to start the sandbox.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
    /// Host name in the URLs that it prints and answers with, where callers know it by another name than its address.
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Port of the Google emulator; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub google_port: u16,
    /// Port of the Zoho emulator; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub zoho_port: u16,
    /// Port of the control API; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub control_port: u16,
    /// No lag, whole pages, items in order, tokens that last.
    #[arg(long)]
    pub kind: bool,
    /// Seed of everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            host: None,
            google_port: 0,
            zoho_port: 0,
            control_port: 0,
            kind: false,
            seed: 1,
        }
    }
}

impl Options {
    fn port_of(&self, provider: &str) -> u16 {
        match provider {
            "google" => self.google_port,
            "zoho" => self.zoho_port,
            _ => 0,
        }
    }
}

/// Why the sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken or may not be bound.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// The running emulators. They stop when this is dropped.
pub struct Sandbox {
    shared: Shared,
    control_url: String,
    credentials: Value,
}

impl Sandbox {
    /// Binds every port and serves.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let shared = Shared {
            clock: Clock::default(),
            dice: Dice::new(options.seed),
            faults: Faults::default(),
            journal: Journal::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            kind: options.kind,
        };
        let emulators: Arc<[Arc<dyn Emulator>]> = crate::emulators(&shared).into();
        let mut credentials = json!({});
        for emulator in emulators.iter() {
            let port = options.port_of(emulator.provider());
            let (listener, base_url) = listen(&options, port).await?;
            emulator.bound(&base_url);
            credentials[emulator.provider()] = emulator.credentials(&base_url);
            let router = call::layer(emulator.router(), Arc::clone(emulator), shared.clone());
            serve::spawn(&shared, listener, router);
        }
        let (listener, control_url) = listen(&options, options.control_port).await?;
        credentials["control_url"] = json!(control_url);
        let control = control::router(Controlled {
            shared: shared.clone(),
            emulators,
            credentials: credentials.clone(),
        });
        serve::spawn(&shared, listener, control);
        Ok(Self {
            shared,
            control_url,
            credentials,
        })
    }

    /// Base URL of the control API, without a trailing slash.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The line that `cargo run -p sandbox` prints: base URLs and test credentials by provider.
    pub fn credentials(&self) -> &Value {
        &self.credentials
    }

    /// Base URL of one provider, without a trailing slash.
    pub fn base_url(&self, provider: &str) -> Option<&str> {
        self.credentials[provider]["base_url"].as_str()
    }

    /// Adds a rule to the fault script.
    pub fn add_fault(&self, rule: Rule) {
        self.shared.faults.add(rule);
    }

    /// Empties the fault script.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The journal so far, oldest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.shared.journal.entries(&Filter::default())
    }

    /// What was counted of one API method.
    pub fn count(&self, provider: &str, method: &str) -> Count {
        let counts = self.shared.journal.counts();
        let of_provider = counts.methods.get(provider);
        of_provider
            .and_then(|methods| methods.get(method))
            .cloned()
            .unwrap_or_default()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: SignedDuration) {
        self.shared.clock.advance(by);
    }

    /// Stops serving and waits until the last call is answered.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// Listens on a port, and answers the base URL under which callers reach it.
async fn listen(options: &Options, port: u16) -> Result<(TcpListener, String), StartError> {
    let address = SocketAddr::new(options.bind, port);
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let base_url = match &options.host {
        Some(host) => format!("http://{host}:{}", bound.port()),
        None => format!("http://{bound}"),
    };
    Ok((listener, base_url))
}
