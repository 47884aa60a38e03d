//! Whatever is killed, cut off, throttled, emptied or lost: both sides end equal, and nothing is lost,
//! doubled or deleted. `tests/e2e/README.md` lists the scenarios and how to run one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod anew;
mod asked;
mod balancer;
mod collections;
mod contacts;
mod crowd;
mod kind;
mod large;
mod meetings;
mod plain;
mod points;
mod poison;
mod replicas;
mod servers;
mod stage;
mod storms;
mod tenants;
mod verdict;
