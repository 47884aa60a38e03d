//! `docs/operations.md` names everything that an operator can set and watch.

use std::collections::BTreeSet;

use crate::tree::{Text, none, root, texts};

const PAGE: &str = "docs/operations.md";

#[test]
fn every_setting_is_described() {
    let settings = quoted_after("env = \"", |name| name.contains('_'));
    assert!(
        settings.contains("RAPPORT_NATS_URL"),
        "the settings are not where they are looked for"
    );
    none(&missing("setting", &settings));
}

#[test]
fn every_metric_is_described() {
    let metrics = quoted_after("\"", |name| name.starts_with("rapport_"));
    assert!(
        metrics.contains("rapport_writes"),
        "the metrics are not where they are looked for"
    );
    none(&missing("metric", &metrics));
}

fn missing(what: &str, names: &BTreeSet<String>) -> Vec<String> {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    names
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")))
        .map(|name| format!("{PAGE} does not describe the {what} {name}"))
        .collect()
}

/// The words between this and the next quotation mark, in the services' own code, that look right.
fn quoted_after(before: &str, looks_right: fn(&str) -> bool) -> BTreeSet<String> {
    let is_name = |word: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !word.is_empty() && word.chars().all(plain) && looks_right(word)
    };
    let in_src = |file: &&Text| file.path.components().any(|part| part.as_os_str() == "src");
    texts(&["services"], &["rs"])
        .iter()
        .filter(in_src)
        .flat_map(|file| file.text.split(before).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(is_name)
        .map(ToOwned::to_owned)
        .collect()
}
