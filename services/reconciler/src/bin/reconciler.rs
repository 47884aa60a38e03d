//! The reconciler's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    reconciler::main()
}
