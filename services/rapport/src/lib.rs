//! The `rapport` command: everything that people do with Rapport, through control's public API.
//!
//! `cli` is the command line, `commands` has a file a command, `dev` runs every service in one process.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod caller;
mod cli;
mod commands;
mod dev;
mod failure;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    caller::Caller,
    cli::{Cli, Command, ControlArgs},
    commands::{apply, change, connect, events, get, history, recover, status},
    failure::Failure,
};

/// Reads the command line, does what it asks for, and returns the exit status.
pub fn main() -> ExitCode {
    let Cli { control, command } = Cli::parse();
    let command = match command {
        Command::Dev(args) => return dev::main(*args),
        command => command,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Failure::here("start", error)),
    };
    match runtime.block_on(run(&control, command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(&failure),
    }
}

async fn run(control: &ControlArgs, command: Command) -> Result<(), Failure> {
    let caller = match command {
        Command::Recover(_) => Caller::patient(control)?,
        _ => Caller::new(control)?,
    };
    let (caller, json) = (&caller, control.json);
    match command {
        Command::Connect(args) => connect::run(caller, json, &args).await,
        Command::Apply(args) => apply::run(caller, json, &args).await,
        Command::Get(args) => get::run(caller, json, &args).await,
        Command::Status(args) => status::run(caller, json, &args).await,
        Command::Run(args) => change::run(caller, json, &args).await,
        Command::History(args) => history::run(caller, json, &args).await,
        Command::Restore(args) => change::restore(caller, json, &args).await,
        Command::Retry(args) => change::retry(caller, json, &args).await,
        Command::Pause(args) => change::pause(caller, json, &args).await,
        Command::Resume(args) => change::resume(caller, json, &args).await,
        Command::Delete(args) => change::delete(caller, json, &args).await,
        Command::Events(args) => events::run(caller, &args).await,
        Command::Recover(args) => recover::run(caller, json, &args).await,
        Command::Dev(_) => Ok(()),
    }
}

#[allow(
    clippy::print_stderr,
    reason = "where a command says why it was not done"
)]
fn complain(failure: &Failure) -> ExitCode {
    eprintln!("rapport: {failure}");
    failure.exit_code()
}
