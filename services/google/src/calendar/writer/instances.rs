//! Single instances of a series: changed, cancelled, and taking part again.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Edit, Record,
    event::{self, Original, Override, Rule, When},
};
use provider::{Answer, Fault};
use serde_json::Value;

use super::{Found, Writer, not_done, send::Sent};
use crate::calendar::{
    map::{self, Exceptions},
    wire::Event,
};

/// What a write does to the instances of a series.
#[derive(Debug, Default)]
pub(super) struct Instances(Vec<Instance>);

/// One instance.
#[derive(Debug)]
struct Instance {
    id: String,
    original: Original,
    wanted: Option<Override>,
    /// What is known of it: an exception already, or what was read of it just now.
    actual: Option<Event>,
    /// Whether it has to be read before: it is no exception yet.
    unread: bool,
    /// Whether its series does not have it any more.
    outgrown: bool,
}

/// A series on its way from one record to another.
struct Turn<'a> {
    /// When it was, and will be.
    was: When,
    when: When,
    old_rule: Option<Rule>,
    rule: Rule,
    before: BTreeMap<String, (Original, Override)>,
    after: BTreeMap<String, (Original, Override)>,
    edits: &'a [Edit],
}

impl<'a> Turn<'a> {
    /// None if it will be no series.
    fn of(
        series: &str,
        record: &Record,
        desired: &Record,
        edits: &'a [Edit],
    ) -> Result<Option<Self>, String> {
        let text = |error: event::EventError| error.to_string();
        let was = event::when(record).map_err(text)?;
        let mut when = event::when(desired).map_err(text)?;
        if let Some(zone) = was.zone() {
            when = when.shown_in(zone);
        }
        let Some(rule) = map::rule(desired, &when)? else {
            return Ok(None);
        };
        let by_id = |exceptions: Exceptions, when: &When| {
            let id = |original| map::instance_id(series, original, when);
            let exceptions = exceptions.into_iter();
            exceptions
                .map(|(original, one)| (id(original), (original, one)))
                .collect()
        };
        Ok(Some(Self {
            before: by_id(map::exceptions(record)?, &was),
            after: by_id(map::exceptions(desired)?, &when),
            old_rule: map::rule(record, &was).ok().flatten(),
            rule,
            was,
            when,
            edits,
        }))
    }

    /// What may have to be done to one instance, of which `actual` is the exception that it is already.
    fn instance(&self, id: &str, actual: Option<&Event>) -> Result<Option<Instance>, String> {
        let wanted = self.after.get(id);
        let known = || map::original_of(actual?, &self.when);
        let Some(original) = wanted.map(|(original, _)| *original).or_else(known) else {
            // It was stated in the lines of the series, and is so no more.
            return Ok(None);
        };
        let wanted = wanted.map(|(_, wanted)| wanted.clone());
        let included = matches!(wanted, Some(Override::Changed { included: true, .. }));
        let has = |rule: &Rule, when: &When| {
            let has = rule.has(when, original.clock());
            has.map_err(|error| error.to_string())
        };
        let outgrown = !included && !has(&self.rule, &self.when)?;
        if outgrown && wanted.is_some() && is_named(self.edits, original) {
            return Err("its series has no such instance".to_owned());
        }
        let before = self.before.get(id).map(|(_, before)| before);
        if actual.is_none() && (before == wanted.as_ref() || outgrown) {
            return Ok(None);
        }
        let existed = match &self.old_rule {
            Some(rule) => has(rule, &self.was)?,
            None => false,
        };
        Ok(Some(Instance {
            id: id.to_owned(),
            original,
            wanted: wanted.filter(|_| !outgrown),
            actual: actual.cloned(),
            unread: actual.is_none() && existed && before.is_none(),
            outgrown,
        }))
    }
}

impl Instances {
    /// Which instances may have to be written. An exception follows its series where it has nothing of its own; one of
    /// which the sync sees only when it is stays as it is.
    pub(super) fn plan(
        found: &Found,
        record: &Record,
        desired: &Record,
        edits: &[Edit],
        is_closed: impl Fn(&Event) -> bool,
    ) -> Result<Self, String> {
        let series = found.raw()["id"].as_str().unwrap_or_default();
        let Some(turn) = Turn::of(series, record, desired, edits)? else {
            return Ok(Self::default());
        };
        let stored: BTreeMap<&String, Event> = found
            .series
            .instances
            .iter()
            .filter_map(|(id, one)| Some((id, serde_json::from_value(one.clone()).ok()?)))
            .collect();
        let stated = turn.before.keys().chain(turn.after.keys());
        let is_closed = |one: &Event| !one.is_cancelled() && is_closed(one);
        let ids: BTreeSet<&String> = stated.chain(stored.keys().copied()).collect();
        let mut plan = Vec::new();
        for id in ids {
            let actual = stored.get(id);
            if !actual.is_some_and(is_closed) {
                plan.extend(turn.instance(id, actual)?);
            } else if turn.before.get(id) != turn.after.get(id) {
                return Err("this instance is private".to_owned());
            }
        }
        Ok(Self(plan))
    }

