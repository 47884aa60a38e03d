//! The Google emulator: what its checklist promises, row by row.

mod batches;
mod calendar;
mod contacts;
mod control;
mod errors;
mod groups;
mod multipart;
mod oauth;
mod others;
mod peer;
mod quotas;
mod sync;
