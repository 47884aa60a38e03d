//! CPU time and memory of each process, from `/proc`.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

/// Clock ticks a second, in which the kernel counts; the same on every Linux machine that Rapport runs on.
const TICKS: f64 = 100.0;

/// What a role's process, with its children, has used.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    /// Seconds on a core, ended children included.
    pub(crate) cpu_seconds: f64,
    /// Resident memory now, shared pages divided among those that share them.
    pub(crate) resident_mebibytes: f64,
    /// The most resident memory that the process had so far, children not included.
    pub(crate) peak_mebibytes: f64,
}

/// The services of Rapport, in the order of a change's life; what else runs is not ours.
pub(crate) const OURS: [&str; 6] = [
    "control",
    "zoho-connector",
    "google-connector",
    "reconciler",
    "zoho-writer",
    "google-writer",
];

/// What each role has used.
pub(crate) fn of(ids: &BTreeMap<&'static str, u32>) -> BTreeMap<&'static str, Usage> {
    let children = children();
    ids.iter()
        .map(|(name, id)| (*name, with_children(*id, &children)))
        .collect()
}

/// What was used between two looks: CPU seconds are the difference, memory is the later one.
pub(crate) fn between(
    before: &BTreeMap<&'static str, Usage>,
    after: &BTreeMap<&'static str, Usage>,
) -> BTreeMap<&'static str, Usage> {
    after
        .iter()
        .map(|(name, after)| {
            let before = before.get(name).copied().unwrap_or_default();
            let used = Usage {
                cpu_seconds: after.cpu_seconds - before.cpu_seconds,
                ..*after
            };
            (*name, used)
        })
        .collect()
}

/// The memory of our own processes together, in mebibytes.
pub(crate) fn ours_mebibytes(usage: &BTreeMap<&'static str, Usage>) -> f64 {
    let ours = OURS.iter().filter_map(|name| usage.get(name));
    ours.map(|usage| usage.resident_mebibytes).sum()
}

/// The CPU seconds of our own processes together.
pub(crate) fn ours_cpu_seconds(usage: &BTreeMap<&'static str, Usage>) -> f64 {
    let ours = OURS.iter().filter_map(|name| usage.get(name));
    ours.map(|usage| usage.cpu_seconds).sum()
}

/// The children of each process.
fn children() -> BTreeMap<u32, Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return children;
    };
    for entry in entries.flatten() {
        let id = entry.file_name().to_string_lossy().parse::<u32>();
        let Ok(id) = id else { continue };
        if let Some(parent) = stat(id).and_then(|words| words.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    children
}

/// The words of `/proc/ID/stat` after the program's name, which may hold blanks: state, parent, …
fn stat(id: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn with_children(id: u32, children: &BTreeMap<u32, Vec<u32>>) -> Usage {
    let mut usage = alone(id);
    for child in children.get(&id).into_iter().flatten() {
        let child = with_children(*child, children);
        usage.cpu_seconds += child.cpu_seconds;
        usage.resident_mebibytes += child.resident_mebibytes;
    }
    usage
}

fn alone(id: u32) -> Usage {
    let words = stat(id).unwrap_or_default();
    // utime, stime, and those of children that have ended.
    let ticks: f64 = (11..15)
        .filter_map(|index| words.get(index)?.parse::<f64>().ok())
        .sum();
    let folder = format!("/proc/{id}");
    let folder = Path::new(&folder);
    Usage {
        cpu_seconds: ticks / TICKS,
        resident_mebibytes: kibibytes(&folder.join("smaps_rollup"), "Pss:") / 1024.0,
        peak_mebibytes: kibibytes(&folder.join("status"), "VmHWM:") / 1024.0,
    }
}

/// A line of a file that counts in kibibytes.
fn kibibytes(path: &Path, name: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(name));
    let number = lines.next().and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_working() {
        let ids = BTreeMap::from([("reconciler", std::process::id())]);
        let before = of(&ids);
        let mut sum = 0_u64;
        while between(&before, &of(&ids))["reconciler"].cpu_seconds < 0.05 {
            sum = std::hint::black_box(sum.wrapping_mul(31) + 1);
        }
        let after = of(&ids);
        assert!(after["reconciler"].peak_mebibytes > 0.0);
        assert!(ours_mebibytes(&after) > 0.0);
    }

    #[test]
    fn a_process_that_is_gone_uses_nothing() {
        let gone = of(&BTreeMap::from([("nats", u32::MAX)]));
        assert!(gone["nats"].cpu_seconds.abs() < f64::EPSILON);
    }
}
