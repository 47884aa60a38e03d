//! Zoho CRM's meetings and canonical events: the same record in two forms. Pure.

mod catalogue;
mod participants;
mod place;
mod read;
mod when;

#[cfg(test)]
mod tests;

pub(crate) use catalogue::catalogue;
pub(crate) use place::{fields_to_ask, readable};
pub(crate) use read::read;

use model::event::EventError;

/// Why a meeting cannot be carried. No variant carries what people wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotCarried {
    /// It is an occurrence of a series, which Zoho CRM shows as records of their own.
    #[error("it recurs: Zoho CRM shows each occurrence as a meeting of its own")]
    Recurs,
    /// A field is of another form than any that is documented.
    #[error("its {field} is of a form that is not known")]
    Form {
        /// The field's API name.
        field: &'static str,
    },
    /// It is no event.
    #[error(transparent)]
    NoEvent(#[from] EventError),
}
