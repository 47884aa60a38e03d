//! The allocator of the binaries.

/// What each binary names as its allocator. A service works in bursts (a page of a thousand people, a book that is compared)
/// and rests between them: this one gives back to the system what only the burst needed. `.cargo/config.toml` says after
/// how long.
///
/// ```no_run
/// #[global_allocator]
/// static ALLOCATOR: kit::Allocator = kit::Allocator;
/// ```
pub use tikv_jemallocator::Jemalloc as Allocator;
