//! The command `demo`, which `make demo` and `make dev` run.

use std::process::ExitCode;

fn main() -> ExitCode {
    e2e::demo::main()
}
