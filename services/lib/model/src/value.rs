//! Values: a text, a date, or the elements of a multi-valued field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::{date::Date, path::Path};

/// The only part of a simple element, such as an e-mail address.
pub const SIMPLE_PART: &str = "value";

/// Values by path; a path that has no value is absent.
pub type Fields = BTreeMap<Path, Value>;

/// The value of a field.
///
/// In JSON a text is a string, a date an object with `year`, `month` and `day`, and elements are an array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a value is a text, an array of elements, or a date with year, month and day"
)]
pub enum Value {
    /// Unicode text in NFC.
    Text(String),
    /// The elements of a multi-valued field, in the provider's order.
    Elements(Vec<Element>),
    /// A calendar date.
    Date(Date),
}

/// One element of a multi-valued field: an e-mail address, a postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// The element's label, for example `work`; empty when it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Its parts by name; a simple element has the single part [`SIMPLE_PART`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
}

impl Value {
    /// A text in NFC with `\n` line ends; none if it is only white space.
    pub fn text(text: &str) -> Option<Self> {
        let text = canonical_text(text);
        (!text.trim().is_empty()).then_some(Self::Text(text))
    }

    /// A list of those elements that hold anything; none if there is no such element.
    pub fn elements(elements: impl IntoIterator<Item = Element>) -> Option<Self> {
        let elements: Vec<_> = elements.into_iter().filter(|e| !e.is_empty()).collect();
        (!elements.is_empty()).then_some(Self::Elements(elements))
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Date(_) | Self::Elements(_) => None,
        }
    }

    /// The elements; none of them for a text or a date.
    pub fn as_elements(&self) -> &[Element] {
        match self {
            Self::Elements(elements) => elements,
            Self::Text(_) | Self::Date(_) => &[],
        }
    }

    /// Whether it says nothing: white space, an unknown date, no element that holds anything.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Date(date) => date.is_empty(),
            Self::Elements(elements) => elements.iter().all(Element::is_empty),
        }
    }
}

impl Element {
    /// A simple element, such as an e-mail address.
    pub fn simple(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            parts: BTreeMap::from([(SIMPLE_PART.to_owned(), value.into())]),
        }
    }

    /// A part's text, if it is not only white space.
    pub fn part(&self, name: &str) -> Option<&str> {
        let text = self.parts.get(name)?;
        (!text.trim().is_empty()).then_some(text)
    }

    /// Whether no part holds anything; a label alone says nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.values().all(|text| text.trim().is_empty())
    }
}

/// NFC with `\n` line ends.
pub(crate) fn canonical_text(text: &str) -> String {
    text.nfc()
        .collect::<String>()
        .replace("\r\n", "\n")
        .replace('\r', "\n")
}
