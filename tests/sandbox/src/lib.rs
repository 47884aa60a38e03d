//! Emulators of the providers' HTTP APIs, for tests and for the demo.
//!
//! Each emulator listens on its own loopback port and serves the provider's own paths from the root,
//! so that a client needs nothing but another base URL. A control API on a third port plays everything
//! that is not the client under test: the people who edit, the administrator, the network, the clock.
//! `README.md` beside this crate documents it.
//!
//! The defaults are the unkind ones: fresh writes show up late, pages are short, items arrive in another
//! order, access tokens die soon. `Options::kind` (`--kind`) turns all of that off.
//!
//! # How a provider is mounted
//!
//! A provider is one folder (`google/`, `zoho/`) with one public function,
//! `pub(crate) fn emulator(shared: Shared) -> Arc<dyn Emulator>`, listed in `emulators`. The shared core does the rest:
//!
//! * it binds the port, wraps `Emulator::router` in `call::layer` and serves it. The layer names the call with
//!   `Emulator::method_of`, applies the fault script, runs the handler, and writes the journal. A handler reports who
//!   called and which records it wrote by putting a `journal::Effect` into the response's extensions;
//! * it nests `Emulator::control_router` under `/control/<provider>` beside the routes every provider has
//!   (`truth`, `settings`, `cursors/expire`, `grants/revoke`);
//! * it seeds every emulator with the same `seed::TwoAddressBooks` or `seed::TwoCalendars`.
//!
//! Emulators take the time from `Shared::clock` only, chance from `Shared::dice` only, and spawn background work
//! on `Shared::tasks` only, ending when `Shared::stop` is cancelled. They share no type with the provider crates:
//! one wrong struct would agree with itself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod call;
mod clock;
mod command;
mod control;
mod dice;
mod emulator;
mod faults;
mod google;
mod journal;
mod recurrence;
mod sandbox;
mod seed;
mod serve;
mod settings;
mod zoho;

use std::sync::Arc;

pub use command::main;
pub use faults::{Fault, Rule};
pub use journal::{Count, Entry, Mail};
pub use sandbox::{Options, Sandbox, StartError};

use emulator::{Emulator, Shared};

/// Every emulator of this sandbox, in the order in which their ports are bound.
fn emulators(shared: &Shared) -> Vec<Arc<dyn Emulator>> {
    vec![
        google::emulator(shared.clone()),
        zoho::emulator(shared.clone()),
    ]
}
