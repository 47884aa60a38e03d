//! The comparison against the sandbox, over HTTP, with its unkind defaults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "tests"
)]

mod bad_input;
mod books;
mod calendars;
mod stage;
