//! What turns a [`provider::Provider`] into a connector and a writer.
//!
//! A **connector** answers the gRPC service `Connector`, keeps definitions from control, leases due feeds, reads
//! their pages, publishes them as bounded batches a little ahead of what is applied, opens push channels and
//! receives pushes. A **writer** takes batches of writes off the bus, claims them just before the call, makes
//! them, and publishes their outcomes before it acknowledges.
//!
//! The driver owns loops, leases, pacing, retries, cursors, metrics and the stop; the provider owns HTTP and
//! meaning. A provider's binaries are one line each:
//!
//! ```ignore
//! static SCHEMA: kit::Schema = driver::schema("driver_google");
//!
//! pub fn connector_main() -> ExitCode {
//!     driver::connector_main("google-connector", "Reads Google accounts", &SCHEMA, Google::new)
//! }
//!
//! pub fn writer_main() -> ExitCode {
//!     driver::writer_main("google-writer", "Writes to Google accounts", Google::new)
//! }
//! ```
//!
//! `rapport dev` calls [`connector::serve`] and [`writer::serve`] with one provider and one client instead.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "what is unexpected fails a test, and its tasks end with it"
    )
)]

mod assemble;
mod backoff;
mod definitions;
mod settings;
mod store;
mod telemetry;
mod tokens;
mod trace;
mod wire;

pub mod connector;
pub mod writer;

pub use self::{
    assemble::{connector_main, http_client, writer_main},
    settings::{ConnectorSettings, FeedSettings, PeerSettings, PushSettings, WriterSettings},
    store::schema,
};
