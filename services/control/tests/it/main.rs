//! Control with a real PostgreSQL and a real NATS. Connectors and the reconciler are doubles behind real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::disallowed_methods,
    reason = "doubles and callers are spawned by the test itself"
)]

#[allow(dead_code, reason = "the tests of the command use the rest")]
mod doubles;
#[allow(dead_code, reason = "the tests of the command use the rest")]
mod stage;

mod access;
mod apply;
mod bad_input;
mod calendar;
mod lifecycle;
mod recover;
mod sign_in;
mod tenants;
