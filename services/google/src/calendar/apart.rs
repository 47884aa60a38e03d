//! Series that the other side of a sync cannot hold: each instance is told as a meeting of its own, under Google's id of it.
//!
//! Instances are told from the first on and for twelve months ahead, and go on being told: a list in which they are
//! absent would look like a deletion. What was told is remembered ([`super::told`]), and only what changed is told again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::event;
use provider::{Fault, Seen};
use serde_json::Value;

use super::{
    client::Client,
    series::{Series, text},
    sight::{Apart, Sight},
    told::{Told, end_at, gone, parts_of},
};

/// So far ahead instances are told.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);
/// Of a series with more instances those are told that end within the window, or less than this before it.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 366);
/// So many instances of a series are told; one with more is set aside.
const MOST: usize = 2_000;
/// For so long a list of instances may show a series as it was.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Instances by id, as they were sent.
pub(super) type Instances = BTreeMap<String, Value>;

/// How series are told apart in a round.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) client: Client<'a>,
    pub(super) calendar: &'a str,
    pub(super) sight: Sight<'a>,
    /// Of a snapshot what is gone is absent.
    pub(super) is_delta: bool,
}

/// A series that is told apart.
#[derive(Clone, Copy)]
pub(super) struct One<'a> {
    pub(super) id: &'a str,
    pub(super) series: &'a Series,
    pub(super) apart: &'a Apart,
    /// What was told of it last.
    pub(super) before: Option<&'a Told>,
    /// The instances that changed since, if the series itself did not; none if all of it may have.
    pub(super) changed: Option<&'a Instances>,
}

impl Telling<'_> {
    /// Tells the instances of a series that may have changed, and those as gone that it had before; with what is to be
    /// remembered of it.
    pub(super) async fn tell(&self, one: One<'_>) -> Result<(Vec<Seen>, Option<Told>), Fault> {
        let before = one.before.filter(|_| self.is_delta);
        if let Some((before, changed)) = before.zip(one.changed)
            && let Some((seen, told)) = self.changes(one, before, changed).await?
        {
            return Ok((seen, Some(told)));
        }
        self.all(one).await
    }

    /// Tells the instances that changed, and those that come next. None if the next ones are too many.
    async fn changes(
        &self,
        one: One<'_>,
        before: &Told,
        changed: &Instances,
    ) -> Result<Option<(Vec<Seen>, Told)>, Fault> {
        let (mut seen, mut ends) = (Vec::new(), before.ends());
        for (id, item) in changed {
            let Some((_, end)) = parts_of(id) else {
                continue;
            };
            // What was read just now is at least as new.
            let item = one.series.instances.get(id).unwrap_or(item);
            if is_cancelled(item) {
                let was_told = ends.remove(end);
                seen.extend(was_told.then(|| gone(one.id, end)));
            } else if ends.contains(end) || begins_by(end, item, before.until()) {
                ends.insert(end.to_owned());
                seen.push(self.sight.single(item, one.apart)?);
            }
        }
        let mut until = before.until();
        if before.is_short(self.sight.now) {
            let further = self.until(one.apart);
            let next = self.instances(one.id, one.series, until, further);
            let Some(next) = next.await? else {
                return Ok(None);
            };
            until = Some(further);
            for (id, item) in next {
                let end = parts_of(&id).filter(|_| !is_cancelled(&item));
                if let Some((_, end)) = end
                    && ends.insert(end.to_owned())
                {
                    seen.push(self.sight.single(&item, one.apart)?);
                }
            }
        }
        Ok(Some((seen, before.further(until, &ends))))
    }

    /// Tells every instance, and those as gone that the series had before.
    async fn all(&self, one: One<'_>) -> Result<(Vec<Seen>, Option<Told>), Fault> {
        let One {
            id,
            series,
            apart,
            before,
            ..
        } = one;
        let until = self.until(apart);
        let since = self.sight.options.since(self.sight.now);
        let from = since.and_then(|since| since.checked_sub(BEFORE).ok());
        let (mut items, mut begins) = (self.instances(id, series, None, until).await?, None);
        if items.is_none() && from.is_some() {
            (items, begins) = (self.instances(id, series, from, until).await?, from);
        }
        let Some(mut items) = items else {
            let reason = format!("{}, and it has more than {MOST} of them", apart.remark);
            let aside = Sight::unreadable(id.to_owned(), &reason);
            return Ok((vec![aside], before.map(|before| before.tried(until))));
        };
        for (id, one) in &series.instances {
            let is_within = parts_of(id).is_some_and(|(_, end)| *end <= *end_at(until));
            if is_within && !items.contains_key(id) {
                items.insert(id.clone(), one.clone());
            }
        }
        let mut seen = Vec::new();
        if self.is_delta && before.is_none() {
            // It may have been told as a series.
            seen.push(Sight::gone(id.to_owned()));
        }
        let first = begins.map(end_at);
        let not_listed = |end: &&String| {
            let is_older = first.as_ref().is_some_and(|first| *end < first);
            !is_older && !items.contains_key(&format!("{id}_{end}"))
        };
        if let Some(before) = before.filter(|_| self.is_delta) {
            let ends = before.ends();
            seen.extend(ends.iter().filter(not_listed).map(|end| gone(id, end)));
        }
        let mut told = BTreeSet::new();
        for (id, item) in &items {
            let is_cancelled = is_cancelled(item);
            if is_cancelled && !self.is_delta {
                continue;
            }
            seen.push(self.sight.single(item, apart)?);
            let end = parts_of(id).filter(|_| !is_cancelled);
            told.extend(end.map(|(_, end)| end.to_owned()));
        }
        Ok((seen, Told::of(&apart.record, (begins, Some(until)), &told)))
    }

    /// Up to where instances are told by now. A series that begins later is told from there.
    fn until(&self, apart: &Apart) -> Timestamp {
        let begins = event::when(&apart.record).ok();
        let begins = begins.and_then(|when| when.start().instant());
        let from_now = begins.unwrap_or(Timestamp::MIN).max(self.sight.now);
        from_now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX)
    }

    /// The instances of a series by id, cancelled ones too; none if there are more than can be told.
    async fn instances(
        &self,
        id: &str,
        series: &Series,
        from: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<Option<Instances>, Fault> {
        let mut items = BTreeMap::new();
        let (mut alive, mut page_token) = (0, None::<String>);
        let (from, until) = (from.map(|from| from.to_string()), until.to_string());
        loop {
            let between = (from.as_deref(), until.as_str());
            let page = self
                .client
                .instances(self.calendar, id, between, page_token.as_deref());
            let page = match page.await {
                Ok(page) => page.body,
                Err(Fault::Gone { .. }) => {
                    return Err(Fault::transient(
                        "the series does not show its instances yet",
                    ));
                }
                Err(fault) => return Err(fault),
            };
            for item in page.items {
                let Some(own) = text(&item, "id").map(str::to_owned) else {
                    continue;
                };
                if !series.instances.contains_key(&own) && self.is_late(series, &item) {
                    return Err(Fault::transient(
                        "the series shows its instances as they were",
                    ));
                }
                alive += usize::from(!is_cancelled(&item));
                items.insert(own, item);
            }
            if alive > MOST {
                return Ok(None);
            }
            page_token = page.next_page_token.filter(|token| !token.is_empty());
            if page_token.is_none() {
                return Ok(Some(items));
            }
        }
    }

    /// Whether an instance is shown as its series was a moment ago.
    fn is_late(&self, series: &Series, instance: &Value) -> bool {
        let updated = |item: &Value| text(item, "updated")?.parse::<Timestamp>().ok();
        let changed = series.master.as_ref().and_then(updated);
        changed.is_some_and(|changed| {
            self.sight.now.duration_since(changed) < LATE
                && updated(instance).is_some_and(|shown| shown < changed)
        })
    }
}

