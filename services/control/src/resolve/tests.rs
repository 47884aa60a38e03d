//! Documents against what two accounts offer.

use model::{CatalogueEntry, Direction, Pairing, Path};
use pretty_assertions::assert_eq;
use uuid::Uuid;

use super::*;
use crate::{document, recipe};

const FILE: &str = "\
kind: Sync
name: ana-clients
recipe: zoho-google-contacts
left: { connection: acme-zoho, collection: { list_view: Key accounts } }
right: { connection: ana-google, collection: { group: Clients } }
";

fn entry(path: &str, writable: bool) -> CatalogueEntry {
    CatalogueEntry {
        path: Path::parse(path).unwrap(),
        name: path.to_owned(),
        readable: true,
        writable,
        max_length: None,
        max_elements: None,
        required: false,
    }
}

fn offer(name: &str, provider: &str, collections: &[(&str, &str, &str)], paths: &[&str]) -> Offer {
    let collection = |(id, name, form): &(&str, &str, &str)| wire::Collection {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        form: (*form).to_owned(),
    };
    let mut catalogue = Catalogue(paths.iter().map(|path| entry(path, true)).collect());
    catalogue.0.push(entry("custom[Score]", false));
    Offer {
        connection: ConnectionId(Uuid::new_v5(&Uuid::nil(), name.as_bytes())),
        name: name.to_owned(),
        provider: provider.to_owned(),
        account_id: "1".to_owned(),
        missing_rights: Vec::new(),
        about: About::default(),
        collections: collections.iter().map(collection).collect(),
        catalogue,
        series: String::new(),
    }
}

fn left() -> Offer {
    let views = [
        ("1", "Key accounts", "list_view"),
        ("2", "Twins", "list_view"),
        ("3", "Twins", "list_view"),
    ];
    let paths = [
        "name.given",
        "name.family",
        "emails[work]",
        "emails[other]",
        "phones",
        "addresses[work].city",
        "custom[Twitter_Handle]",
    ];
    offer("acme-zoho", "zoho", &views, &paths)
}

fn right() -> Offer {
    let groups = [
        ("contactGroups/7", "Clients", "group"),
        ("contactGroups/8", "Friends", "group"),
    ];
    let paths = [
        "name.given",
        "name.family",
        "emails",
        "phones",
        "addresses",
        "custom",
    ];
    offer("ana-google", "google", &groups, &paths)
}

fn resolved(yaml: &str) -> Result<Definition, String> {
    resolved_with(yaml, &left(), &right())
}

fn resolved_with(yaml: &str, left: &Offer, right: &Offer) -> Result<Definition, String> {
    let document = document::parse(yaml).unwrap().remove(0);
    let recipe = recipe::named(&document.recipe.value).unwrap();
    resolve(&document, recipe, left, right, false).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        lines.join("\n")
    })
}

fn pairs(definition: &Definition) -> Vec<String> {
    let pair = |pairing: &Pairing| format!("{} = {}", pairing.left, pairing.right);
    definition.mapping.iter().map(pair).collect()
}

#[test]
fn names_become_ids_and_defaults_are_filled_in_with_what_both_accounts_offer() {
    let definition = resolved(FILE).unwrap();
    assert_eq!(definition.left.collection.id, "1");
    assert_eq!(definition.right.collection.id, "contactGroups/7");
    assert_eq!(definition.left.options["workflows"], "off");
    assert_eq!(definition.policies.frequency_seconds, 300);
    assert_eq!(
        pairs(&definition),
        [
            "addresses[work].city = addresses[work].city",
            "emails[other] = emails[home]",
            "emails[work] = emails[work]",
            "name.family = name.family",
            "name.given = name.given",
            "phones[home] = phones[home]",
            "phones[mobile] = phones[mobile]",
            "phones[other] = phones[other]",
            "phones[work] = phones[work]",
            "phones[workFax] = phones[workFax]",
        ]
    );
}

