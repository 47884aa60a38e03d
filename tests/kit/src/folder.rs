//! A temporary folder.

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A new folder that is removed with this value, and that other users can pass through.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes a folder whose name starts like this.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _cannot_be_helped = std::fs::remove_dir_all(&self.path);
    }
}
