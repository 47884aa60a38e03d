//! The kinds of record that are read, and the modules that hold them.

use provider::Fault;

use crate::wire::{CONTACTS, EVENTS};

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// People.
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
}
