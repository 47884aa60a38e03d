//! The emulators over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod calendars;
mod client;
mod core;
mod crowd;
mod google;
mod listener;
mod zoho;
