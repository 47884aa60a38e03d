//! Whatever is killed, cut off, throttled, emptied or lost: both address books end equal, and nothing is lost,
//! doubled or deleted. `tests/e2e/README.md` lists the scenarios and how to run one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod asked;
mod balancer;
mod collections;
mod crowd;
mod large;
mod points;
mod poison;
mod replicas;
mod servers;
mod stage;
mod storms;
mod tenants;
mod verdict;
