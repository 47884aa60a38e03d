//! What the rows of a kind's module become.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use model::{Path, Record, Version, event::Zone};
use provider::{Fault, Scope, Seen, What};

use crate::{
    auth::account::current_user,
    client::Client,
    event::{self, Guests, NotCarried, Options, Series},
    kind::Kind,
    map,
    wire::{Row, instant},
};

/// What the ids of series begin with: Zoho CRM's own could be those of meetings.
const SERIES: &str = "series:";

/// Why a series is set aside that nobody asked for.
const SKIPPED: &str = "recurring: this sync leaves out meetings that recur";

/// Why a series is set aside that there is no room for.
const TOO_MANY: &str = "recurring: the account has more occurrences than can be followed";

/// A record with the rows that show it.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// Its remote id.
    pub(crate) id: String,
    /// The record.
    pub(crate) record: Record,
    /// One row, or the occurrences of a series.
    pub(crate) rows: Vec<Row>,
}

/// Turns rows into what is shown of records.
pub(crate) struct Reader {
    kind: Kind,
    /// The caller's time zone; none where the kind has no times, or where nobody knows a zone of that name.
    zone: Option<Zone>,
    /// What the scope asks of meetings; nothing of contacts.
    options: Options,
    /// What ended before this time is outside the scope.
    since: Option<Timestamp>,
}

impl Reader {
    /// The reader for a round that begins: times are shown by the clock of the caller's time zone.
    pub(crate) async fn of_caller(
        client: &Client<'_>,
        kind: Kind,
        scope: &Scope,
    ) -> Result<Self, Fault> {
        let zone = match kind {
            Kind::Contact => None,
            Kind::Event => current_user(client).await?.time_zone,
        };
        Self::new(kind, zone.as_deref(), scope)
    }

    /// The reader with the time zone that a round began with.
    pub(crate) fn new(kind: Kind, zone: Option<&str>, scope: &Scope) -> Result<Self, Fault> {
        let options = match kind {
            Kind::Contact => Options::default(),
            Kind::Event => Options::of(scope)?,
        };
        Ok(Self {
            kind,
            zone: zone.and_then(|name| Zone::named(name).ok()),
            options,
            since: options.since(Timestamp::now()),
        })
    }

    /// What becomes of those who are invited by address.
    pub(crate) fn guests(&self) -> Guests {
        self.options.guests
    }

