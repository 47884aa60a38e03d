//! What tests share: real servers, a database and a namespace of a test's own, and waiting for conditions.
//!
//! One NATS and one PostgreSQL serve a whole run when `RAPPORT_TEST_NATS` and `RAPPORT_TEST_POSTGRES` say
//! where they are; `with-servers -- CMD` starts both, sets these and runs the command. Otherwise each test
//! process starts its own when it first needs one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a kit that cannot do its work fails the test"
)]

mod database;
mod eventually;
mod folder;
mod nats;
mod servers;
mod telemetry;

pub use database::{Backup, Database};
pub use eventually::{Look, eventually};
pub use folder::Folder;
pub use nats::Nats;
pub use servers::{NATS_VARIABLE, POSTGRES_VARIABLE, Running, Servers};
pub use telemetry::{install_tls, log};
