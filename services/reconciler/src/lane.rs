//! The lanes of the outbox: who waits for a write. A lower number goes first.

/// A person waits, in front of a console or a terminal.
pub const PEOPLE: i16 = 0;
/// A change is on its way.
pub const CHANGE: i16 = 1;
/// A first, complete reading found it.
pub const BASELINE: i16 = 2;
