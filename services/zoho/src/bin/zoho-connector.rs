//! The Zoho CRM connector.

use std::process::ExitCode;

fn main() -> ExitCode {
    zoho::connector_main()
}
