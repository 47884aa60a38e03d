//! The control service.

use std::process::ExitCode;

fn main() -> ExitCode {
    control::main()
}
