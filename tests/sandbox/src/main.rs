//! `cargo run -p sandbox`: every provider emulator in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandbox::main()
}
