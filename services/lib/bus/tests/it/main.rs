//! The bus against a real NATS server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod broken;
mod delivery;
mod lost;
mod notices;
mod publishing;
mod support;
mod tide;
mod trace;
