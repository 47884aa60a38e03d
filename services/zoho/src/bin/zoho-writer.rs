//! The Zoho CRM writer.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: kit::Allocator = kit::Allocator;

fn main() -> ExitCode {
    zoho::writer_main()
}
