//! The benchmark itself, in its smallest size, so that it cannot rot.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use serde_json::Value;

/// Runs a scenario in its quick size; answers the report.
fn quick(scenario: &str) -> Value {
    let folder = std::env::temp_dir().join(format!("bench-of-{scenario}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let json = folder.join("bench.json");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick", "--json"])
        .arg(&json)
        .arg(scenario)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complained}{said}");
    let report = std::fs::read_to_string(&json).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    serde_json::from_str(&report).unwrap()
}

/// The value of the figure whose name begins so.
fn figure(report: &Value, name: &str) -> f64 {
    let figures = report["figures"].as_array().unwrap();
    let named = |figure: &&Value| figure["name"].as_str().unwrap().starts_with(name);
    figures.iter().find(named).expect(name)["value"]
        .as_f64()
        .unwrap()
}

#[test]
fn a_first_sync_is_measured_beside_its_formula() {
    let report = quick("first-sync");
    assert!(figure(&report, "until in sync") > 0.0);
    let formula = report["details"]["first sync of 60 + 60"]["formula"]
        .as_array()
        .unwrap();
    let fewest: u64 = formula
        .iter()
        .map(|term| term["calls"].as_u64().unwrap())
        .sum();
    #[allow(clippy::cast_precision_loss, reason = "few calls")]
    let fewest = fewest as f64;
    assert!(figure(&report, "provider calls") >= fewest, "{formula:?}");
}

#[test]
fn a_first_sync_of_calendars_is_measured_beside_its_formula_and_mails_nobody() {
    let report = quick("events");
    assert!(figure(&report, "until in sync") > 0.0);
    assert!(figure(&report, "e-mails caused") == 0.0);
    let details = &report["details"]["first sync of 60 + 60 events"];
    let fewest: u64 = details["formula"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| term["calls"].as_u64().unwrap())
        .sum();
    assert!(details["work"]["created_right"].as_u64().unwrap() >= 30);
    #[allow(clippy::cast_precision_loss, reason = "few calls")]
    let fewest = fewest as f64;
    assert!(figure(&report, "provider calls") >= fewest, "{details}");
}

#[test]
fn a_push_is_followed_to_its_write() {
    let report = quick("latency");
    assert!(figure(&report, "p50 idle") > 0.0);
    assert!(figure(&report, "changes at 20 a second") > 0.0);
}

#[test]
fn a_burst_causes_rounds() {
    let report = quick("burst");
    assert!(figure(&report, "rounds a feed, mean") >= 1.0);
}