    /// The caller's time zone.
    pub(crate) fn clock(&self) -> Option<&Zone> {
        self.zone.as_ref()
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
            (Some(_), Ok(record)) if inside(id) && !self.is_over(std::slice::from_ref(row)) => {
                What::Inside(record)
            }
            (Some(_), Err(reason)) if inside(id) => What::Unreadable {
                reason: reason.to_string(),
            },
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
    pub(crate) fn record(&self, row: &Row) -> Result<Record, NotCarried> {
        match self.kind {
            Kind::Contact => Ok(map::read(row)),
            Kind::Event => event::read(row, self.zone.as_ref()),
        }
    }

    /// Whether all of it ended so long ago that it is outside the scope. A day may end later somewhere.
    pub(crate) fn is_over(&self, rows: &[Row]) -> bool {
        let Some(since) = self.since else {
            return false;
        };
        let ends = |row: &Row| row.text("End_DateTime").and_then(instant);
        let last = rows.iter().map(ends).collect::<Option<Vec<_>>>();
        let last = last.and_then(|ends| ends.into_iter().max());
        last.is_some_and(|last| since.duration_since(last) > SignedDuration::from_hours(14))
    }

    /// Whether series are read as records.
    pub(crate) fn follows_series(&self) -> bool {
        self.kind == Kind::Event && !self.options.skips_series
    }

    /// The series that a row is an occurrence of.
    pub(crate) fn series_of<'r>(&self, row: &'r Row) -> Option<&'r str> {
        let id = row.text("$recurrence_id").filter(|id| !id.is_empty());
        id.filter(|_| self.kind == Kind::Event)
    }

    /// The remote id of a series.
    pub(crate) fn series_id(series: &str) -> String {
        format!("{SERIES}{series}")
    }

    /// The series that a remote id is of.
    pub(crate) fn series_named(remote_id: &str) -> Option<&str> {
        remote_id.strip_prefix(SERIES)
    }

    /// What is shown of a series that is not followed, for one of its occurrences.
    pub(crate) fn aside(&self, series: &str, row: &Row, inside: impl Fn(&str) -> bool) -> Seen {
        let follows = self.follows_series();
        let reason = if follows { TOO_MANY } else { SKIPPED };
        let inside = row.id().is_some_and(inside) && !self.is_over(std::slice::from_ref(row));
        let what = if inside {
            What::Unreadable {
                reason: reason.to_owned(),
            }
        } else {
            What::Outside(Record::new(self.kind.name()))
        };
        Seen {
            remote_id: Self::series_id(series),
            former_ids: Vec::new(),
            version: map::version(row),
            marker: None,
            what,
        }
    }

    /// The record of its rows: one, or the occurrences of a series.
    pub(crate) fn whole(&self, rows: &[Row], settled: bool) -> Result<Record, NotCarried> {
        match rows {
            [row] if self.series_of(row).is_none() => self.record(row),
            rows => Ok(self.series(rows, settled)?.record),
        }
    }

    /// The occurrences of a series as one record.
    pub(crate) fn series(&self, rows: &[Row], settled: bool) -> Result<Series, NotCarried> {
        if self.follows_series() {
            event::series(rows, self.zone.as_ref(), settled)
        } else {
            Err(NotCarried::Recurs)
        }
    }

    /// Rows as records, occurrences as series, without what cannot be read.
    pub(crate) fn fold(&self, rows: &[Row]) -> Vec<Whole> {
        let mut whole: Vec<Whole> = Vec::new();
        let mut series: BTreeMap<&str, BTreeMap<&str, &Row>> = BTreeMap::new();
        for row in rows {
            let Some(id) = row.id() else { continue };
            if let Some(name) = self.series_of(row) {
                series.entry(name).or_default().insert(id, row);
            } else if let Ok(record) = self.record(row) {
                whole.push(Whole {
                    id: id.to_owned(),
                    record,
                    rows: vec![row.clone()],
                });
            }
        }
        for (name, rows) in series {
            let rows: Vec<Row> = rows.into_values().cloned().collect();
            if let Ok(record) = self.whole(&rows, true) {
                whole.push(Whole {
                    id: Self::series_id(name),
                    record,
                    rows,
                });
            }
        }
        whole
    }

    /// The version of a record's rows. An occurrence that goes leaves the stamps of the others, so that of a series is
    /// the newest stamp, a space, and a digest of all.
    pub(crate) fn version(&self, rows: &[Row]) -> Option<Version> {
        if let [row] = rows
            && self.series_of(row).is_none()
        {
            return map::version(row);
        }
        let mut stamps: Vec<(&str, Timestamp)> = rows
            .iter()
            .map(|row| Some((row.id()?, row.modified()?)))
            .collect::<Option<_>>()?;
        stamps.sort_unstable();
        let newest = stamps.iter().map(|(_, at)| *at).max()?;
        let mut digest = blake3::Hasher::new();
        for (id, at) in stamps {
            digest.update(format!("{id} {at}\n").as_bytes());
        }
        let digest = digest.finalize().to_hex();
        Some(Version {
            token: format!("{newest} {}", &digest[..16]),
            ..map::version_of(newest)
        })
    }

    /// Whether lists show all that was made together with these rows.
    pub(crate) fn is_settled(rows: &[Row], at: Timestamp, overlap: SignedDuration) -> bool {
        let newest = rows.iter().filter_map(Row::created).max();
        newest.is_none_or(|newest| at.duration_since(newest) > overlap)
    }

    /// The ids of the first and the last occurrence of a series, which prove its deletion once it is gone.
    pub(crate) fn outermost(rows: &[Row]) -> Vec<String> {
        let ids = || rows.iter().filter_map(Row::id);
        let mut outermost: Vec<String> = ids()
            .min()
            .into_iter()
            .chain(ids().max())
            .map(str::to_owned)
            .collect();
        outermost.dedup();
        outermost
    }
}
