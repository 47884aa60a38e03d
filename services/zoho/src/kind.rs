//! The kinds of record that are synced, and the modules that hold them.

use model::Path;
use provider::Fault;

use crate::{
    event, map,
    wire::{CONTACTS, EVENTS},
};

/// A kind of record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// People.
    #[default]
    Contact,
    /// Meetings.
    Event,
}

impl Kind {
    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        match name {
            crate::map::KIND => Ok(Self::Contact),
            model::event::KIND => Ok(Self::Event),
            other => Err(Fault::Refused {
                path: None,
                reason: format!("Zoho CRM holds no records of kind {other} for us"),
            }),
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Contact => crate::map::KIND,
            Self::Event => model::event::KIND,
        }
    }

    /// API name of the module that holds its records.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Contact => CONTACTS,
            Self::Event => EVENTS,
        }
    }

    /// The canonical path of a field of such a record.
    pub(crate) fn path_of(self, api_name: &str) -> Option<Path> {
        match self {
            Self::Contact => map::path_of(api_name),
            Self::Event => event::path_of(api_name),
        }
    }

    /// The fields that make one value together with this one, itself among them.
    pub(crate) fn fields_beside(self, api_name: &str) -> Vec<&str> {
        match self {
            Self::Contact => vec![api_name],
            Self::Event => event::fields_beside(api_name),
        }
    }

    /// The fields without which there is no such record.
    pub(crate) fn required(self) -> &'static [&'static str] {
        match self {
            Self::Contact => &["Last_Name"],
            Self::Event => &event::REQUIRED,
        }
    }
}
