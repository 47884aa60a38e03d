//! `make bench`: how fast the system is, beside what the machine allows.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::main()
}
