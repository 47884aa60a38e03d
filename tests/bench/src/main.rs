//! `make bench`: how fast the system is, beside what the machine allows.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    bench::main().await
}
