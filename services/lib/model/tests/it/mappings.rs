use model::{
    Catalogue, CatalogueEntry, Comparison, Direction, MappingLine, Pairing, Side, keep_revisions,
    resolve_mapping,
};
use pretty_assertions::assert_eq;

use crate::write::path;

fn entry(text: &str, writable: bool, max_elements: Option<u32>) -> CatalogueEntry {
    CatalogueEntry {
        path: path(text),
        name: text.to_owned(),
        readable: true,
        writable,
        max_length: None,
        max_elements,
        required: false,
    }
}

fn catalogue(paths: &[&str]) -> Catalogue {
    Catalogue(paths.iter().map(|text| entry(text, true, None)).collect())
}

fn crm() -> Catalogue {
    let mut crm = catalogue(&[
        "name.given",
        "name.family",
        "emails[work]",
        "emails[home]",
        "addresses[home].city",
        "addresses[home].street",
        "birthday",
        "custom[Tier]",
    ]);
    crm.0.push(entry("organization", false, None));
    crm
}

fn suite() -> Catalogue {
    let mut suite = catalogue(&[
        "name.given",
        "name.family",
        "addresses",
        "birthday",
        "organization",
        "custom",
    ]);
    suite.0.push(entry("emails", true, Some(100)));
    suite.0.push(CatalogueEntry {
        readable: false,
        ..entry("note", true, None)
    });
    suite
}

/// `left right direction`, or one path for both.
fn lines(text: &[&str]) -> Vec<MappingLine> {
    let line = |text: &&str| {
        let words: Vec<_> = text.split(' ').collect();
        MappingLine {
            left: path(words[0]),
            right: path(words.get(1).unwrap_or(&words[0])),
            direction: words
                .get(2)
                .map_or(Direction::Both, |word| word.parse().unwrap()),
        }
    };
    text.iter().map(line).collect()
}

fn resolve(defaults: &[&str], asked: &[&str]) -> Result<Vec<String>, String> {
    let resolved = resolve_mapping("contact", &crm(), &suite(), &lines(defaults), &lines(asked));
    let show =
        |pairing: Pairing| format!("{} {} {}", pairing.left, pairing.right, pairing.direction);
    resolved
        .map(|pairings| pairings.into_iter().map(show).collect())
        .map_err(|error| error.to_string())
}

fn refused(asked: &str) -> String {
    resolve(&[], &[asked]).unwrap_err()
}

#[test]
fn defaults_and_wishes_make_one_mapping() {
    let mapping = resolve(
        &["name.given", "emails[work]"],
        &["custom[Tier] custom[Level] left-to-right"],
    );
    let expected = [
        "custom[Tier] custom[Level] left-to-right",
        "emails[work] emails[work] both",
        "name.given name.given both",
    ];
    assert_eq!(mapping.unwrap(), expected);
}

#[test]
fn a_wish_replaces_the_defaults_that_name_one_of_its_paths() {
    let mapping = resolve(
        &["emails[work]", "emails[home]"],
        &["emails[work] emails[home]"],
    );
    assert_eq!(mapping.unwrap(), ["emails[work] emails[home] both"]);
}

#[test]
fn a_default_that_an_account_does_not_offer_is_left_out() {
    assert_eq!(
        resolve(&["name.given", "title", "note"], &[]).unwrap(),
        ["name.given name.given both"]
    );
}

#[test]
fn a_default_flows_only_to_where_it_can_be_written() {
    assert_eq!(
        resolve(&["organization"], &[]).unwrap(),
        ["organization organization left-to-right"]
    );
}

#[test]
fn an_address_stands_for_its_parts() {
    let expected = [
        "addresses[home].city addresses[work].city both",
        "addresses[home].street addresses[work].street both",
    ];
    assert_eq!(
        resolve(&[], &["addresses[home] addresses[work]"]).unwrap(),
        expected
    );
}

