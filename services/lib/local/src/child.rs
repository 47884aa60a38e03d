//! A server as a child process.

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::Instant,
};

use crate::{LocalError, tools};

/// How often a server is asked whether it answers yet.
const ASK: Duration = Duration::from_millis(20);

/// How a program is started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Credentials {
    /// The user and group to become, if this process may.
    pub(crate) user: Option<(u32, u32)>,
}

/// A command that runs as these credentials and ends with this process, where the system can do that.
pub(crate) fn command(program: &Path, credentials: Credentials, dies_with_parent: bool) -> Command {
    let Some(setpriv) = tools::setpriv() else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    if let Some((user, group)) = credentials.user {
        command.args([
            format!("--reuid={user}"),
            format!("--regid={group}"),
            "--clear-groups".to_owned(),
        ]);
    }
    if dies_with_parent {
        // The signal is sent when the thread ends that started the server; the callers see to its life.
        command.args(["--pdeathsig", "KILL"]);
    }
    command.arg(program);
    command
}

/// Starts a server whose output goes to this file.
pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Child, LocalError> {
    let program = || command_name(command.as_std().get_program());
    let output = File::options()
        .create(true)
        .append(true)
        .open(log)
        .map_err(LocalError::file(log))?;
    let errors = output.try_clone().map_err(LocalError::file(log))?;
    let name = program();
    command
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| LocalError::Run {
            program: name,
            source,
        })
}

/// Runs a program to its end.
pub(crate) async fn run(command: &mut Command) -> Result<String, LocalError> {
    let program = command_name(command.as_std().get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|source| LocalError::Run {
            program: program.clone(),
            source,
        })?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(LocalError::Failed {
        program,
        output: end_of(&text),
    })
}

fn command_name(program: &OsStr) -> String {
    PathBuf::from(program).display().to_string()
}

/// Asks a running server to stop, with this signal, and waits until it has; kills it when it takes too long.
pub(crate) async fn stop(
    child: &mut Child,
    signal: &str,
    patience: Duration,
) -> Result<(), LocalError> {
    if let Some(id) = child.id() {
        run(Command::new("kill").args([&format!("-{signal}"), &id.to_string()])).await?;
        if tokio::time::timeout(patience, child.wait()).await.is_ok() {
            return Ok(());
        }
    }
    kill(child).await
}

/// Kills a server as a crash would, and waits until it is gone.
pub(crate) async fn kill(child: &mut Child) -> Result<(), LocalError> {
    child.kill().await.map_err(|source| LocalError::Run {
        program: "kill".to_owned(),
        source,
    })
}

/// A port that nobody listens on at this moment.
pub(crate) async fn free_port() -> Result<u16, LocalError> {
    let bound = async { TcpListener::bind(("127.0.0.1", 0)).await?.local_addr() };
    let address = bound.await.map_err(|source| LocalError::Run {
        program: "a listener on 127.0.0.1".to_owned(),
        source,
    })?;
    Ok(address.port())
}

/// Waits until somebody listens on this port, or the child has ended.
pub(crate) async fn wait_for_port(
    program: &'static str,
    child: &mut Child,
    port: u16,
    log: &Path,
    patience: Duration,
) -> Result<(), LocalError> {
    let deadline = Instant::now() + patience;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        let ended = child.try_wait().ok().flatten().is_some();
        if ended {
            return Err(LocalError::Failed {
                program: program.to_owned(),
                output: end_of_file(log),
            });
        }
        if Instant::now() >= deadline {
            return Err(LocalError::Silent {
                program,
                waited: patience,
                log: end_of_file(log),
            });
        }
        tokio::time::sleep(ASK).await;
    }
    Ok(())
}

pub(crate) fn end_of_file(path: &Path) -> String {
    std::fs::read(path).map_or_else(
        |_| String::new(),
        |bytes| end_of(&String::from_utf8_lossy(&bytes)),
    )
}

fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
