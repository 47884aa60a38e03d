//! A child process of ours.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use tokio::process::{Child, Command};

/// A service as a child process that can be killed and started again.
#[derive(Debug)]
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    log: PathBuf,
    child: Option<Child>,
}

/// A binary of this build, which lies beside the running one.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the running program has no path")?;
    let folder = own
        .ancestors()
        .skip(1)
        .find(|folder| folder.join(name).is_file())
        .with_context(|| format!("{name} is not built; run `cargo build --workspace --bins`"))?;
    Ok(folder.join(name))
}

impl Process {
    /// A process that is not started yet; what it says goes to a file in `logs`.
    pub fn new(
        name: &str,
        program: &str,
        arguments: &[&str],
        environment: BTreeMap<String, String>,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            program: binary(program)?,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            environment,
            log: logs.join(format!("{name}.log")),
            child: None,
        })
    }

    /// Another process like this one, not started, with these variables of its environment changed.
    #[must_use]
    pub fn replica(&self, name: &str, changed: &[(&str, &str)]) -> Self {
        let mut replica = Self {
            name: name.to_owned(),
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            environment: self.environment.clone(),
            log: self.log.with_file_name(format!("{name}.log")),
            child: None,
        };
        for (variable, value) in changed {
            replica.set(variable, value);
        }
        replica
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// Sets a variable of its environment, from its next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable out of its environment, from its next start on.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    fn command(&self) -> anyhow::Result<Command> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        Ok(command)
    }

    /// Starts it.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let child = self
            .command()?
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        self.child = Some(child);
        Ok(())
    }

    /// Runs it to its end.
    pub async fn finish(&self) -> anyhow::Result<()> {
        let status = self.command()?.status().await?;
        anyhow::ensure!(
            status.success(),
            "{} failed ({status}):\n{}",
            self.name,
            self.tail()
        );
        Ok(())
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks it to stop with SIGTERM, and waits until it has, without an error.
    pub async fn stop(&mut self, patience: Duration) -> anyhow::Result<()> {
        let id = self
            .id()
            .with_context(|| format!("{} does not run", self.name))?;
        let mut asked = Command::new("kill");
        asked.args(["-TERM", &id.to_string()]);
        anyhow::ensure!(
            asked.status().await?.success(),
            "{} cannot be asked",
            self.name
        );
        let status = self.end(patience).await?;
        anyhow::ensure!(
            status.success(),
            "{} stopped with an error ({status}):\n{}",
            self.name,
            self.tail()
        );
        Ok(())
    }

    /// Waits until it ends by itself.
    pub async fn end(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let child = self.child.as_mut();
        let child = child.with_context(|| format!("{} does not run", self.name))?;
        let Ok(status) = tokio::time::timeout(patience, child.wait()).await else {
            anyhow::bail!(
                "{} has not ended within {patience:?}:\n{}",
                self.name,
                self.tail()
            );
        };
        self.child = None;
        Ok(status?)
    }

    /// Fails if it has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            anyhow::bail!("{} ended ({status}):\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The last lines of what it said.
    pub fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}
