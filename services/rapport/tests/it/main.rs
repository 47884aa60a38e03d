//! The `rapport` binary against a running control.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::disallowed_methods,
    reason = "doubles and callers are spawned by the test itself"
)]

// Control's own stage: a real control with its database and bus, and doubles of the connectors and the reconciler.
#[allow(dead_code, reason = "control's tests use the rest")]
#[path = "../../../control/tests/it/doubles/mod.rs"]
mod doubles;
#[allow(dead_code, reason = "control's tests use the rest")]
#[path = "../../../control/tests/it/stage.rs"]
mod stage;

mod apply;
mod command;
mod connect;
mod questions;