fn is_cancelled(item: &Value) -> bool {
    text(item, "status") == Some("cancelled")
}

/// Whether an instance would begin by then, or begins by then as it was moved.
fn begins_by(end: &str, item: &Value, until: Option<Timestamp>) -> bool {
    let Some(until) = until else {
        return true;
    };
    let start = &item["start"];
    let begins = text(start, "dateTime").and_then(|at| at.parse::<Timestamp>().ok());
    let begins = begins.map(end_at);
    // A day, as an id has it.
    let day = || text(start, "date").map(|day| day.replace('-', ""));
    let until = end_at(until);
    end <= until.as_str() || begins.or_else(day).is_some_and(|begins| begins <= until)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_instance_is_told_if_it_was_to_begin_or_begins_before_what_comes_next() {
        let until: Timestamp = "2027-03-20T00:00:00Z".parse().unwrap();
        let timed = |at: &str| json!({"start": {"dateTime": at}});
        let far = "20280308T140000Z";
        for (end, item, expected) in [
            ("20270308T140000Z", timed("2028-03-08T10:00:00-04:00"), true),
            (far, timed("2028-03-08T10:00:00-04:00"), false),
            (far, timed("2027-03-19T10:00:00-04:00"), true),
            (far, json!({"start": {"date": "2027-03-19"}}), true),
            (far, json!({"start": {"date": "2027-03-21"}}), false),
            (far, json!({}), false),
        ] {
            assert_eq!(begins_by(end, &item, Some(until)), expected, "{end} {item}");
            assert!(begins_by(end, &item, None), "told to its end");
        }
    }
}
