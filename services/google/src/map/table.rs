//! Which canonical path is kept where in a person: the one table.

use model::{CatalogueEntry, Path, SIMPLE_PART};

use super::{MAX_LENGTH, entry};

/// Where a canonical field is kept.
pub(super) struct Column {
    /// The canonical field.
    pub(super) path: &'static str,
    /// The field of a person, which is also its name in masks.
    pub(super) field: &'static str,
    /// How it is kept there.
    pub(super) shape: Shape,
}

/// How a canonical field is kept in a list of items.
pub(super) enum Shape {
    /// A text property of the item that counts.
    Text(&'static str),
    /// A date property of the item that counts.
    Date(&'static str),
    /// An element per item, labelled by its `type`: canonical parts and the properties they are kept in.
    List(&'static [(&'static str, &'static str)]),
    /// An item per custom name, with `key` and `value`.
    Custom,
}

use Shape::{Custom, Date, List, Text};

const fn column(path: &'static str, field: &'static str, shape: Shape) -> Column {
    Column { path, field, shape }
}

/// The canonical field of custom names.
pub(super) const CUSTOM: &str = "custom";

const VALUE: Shape = List(&[(SIMPLE_PART, "value")]);

/// A contact's fields (People API, reference "Resource: people", Person).
pub(super) const COLUMNS: &[Column] = &[
    column("name.prefix", "names", Text("honorificPrefix")),
    column("name.given", "names", Text("givenName")),
    column("name.middle", "names", Text("middleName")),
    column("name.family", "names", Text("familyName")),
    column("name.suffix", "names", Text("honorificSuffix")),
    column("nickname", "nicknames", Text("value")),
    column("title", "organizations", Text("title")),
    column("organization", "organizations", Text("name")),
    column("department", "organizations", Text("department")),
    column("note", "biographies", Text("value")),
    column("birthday", "birthdays", Date("date")),
    column("emails", "emailAddresses", VALUE),
    column("phones", "phoneNumbers", VALUE),
    column(
        "addresses",
        "addresses",
        List(&[
            ("street", "streetAddress"),
            ("extended", "extendedAddress"),
            ("city", "city"),
            ("region", "region"),
            ("postcode", "postalCode"),
            ("country", "country"),
        ]),
    ),
    column("urls", "urls", VALUE),
    column(CUSTOM, "userDefined", Custom),
];

/// Properties that tell nothing by themselves: an item with only these is empty.
const BARE: &[&str] = &[
    "metadata",
    "type",
    "formattedType",
    "current",
    "contentType",
];

impl Column {
    /// The column of a canonical path.
    pub(super) fn of(path: &Path) -> Option<&'static Self> {
        let column = COLUMNS.iter().find(|column| column.path == path.field())?;
        // A custom field without its name is kept nowhere.
        (column.path != CUSTOM || path.key().is_some()).then_some(column)
    }

    /// The path under which a record keeps it; none for custom names, which have one each.
    pub(super) fn root(&self) -> Option<Path> {
        (self.path != CUSTOM)
            .then(|| Path::parse(self.path).ok())
            .flatten()
    }

    /// What the account's catalogue says of it.
    pub(super) fn catalogue_entry(&self) -> Option<CatalogueEntry> {
        let name = match self.shape {
            Text(property) | Date(property) => format!("{}.{property}", self.field),
            List(_) | Custom => self.field.to_owned(),
        };
        let limited = !matches!((self.path, &self.shape), ("note", _) | (_, Date(_)));
        let path = Path::parse(self.path).ok()?;
        Some(CatalogueEntry {
            name,
            ..entry(path, limited.then_some(MAX_LENGTH))
        })
    }

    /// Properties of an item that Google derives from this one: stale once it is edited, and derived again.
    pub(super) fn derived(&self, property: &str) -> &'static [&'static str] {
        match (self.field, property) {
            ("names", _) => &["displayName", "displayNameLastFirst", "unstructuredName"],
            ("birthdays", _) => &["text"],
            ("biographies", _) => &["contentType"],
            ("phoneNumbers", "value") => &["canonicalForm"],
            ("addresses", "country") => &["formattedValue", "countryCode"],
            ("addresses", _) => &["formattedValue"],
            _ => &[],
        }
    }

    /// Whether an item still says anything.
    pub(super) fn says_something(&self, item: &serde_json::Map<String, serde_json::Value>) -> bool {
        let derived = self.derived("");
        item.iter().any(|(property, value)| {
            !BARE.contains(&property.as_str())
                && !derived.contains(&property.as_str())
                && !value.is_null()
                && value != ""
        })
    }
}

/// The canonical path that a field path of Google's own names, such as
/// `contacts[3].contact_person.names[0].given_name`. The parts of a name without its property are `name`.
pub(crate) fn path_named_in(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map(camel)
        .collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    let mut columns = COLUMNS.iter().filter(|column| named(column.field));
    let exact = |column: &&Column| match column.shape {
        Text(property) | Date(property) => named(property),
        List(_) | Custom => true,
    };
    if let Some(column) = columns.clone().find(exact) {
        return Some(column.path.to_owned());
    }
    match (columns.next(), columns.next()) {
        (Some(column), None) => Some(column.path.to_owned()),
        (Some(column), Some(_)) if column.field == "names" => Some("name".to_owned()),
        _ => None,
    }
}

/// `given_name` as `givenName`: error messages spell names as the protocol's definition does.
fn camel(word: &str) -> String {
    let mut pieces = word.split('_');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let mut letters = piece.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn every_field_of_the_canonical_contact_has_its_column() {
        let canonical: Vec<_> = model::table(super::super::CONTACT)
            .unwrap()
            .fields
            .iter()
            .map(|field| field.name)
            .collect();
        let columns: Vec<_> = COLUMNS.iter().map(|column| column.path).collect();
        assert_eq!(columns, canonical);
    }

    #[test]
    fn a_field_that_google_names_is_found() {
        for (text, path) in [
            (
                "contacts[3].contact_person.names[0].given_name",
                Some("name.given"),
            ),
            ("person.names[0]", Some("name")),
            ("person.emailAddresses[2].value", Some("emails")),
            ("person.birthdays[0].date.day", Some("birthday")),
            ("person.organizations[0].title", Some("title")),
            ("person.organizations[0]", None),
            ("person.user_defined[1].key", Some("custom")),
            ("person.photos[0]", None),
            ("person", None),
        ] {
            assert_eq!(path_named_in(text).as_deref(), path, "{text}");
        }
    }
}
