//! What the machine allows: the bare work of the servers below, with none of ours.

pub(crate) mod hops;
pub(crate) mod jetstream;
pub(crate) mod postgres;
