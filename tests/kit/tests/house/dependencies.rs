//! Dependencies point one way.

use std::process::Command;

use serde_json::Value;

use crate::tree::{none, root};

/// A crate of this repository.
struct Package {
    name: String,
    layer: Layer,
    /// Names of what it is built with, outside of its own tests.
    needs: Vec<String>,
    /// Names of what only its tests need.
    tests_need: Vec<String>,
}

/// From the ground up; a crate needs only crates of lower layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    /// The contracts.
    Proto,
    /// Canonical records.
    Model,
    /// The merge.
    Merge,
    /// What providers, processes, messages and local servers have in common.
    Ground,
    /// What turns a provider into services.
    Driver,
    /// The services and providers.
    Service,
    /// The command, which holds every role.
    Command,
    /// Tests and what they use.
    Test,
}

/// What a crate must not need, however it is built, and why.
const FORBIDDEN: [(&str, &[&str], &str); 8] = [
    (
        "model",
        &["tokio", "sqlx", "tonic", "async-nats", "reqwest"],
        "it is pure",
    ),
    (
        "merge",
        &["tokio", "sqlx", "tonic", "async-nats", "reqwest", "proto"],
        "it is pure",
    ),
    (
        "provider",
        &["sqlx", "async-nats", "bus"],
        "a provider sees neither messages nor SQL",
    ),
    (
        "bus",
        &["sqlx", "reqwest", "tonic"],
        "it is JetStream and nothing else",
    ),
    (
        "kit",
        &["async-nats", "reqwest"],
        "it is a process and nothing else",
    ),
    (
        "reconciler",
        &["reqwest", "provider", "driver"],
        "it speaks to no provider",
    ),
    (
        "sandbox",
        &["provider", "model", "merge", "driver"],
        "one wrong type would agree with itself",
    ),
    (
        "agreement",
        &[
            "provider", "model", "merge", "driver", "bus", "kit", "proto",
        ],
        "it judges the engine",
    ),
];

#[test]
fn crates_need_only_what_lies_below_them() {
    let packages = packages();
    let find = |name: &str| packages.iter().find(|package| package.name == name);
    let mut complaints = Vec::new();
    for package in &packages {
        for need in package.needs.iter().filter_map(|need| find(need)) {
            // The demo's accounts are part of the command.
            let demo =
                package.name == "rapport" && ["sandbox", "agreement"].contains(&need.name.as_str());
            let both_tests = package.layer == Layer::Test && need.layer == Layer::Test;
            if need.layer >= package.layer && !demo && !both_tests {
                complaints.push(format!("{} must not depend on {}", package.name, need.name));
            }
        }
    }
    none(&complaints);
}

#[test]
fn crates_keep_to_their_subject() {
    let mut complaints = Vec::new();
    for package in packages() {
        let forbidden = FORBIDDEN.iter().find(|(name, _, _)| *name == package.name);
        for need in forbidden.iter().flat_map(|(_, needs, _)| needs.iter()) {
            if package.needs.iter().any(|other| other == need) {
                let why = forbidden.map_or("", |(_, _, why)| why);
                complaints.push(format!("{} must not depend on {need}: {why}", package.name));
            }
        }
    }
    none(&complaints);
}

#[test]
fn services_do_not_know_each_other_even_in_their_tests() {
    let packages = packages();
    let services: Vec<&str> = packages
        .iter()
        .filter(|package| package.layer == Layer::Service)
        .map(|package| package.name.as_str())
        .collect();
    assert!(services.contains(&"reconciler"), "{services:?}");
    let mut complaints = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package.layer == Layer::Service)
    {
        for other in package
            .tests_need
            .iter()
            .filter(|need| services.contains(&need.as_str()))
        {
            if *other != package.name {
                complaints.push(format!(
                    "the tests of {} must not depend on {other}",
                    package.name
                ));
            }
        }
    }
    none(&complaints);
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--locked",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(package)
        .collect()
}

fn package(description: &Value) -> Package {
    let name = description["name"].as_str().unwrap().to_owned();
    let manifest = description["manifest_path"].as_str().unwrap();
    let folder = manifest
        .strip_prefix(root().to_str().unwrap())
        .unwrap()
        .trim_start_matches('/');
    let folder = folder.trim_end_matches("/Cargo.toml");
    let of_kind = |wanted: fn(&Value) -> bool| {
        let all = description["dependencies"].as_array().unwrap().iter();
        all.filter(|need| wanted(&need["kind"]))
            .map(|need| need["name"].as_str().unwrap().to_owned())
            .collect()
    };
    Package {
        layer: layer(folder),
        name,
        needs: of_kind(|kind| kind != "dev"),
        tests_need: of_kind(|kind| kind == "dev"),
    }
}

fn layer(folder: &str) -> Layer {
    match folder {
        "proto" => Layer::Proto,
        "services/lib/model" => Layer::Model,
        "services/lib/merge" => Layer::Merge,
        "services/lib/provider"
        | "services/lib/bus"
        | "services/lib/kit"
        | "services/lib/local" => Layer::Ground,
        "services/lib/driver" => Layer::Driver,
        "services/rapport" => Layer::Command,
        other if other.starts_with("services/lib/") => {
            panic!("{other} has no layer yet: give it one")
        }
        other if other.starts_with("services/") => Layer::Service,
        _ => Layer::Test,
    }
}