#[test]
fn a_mapping_adds_replaces_and_drops() {
    let yaml = format!(
        "{FILE}mapping:\n\
             - {{ left: 'custom[Twitter_Handle]', right: 'custom[Twitter]', direction: left-to-right }}\n\
             - {{ left: 'emails[other]', right: 'emails[other]' }}\n\
             - {{ left: 'addresses[work]', right: 'addresses[work]', direction: none }}\n"
    );
    let definition = resolved(&yaml).unwrap();
    let pairs = pairs(&definition);
    assert!(
        pairs.contains(&"emails[other] = emails[other]".to_owned()),
        "{pairs:?}"
    );
    assert!(
        !pairs
            .iter()
            .any(|pair| pair.contains("home]") && pair.contains("emails")),
        "{pairs:?}"
    );
    assert!(
        !pairs.iter().any(|pair| pair.starts_with("addresses")),
        "{pairs:?}"
    );
    let custom = definition
        .mapping
        .iter()
        .find(|pairing| pairing.left.field() == "custom")
        .unwrap();
    assert_eq!(custom.direction, Direction::LeftToRight);
}

#[test]
fn bad_mappings_name_the_place_the_path_and_what_to_do() {
    let with = |left: &str, right: &str| {
        let line = format!("{FILE}mapping:\n- {{ left: '{left}', right: '{right}' }}\n");
        resolved(&line).unwrap_err()
    };
    let unknown = with("custom[Nope]", "custom[Twitter]");
    assert!(unknown.starts_with("line 7, column 11: "), "{unknown}");
    assert!(
        unknown.contains("the left account has no field custom[Nope]"),
        "{unknown}"
    );
    let read_only = with("custom[Score]", "custom[Twitter]");
    assert!(
        read_only.starts_with("line 7, column 11: custom[Score] is read-only"),
        "{read_only}"
    );
    assert!(
        read_only.contains("direction: left-to-right"),
        "{read_only}"
    );
    let list = with("phones", "custom[Twitter]");
    assert!(list.starts_with("line 7, column "), "{list}");
    let no_path = with("emails[work", "emails[work]");
    assert!(no_path.starts_with("line 7, column 11: "), "{no_path}");
    let nothing = format!("{FILE}mapping:\n- {{ left: note, right: title, direction: none }}\n");
    assert!(resolved(&nothing).unwrap_err().contains("nothing to drop"));
}

#[test]
fn unknown_collections_and_options_say_what_exists() {
    let group = resolved(&FILE.replace("group: Clients", "group: Client")).unwrap_err();
    assert_eq!(
        group,
        "line 5, column 46: connection \"ana-google\" has no group \"Client\"; there are: Clients, Friends"
    );
    let form = resolved(&FILE.replace("group: Clients", "label: Clients")).unwrap_err();
    assert!(form.ends_with("has no label; it has: group"), "{form}");
    let twins = resolved(&FILE.replace("list_view: Key accounts", "list_view: Twins")).unwrap_err();
    assert!(
        twins.contains("2 of list_view \"Twins\"") && twins.ends_with("2, 3"),
        "{twins}"
    );
    assert!(resolved(&FILE.replace("list_view: Key accounts", "list_view: '2'")).is_ok());
    let option = FILE.replace(
        "acme-zoho,",
        "acme-zoho, options: { workflows: on, colour: red },",
    );
    let option = resolved(&option).unwrap_err();
    assert!(
        option.contains("zoho has no option \"colour\"; it has: companies, workflows"),
        "{option}"
    );
    assert!(
        option.contains("workflows cannot be \"on\"; write one of: off, run"),
        "{option}"
    );
}

#[test]
fn the_whole_account_needs_no_collection() {
    let definition = resolved(&FILE.replace(", collection: { group: Clients }", "")).unwrap();
    assert_eq!(definition.right.collection, Collection::default());
}

#[test]
fn flipped_connections_missing_rights_and_odd_frequencies_are_refused_together() {
    let mut google = right();
    google.missing_rights = vec!["delete contacts".to_owned(), "see contacts".to_owned()];
    let yaml = format!("{FILE}policies: {{ frequency_seconds: 301 }}\n");
    let problems = resolved_with(&yaml, &google, &google).unwrap_err();
    assert!(
        problems.contains("is a google account, but this side of the recipe is a zoho account"),
        "{problems}"
    );
    assert!(
        problems.contains("lacks the right to see contacts"),
        "{problems}"
    );
    assert!(!problems.contains("delete contacts"), "{problems}");
    assert!(
        problems.contains("policies.frequency_seconds must be one of 60, 300, 900"),
        "{problems}"
    );
}
