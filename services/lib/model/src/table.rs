//! What a kind of record is: a table. A new field of a kind is a line of its table, a new kind one more table.

use crate::{
    comparison::Comparison,
    path::Path,
    value::{Fields, SIMPLE_PART, Value},
};

/// A kind of record: everything that the engine knows of it.
#[derive(Debug)]
pub struct Table {
    /// The kind, for example `contact`.
    pub kind: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
    /// The fields whose texts, one after the other, are what people call a record. They settle which of several
    /// records with one match key belong together, and alone only suggest it.
    pub name: &'static [&'static str],
    /// Match keys that are made of several fields.
    pub keys: &'static [KeySpec],
    /// The one of these keys by which a record is the same in whatever account it is seen: copies in several accounts
    /// are one thing. None where a record of an account is that account's own.
    pub identity: Option<&'static str>,
    /// The field of those whom a provider may tell of what is written, if there is one.
    pub guests: Option<&'static str>,
    /// Fields that some providers set only when they make a record: a change of one may make it anew, under another id.
    pub made_once: &'static [&'static str],
    /// Fields of which a provider may leave a value out as another field stands, and take it once that one has changed:
    /// each with the field that it follows.
    pub follows: &'static [(&'static str, &'static str)],
}

/// A match key that is made of several fields, for kinds of which no single field tells one record from another.
#[derive(Debug)]
pub struct KeySpec {
    /// Its name, which stands for a path among the criteria of a sync; no field has it.
    pub name: &'static str,
    /// The fields, each as it counts in a match key.
    pub fields: &'static [&'static str],
    /// The one of them without which there is no key.
    pub needs: &'static str,
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

/// A list of simple elements.
pub(crate) const SIMPLE: Form = Form::List {
    parts: &[SIMPLE_PART],
};

/// A line of a table.
pub(crate) const fn field(name: &'static str, form: Form, comparison: Comparison) -> FieldSpec {
    FieldSpec {
        name,
        form,
        comparison,
    }
}

impl Table {
    /// The field that a path belongs to, whether or not the rest of the path fits it.
    pub fn field(&self, path: &Path) -> Option<&'static FieldSpec> {
        self.fields.iter().find(|field| field.name == path.field())
    }

    /// The match key of several fields that a criterion names.
    pub fn key(&self, criterion: &Path) -> Option<&'static KeySpec> {
        let named = |key: &&KeySpec| key.name == criterion.field() && criterion.key().is_none();
        self.keys.iter().find(named)
    }

    /// The rank of the criterion by which records are the same in whatever account they are seen, if it is among these.
    pub fn identity_rank(&self, criteria: &[Path]) -> Option<u32> {
        let identity = self.identity?;
        let names = |criterion: &Path| self.key(criterion).is_some_and(|key| key.name == identity);
        let place = criteria.iter().position(names)?;
        u32::try_from(place).ok()
    }

    /// The labels of those whom a provider may tell of what is written to a record with these fields.
    pub fn guests<'f>(&self, fields: &'f Fields) -> impl Iterator<Item = &'f str> {
        let field = self.guests.map(Path::field_only);
        let list = field.and_then(|field| fields.get(&field));
        let elements = list.map_or(&[][..], Value::as_elements);
        elements.iter().map(|element| element.label.as_str())
    }

    /// Whether a change of this path may make the record anew.
    pub fn is_made_once(&self, path: &Path) -> bool {
        self.made_once.contains(&path.field())
    }

    /// The field that the values of this path follow, if there is one.
    pub fn leader(&self, path: &Path) -> Option<&'static str> {
        let follows = |(field, _): &&(&str, &str)| *field == path.field();
        self.follows.iter().find(follows).map(|(_, leader)| *leader)
    }

    /// Checks a criterion by which records are matched: a path, or the name of a key of several fields.
    pub fn check_criterion(&self, criterion: &Path) -> Result<(), TableError> {
        match self.key(criterion) {
            Some(_) => Ok(()),
            None => self.check(criterion).map(|_| ()),
        }
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

    /// Whether a value is of the grammar that its field is for; a field that the kind does not have takes any.
    pub(crate) fn admits(&self, path: &Path, value: &Value) -> bool {
        let comparison = self.comparison(path);
        match value {
            Value::Text(text) => comparison.admits(text),
            Value::Date(_) | Value::Elements(_) => true,
        }
    }
}
