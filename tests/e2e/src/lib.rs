//! The whole system as its own processes, against the sandbox: for end-to-end tests and for `make demo`.
//!
//! Nothing here links an engine crate. The services are the binaries of this build, people's actions go
//! through the `rapport` command, and the providers' state is read from the sandbox.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod demo;
mod process;
mod sandbox;
mod system;

pub use process::{Process, binary};
pub use sandbox::{Credentials, Sandbox};
pub use system::{Configuration, Infrastructure, Replica, System, Timing, metric};
