//! When two values are the same although they are written differently.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    event::{Description, Rule, Trigger, When},
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
    /// Texts in elements of which the label tells which is which: elements with one label are one element.
    Keyed,
    /// Exceptions of a series, told apart by the instance that they concern ([`crate::event::Override`]).
    Occurrence,
    /// Beginning and end of an event ([`When`]): the same days, or the same instants in the same zones. Where a side
    /// knows no zone, the instants decide.
    When,
    /// Recurrence rules ([`Rule`]), whatever the order of their parts.
    Rule,
    /// When a reminder is due ([`Trigger`]): `-PT60M` and `-PT1H`.
    Trigger,
    /// Plain text and HTML ([`Description`]), by their text.
    Description,
}

/// How many characters any field of text has room for; what is shorter was not cut.
const LEAST_ROOM: usize = 20;

/// An element in normal form: its parts that hold anything.
pub(crate) type NormalParts<'a> = BTreeMap<&'a str, String>;

impl Comparison {
    /// The normal form of a text: equal for all texts that are the same. Empty for white space.
    pub fn normal(self, text: &str) -> String {
        let text = canonical_text(text);
        let text = text.trim();
        match self {
            Self::Text | Self::Date | Self::Keyed | Self::Occurrence => text.to_owned(),
            Self::CaseInsensitive | Self::Email => fold(text),
            Self::Phone => phone::normal(text),
            Self::Url => normal_url(text),
            Self::When => text
                .parse()
                .map_or_else(|_| text.to_owned(), |when: When| when.normal()),
            Self::Rule => text
                .parse()
                .map_or_else(|_| text.to_owned(), |rule: Rule| rule.to_string()),
            Self::Trigger => text
                .parse()
                .map_or_else(|_| text.to_owned(), |trigger: Trigger| trigger.to_string()),
            Self::Description if text.is_empty() => String::new(),
            Self::Description => Description::normal(text),
        }
    }

    /// Whether two texts are the same.
    pub fn same_text(self, one: &str, other: &str) -> bool {
        one == other
            || self
                .same_time(one, other)
                .unwrap_or_else(|| self.normal(one) == self.normal(other))
    }

    /// Whether two times are the same; none if they are no times.
    fn same_time(self, one: &str, other: &str) -> Option<bool> {
        let time = |text: &str| text.trim().parse::<When>().ok();
        (self == Self::When).then(|| Some(time(one)?.same(&time(other)?)))?
    }

    /// A text as it counts in a match key: in normal form, without regard to case, and of an event's time only the
    /// beginning.
    pub(crate) fn key(self, text: &str) -> String {
        let time = (self == Self::When).then(|| text.trim().parse::<When>().ok());
        match time.flatten() {
            Some(when) => when.key(),
            None => self.normal(text).to_lowercase(),
        }
    }

    /// Whether an element's label tells which element it is, so that elements with one label are one element
    /// whatever they hold, and elements with different labels never are.
    pub fn is_keyed(self) -> bool {
        matches!(self, Self::Keyed | Self::Occurrence)
    }

    /// Whether values that compare so have a meaning of their own, so that they fit no field of another comparison.
    pub(crate) fn is_structured(self) -> bool {
        matches!(
            self,
            Self::Date | Self::Keyed | Self::Occurrence | Self::When | Self::Rule | Self::Trigger
        )
    }

    /// Whether a text is of the grammar that this comparison is for.
    pub(crate) fn admits(self, text: &str) -> bool {
        match self {
            Self::When => text.parse::<When>().is_ok(),
            Self::Rule => text.parse::<Rule>().is_ok(),
            Self::Trigger => text.parse::<Trigger>().is_ok(),
            _ => true,
        }
    }

    /// How a part of an element compares.
    fn of_part(self, part: &str) -> Self {
        match (self, part) {
            (Self::Occurrence, "when") => Self::When,
            (Self::Occurrence, "description") => Self::Description,
            (Self::Occurrence, "conference") => Self::Url,
            (Self::Occurrence | Self::Keyed, _) => Self::Text,
            (other, _) => other,
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

    /// Whether two values of records that meet may be one, each said in a side's own way: as [`same`](Self::same), but
    /// of two times the instants decide, for a side may know no clock but its own. What repeats does so by its clock.
    pub fn met(self, one: Option<&Value>, other: Option<&Value>) -> bool {
        let time = |value: Option<&Value>| value?.as_text()?.trim().parse::<When>().ok();
        let coincide = || Some(time(one)?.coincides(&time(other)?));
        self.same(one, other) || self == Self::When && coincide().unwrap_or(false)
    }

    /// Whether a value is what a provider shows that has no room for all of the text that it was sent: the beginning
    /// of it, long enough that no two people would have begun so by chance.
    pub fn cut(self, sent: Option<&Value>, shown: Option<&Value>) -> bool {
        let text = |value: Option<&Value>| Some(self.normal(value?.as_text()?));
        let (Some(sent), Some(shown)) = (text(sent), text(shown)) else {
            return false;
        };
        let is_prose = matches!(self, Self::Text | Self::Description);
        let is_beginning = sent.len() > shown.len() && sent.starts_with(&shown);
        is_prose && is_beginning && shown.chars().count() >= LEAST_ROOM
    }

    fn same_present(self, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Text(one), Value::Text(other)) => self.same_text(one, other),
            (Value::Date(one), Value::Date(other)) => one == other,
            (Value::Elements(one), Value::Elements(other)) => {
                if self.is_keyed() {
                    self.same_keyed(one, other)
                } else {
                    self.normal_elements(one) == self.normal_elements(other)
                }
            }
            _ => false,
        }
    }

    /// Whether both lists have the same labels, each with the same parts.
    fn same_keyed(self, one: &[Element], other: &[Element]) -> bool {
        let present = |list: &[Element]| list.iter().filter(|e| !e.is_empty()).count();
        let found = |element: &Element| other.iter().any(|other| self.same_element(element, other));
        present(one) == present(other) && one.iter().filter(|e| !e.is_empty()).all(found)
    }

    /// Whether two elements have the same label and the same parts.
    pub fn same_element(self, one: &Element, other: &Element) -> bool {
        one.label == other.label && self.same_parts(one, other)
    }

    /// Whether two elements are one and the same, edited or not, as far as the elements themselves tell: by their
    /// parts whatever their labels, or by their labels whatever their parts ([`is_keyed`](Self::is_keyed)).
    pub fn same_identity(self, one: &Element, other: &Element) -> bool {
        if self.is_keyed() {
            one.label == other.label
        } else {
            self.same_parts(one, other)
        }
    }

    /// Whether two elements have the same parts, whatever their labels.
    pub fn same_parts(self, one: &Element, other: &Element) -> bool {
        if !self.is_keyed() {
            return self.normal_parts(one) == self.normal_parts(other);
        }
        let held = |element: &Element| {
            element
                .parts
                .keys()
                .filter(|part| element.part(part).is_some())
                .count()
        };
        held(one) == held(other)
            && one
                .parts
                .keys()
                .filter_map(|part| Some((part, one.part(part)?)))
                .all(|(part, text)| {
                    let same = |other| self.of_part(part).same_text(text, other);
                    other.part(part).is_some_and(same)
                })
    }

    /// An element's parts that hold anything, in normal form.
    pub fn normal_parts(self, element: &Element) -> NormalParts<'_> {
        element
            .parts
            .iter()
            .map(|(part, text)| (part.as_str(), self.of_part(part).normal(text)))
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
    let is_root = rest == "/" && !host.is_empty();
    let rest = if is_root { "" } else { rest };
    canonical_text(&format!("{}{rest}", host.to_lowercase()))
}
