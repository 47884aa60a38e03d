//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

/// Keeps contacts and calendars in step between CRMs and office suites.
#[derive(Debug, Parser)]
#[command(
    name = "rapport",
    version,
    after_help = "Exit status: 0 it was done, 1 it could not be done, 2 the command or a file is wrong."
)]
pub(crate) struct Cli {
    /// Where control answers.
    #[command(flatten)]
    pub control: ControlArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where control answers, and for whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct ControlArgs {
    /// Where control answers.
    #[arg(
        long = "control",
        env = "RAPPORT_CONTROL_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:7000",
        global = true
    )]
    pub url: String,
    /// The tenant's token, where control asks for one.
    #[arg(
        long,
        env = "RAPPORT_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        global = true
    )]
    pub token: Option<SecretString>,
    /// Print JSON, one value a line.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in to an account and give the connection a name.
    Connect(ConnectArgs),
    /// Check sync files against both accounts, store them and start them.
    Apply(ApplyArgs),
    /// List syncs, connections or the records of a sync.
    Get(GetArgs),
    /// Show how syncs are doing.
    Status(StatusArgs),
    /// Read both sides of a sync now.
    Run(SyncArgs),
    /// Show what a sync changed, newest first.
    History(HistoryArgs),
    /// Put back a value, a record or everything that one run did.
    Restore(RestoreArgs),
    /// Try set-aside records again.
    Retry(RetryArgs),
    /// Stop writing until `resume`.
    Pause(SyncArgs),
    /// Let a paused sync go on, or answer a guard that asked.
    Resume(ResumeArgs),
    /// Delete a sync; the records of both accounts stay as they are.
    Delete(SyncArgs),
    /// Print what happens as CloudEvents, one a line.
    Events(EventsArgs),
    /// Go on after the database was restored from a backup, or failed over to a server that lags.
    #[command(
        after_help = "For administrators of the installation: it concerns the syncs of every tenant. Services refuse to \
        go on once the database is older than what was done from it. Both sides of every sync are then read and \
        compared anew; what would be deleted waits for `rapport resume SYNC --accept` or `--restore`. Where control \
        asks for tokens, RAPPORT_TOKEN is that of the administrators."
    )]
    Recover(RecoverArgs),
    /// Run every service in this process, with a NATS and a PostgreSQL of its own.
    #[command(
        after_help = "Providers are set by RAPPORT_GOOGLE_… and RAPPORT_ZOHO_… in the environment, as for \
        their services: `google-connector --help` and `zoho-connector --help` list them."
    )]
    Dev(Box<crate::dev::DevArgs>),
}

/// A sync.
#[derive(Clone, Debug, Args)]
pub(crate) struct SyncArgs {
    /// The sync's name or id.
    pub sync: String,
}

/// An account to sign in to.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConnectArgs {
    /// The provider, for example google.
    pub provider: String,
    /// What the connection is to be called.
    #[arg(long)]
    pub name: String,
    /// A file with the secret in place of a person, as the provider's page describes it; `-` for standard input.
    #[arg(long, value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// The port of 127.0.0.1 to which the provider sends the person back; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub redirect_port: u16,
}

/// Sync files.
#[derive(Clone, Debug, Args)]
pub(crate) struct ApplyArgs {
    /// A sync file; `-` for standard input. May be given several times.
    #[arg(short, long = "file", value_name = "PATH", required = true)]
    pub files: Vec<PathBuf>,
    /// Hold new syncs in preview and count what they would do.
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait until a dry run has read both accounts.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub timeout_seconds: u64,
}

/// What to list.
#[derive(Clone, Debug, Args)]
pub(crate) struct GetArgs {
    /// What to list.
    #[arg(value_enum, default_value_t = Listed::Syncs)]
    pub what: Listed,
    /// The sync whose records to list.
    #[arg(required_if_eq("what", "records"))]
    pub sync: Option<String>,
    /// Only records in this state: in sync, pending, deferred, excluded, set aside.
    #[arg(long, default_value = "")]
    pub state: String,
    /// How many records at most; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// Syncs.
    Syncs,
    /// Connections.
    Connections,
    /// The records of a sync.
    Records,
}

/// How a sync is doing.
#[derive(Clone, Debug, Args)]
pub(crate) struct StatusArgs {
    /// The sync's name or id; all syncs if left out.
    pub sync: Option<String>,
    /// Go on showing it.
    #[arg(long, requires = "sync")]
    pub watch: bool,
}

/// What to look up in the history.
#[derive(Clone, Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The sync's name or id.
    pub sync: String,
    /// Only this record: its link, or its id at a provider.
    #[arg(long, default_value = "")]
    pub record: String,
    /// Only this run.
    #[arg(long, default_value_t = 0)]
    pub run: u64,
    /// How many entries at most; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

/// What to put back.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The sync's name or id.
    pub sync: String,
    #[command(flatten)]
    pub what: RestoreWhat,
}

/// One of these.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RestoreWhat {
    /// One value: an entry of the history.
    #[arg(long, value_name = "ID")]
    pub entry: Option<String>,
    /// Everything that happened to one record: its link.
    #[arg(long, value_name = "LINK")]
    pub record: Option<String>,
    /// Everything that one run did.
    #[arg(long)]
    pub run: Option<u64>,
}

/// Which records to try again.
#[derive(Clone, Debug, Args)]
pub(crate) struct RetryArgs {
    /// The sync's name or id.
    pub sync: String,
    /// One record: its link, or its id at a provider; every set-aside record if left out.
    #[arg(long, default_value = "")]
    pub record: String,
}

/// How a sync goes on.
#[derive(Clone, Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The sync's name or id.
    pub sync: String,
    /// Answer to a guard: go on with what it held back.
    #[arg(long, conflicts_with = "restore")]
    pub accept: bool,
    /// Answer to a guard: put back what the other side lost.
    #[arg(long)]
    pub restore: bool,
}

/// How to recover.
#[derive(Clone, Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Do it; without, only say what it would be about.
    #[arg(long)]
    pub yes: bool,
    /// Recover although nothing tells that the database went back: NATS was restored or lost with it.
    #[arg(long)]
    pub anyway: bool,
}

/// Which events to print.
#[derive(Clone, Debug, Args)]
pub(crate) struct EventsArgs {
    /// The sync's name or id; all syncs if left out.
    pub sync: Option<String>,
    /// From the beginning.
    #[arg(long, conflicts_with = "after")]
    pub all: bool,
    /// After the event of this id; needs a sync.
    #[arg(long, value_name = "ID", default_value = "", requires = "sync")]
    pub after: String,
    /// End when there are no more.
    #[arg(long)]
    pub once: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn commands_are_read_as_the_documentation_writes_them() {
        for line in [
            "rapport connect google --name ana-google",
            "rapport connect zoho --name acme-zoho --secret-file secret.json",
            "rapport apply -f sync.yaml --dry-run",
            "rapport get",
            "rapport get records ana-clients --state pending",
            "rapport status",
            "rapport status ana-clients --watch --json",
            "rapport restore ana-clients --run 3",
            "rapport resume ana-clients --accept",
            "rapport recover",
            "rapport recover --yes --anyway",
            "rapport events --all --once",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "rapport get records",
            "rapport restore ana-clients",
            "rapport restore ana-clients --run 3 --entry x",
            "rapport resume ana-clients --accept --restore",
            "rapport status --watch",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
