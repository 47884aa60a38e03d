//! A process as a whole: its command line, its servers, its stop, its database.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod binary;
mod database;
mod grpc;
mod http;
mod trace;
