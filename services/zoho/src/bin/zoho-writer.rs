//! The Zoho CRM writer.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoho::writer_main()
}
