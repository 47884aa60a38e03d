//! The laws of the canonical model.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod comparisons;
mod descriptions;
mod events;
mod kinds;
mod mappings;
mod match_keys;
mod patches;
mod paths;
mod projections;
mod rules;
mod values;
mod versions;
mod when;
mod wire;
mod write;
mod zones;
