//! A provider is one folder: nothing else knows it.

use crate::tree::{Text, none, texts};

/// A provider's folder and the words that give it away.
const PROVIDERS: [(&str, &[&str]); 5] = [
    ("google", &["google"]),
    ("zoho", &["zoho"]),
    ("microsoft", &["microsoft"]),
    ("exchange", &["autodiscover", "ews"]),
    ("sell", &["zendesk"]),
];

/// A provider's own names for things of its API, which happen to hold another one's: Zoho's profiles have
/// permissions of these names.
const OWN_NAMES: [(&str, &[&str]); 1] = [(
    "zoho",
    &[
        "google contacts",
        "google_contacts",
        "google calendar",
        "google_calendar",
    ],
)];

/// What knows no provider.
const ENGINE: [&str; 7] = [
    "services/lib/model/src",
    "services/lib/merge/src",
    "services/lib/provider/src",
    "services/lib/driver/src",
    "services/lib/bus/src",
    "services/lib/kit/src",
    "services/reconciler/src",
];

#[test]
fn a_providers_folder_names_no_other_provider() {
    let mut complaints = Vec::new();
    for file in texts(&["services"], &["rs", "sql", "md", "toml"]) {
        let Some((own, _)) = PROVIDERS
            .iter()
            .find(|(name, _)| file.is_under(&format!("services/{name}")))
        else {
            continue;
        };
        for (other, words) in PROVIDERS.iter().filter(|(name, _)| name != own) {
            for (number, line) in file.text.lines().enumerate() {
                if mentions(&without_own_names(own, line), words) {
                    complaints.push(format!(
                        "{}:{}: names {other}",
                        file.path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_engine_names_no_provider() {
    let mut complaints = Vec::new();
    for file in texts(&ENGINE, &["rs"]) {
        for (number, line) in code(&file) {
            for (provider, words) in &PROVIDERS {
                if mentions(line, words) {
                    complaints.push(format!(
                        "{}:{number}: names {provider}",
                        file.path.display()
                    ));
                }
            }
        }
    }
    none(&complaints);
}

fn without_own_names(provider: &str, line: &str) -> String {
    let own = OWN_NAMES
        .iter()
        .filter(|(name, _)| *name == provider)
        .flat_map(|(_, names)| names.iter());
    own.fold(line.to_lowercase(), |line, name| line.replace(name, ""))
}

/// The lines that are compiled into the product: no comments, no tests.
fn code(file: &Text) -> impl Iterator<Item = (usize, &str)> {
    let only_tests = file.stem() == "tests"
        || file
            .path
            .components()
            .any(|part| part.as_os_str() == "tests");
    file.text
        .lines()
        .take_while(move |line| !only_tests && line.trim() != "#[cfg(test)]")
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// Whether one of these words is in the line, as a word of its own or as a part of a name.
fn mentions(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().any(|word| {
        line.match_indices(word).any(|(start, _)| {
            let inside = |c: Option<char>| c.is_some_and(char::is_alphabetic);
            !inside(line[..start].chars().next_back())
                && !inside(line[start + word.len()..].chars().next())
        })
    })
}
