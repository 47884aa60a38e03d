//! Who takes part in an event.

use std::collections::BTreeMap;

use super::{EventError, Role, Status};
use crate::value::{Element, SIMPLE_PART, canonical_text};

/// A participant: an element of `participants`, labelled with the address.
///
/// Elements with one label are one element: the reply of one participant and the invitation of another never conflict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Participant {
    /// The e-mail address, in small letters. A participant of whom no address is known is known by another name that
    /// stays the same, such as a URN of the provider, which means nothing on the other side.
    pub address: String,
    /// The name for people.
    pub name: Option<String>,
    /// What the participant is there for.
    pub role: Option<Role>,
    /// What the participant replied; none if the account does not tell.
    pub status: Option<Status>,
    /// What the participant wrote with the reply.
    pub comment: Option<String>,
}

/// The parts of an element of `participants`.
pub(crate) const PARTS: [&str; 5] = [SIMPLE_PART, "name", "role", "status", "comment"];

impl Participant {
    /// A participant of whom only the address is known.
    pub fn new(address: &str) -> Self {
        Self {
            address: canonical_text(address.trim()).to_lowercase(),
            ..Self::default()
        }
    }

    /// The element of `participants`.
    pub fn element(&self) -> Element {
        let address = Self::new(&self.address).address;
        let parts = [
            (SIMPLE_PART, Some(address.clone())),
            ("name", self.name.clone()),
            ("role", self.role.map(|role| role.to_string())),
            ("status", self.status.map(|status| status.to_string())),
            ("comment", self.comment.clone()),
        ];
        let parts: BTreeMap<_, _> = parts
            .into_iter()
            .filter_map(|(part, text)| Some((part.to_owned(), canonical_text(&text?))))
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        Element {
            label: address,
            parts,
        }
    }

    /// What an element of `participants` says.
    pub fn read(element: &Element) -> Result<Self, EventError> {
        let text = |part| element.part(part).map(str::to_owned);
        Ok(Self {
            address: element.label.clone(),
            name: text("name"),
            role: element.part("role").map(str::parse).transpose()?,
            status: element.part("status").map(str::parse).transpose()?,
            comment: text("comment"),
        })
    }
}
