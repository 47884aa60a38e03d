//! The reconciler's binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: kit::Allocator = kit::Allocator;

fn main() -> ExitCode {
    reconciler::main()
}
