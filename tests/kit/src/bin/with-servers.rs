//! `with-servers -- COMMAND ARGUMENTS`: runs a command beside one NATS and one PostgreSQL for all its tests.

use std::process::{ExitCode, ExitStatus};

use anyhow::Context as _;
use test_kit::{Folder, NATS_VARIABLE, POSTGRES_VARIABLE, Running};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => complain(&error),
    }
}

#[allow(clippy::print_stderr, reason = "the only output of this program")]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("with-servers: {error:#}");
    ExitCode::from(2)
}

fn run() -> anyhow::Result<ExitCode> {
    let mut words = std::env::args_os().skip(1).skip_while(|word| word == "--");
    let program = words
        .next()
        .context("say which command to run: with-servers -- COMMAND ARGUMENTS")?;
    let mut command = Command::new(&program);
    command.args(words);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let folder = Folder::new("rapport-servers");
        let running = Running::start(folder.path()).await?;
        let servers = running.servers();
        let child = command
            .env(NATS_VARIABLE, servers.nats)
            .env(POSTGRES_VARIABLE, servers.postgres)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let status = wait(child).await;
        running.stop().await?;
        Ok(exit_code(status?))
    })
}

/// Waits for the command. A signal to this program is for the command, which gets it too or is asked to
/// stop; the servers stop after it.
async fn wait(mut child: Child) -> anyhow::Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => child.start_kill()?,
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
