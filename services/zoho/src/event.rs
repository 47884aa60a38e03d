//! Zoho CRM's meetings and canonical events: the same record in two forms. Pure.

mod carried;
mod catalogue;
mod options;
mod participants;
mod place;
mod read;
mod reminders;
mod rule;
mod series;
mod when;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use carried::carried;
pub(crate) use catalogue::{catalogue, writable};
pub(crate) use options::{Guests, Options};
pub(crate) use participants::{
    Contact, Contacts, NOBODY, Newcomers, all_newcomers, by_address, may_be_told, newcomers, strip,
};
pub(crate) use place::{REQUIRED, fields_beside, fields_to_ask, path_of, readable};
pub(crate) use read::read;
pub(crate) use rule::{RULE, limits as series_limits};
pub(crate) use series::{Series, plan, series};
pub(crate) use write::{
    Terms, anew, changed_occurrences, changes, creation, is_made_like, made, overlay, search,
};

use model::{Element, Record, Value, event::EventError};

use crate::wire::Row;

/// The value of a field of an event.
fn value<'r>(event: &'r Record, field: &str) -> Option<&'r Value> {
    let mut fields = event.fields.iter();
    fields
        .find(|(root, _)| root.field() == field)
        .map(|(_, value)| value)
}

/// The elements of a list of an event.
fn elements<'r>(event: &'r Record, field: &str) -> &'r [Element] {
    value(event, field).map_or(&[], Value::as_elements)
}

/// Whether a row is an occurrence of a series.
pub(crate) fn recurs(row: &Row) -> bool {
    ["$recurrence_id", "Recurring_Activity"]
        .iter()
        .any(|name| row.0.get(*name).is_some_and(|value| !value.is_null()))
}

/// Why a meeting cannot be carried. No variant carries what people wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotCarried {
    /// It is an occurrence of a series, or a series that nobody asked for.
    #[error("recurring: it is an occurrence of a series")]
    Recurs,
    /// Lists may not show all of its occurrences yet.
    #[error("recurring: not all of its occurrences are shown yet")]
    Unsettled,
    /// The occurrences of a series do not fit its rule.
    #[error("its occurrences do not fit its rule")]
    Strange,
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
