//! The files of the repository.

use std::path::{Path, PathBuf};

/// A text file.
pub(crate) struct Text {
    /// Its path from the root of the repository.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Text {
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// The name without its extension.
    pub(crate) fn stem(&self) -> &str {
        self.path.file_stem().unwrap().to_str().unwrap()
    }

    pub(crate) fn is_under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// Every file with one of these extensions below these folders, leaving out what tools produce.
pub(crate) fn texts(folders: &[&str], extensions: &[&str]) -> Vec<Text> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), extensions, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, extensions: &[&str], found: &mut Vec<Text>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.')
                && !["target", "node_modules", "dist", "venv"].contains(&name.as_str())
            {
                collect(&path, extensions, found);
            }
            continue;
        }
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default();
        if extensions.contains(&extension)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let path = path.strip_prefix(root()).unwrap().to_owned();
            found.push(Text { path, text });
        }
    }
}

/// Fails with every complaint on a line of its own.
#[track_caller]
pub(crate) fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
