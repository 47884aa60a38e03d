//! The whole system against the sandbox: every service its own process, NATS and PostgreSQL real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod first_sync;
mod house;
