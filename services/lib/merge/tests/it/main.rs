//! The specification of the merge: a table of cases with plans written by hand, laws that hold for every
//! situation, and a simulation of two sides that people edit while everything goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod cases;
mod dsl;
mod follow;
mod found;
mod laws;
mod link;
mod match_cases;
mod meeting;
mod policy_words;
mod simulation;
mod situations;
