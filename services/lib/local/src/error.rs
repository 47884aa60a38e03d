//! Why a local server does not run.

use std::{io, path::PathBuf, time::Duration};

/// Why a local server cannot be found, started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A program is not installed.
    #[error("{program} is not installed: {what_to_do}")]
    Missing {
        /// The program.
        program: &'static str,
        /// One command that installs it.
        what_to_do: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A program cannot be run.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: String,
        /// The end of what it wrote.
        output: String,
    },
    /// A server does not answer.
    #[error("{program} did not answer within {waited:?}; the end of its log: {log}")]
    Silent {
        /// The server.
        program: &'static str,
        /// How long it was waited for.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
}

impl LocalError {
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
