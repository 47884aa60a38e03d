//! When two values are the same although they are written differently.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    phone,
    value::{Element, Value, canonical_text},
};

/// How the values of a field compare. A provider that trims, reorders or reformats is no editor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Texts, but for surrounding white space, line ends and Unicode composition.
    #[default]
    Text,
    /// The same without regard to case.
    CaseInsensitive,
    /// E-mail addresses, without regard to case.
    Email,
    /// Phone numbers, without regard to grouping.
    Phone,
    /// Web addresses, without regard to the case of scheme and host.
    Url,
    /// Dates.
    Date,
}

/// An element in normal form: its parts that hold anything.
pub(crate) type NormalParts<'a> = BTreeMap<&'a str, String>;

impl Comparison {
    /// The normal form of a text: two texts are the same if theirs are equal. Empty for white space.
    pub fn normal(self, text: &str) -> String {
        let text = canonical_text(text);
        let text = text.trim();
        match self {
            Self::Text | Self::Date => text.to_owned(),
            Self::CaseInsensitive | Self::Email => fold(text),
            Self::Phone => phone::normal(text),
            Self::Url => normal_url(text),
        }
    }

    /// Whether two values are the same; an empty value is the same as an absent one. The order of elements
    /// does not count, their labels do.
    pub fn same(self, one: Option<&Value>, other: Option<&Value>) -> bool {
        let present = |value: Option<&Value>| value.is_some_and(|value| !value.is_empty());
        match (one, other) {
            (Some(one), Some(other)) if present(Some(one)) && present(Some(other)) => {
                self.same_present(one, other)
            }
            _ => present(one) == present(other),
        }
    }

    fn same_present(self, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Text(one), Value::Text(other)) => self.normal(one) == self.normal(other),
            (Value::Date(one), Value::Date(other)) => one == other,
            (Value::Elements(one), Value::Elements(other)) => {
                self.normal_elements(one) == self.normal_elements(other)
            }
            _ => false,
        }
    }

    /// Whether two elements have the same label and the same parts.
    pub fn same_element(self, one: &Element, other: &Element) -> bool {
        one.label == other.label && self.same_parts(one, other)
    }

    /// Whether two elements have the same parts, whatever their labels.
    pub fn same_parts(self, one: &Element, other: &Element) -> bool {
        self.normal_parts(one) == self.normal_parts(other)
    }

    /// An element's parts that hold anything, in normal form.
    pub fn normal_parts(self, element: &Element) -> NormalParts<'_> {
        element
            .parts
            .iter()
            .map(|(part, text)| (part.as_str(), self.normal(text)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    fn normal_elements(self, elements: &[Element]) -> Vec<(&str, NormalParts<'_>)> {
        let mut normal: Vec<_> = elements
            .iter()
            .filter(|element| !element.is_empty())
            .map(|element| (element.label.as_str(), self.normal_parts(element)))
            .collect();
        normal.sort();
        normal
    }
}

fn fold(text: &str) -> String {
    canonical_text(&text.to_lowercase())
}

/// Scheme and host in small letters, and no slash that stands for an empty path.
fn normal_url(text: &str) -> String {
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    let host_end = text[after_scheme..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| after_scheme + at);
    let (host, rest) = text.split_at(host_end);
    let rest = if rest == "/" { "" } else { rest };
    canonical_text(&format!("{}{rest}", host.to_lowercase()))
}
