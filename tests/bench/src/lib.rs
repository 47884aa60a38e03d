//! The benchmark: every service as its own release process, with the configuration that is shipped and a
//! PostgreSQL that syncs its disk, against the sandbox's kind settings. `README.md` tells what is measured.
//!
//! | module | what it is |
//! |---|---|
//! | `scenario` | what is measured, a file each |
//! | `floor` | what the machine allows, measured in the same run |
//! | `stage` | everything that runs |
//! | `accounts` | accounts at both providers, connected and synced through the public API |
//! | `crew` | many of them |
//! | `people` | who edit |
//! | `observe` | what a sync's status says while it is waited for |
//! | `minimum` | the fewest calls that a first sync can take |
//! | `tap` | what goes over the bus |
//! | `usage` | CPU time and memory of each process |
//! | `calls` | what was called at the providers |
//! | `report` | figures, targets, tables |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod accounts;
mod calls;
mod command;
mod crew;
mod diaries;
mod floor;
mod machine;
mod minimum;
mod observe;
mod people;
mod report;
mod scenario;
mod stage;
mod tap;
mod usage;

pub use command::main;
