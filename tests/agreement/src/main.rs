//! The command `agreement`.

use std::process::ExitCode;

fn main() -> ExitCode {
    agreement::main()
}
