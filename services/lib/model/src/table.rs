//! The table of fields of each kind of record. A new field of a kind is a line here.

use crate::{comparison::Comparison, path::Path, value::SIMPLE_PART};

/// The fields of a kind of record.
#[derive(Debug)]
pub struct Table {
    /// The kind, for example `contact`.
    pub kind: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
}

/// A field of a kind of record.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its name, for example `name.given`.
    pub name: &'static str,
    /// What it holds.
    pub form: Form,
    /// How its values compare.
    pub comparison: Comparison,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One value: `title`.
    Single,
    /// Elements with labels: `emails`, `emails[work]`, `addresses[home].city`.
    List {
        /// The parts that an element has; only `value` for a simple element.
        parts: &'static [&'static str],
    },
    /// One text for each name that an account defines: `custom[Twitter_Handle]`.
    Open,
}

/// Why a path does not fit the table of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// There is no such kind.
    #[error("{0:?} is no kind of record")]
    Kind(String),
    /// The kind has no such field.
    #[error("a {kind} has no field {path}; custom fields are written as custom[Name]")]
    Field {
        /// The kind of record.
        kind: &'static str,
        /// The path.
        path: Path,
    },
    /// A label on a field that has one value.
    #[error("{0} has one value only, so it takes no label")]
    Label(Path),
    /// A custom field without its name.
    #[error("{0} needs a field's name, as in custom[Twitter_Handle]")]
    Name(Path),
    /// The field's elements have no such part.
    #[error("{path} names no part of the field; its parts are: {}", parts.join(", "))]
    Part {
        /// The path.
        path: Path,
        /// The parts that there are.
        parts: &'static [&'static str],
    },
}

const SIMPLE: Form = Form::List {
    parts: &[SIMPLE_PART],
};

const fn field(name: &'static str, form: Form, comparison: Comparison) -> FieldSpec {
    FieldSpec {
        name,
        form,
        comparison,
    }
}

/// Contacts, after JSContact (RFC 9553).
static CONTACT: Table = Table {
    kind: "contact",
    fields: &[
        field("name.prefix", Form::Single, Comparison::Text),
        field("name.given", Form::Single, Comparison::Text),
        field("name.middle", Form::Single, Comparison::Text),
        field("name.family", Form::Single, Comparison::Text),
        field("name.suffix", Form::Single, Comparison::Text),
        field("nickname", Form::Single, Comparison::Text),
        field("title", Form::Single, Comparison::Text),
        field("organization", Form::Single, Comparison::Text),
        field("department", Form::Single, Comparison::Text),
        field("note", Form::Single, Comparison::Text),
        field("birthday", Form::Single, Comparison::Date),
        field("emails", SIMPLE, Comparison::Email),
        field("phones", SIMPLE, Comparison::Phone),
        field(
            "addresses",
            Form::List {
                parts: &[
                    "street", "extended", "city", "region", "postcode", "country",
                ],
            },
            Comparison::Text,
        ),
        field("urls", SIMPLE, Comparison::Url),
        field("custom", Form::Open, Comparison::Text),
    ],
};

static TABLES: [&Table; 1] = [&CONTACT];

/// The table of a kind of record.
pub fn table(kind: &str) -> Option<&'static Table> {
    TABLES.into_iter().find(|table| table.kind == kind)
}

impl Table {
    /// The field that a path belongs to, whether or not the rest of the path fits it.
    pub fn field(&self, path: &Path) -> Option<&'static FieldSpec>
    where
        Self: 'static,
    {
        table(self.kind)?
            .fields
            .iter()
            .find(|field| field.name == path.field())
    }

    /// The field that a path names, if the path fits it.
    pub fn check(&self, path: &Path) -> Result<&'static FieldSpec, TableError> {
        let Some(field) = self.field(path) else {
            return Err(TableError::Field {
                kind: self.kind,
                path: path.clone(),
            });
        };
        match (field.form, path.key(), path.part()) {
            (Form::Single, Some(_), _) => Err(TableError::Label(path.clone())),
            (Form::Open, None, _) => Err(TableError::Name(path.clone())),
            (Form::Open, _, Some(_)) => Err(TableError::Part {
                path: path.clone(),
                parts: &[],
            }),
            (Form::List { parts }, _, Some(part)) if !parts.contains(&part) => {
                Err(TableError::Part {
                    path: path.clone(),
                    parts,
                })
            }
            _ => Ok(field),
        }
    }

    /// The path under which a [`crate::Record`] keeps what this path shows: `emails` for `emails[work]`, and
    /// every other path itself.
    pub fn root(&self, path: &Path) -> Path {
        match self.field(path).map(|field| field.form) {
            Some(Form::List { .. }) => path.without_key(),
            _ => path.clone(),
        }
    }

    /// How values on this path compare.
    pub fn comparison(&self, path: &Path) -> Comparison {
        self.field(path)
            .map_or(Comparison::Text, |field| field.comparison)
    }

    /// Whether the path names a whole multi-valued field.
    pub fn is_list(&self, path: &Path) -> bool {
        path.key().is_none()
            && matches!(
                self.field(path).map(|field| field.form),
                Some(Form::List { .. })
            )
    }
}
