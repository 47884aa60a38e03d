//! The mapping by examples and by laws.

mod examples;
mod laws;
