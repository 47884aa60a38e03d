//! Google Calendar, as a provider of events: the kind `event`, beside contacts.
//!
//! Reading only: collections, fields, the feed, and reading by id. [`series`] folds what Google shows as several events
//! into one record, [`sight`] decides what of it may be shown, and [`map`] says it in the words of the model.

mod alone;
mod apart;
mod client;
mod fault;
mod feed;
mod map;
mod options;
pub(crate) mod push;
mod series;
mod sight;
mod told;
mod wire;
mod writer;

pub(crate) use self::{
    client::Client,
    feed::{collections, page},
    map::catalogue,
    writer::{AtAGlance, batches, execute},
};

/// The kind of record that Google's events are.
pub(crate) const EVENT: &str = model::event::KIND;
