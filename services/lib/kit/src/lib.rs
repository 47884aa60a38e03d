//! What every Rapport process has in common: settings, telemetry, health, named tasks, a bounded stop,
//! the PostgreSQL pool and migrations, gRPC servers and clients.
//!
//! A binary is one line: `fn main() -> ExitCode { reconciler::main() }`, and `reconciler::main` describes
//! itself with a [`Service`] and calls [`Service::main`], which is synchronous and not generic outside
//! of the service's own settings.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! #[derive(Debug, clap::Args)]
//! struct Settings {
//!     #[command(flatten)]
//!     grpc: kit::GrpcSettings,
//! }
//!
//! async fn start(settings: Settings, process: kit::Process) -> anyhow::Result<()> {
//!     kit::grpc::serve(&process, &settings.grpc, kit::grpc::Routes::default()).await?;
//!     Ok(())
//! }
//!
//! fn main() -> ExitCode {
//!     kit::Service::new("example", "Shows how a service is put together").main(start)
//! }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod database;
pub mod grpc;
pub mod http;
pub mod telemetry;

mod allocator;
mod health;
mod point;
mod process;
mod service;
mod settings;
mod signal;
mod tasks;
mod tls;

pub use allocator::Allocator;
pub use database::{DatabaseSettings, Schema};
pub use grpc::{ControlSettings, GrpcSettings};
pub use health::{Health, Part};
pub use point::point;
pub use process::Process;
pub use service::{Service, run};
pub use settings::{HttpSettings, LogFormat, LogSettings, ProcessSettings};
pub use tasks::{OnFailure, OnStop, Tasks};
pub use tls::install_tls;
pub use tokio_util::sync::CancellationToken;
