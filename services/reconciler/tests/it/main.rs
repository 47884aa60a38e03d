//! The reconciler on a real PostgreSQL, between two accounts in memory that stand for providers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod anew;
mod baseline;
mod bin;
mod book;
mod crowd;
mod deletion;
mod flaps;
mod found;
mod interleavings;
mod late;
mod mailboxes;
mod meetings;
mod notified;
mod outbox;
mod owners;
mod positions;
mod recover;
mod restore;
mod running;
mod scope;
mod statistics;
mod steady;
mod sweep;
mod tools;
mod trouble;
mod world;
