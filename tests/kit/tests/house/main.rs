//! The rules of the house that a machine can check: which crate may depend on which, how large files may
//! grow, which names are not used, what a provider's folder may know, and that the pages of behaviours and of
//! operations tell the truth.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod behaviours;
mod dependencies;
mod files;
mod operations;
mod providers;
mod tree;
