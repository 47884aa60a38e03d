//! Settings that every process has, as command-line flags and as `RAPPORT_*` environment variables.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

/// Settings of the process itself, whatever it serves.
#[derive(Debug, Clone, Args)]
pub struct ProcessSettings {
    /// Logs and traces.
    #[command(flatten)]
    pub log: LogSettings,
    /// Health, readiness and metrics.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Seconds that a stopping process gives its tasks before it gives up and exits with status 1.
    #[arg(long, env = "RAPPORT_GRACE_SECONDS", default_value_t = 20)]
    pub grace_seconds: u64,
    /// Write one JSON line with the addresses that this process listens on, once it does.
    #[arg(long, env = "RAPPORT_ANNOUNCE_FILE", value_name = "PATH")]
    pub announce_file: Option<PathBuf>,
}

impl ProcessSettings {
    /// How long a stopping process waits for its tasks.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            log: LogSettings::default(),
            http: HttpSettings::default(),
            grace_seconds: 20,
            announce_file: None,
        }
    }
}

/// What is logged, how, and where traces go.
#[derive(Debug, Clone, Args)]
pub struct LogSettings {
    /// What to log, in the syntax of tracing's filters, for example `info,bus=debug`.
    #[arg(
        long = "log",
        env = "RAPPORT_LOG",
        default_value = "info",
        value_name = "FILTER"
    )]
    pub filter: String,
    /// How log lines look on standard error.
    #[arg(long, env = "RAPPORT_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,
    /// Where traces are exported to by OTLP over gRPC; nowhere unless set.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            log_format: LogFormat::Json,
            otlp_endpoint: None,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// One line of text with colours, for people.
    Pretty,
}

/// Where a process answers `/healthz`, `/readyz` and `/metrics`.
#[derive(Debug, Clone, Args)]
pub struct HttpSettings {
    /// Address for health, readiness and metrics; port 0 takes a free one.
    #[arg(
        long = "http-listen",
        env = "RAPPORT_HTTP_LISTEN",
        default_value = "127.0.0.1:0"
    )]
    pub listen: SocketAddr,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}
