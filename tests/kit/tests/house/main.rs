//! The rules of the house that a machine can check: which crate may depend on which, how large files may
//! grow, which names are not used, what a provider's folder may know, and that the page of behaviours tells
//! the truth.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod behaviours;
mod dependencies;
mod files;
mod providers;
mod tree;
