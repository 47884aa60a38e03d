//! The key of the secrets: made by the first run, kept beside the data that it opens.

use std::{
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// The file with the key; made, and readable by its owner alone, if it is not there.
pub(super) fn file(data: &Path) -> anyhow::Result<PathBuf> {
    let path = data.join("control-keys");
    let mut create = std::fs::OpenOptions::new();
    match create.write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => writeln!(file, "{}", control::new_key("dev")?)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot write {}", path.display()));
        }
    }
    Ok(path)
}
