//! Time zones: the one place where their names are looked up.

use std::sync::LazyLock;

use icu_time::{TimeZone as Id, zone::IanaParser};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::EventError;

/// The database that is built in: the rules of zones change several times a year, and a machine's own copy may be
/// years old.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// An IANA time zone.
///
/// What other systems call zones (Windows names, offsets, free text) is turned into an IANA name before it comes here.
#[derive(Debug, Clone)]
pub struct Zone {
    rules: TimeZone,
    name: String,
}

impl Zone {
    /// The zone of an IANA name, whatever the case of its letters; names that the database has replaced stay as they
    /// are written.
    pub fn named(name: &str) -> Result<Self, EventError> {
        let unknown = || EventError::UnknownZone {
            name: name.chars().take(64).collect(),
        };
        let rules = DATABASE.get(name).map_err(|_| unknown())?;
        let name = rules.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { rules, name })
    }

    /// Every name that the database has.
    pub fn names() -> Vec<String> {
        DATABASE.available().map(|name| name.to_string()).collect()
    }

    /// Its name, for example `Europe/Vienna`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Whether two names stand for one zone: `Asia/Calcutta` and `Asia/Kolkata`.
    pub fn same(&self, other: &Self) -> bool {
        let id = |zone: &Self| IanaParser::new().parse(&zone.name);
        self.name == other.name || (id(self) != Id::UNKNOWN && id(self) == id(other))
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}
