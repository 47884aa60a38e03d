//! Where the programs are.
//!
//! `nats-server` is looked for on `PATH`, at `RAPPORT_NATS_SERVER`, and in the repository's `.tools/venv`,
//! in this order; PostgreSQL's programs at `RAPPORT_POSTGRES_BIN`, on `PATH`, and where Debian puts them.
//! `deploy/local/fetch-tools` fetches what is missing.

use std::path::{Path, PathBuf};

use crate::LocalError;

/// What installs both.
const FETCH: &str = "run deploy/local/fetch-tools";

/// The NATS server.
pub fn nats_server() -> Result<PathBuf, LocalError> {
    on_path("nats-server")
        .or_else(|| named("RAPPORT_NATS_SERVER"))
        .or_else(in_tools)
        .ok_or_else(|| LocalError::Missing {
            program: "nats-server",
            what_to_do: FETCH.to_owned(),
        })
}

/// The folder with `postgres`, `initdb` and `psql`.
pub fn postgres_bin() -> Result<PathBuf, LocalError> {
    named("RAPPORT_POSTGRES_BIN")
        .or_else(|| Some(on_path("initdb")?.canonicalize().ok()?.parent()?.to_owned()))
        .filter(|folder| is_complete(folder))
        .or_else(debian_postgres)
        .ok_or_else(|| LocalError::Missing {
            program: "PostgreSQL",
            what_to_do: FETCH.to_owned(),
        })
}

fn is_complete(folder: &Path) -> bool {
    ["postgres", "initdb", "psql"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// `setpriv` of util-linux, which starts a program as another user and ends it with its parent.
pub(crate) fn setpriv() -> Option<PathBuf> {
    on_path("setpriv")
}

#[allow(
    clippy::disallowed_methods,
    reason = "finding programs is what the environment is for"
)]
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.exists())
}

#[allow(
    clippy::disallowed_methods,
    reason = "finding programs is what the environment is for"
)]
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// `.tools/venv` of the repository that the current folder is in, or that this was built in.
fn in_tools() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    current
        .ancestors()
        .chain(built.ancestors())
        .map(|folder| folder.join(".tools/venv/bin/nats-server"))
        .find(|path| path.is_file())
}

/// The newest version in `/usr/lib/postgresql`.
fn debian_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_complete(&path.join("bin")))
        .max_by_key(version)
        .map(|path| path.join("bin"))
}
