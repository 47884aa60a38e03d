//! Zoho CRM's provider against its emulator, over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod account;
mod bad_events;
mod companies;
mod create;
mod delete;
mod events;
mod events_write;
mod feed;
mod guests;
mod lab;
mod meanwhile;
mod push;
mod read;
mod reminders;
mod round_trip;
mod series;
mod series_write;
mod update;
mod views;
mod weekly;
mod written;
mod zones;
