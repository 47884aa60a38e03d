//! The whole engine, simulated: two providers that people edit, connectors, a bus, the reconciler, writers, and
//! everything that goes wrong between them, in an order that a seed decides.
//!
//! What is real: every function of the reconciler that its tasks and services call, `merge` and `model` below it, and
//! its PostgreSQL with the reconciler's own schema. The store is not modelled at all; only its clock is ([`store`]).
//! What is modelled: the providers ([`provider`]), connectors and writers (their protocol, not their code), and the
//! bus ([`bus`]), which plays the same histories as the real one in `tests/it`.
//!
//! A world lives through a history of operations ([`operation`]), comes to rest ([`World::come_to_rest`]), and
//! is looked at ([`World::check`]): both sides are equal under the mapping; nobody is there twice; every value that
//! somebody typed is on a side or in the history; every record has one state, with a reason that is true; nobody's
//! record was deleted unasked; and reading everything once more writes nothing.
//!
//! `RAPPORT_SIMULATION_OPERATIONS` says how many operations are played, `RAPPORT_SIMULATION_SEED` where to begin.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a simulation that cannot do its work fails the test"
)]

pub mod bus;
mod check;
mod connector;
pub mod coverage;
mod definition;
mod direction;
mod engine;
pub mod history;
mod mishaps;
pub mod operation;
mod people;
pub mod provider;
mod recovery;
mod rest;
mod situations;
pub mod store;
mod trace;
mod values;
mod world;
mod writer;

pub use world::World;
