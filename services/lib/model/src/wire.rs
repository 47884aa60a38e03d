//! Canonical records on the wire.

use proto::{change, connector, control, record as wire, write};

use crate::{
    catalogue::{Catalogue, CatalogueEntry},
    date::{Date, DateError},
    kinds::table,
    mapping::{MappingError, Pairing},
    match_key::MatchKey,
    patch::Edit,
    path::{Path, PathError},
    record::Record,
    side::{Side, UnknownWord},
    value::{Element, Value},
    version::Version,
};

/// Why a message is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A path cannot be read.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A date is none.
    #[error(transparent)]
    Date(#[from] DateError),
    /// A word is unknown.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// A pairing does not fit its kind of record.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A value is not of its field's form or grammar.
    #[error("the value of {0} is not what the field holds")]
    Value(Path),
    /// A field is missing.
    #[error("the message lacks its {0}")]
    Missing(&'static str),
    /// A hash has another length than 32 bytes.
    #[error("a match key's {0} is not 32 bytes long")]
    HashLength(&'static str),
}

impl From<Side> for wire::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Left => Self::Left,
            Side::Right => Self::Right,
        }
    }
}

impl TryFrom<wire::Side> for Side {
    type Error = WireError;

    fn try_from(side: wire::Side) -> Result<Self, WireError> {
        match side {
            wire::Side::Left => Ok(Self::Left),
            wire::Side::Right => Ok(Self::Right),
            wire::Side::Unspecified => Err(WireError::Missing("side")),
        }
    }
}

/// A side as a message's field holds it.
impl TryFrom<i32> for Side {
    type Error = WireError;

    fn try_from(side: i32) -> Result<Self, WireError> {
        wire::Side::try_from(side)
            .map_err(|_| WireError::Missing("side"))?
            .try_into()
    }
}

impl From<Version> for wire::Version {
    fn from(version: Version) -> Self {
        Self {
            token: version.token,
            changed_at_micros: version.changed_at_micros,
            coarse: version.coarse,
        }
    }
}

impl From<wire::Version> for Version {
    fn from(version: wire::Version) -> Self {
        Self {
            token: version.token,
            changed_at_micros: version.changed_at_micros,
            coarse: version.coarse,
        }
    }
}

impl From<Date> for wire::Date {
    fn from(date: Date) -> Self {
        Self {
            year: date.year.unwrap_or_default().into(),
            month: date.month.unwrap_or_default().into(),
            day: date.day.unwrap_or_default().into(),
        }
    }
}

impl TryFrom<wire::Date> for Date {
    type Error = WireError;

    fn try_from(date: wire::Date) -> Result<Self, WireError> {
        fn known<T: TryFrom<i32>>(number: i32) -> Result<Option<T>, DateError> {
            match number {
                0 => Ok(None),
                number => T::try_from(number).map(Some).map_err(|_| DateError),
            }
        }
        Ok(Self::new(
            known(date.year)?,
            known(date.month)?,
            known(date.day)?,
        )?)
    }
}

impl From<Element> for wire::Element {
    fn from(element: Element) -> Self {
        Self {
            label: element.label,
            parts: element.parts.into_iter().collect(),
        }
    }
}

impl From<wire::Element> for Element {
    fn from(element: wire::Element) -> Self {
        Self {
            label: element.label,
            parts: element.parts.into_iter().collect(),
        }
    }
}

