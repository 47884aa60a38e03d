//! The provider against the Google sandbox, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod calendar;
mod calendar_faults;
mod calendar_sight;
mod creates;
mod deletes;
mod diary;
mod event_apart;
mod event_bad;
mod event_baseline;
mod event_edges;
mod event_guests;
mod event_series;
mod event_series_read;
mod event_table;
mod event_trouble;
mod event_writes;
mod event_zones;
mod feed;
mod push;
mod reads;
mod refusals;
mod sign_in;
mod updates;
