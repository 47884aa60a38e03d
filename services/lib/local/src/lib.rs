//! NATS and PostgreSQL as private child processes, for development, the demo and tests.
//!
//! Both listen on the loopback address alone, on free ports, keep their data in a folder that the caller
//! gives, and stop with the process that started them, even when it is killed.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod child;
mod error;
mod nats;
mod postgres;
pub mod tools;

pub use error::LocalError;
pub use nats::Nats;
pub use postgres::Postgres;

/// Whether what was confirmed survives a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Yes: for data that somebody wants to keep.
    Durable,
    /// No, and faster for it: for tests.
    Fast,
}
