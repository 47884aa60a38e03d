//! What of an event is shown to a sync: as a whole, as a busy block, as known and outside, or not at all.

use jiff::Timestamp;
use model::Version;
use provider::{Fault, Seen, What};
use serde_json::Value;

use super::{
    map::{self, Unmapped},
    options::{Options, Private},
    series::{Series, text},
    wire::{Event, Reminder},
};

/// Why an event is unreadable whose content the account does not see.
const HIDDEN: &str = "Google hides from this account what this private event is about";
/// Why an event is unreadable that is not in the documented form.
const UNDOCUMENTED: &str = "Google sent this event in an undocumented form";
/// Why a series is unreadable of which only parts can be read.
const IN_PART: &str = "Google does not show this series as a whole";

/// How the events of one reading are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    /// What the sync asks for.
    pub(super) options: Options,
    /// When it is, by Google's clock.
    pub(super) now: Timestamp,
    /// Reminders of events that use the calendar's own.
    pub(super) reminders: &'a [Reminder],
}

impl Sight<'_> {
    /// What is seen of a series, or of an event that does not recur: mostly one record.
    pub(super) fn of(&self, series: &Series) -> Result<Vec<Seen>, Fault> {
        let Some(master) = &series.master else {
            // Each instance to which alone the account is invited is a record.
            let alone = series.instances.values();
            return alone.map(|instance| self.one(instance, &[])).collect();
        };
        let instances: Vec<&Value> = series.instances.values().collect();
        Ok(vec![self.one(master, &instances)?])
    }

    /// A series that cannot be read as a whole.
    pub(super) fn in_part(id: &str) -> Seen {
        unreadable(id.to_owned(), IN_PART)
    }

    fn one(&self, master: &Value, instances: &[&Value]) -> Result<Seen, Fault> {
        // Without an id there is nothing to set aside, and an absence must not look like a deletion.
        let id = text(master, "id").ok_or_else(|| Fault::malformed("an event without an id"))?;
        let decode = |item: &Value| serde_json::from_value::<Event>(item.clone());
        let decoded = decode(master).and_then(|master| {
            let instances = instances.iter().map(|instance| decode(instance));
            Ok((master, instances.collect::<Result<Vec<_>, _>>()?))
        });
        Ok(match decoded {
            Ok((master, instances)) => self.decoded(&master, &instances),
            Err(_) => unreadable(id.to_owned(), UNDOCUMENTED),
        })
    }

    fn decoded(&self, master: &Event, instances: &[Event]) -> Seen {
        if master.is_cancelled() {
            let at = map::changed_at(master);
            return seen(master, What::Deleted { at }, None);
        }
        let version = Some(map::version(master, instances));
        if map::is_of_another_kind(master) {
            let what = What::Outside(map::identity(master));
            return seen(master, what, version);
        }
        let what = match (
            master.is_private() || master.is_hidden(),
            self.options.private,
        ) {
            (true, Private::Skip) => Ok(What::Outside(map::identity(master))),
            (true, Private::Full) if master.is_hidden() => Err(HIDDEN.to_owned()),
            // Exceptions of a series are found by its UID, which is hidden as well.
            (true, Private::Busy) if master.is_hidden() && !master.recurrence.is_empty() => {
                Err(HIDDEN.to_owned())
            }
            (true, Private::Busy) => self.shown(&master.as_block(), instances),
            (true, Private::Full) | (false, _) => self.shown(master, instances),
        };
        let what = what.unwrap_or_else(|reason| What::Unreadable { reason });
        seen(master, what, version)
    }

    fn shown(&self, master: &Event, instances: &[Event]) -> Result<What, String> {
        let full = self.options.private == Private::Full;
        // An instance of which no more may be shown than when it is has everything else from its series.
        let covered = |instance: &Event| {
            instance.is_hidden() || (!full && (instance.is_private() || master.is_private()))
        };
        let instances: Vec<Event> = instances
            .iter()
            .map(|instance| {
                if covered(instance) {
                    instance.covered_by(master)
                } else {
                    instance.clone()
                }
            })
            .collect();
        let record = map::record(master, &instances, self.reminders);
        let record = record.map_err(|unmapped| match unmapped {
            Unmapped::Form => UNDOCUMENTED.to_owned(),
            Unmapped::Event(error) => error.to_string(),
        })?;
        let since = self.options.since(self.now);
        let is_over = since.is_some_and(|since| map::ended_before(&record, since));
        let is_skipped = self.options.skips_series && !master.recurrence.is_empty();
        Ok(if is_over || is_skipped {
            What::Outside(record)
        } else {
            What::Inside(record)
        })
    }
}

fn seen(master: &Event, what: What, version: Option<Version>) -> Seen {
    Seen {
        remote_id: master.id.clone(),
        // An event keeps its id for as long as it is, in whatever calendar.
        former_ids: Vec::new(),
        version,
        marker: map::marker(master),
        what,
    }
}

fn unreadable(remote_id: String, reason: &str) -> Seen {
    Seen {
        remote_id,
        former_ids: Vec::new(),
        version: None,
        marker: None,
        what: What::Unreadable {
            reason: reason.to_owned(),
        },
    }
}
