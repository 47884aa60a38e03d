//! The whole system against the sandbox: every service its own process, NATS and PostgreSQL real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod again;
mod asked;
mod books;
mod calendars;
mod caps;
mod conflicts;
mod deletions;
mod diaries;
mod edits;
mod events;
mod files;
mod first_sync;
mod flapping;
mod frequency;
mod house;
mod killed;
mod lifecycle;
mod lost_answers;
mod mapping;
mod matching;
mod one_way;
mod owner;
mod people;
mod poison;
mod recover;
mod rights;
mod scope;
mod status;
mod sweep;
