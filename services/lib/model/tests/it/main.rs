//! The laws of the canonical model.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod comparisons;
mod mappings;
mod match_keys;
mod patches;
mod paths;
mod projections;
mod values;
mod versions;
mod wire;
mod write;
