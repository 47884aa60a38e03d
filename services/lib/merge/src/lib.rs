//! The decision: from a [`Situation`] to a [`Plan`].
//!
//! Every link keeps two *bases*: how the left and how the right record looked when they last agreed, pairing
//! by pairing. A change is a difference between a side and its *own* base; both sides are never compared
//! with each other to find one. [`plan`] is a total function of what is known about one link: it says what
//! to write where, which bases move now, what is lost by it, and in which state the link is. [`applied`]
//! says which bases move once a write is done, [`found`] which once its record is found although its answer was
//! lost, and [`pair_up`] which records of two sides belong together.
//!
//! The crate knows no kind of record and no provider, only paths and values. It is pure: no I/O, no async,
//! no clock, no randomness and no state; the same arguments give the same answer, whatever the lints in
//! force.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod align;
mod base;
mod decide;
mod deletion;
mod elements;
mod fields;
mod flap;
mod follow;
mod found;
mod matching;
mod plan;
mod planner;
mod policy;
mod reason;
mod situation;
mod slots;

pub use base::{Answer, Base, PairBase, applied, hints, unexplained};
pub use flap::{Written, bounces};
pub use found::{cut, found};
pub use matching::{Candidate, Match, Matching, OutsideMatch, PossibleMatch, Twin, pair_up};
pub use plan::{Cause, Conflict, Disposition, Loss, Overfull, Plan, PlannedEdit, Write};
pub use planner::plan;
pub use policy::{ConflictChoice, Deletion, DeletionAgainstEdit, Drift, Outside, Policy, Twins};
pub use reason::Reason;
pub use situation::{Presence, Readable, Sight, Situation, Standing};
