//! `agreement`: compares, says what it found, and exits with 0 only if the two address books agree.

use std::{collections::BTreeSet, io::Read as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;

use crate::{accounts::Accounts, comparison::compare, reader::Reader};

/// Compares a list view of Zoho CRM with a contact group of Google, through the providers' own list calls.
///
/// Exits with 0 if they are equal under the default mapping and hold nothing twice, with 1 if not, and with 2 if
/// one of them cannot be read.
#[derive(Debug, Parser)]
#[command(name = "agreement", version)]
struct Command {
    /// Both accounts as JSON, as `cargo run -p sandbox` prints them; `-` for standard input.
    accounts: PathBuf,
    /// Another list view than the one that the accounts name.
    #[arg(long, value_name = "NAME")]
    list_view: Option<String>,
    /// Another contact group than the one that the accounts name.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The id of a record to leave out, because the sync excludes it or has set it aside; may be repeated.
    #[arg(long, value_name = "ID")]
    ignore: Vec<String>,
    /// Show the values that differ; they are personal data.
    #[arg(long)]
    show: bool,
}

/// The whole program.
pub fn main() -> ExitCode {
    let command = Command::parse();
    match run(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&error),
    }
}

#[allow(
    clippy::print_stderr,
    reason = "where a command says why it was not done"
)]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("agreement: {error:#}");
    ExitCode::from(2)
}

#[allow(clippy::print_stdout, reason = "what the command was asked for")]
fn run(command: &Command) -> anyhow::Result<bool> {
    let mut accounts = accounts(command)?;
    if let Some(name) = &command.list_view {
        accounts.zoho.list_view.clone_from(name);
    }
    if let Some(name) = &command.group {
        accounts.google.group.clone_from(name);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (left, right) = runtime.block_on(Reader::new(accounts).read())?;
    let ignored: BTreeSet<String> = command.ignore.iter().cloned().collect();
    let report = compare(&left, &right, &ignored);
    print!("{}", report.text(command.show));
    Ok(report.agrees())
}

fn accounts(command: &Command) -> anyhow::Result<Accounts> {
    let mut text = String::new();
    if command.accounts.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(&command.accounts)
            .with_context(|| format!("cannot read {}", command.accounts.display()))?;
    }
    serde_json::from_str(&text).context("the accounts are not in the form that the sandbox prints")
}
