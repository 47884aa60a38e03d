//! Running the command.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
};

use tokio::process::{Child, Command};

use crate::stage::Stage;

/// What the command printed, and its exit status.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it printed, if it was done.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }
}

fn command(url: &str, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(words.split_whitespace());
    command
        .env("RAPPORT_CONTROL_URL", url)
        .env_remove("RAPPORT_TOKEN")
        .kill_on_drop(true);
    command.stdin(Stdio::null());
    command
}

/// Runs the command to its end.
pub(crate) async fn rapport(stage: &Stage, words: &str) -> Done {
    at(&stage.url(), words).await
}

/// Runs the command to its end, with control at this address.
pub(crate) async fn at(url: &str, words: &str) -> Done {
    Done::from(command(url, words).output().await.unwrap())
}

/// Starts the command; what it prints can be read while it runs.
pub(crate) fn start(stage: &Stage, words: &str) -> Child {
    let mut command = command(&stage.url(), words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// A file of a test's own.
pub(crate) fn file(folder: &test_kit::Folder, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}