impl From<Value> for wire::Value {
    fn from(value: Value) -> Self {
        let value = match value {
            Value::Text(text) => wire::value::Value::Text(text),
            Value::Date(date) => wire::value::Value::Date(date.into()),
            Value::Elements(elements) => wire::value::Value::Elements(wire::Elements {
                elements: elements.into_iter().map(Into::into).collect(),
            }),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<wire::Value> for Value {
    type Error = WireError;

    fn try_from(value: wire::Value) -> Result<Self, WireError> {
        Ok(match value.value.ok_or(WireError::Missing("value"))? {
            wire::value::Value::Text(text) => Self::Text(text),
            wire::value::Value::Date(date) => Self::Date(date.try_into()?),
            wire::value::Value::Elements(list) => {
                Self::Elements(list.elements.into_iter().map(Into::into).collect())
            }
        })
    }
}

impl From<Record> for wire::Record {
    fn from(record: Record) -> Self {
        let field = |(path, value): (Path, Value)| wire::Field {
            path: path.to_string(),
            value: Some(value.into()),
        };
        Self {
            kind: record.kind,
            fields: record.fields.into_iter().map(field).collect(),
        }
    }
}

impl TryFrom<wire::Record> for Record {
    type Error = WireError;

    fn try_from(message: wire::Record) -> Result<Self, WireError> {
        let mut record = Self::new(message.kind);
        let table = table(&record.kind);
        for field in message.fields {
            let value = field.value.ok_or(WireError::Missing("value"))?.try_into()?;
            let path = Path::parse(&field.path)?;
            if table.is_some_and(|table| !table.admits(&path, &value)) {
                return Err(WireError::Value(path));
            }
            record.set(path, Some(value));
        }
        Ok(record)
    }
}

impl From<Edit> for write::Edit {
    fn from(edit: Edit) -> Self {
        Self {
            path: edit.path.to_string(),
            before: edit.before.map(Into::into),
            after: edit.after.map(Into::into),
        }
    }
}

impl TryFrom<write::Edit> for Edit {
    type Error = WireError;

    fn try_from(edit: write::Edit) -> Result<Self, WireError> {
        Ok(Self {
            path: Path::parse(&edit.path)?,
            before: edit.before.map(TryInto::try_into).transpose()?,
            after: edit.after.map(TryInto::try_into).transpose()?,
        })
    }
}

impl From<MatchKey> for change::MatchKey {
    fn from(key: MatchKey) -> Self {
        Self {
            rank: key.rank,
            hash: key.hash.to_vec(),
            name_hash: key.name_hash.to_vec(),
        }
    }
}

impl TryFrom<change::MatchKey> for MatchKey {
    type Error = WireError;

    fn try_from(key: change::MatchKey) -> Result<Self, WireError> {
        let hash = |bytes: Vec<u8>, name| bytes.try_into().map_err(|_| WireError::HashLength(name));
        Ok(Self {
            rank: key.rank,
            hash: hash(key.hash, "hash")?,
            name_hash: hash(key.name_hash, "name hash")?,
        })
    }
}

impl From<CatalogueEntry> for connector::Field {
    fn from(entry: CatalogueEntry) -> Self {
        Self {
            path: entry.path.to_string(),
            name: entry.name,
            readable: entry.readable,
            writable: entry.writable,
            max_length: entry.max_length.unwrap_or_default(),
            max_elements: entry.max_elements.unwrap_or_default(),
            required: entry.required,
        }
    }
}

impl TryFrom<connector::Field> for CatalogueEntry {
    type Error = WireError;

    fn try_from(field: connector::Field) -> Result<Self, WireError> {
        let limit = |number: u32| (number > 0).then_some(number);
        Ok(Self {
            path: Path::parse(&field.path)?,
            name: field.name,
            readable: field.readable,
            writable: field.writable,
            max_length: limit(field.max_length),
            max_elements: limit(field.max_elements),
            required: field.required,
        })
    }
}

impl From<Catalogue> for connector::FieldsResponse {
    fn from(catalogue: Catalogue) -> Self {
        Self {
            fields: catalogue.0.into_iter().map(Into::into).collect(),
            series: String::new(),
        }
    }
}

impl TryFrom<connector::FieldsResponse> for Catalogue {
    type Error = WireError;

    fn try_from(response: connector::FieldsResponse) -> Result<Self, WireError> {
        let entries: Result<_, _> = response.fields.into_iter().map(TryInto::try_into).collect();
        Ok(Self(entries?))
    }
}

impl From<Pairing> for control::Pairing {
    fn from(pairing: Pairing) -> Self {
        Self {
            left: pairing.left.to_string(),
            right: pairing.right.to_string(),
            direction: pairing.direction.to_string(),
            revision: pairing.revision,
            left_limit: pairing.left_limit.unwrap_or_default(),
            right_limit: pairing.right_limit.unwrap_or_default(),
        }
    }
}

impl Pairing {
    /// Reads a pairing of a sync's definition.
    pub fn from_wire(kind: &str, message: &control::Pairing) -> Result<Self, WireError> {
        let limit = |number: u32| (number > 0).then_some(number);
        let (left, right) = (Path::parse(&message.left)?, Path::parse(&message.right)?);
        Ok(Self {
            revision: message.revision,
            left_limit: limit(message.left_limit),
            right_limit: limit(message.right_limit),
            ..Self::new(kind, left, right, message.direction.parse()?)?
        })
    }
}
