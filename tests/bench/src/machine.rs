//! What the benchmark runs on.

use std::path::Path;

use serde::Serialize;

/// The machine, the day and the build.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// When the run began, in UTC.
    pub(crate) date: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// What the processor calls itself.
    pub(crate) processor: String,
    /// Memory.
    pub(crate) memory_gibibytes: f64,
    /// The file system that the data lies on.
    pub(crate) file_system: String,
    /// `release` or `debug`.
    pub(crate) build: &'static str,
}

impl Machine {
    /// Looks at this machine; data will lie in this folder.
    pub(crate) fn look(folder: &Path) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            date: jiff::Timestamp::now()
                .strftime("%Y-%m-%d %H:%M UTC")
                .to_string(),
            cores,
            processor: line("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_gibibytes: line("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
                .map_or(0.0, |kibibytes| kibibytes / 1024.0 / 1024.0),
            file_system: file_system(folder),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        }
    }
}

/// What follows the name and a colon in a file of `/proc`.
fn line(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The kind of the file system that a folder lies on.
fn file_system(folder: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let of = mounts.lines().filter_map(|mount| {
        let mut words = mount.split_whitespace().skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    of.max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}