    /// Those of a series that was just created.
    pub(super) fn of_new(series: &str, record: &Record) -> Result<Self, String> {
        let when = event::when(record).map_err(|error| error.to_string())?;
        let changed = map::exceptions(record)?
            .into_iter()
            .filter(|(_, one)| *one != Override::Excluded);
        Ok(Self(
            changed
                .map(|(original, wanted)| Instance {
                    id: map::instance_id(series, original, &when),
                    original,
                    wanted: Some(wanted),
                    actual: None,
                    unread: false,
                    outgrown: false,
                })
                .collect(),
        ))
    }
}

impl Writer<'_> {
    /// Reads instances that are no exceptions yet: the version of a series says nothing about one that somebody makes
    /// an exception just now.
    pub(super) async fn look_at(
        &mut self,
        found: &Found,
        instances: &mut Instances,
    ) -> Result<(), Answer> {
        let series = found.event().map_err(Answer::from)?;
        for one in instances.0.iter_mut().filter(|one| one.unread) {
            self.calls += 1;
            let event = match self.client.event(self.calendar, &one.id).await {
                Ok(event) => event.body,
                Err(Fault::Gone { .. }) => continue,
                Err(fault) => return Err(not_done(fault)),
            };
            let event: Event = serde_json::from_value(event)
                .map_err(|_| not_done(Fault::malformed("an instance in an undocumented form")))?;
            if !map::is_as_planned(&event, &series, one.original) {
                return Err(Answer::Stale { live: None });
            }
            one.actual = Some(event);
        }
        Ok(())
    }

    /// Writes the instances that are not as they are wanted; whether any was. `series_written` says that the series was
    /// written just now, and so are then the versions of the instances that are no exceptions; `reset` that Google may
    /// have dropped exceptions, too.
    pub(super) async fn instances(
        &mut self,
        found: &mut Found,
        instances: Instances,
        series_written: bool,
        reset: bool,
        sent: &mut Sent,
    ) -> bool {
        let mut wrote = false;
        let Ok(series) = found.event() else {
            return wrote;
        };
        for one in instances.0 {
            let is_exception = found.series.instances.contains_key(&one.id);
            let holds = if is_exception {
                !reset
            } else {
                !series_written
            };
            let etag = one
                .actual
                .as_ref()
                .filter(|_| holds)
                .map(|actual| actual.etag.clone());
            // What was read of no exception is what its series said.
            let actual = one.actual.as_ref().filter(|_| is_exception);
            let excluded = Some(&Override::Excluded).filter(|_| one.outgrown);
            let wanted = excluded.or(one.wanted.as_ref());
            let members = match map::instance_members(&series, one.original, wanted, actual) {
                Ok(members) if members.is_empty() => continue,
                Ok(members) => Value::Object(members),
                Err(reason) => {
                    sent.refused.insert("overrides".to_owned(), reason);
                    continue;
                }
            };
            self.calls += 1;
            let (client, notify) = (self.client, self.options.notify);
            let patched = client.patch(self.calendar, &one.id, &members, etag.as_deref(), notify);
            match patched.await {
                Ok(event) => {
                    wrote = true;
                    found.series.instances.insert(one.id, event);
                }
                Err(Fault::Refused { reason, .. }) => {
                    sent.refused.insert("overrides".to_owned(), reason);
                }
                Err(Fault::Gone { .. }) if one.outgrown => {}
                Err(fault) => {
                    sent.fault = Some(fault);
                    return wrote;
                }
            }
        }
        wrote
    }
}

/// Whether an edit says something of this instance.
fn is_named(edits: &[Edit], original: Original) -> bool {
    let label = original.to_string();
    edits
        .iter()
        .filter(|edit| edit.path.field() == "overrides")
        .any(|edit| {
            let element = edit
                .after
                .as_ref()
                .and_then(|after| after.as_elements().first());
            edit.path.key() == Some(&label) || element.is_some_and(|element| element.label == label)
        })
}
