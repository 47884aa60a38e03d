//! Field paths: the names of what a record can hold.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest path, in bytes.
const MAX_BYTES: usize = 512;

/// A field path, for example `name.given`, `emails`, `emails[work]`, `addresses[home].city` or
/// `custom[Twitter_Handle]`.
///
/// The *field* comes first, dots included. In brackets follows the *key*: the label of an element of a
/// multi-valued field, or the name of a custom field; `]` and `\` in it are written `\]` and `\\`. After the
/// brackets may follow the *part* of the element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    field: Box<str>,
    key: Option<Box<str>>,
    part: Option<Box<str>>,
}

/// Why a text is no field path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is empty.
    #[error("a field path is empty; write one such as name.given or emails[work]")]
    Empty,
    /// The text is longer than any path may be.
    #[error("a field path is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// A field or part has a character that names do not have, or none at all.
    #[error(
        "{path:?} is no field path: {name:?} is no name; names begin with a small letter and have only \
         letters and digits"
    )]
    Name {
        /// The whole text.
        path: String,
        /// The offending name.
        name: String,
    },
    /// A bracket is opened and not closed, or the other way round.
    #[error(
        "{path:?} is no field path: a bracket is missing; a label is written as in emails[work]"
    )]
    Bracket {
        /// The whole text.
        path: String,
    },
    /// The key is empty or has a control character.
    #[error("{path:?} is no field path: between the brackets must be a label or a field's name")]
    Key {
        /// The whole text.
        path: String,
    },
    /// Something other than `.part` follows the brackets.
    #[error(
        "{path:?} is no field path: after the brackets only a part may follow, as in addresses[home].city"
    )]
    Trailing {
        /// The whole text.
        path: String,
    },
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(PathError::TooLong);
        }
        let (field, bracket) = match text.find('[') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        if bracket.is_none() && field.contains(']') {
            return Err(PathError::Bracket {
                path: text.to_owned(),
            });
        }
        for name in field.split('.') {
            check_name(text, name)?;
        }
        let Some(bracket) = bracket else {
            return Ok(Self::field_only(field));
        };
        let (key, rest) = unescape(bracket).ok_or_else(|| PathError::Bracket {
            path: text.to_owned(),
        })?;
        check_key(text, &key)?;
        let part = match rest.strip_prefix('.') {
            Some(part) => {
                check_name(text, part)?;
                Some(part.into())
            }
            None if rest.is_empty() => None,
            None => {
                return Err(PathError::Trailing {
                    path: text.to_owned(),
                });
            }
        };
        Ok(Self {
            field: field.into(),
            key: Some(key.into()),
            part,
        })
    }

    /// A field's path with a key, for example from a provider's own custom field name.
    pub fn keyed(field: &str, key: &str) -> Result<Self, PathError> {
        for name in field.split('.') {
            check_name(field, name)?;
        }
        check_key(key, key)?;
        if field.len() + key.len() > MAX_BYTES {
            return Err(PathError::TooLong);
        }
        Ok(Self {
            field: field.into(),
            key: Some(key.into()),
            part: None,
        })
    }

    /// The field, for example `name.given` or `emails`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The label or the custom field's name, for example `work`.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The part of an element, for example `city`.
    pub fn part(&self) -> Option<&str> {
        self.part.as_deref()
    }

    /// The path without key and part: `addresses` for `addresses[home].city`.
    #[must_use]
    pub fn without_key(&self) -> Self {
        Self::field_only(&self.field)
    }

    /// The path without its part: `addresses[home]` for `addresses[home].city`.
    #[must_use]
    pub fn without_part(&self) -> Self {
        Self {
            part: None,
            ..self.clone()
        }
    }

    /// The path of a part of the same element. The part comes from a [`crate::Table`], so it is a name.
    pub(crate) fn with_part(&self, part: &str) -> Self {
        Self {
            part: Some(part.into()),
            ..self.clone()
        }
    }

    pub(crate) fn field_only(field: &str) -> Self {
        Self {
            field: field.into(),
            key: None,
            part: None,
        }
    }
}

fn check_name(path: &str, name: &str) -> Result<(), PathError> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(PathError::Name {
        path: path.to_owned(),
        name: name.to_owned(),
    })
}

fn check_key(path: &str, key: &str) -> Result<(), PathError> {
    if key.trim().is_empty() || key.chars().any(char::is_control) {
        return Err(PathError::Key {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The key up to its closing bracket, and what follows the bracket.
fn unescape(text: &str) -> Option<(String, &str)> {
    let mut key = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            ']' => return Some((key, &text[at + 1..])),
            '\\' => key.push(characters.next()?.1),
            other => key.push(other),
        }
    }
    None
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(key) = &self.key {
            write!(f, "[{}]", key.replace('\\', r"\\").replace(']', r"\]"))?;
        }
        if let Some(part) = &self.part {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
