//! Where each of Zoho CRM's fields stands in a canonical contact.

use std::sync::LazyLock;

use model::{Path, SIMPLE_PART};
use provider::Scope;

use crate::{client::FIELDS, wire::Row};

/// API names and canonical paths; elements of one list in the order in which they are shown.
const TABLE: [(&str, &str); 27] = [
    ("Salutation", "name.prefix"),
    ("First_Name", "name.given"),
    ("Last_Name", "name.family"),
    ("Title", "title"),
    ("Department", "department"),
    ("Account_Name", "organization"),
    ("Date_of_Birth", "birthday"),
    ("Description", "note"),
    ("Email", "emails[work]"),
    ("Secondary_Email", "emails[other]"),
    ("Phone", "phones[work]"),
    ("Mobile", "phones[mobile]"),
    ("Home_Phone", "phones[home]"),
    ("Other_Phone", "phones[other]"),
    ("Fax", "phones[workFax]"),
    ("Mailing_Street", "addresses[work].street"),
    ("Mailing_City", "addresses[work].city"),
    ("Mailing_State", "addresses[work].region"),
    ("Mailing_Zip", "addresses[work].postcode"),
    ("Mailing_Country", "addresses[work].country"),
    ("Other_Street", "addresses[other].street"),
    ("Other_City", "addresses[other].city"),
    ("Other_State", "addresses[other].region"),
    ("Other_Zip", "addresses[other].postcode"),
    ("Other_Country", "addresses[other].country"),
    ("Created_Time", ""),
    ("Modified_Time", ""),
];

/// A field of Zoho CRM and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) api_name: &'static str,
    pub(super) path: Path,
    pub(super) root: Path,
}

impl Place {
    /// The label of the element, if the field is one of a list.
    pub(super) fn label(&self) -> Option<&str> {
        self.path.key()
    }

    /// The part of the element that the field holds.
    pub(super) fn part(&self) -> &str {
        self.path.part().unwrap_or(SIMPLE_PART)
    }

    /// Whether a mapped path concerns this field: the whole list, its element, or the same part.
    fn concerned_by(&self, mapped: &Path) -> bool {
        self.path.field() == mapped.field()
            && mapped.key().is_none_or(|key| self.path.key() == Some(key))
            && mapped
                .part()
                .is_none_or(|part| self.path.part() == Some(part))
    }
}

/// The places of the table.
pub(super) fn places() -> &'static [Place] {
    static PLACES: LazyLock<Vec<Place>> = LazyLock::new(|| {
        let paths = TABLE
            .iter()
            .filter_map(|(api_name, path)| Some((*api_name, Path::parse(path).ok()?)));
        paths
            .map(|(api_name, path)| Place {
                api_name,
                root: path.without_key(),
                path,
            })
            .collect()
    });
    &PLACES
}

/// The canonical path of a field: its place in the table, else a custom one.
pub(crate) fn path_of(api_name: &str) -> Option<Path> {
    match places().iter().find(|place| place.api_name == api_name) {
        Some(place) => Some(place.path.clone()),
        None => custom(api_name),
    }
}

/// The fields that a path shows: one, or all of a list or of an element. Custom ones are not among them.
pub(crate) fn fields_of(path: &Path) -> Vec<&'static str> {
    places()
        .iter()
        .filter(|place| place.concerned_by(path))
        .map(|place| place.api_name)
        .collect()
}

/// The path of a field that has no place in the table.
pub(crate) fn custom(api_name: &str) -> Option<Path> {
    Path::keyed("custom", api_name).ok()
}

/// The API name of a custom path.
pub(crate) fn custom_name(path: &Path) -> Option<&str> {
    (path.field() == "custom").then(|| path.key()).flatten()
}

/// The fields that a reading asks for, as many lists of names as calls are needed. Each has `Modified_Time`.
///
/// The whole table is asked for, mapped or not: in scope, a change carries the whole record.
pub(crate) fn fields_to_ask(scope: &Scope) -> Vec<String> {
    fields_with_custom(TABLE.iter().map(|(api_name, _)| *api_name), scope)
}

/// A table's fields and the custom ones that a sync maps, as many lists of names as calls are needed.
pub(crate) fn fields_with_custom<'n>(
    table: impl Iterator<Item = &'n str>,
    scope: &'n Scope,
) -> Vec<String> {
    let mut names: Vec<&str> = table.collect();
    for name in scope
        .paths
        .iter()
        .chain(&scope.match_paths)
        .filter_map(custom_name)
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let (first, rest) = names.split_at(names.len().min(FIELDS));
    let further = rest
        .chunks(FIELDS - 1)
        .map(|names| format!("Modified_Time,{}", names.join(",")));
    std::iter::once(first.join(",")).chain(further).collect()
}

/// The root paths that the rows show. A field that a profile hides is missing from every row.
///
/// A list counts as read when each of its mapped fields came back; of an unmapped list or field, all of them.
pub(crate) fn readable(rows: &[Row], scope: &Scope) -> Vec<Path> {
    let shown = |api_name: &str| rows.iter().all(|row| row.shows(api_name));
    let mut roots: Vec<Path> = Vec::new();
    for place in places() {
        if !roots.contains(&place.root) && root_is_shown(&place.root, scope, &shown) {
            roots.push(place.root.clone());
        }
    }
    roots.extend(custom_shown(rows, scope));
    roots.sort();
    roots.dedup();
    roots
}

/// The mapped custom paths that the rows show.
pub(crate) fn custom_shown(rows: &[Row], scope: &Scope) -> Vec<Path> {
    let shown = |api_name: &str| rows.iter().all(|row| row.shows(api_name));
    let mapped = scope.paths.iter().chain(&scope.match_paths);
    mapped
        .filter(|path| custom_name(path).is_some_and(shown))
        .cloned()
        .collect()
}

fn root_is_shown(root: &Path, scope: &Scope, shown: &impl Fn(&str) -> bool) -> bool {
    let fields = || places().iter().filter(|place| place.root == *root);
    let mapped: Vec<_> = fields()
        .filter(|place| scope.paths.iter().any(|path| place.concerned_by(path)))
        .collect();
    let wanted = if mapped.is_empty() {
        fields().collect()
    } else {
        mapped
    };
    let organization_is_mapped = scope
        .paths
        .iter()
        .any(|path| path.field() == "organization");
    // Without the company nobody can tell a surname from one that was made of it.
    let company_matters = root.field() == "name.family" && organization_is_mapped;
    wanted.iter().all(|place| shown(place.api_name)) && (!company_matters || shown("Account_Name"))
}
