//! What of an event is shown to a sync: as a whole, as a busy block, as known and outside, or not at all.

use jiff::Timestamp;
use model::{
    REMARK, Record, Version,
    event::{SeriesLimits, Unholdable},
};
use provider::{Fault, Seen, What};
use serde_json::Value;

use super::{
    map::{self, Unmapped},
    options::{Options, Private},
    series::{Series, text},
    wire::{Event, Reminder},
    writer::is_made_of,
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
    /// What the other side can hold of a series; none if that is whatever there is.
    pub(super) limits: Option<&'a SeriesLimits>,
}

/// A series that the other side cannot hold, so that each of its instances is told as a meeting of its own.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    /// What is said of each, for people.
    pub(super) remark: String,
    /// The series.
    pub(super) record: Record,
    /// The series' marker: each instance shows it, and it is none of theirs.
    marker: Option<String>,
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

    /// Whether a series is one that the other side cannot hold. One of which nothing is shown, or that is over, is
    /// outside as a whole, unless its instances are `known` already.
    pub(super) fn apart(&self, series: &Series, known: bool) -> Option<Apart> {
        let limits = self.limits?;
        let decode = |item: &Value| serde_json::from_value::<Event>(item.clone()).ok();
        let master = decode(series.master.as_ref()?)?;
        if master.is_cancelled() || master.recurrence.is_empty() {
            return None;
        }
        let instances = series.instances.values().map(decode);
        let instances = instances.collect::<Option<Vec<_>>>()?;
        let record = map::record(&master, &instances, self.reminders).ok()?;
        let marker = map::marker(&master);
        let why = match limits.check(&record).err()? {
            Unholdable::Event(_) => return None,
            // The other side made it: by now it tells another clock than it went by.
            Unholdable::Clock { .. } if is_made_of(&master.id, marker.as_deref()) => return None,
            Unholdable::Clock { own, account } => {
                format!("it recurs by the clock of {own}, and meetings there by that of {account}")
            }
            other => other.to_string(),
        };
        let since = self.options.since(self.now);
        let is_over = || since.is_some_and(|since| map::ended_before(&record, since));
        let is_covered = master.is_hidden()
            || map::is_of_another_kind(&master)
            || (master.is_private() && self.options.private == Private::Skip);
        if !known && (self.options.skips_series || is_covered || is_over()) {
            return None;
        }
        Some(Apart {
            remark: format!(
                "single meetings of a series, kept twelve months ahead: the other side cannot hold the series, for {why}"
            ),
            record,
            marker,
        })
    }

    /// An instance of a series that the other side cannot hold.
    pub(super) fn single(&self, instance: &Value, apart: &Apart) -> Result<Seen, Fault> {
        let mut seen = self.one(instance, &[])?;
        if seen.marker == apart.marker {
            seen.marker = None;
        }
        let said = model::Value::text(&apart.remark);
        match seen.what {
            What::Inside(ref mut record) | What::Outside(ref mut record) => {
                map::set(record, REMARK, said);
            }
            What::Deleted { .. } | What::Unreadable { .. } => {}
        }
        seen.what = match seen.what {
            What::Inside(record) if self.options.skips_series => What::Outside(record),
            other => other,
        };
        Ok(seen)
    }

    /// What is known to be there no more.
    pub(super) fn gone(remote_id: String) -> Seen {
        Seen {
            remote_id,
            former_ids: Vec::new(),
            version: None,
            marker: None,
            what: What::Deleted { at: None },
        }
    }

    /// What is set aside.
    pub(super) fn unreadable(remote_id: String, reason: &str) -> Seen {
        unreadable(remote_id, reason)
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
