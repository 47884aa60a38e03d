//! What the rows of a kind's module become.

use model::{Path, Record, event::Zone};
use provider::{Fault, Scope, Seen, What};

use crate::{auth::account::current_user, client::Client, event, kind::Kind, map, wire::Row};

/// Turns rows into what is shown of records.
pub(crate) struct Reader {
    kind: Kind,
    /// The caller's time zone; none where the kind has no times, or where nobody knows a zone of that name.
    zone: Option<Zone>,
}

impl Reader {
    /// The reader for a round that begins: times are shown by the clock of the caller's time zone.
    pub(crate) async fn of_caller(client: &Client<'_>, kind: Kind) -> Result<Self, Fault> {
        let zone = match kind {
            Kind::Contact => None,
            Kind::Event => current_user(client).await?.time_zone,
        };
        Ok(Self::new(kind, zone.as_deref()))
    }

    /// The reader with the time zone that a round began with.
    pub(crate) fn new(kind: Kind, zone: Option<&str>) -> Self {
        let zone = zone.and_then(|name| Zone::named(name).ok());
        Self { kind, zone }
    }

    /// The name of the time zone.
    pub(crate) fn zone(&self) -> Option<&str> {
        self.zone.as_ref().map(Zone::name)
    }

    /// The module that is read.
    pub(crate) fn module(&self) -> &'static str {
        self.kind.module()
    }

    /// The fields that a reading asks for, as many lists of names as calls are needed.
    pub(crate) fn fields_to_ask(&self, scope: &Scope) -> Vec<String> {
        match self.kind {
            Kind::Contact => map::fields_to_ask(scope),
            Kind::Event => event::fields_to_ask(scope),
        }
    }

    /// The root paths that the rows show.
    pub(crate) fn readable(&self, rows: &[Row], scope: &Scope) -> Vec<Path> {
        match self.kind {
            Kind::Contact => map::readable(rows, scope),
            Kind::Event => event::readable(rows, scope),
        }
    }

    /// What is shown of a record. A row that is none is set aside with the reason.
    pub(crate) fn seen(&self, row: &Row, inside: impl Fn(&str) -> bool) -> Option<Seen> {
        let Some(id) = row.id() else {
            tracing::warn!("a row without an id was left out");
            return None;
        };
        let version = map::version(row);
        let what = match (&version, self.record(row)) {
            (None, _) => What::Unreadable {
                reason: "Zoho CRM does not say when the record was modified".to_owned(),
            },
            (Some(_), Ok(record)) if inside(id) => What::Inside(record),
            (Some(_), Err(reason)) if inside(id) => What::Unreadable { reason },
            // Of what is outside only that it is there and its match keys count; what cannot be read has none.
            (Some(_), record) => {
                What::Outside(record.unwrap_or_else(|_| Record::new(self.kind.name())))
            }
        };
        Some(Seen {
            remote_id: id.to_owned(),
            former_ids: Vec::new(),
            version,
            marker: None,
            what,
        })
    }

    /// The record of a row, or the reason why it is none, without what people wrote.
    pub(crate) fn record(&self, row: &Row) -> Result<Record, String> {
        match self.kind {
            Kind::Contact => Ok(map::read(row)),
            Kind::Event => {
                event::read(row, self.zone.as_ref()).map_err(|reason| reason.to_string())
            }
        }
    }
}
