//! Connectors and writers over real NATS and PostgreSQL, between a provider that lives in memory and peers that
//! answer gRPC over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what is unexpected fails the test"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test is no process: its tasks and clients end with it"
)]

mod access;
mod bursts;
mod faults;
mod feeds;
mod memory;
mod peers;
mod pushes;
mod stage;
mod traces;
mod writes;
