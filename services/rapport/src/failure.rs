//! Why a command was not done, and the exit status that says so.

use std::process::ExitCode;

use tonic::{Code, Status};

/// A command that was not done. The message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command, a file or a name in it is wrong: exit status 2.
    #[error("{0}")]
    Wrong(String),
    /// It could not be done: exit status 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// Something went wrong on this machine. `doing` completes "cannot …".
    pub(crate) fn here(doing: &str, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("cannot {doing}: {error}"))
    }

    /// What control at this address answered instead of a result.
    pub(crate) fn from_control(url: &str, status: &Status) -> Self {
        let message = status.message();
        match status.code() {
            Code::InvalidArgument | Code::NotFound => Self::Wrong(message.to_owned()),
            Code::Unavailable if is_unreachable(status) => Self::Failed(format!(
                "control does not answer at {url}: start it, for example with `rapport dev`, or say where it is \
                 with --control or RAPPORT_CONTROL_URL"
            )),
            Code::DeadlineExceeded | Code::Cancelled => Self::Failed(format!(
                "control at {url} took too long to answer; what was asked may still be done: look with `rapport \
                 status`, then try again"
            )),
            Code::Unavailable => Self::Failed(format!("{message}; try again")),
            _ => Self::Failed(message.to_owned()),
        }
    }

    /// The exit status.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Wrong(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }
}

/// Whether nobody answered at all, rather than control saying that somebody else does not.
fn is_unreachable(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::transport::Error>() {
            return true;
        }
        source = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_input_is_told_from_what_failed() {
        let failure = |status: Status| Failure::from_control("http://x", &status);
        assert!(matches!(
            failure(Status::invalid_argument("line 1, column 2: no")),
            Failure::Wrong(_)
        ));
        assert!(matches!(
            failure(Status::not_found("no sync")),
            Failure::Wrong(_)
        ));
        assert!(matches!(
            failure(Status::failed_precondition("held")),
            Failure::Failed(_)
        ));
        let away = failure(Status::unavailable("the google connector is away"));
        assert_eq!(away.to_string(), "the google connector is away; try again");
    }
}