#[test]
fn a_wish_that_cannot_be_had_says_which_path_and_what_to_do() {
    let cases = [
        (
            "custom[Nope] custom[X]",
            "the left account has no field custom[Nope]; check how it is written, and that this account may see it",
        ),
        (
            "name.given shoes",
            "the mapping's right path is wrong: a contact has no field shoes; custom fields are written as custom[Name]",
        ),
        (
            "organization",
            "organization is read-only on the left side; map it with direction: left-to-right",
        ),
        (
            "name.given note",
            "note cannot be read on the right side; ask an administrator for the right, or leave it out",
        ),
        (
            "emails[work] emails",
            "emails[work] and emails do not fit: one is a whole list and the other a single value; map a label of it, as in emails[work]",
        ),
        (
            "addresses[work] addresses[home]",
            "the left account has no field addresses[work].street; check how it is written, and that this account may see it",
        ),
        (
            "birthday custom[X]",
            "birthday and custom[X] do not fit: one holds a date and the other a text",
        ),
        (
            "addresses[home] custom[X]",
            "addresses[home] and custom[X] do not fit: an element of several parts is mapped part by part, as in addresses[home].city",
        ),
        (
            "emails addresses",
            "emails and addresses do not fit: their elements have different parts; map single parts, as in addresses[home].city",
        ),
    ];
    for (asked, message) in cases {
        assert_eq!(refused(asked), message);
    }
}

#[test]
fn a_path_mapped_twice_is_named_with_both_of_its_counterparts() {
    let error = resolve(&[], &["emails[work]", "emails[home] emails[work]"]).unwrap_err();
    assert_eq!(
        error,
        "emails[work] is mapped twice on the right side, to emails[work] and to emails[home]; keep one of them"
    );
}

#[test]
fn an_unknown_kind_is_refused() {
    let error = resolve_mapping("spaceship", &crm(), &suite(), &[], &[]).unwrap_err();
    assert_eq!(error.to_string(), "\"spaceship\" is no kind of record");
}

#[test]
fn a_pairing_knows_how_its_values_compare_and_how_many_fit() {
    let resolved = resolve_mapping(
        "contact",
        &suite(),
        &suite(),
        &[],
        &lines(&["emails", "name.given custom[N]"]),
    );
    let resolved = resolved.unwrap();
    assert_eq!(
        (resolved[0].is_list(), resolved[0].comparison()),
        (true, Comparison::Email)
    );
    assert_eq!(resolved[0].limit(Side::Right), Some(100));
    assert_eq!(
        (resolved[1].is_list(), resolved[1].comparison()),
        (false, Comparison::Text)
    );
}

#[test]
fn fields_that_compare_differently_compare_as_texts() {
    let pairing = Pairing::new(
        "contact",
        path("emails[work]"),
        path("custom[Mail]"),
        Direction::Both,
    )
    .unwrap();
    assert_eq!(pairing.comparison(), Comparison::Text);
}

// proves: R-14
#[test]
fn a_pairing_that_comes_back_has_another_revision_and_so_no_base() {
    let mapping = |revision: u64, previous: &[Pairing], asked: &[&str]| {
        let mut next = resolve_mapping("contact", &crm(), &suite(), &[], &lines(asked)).unwrap();
        keep_revisions(previous, &mut next, revision);
        next
    };
    let first = mapping(1, &[], &["name.given", "name.family"]);
    let second = mapping(2, &first, &["name.given"]);
    let third = mapping(3, &second, &["name.given", "name.family"]);
    let keys = |mapping: &[Pairing]| {
        mapping
            .iter()
            .map(|p| p.key().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&first),
        ["name.family=name.family@1", "name.given=name.given@1"]
    );
    assert_eq!(
        keys(&third),
        ["name.family=name.family@3", "name.given=name.given@1"]
    );
}

#[test]
fn a_line_of_yaml_or_json_reads_as_a_mapping_line() {
    let line: MappingLine =
        serde_json::from_str(r#"{"left":"custom[A]","right":"custom[B]"}"#).unwrap();
    assert_eq!(line, lines(&["custom[A] custom[B]"])[0]);
    let error = serde_json::from_str::<MappingLine>(r#"{"left":"custom[","right":"custom[B]"}"#)
        .unwrap_err();
    assert!(
        error.to_string().contains("a bracket is missing"),
        "{error}"
    );
}
