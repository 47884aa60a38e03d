//! Series that the other side of a sync cannot hold: each instance is told as a meeting of its own, under Google's id of it.
//!
//! Instances are told from the first on and for twelve months ahead, and go on being told: a list in which they are
//! absent would look like a deletion. The feed's cursor remembers of each series what was told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::event::{self, Original, Rule, When};
use provider::{Fault, Seen};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client::Client,
    map,
    series::{Series, text},
    sight::{Apart, Sight},
};

/// So far ahead instances are told.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);
/// When no more than this is left of it, the next ones are told.
const LEFT: SignedDuration = SignedDuration::from_hours(24 * 335);
/// Of a series with more instances those are told that end within the window, or less than this before it.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 366);
/// So many instances of a series are told; one with more is set aside.
const MOST: usize = 2_000;
/// For so long a list of instances may show a series as it was.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// How instances' ids end.
const INSTANT: &str = "%Y%m%dT%H%M%SZ";

/// What was told of the instances of a series, by which they can be told again as gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// When the series began, and how it recurred.
    when: String,
    rule: String,
    /// Up to where; none if up to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// How the ids of those end that the rule has not, and of those that the rule has and that were not told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    beside: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    without: BTreeSet<String>,
}

/// What was told of several series by the id of each.
pub(super) type AllTold = BTreeMap<String, Told>;

impl Told {
    /// Whether the next instances have to be told by now.
    pub(super) fn is_short(&self, now: Timestamp) -> bool {
        let needed = now.saturating_add(LEFT).unwrap_or(Timestamp::MAX);
        self.until.is_some_and(|until| until < needed)
    }

    /// The instances as gone.
    pub(super) fn gone(&self, series: &str) -> Vec<Seen> {
        let ends = self.ends();
        ends.iter().map(|end| gone(series, end)).collect()
    }

    /// How the ids of the instances end that were told.
    fn ends(&self) -> BTreeSet<String> {
        let mut ends = by_rule(&self.when, &self.rule, self.until).unwrap_or_default();
        ends.retain(|end| !self.without.contains(end));
        ends.extend(self.beside.iter().cloned());
        ends
    }

    /// What was told of a series up to a time: the instances whose ids end so.
    fn of(record: &model::Record, until: Timestamp, told: &BTreeSet<String>) -> Option<Self> {
        let (when, rule) = (event::when(record).ok()?, event::rule(record).ok()??);
        let (when_text, rule_text) = (when.to_string(), rule.to_string());
        let known = by_rule(&when_text, &rule_text, Some(until))?;
        let ends = ["COUNT=", "UNTIL="]
            .iter()
            .any(|end| rule_text.contains(end));
        let is_whole = ends && rule.starts(&when, known.len() + 1).ok()?.len() == known.len();
        Some(Self {
            beside: told.difference(&known).cloned().collect(),
            without: known.difference(told).cloned().collect(),
            until: (!is_whole).then_some(until),
            when: when_text,
            rule: rule_text,
        })
    }
}

/// How the ids of the instances end that a rule has up to a time.
fn by_rule(when: &str, rule: &str, until: Option<Timestamp>) -> Option<BTreeSet<String>> {
    let when: When = when.parse().ok()?;
    let rule = Rule::read(rule, &when).ok()?;
    let utc = TimeZone::UTC;
    let zone = when.zone().map_or(&utc, |zone| zone.rules());
    let last = zone.to_datetime(until.unwrap_or(Timestamp::MAX));
    let original = |clock: jiff::civil::DateTime| {
        let original = if when.is_days() {
            Original::Day(clock.date())
        } else {
            Original::Clock(clock)
        };
        let id = map::instance_id("", original, &when);
        id.trim_start_matches('_').to_owned()
    };
    let starts = rule.starts_to(&when, last).ok()?;
    Some(starts.into_iter().map(original).collect())
}

/// The series that an id of an instance names, and how that id ends.
pub(super) fn parts_of(id: &str) -> Option<(&str, &str)> {
    let (series, end) = id.rsplit_once('_')?;
    let is_end = [8, 16].contains(&end.len())
        && end
            .chars()
            .all(|c| c.is_ascii_digit() || ['T', 'Z'].contains(&c));
    (is_end && !series.is_empty()).then_some((series, end))
}

fn gone(series: &str, end: &str) -> Seen {
    Sight::gone(format!("{series}_{end}"))
}

/// How series are told apart in a round.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) client: Client<'a>,
    pub(super) calendar: &'a str,
    pub(super) sight: Sight<'a>,
    /// Of a snapshot what is gone is absent.
    pub(super) is_delta: bool,
}

impl Telling<'_> {
    /// Tells the instances of a series, and those as gone that it had before; with what is to be remembered of it.
    pub(super) async fn tell(
        &self,
        id: &str,
        series: &Series,
        apart: &Apart,
        before: Option<&Told>,
    ) -> Result<(Vec<Seen>, Option<Told>), Fault> {
        // A series that begins later is told from there.
        let begins = event::when(&apart.record).ok();
        let begins = begins.and_then(|when| when.start().instant());
        let from_now = begins.unwrap_or(Timestamp::MIN).max(self.sight.now);
        let until = from_now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let since = self.sight.options.since(self.sight.now);
        let from = since.and_then(|since| since.checked_sub(BEFORE).ok());
        let (mut items, mut begins) = (self.instances(id, series, None, until).await?, None);
        if items.is_none() && from.is_some() {
            (items, begins) = (self.instances(id, series, from, until).await?, from);
        }
        let Some(mut items) = items else {
            let reason = format!("{}, and it has more than {MOST} of them", apart.remark);
            let aside = Sight::unreadable(id.to_owned(), &reason);
            return Ok((vec![aside], before.cloned()));
        };
        let last = until.strftime(INSTANT).to_string();
        for (id, one) in &series.instances {
            let is_within = parts_of(id).is_some_and(|(_, end)| end <= last.as_str());
            if is_within && !items.contains_key(id) {
                items.insert(id.clone(), one.clone());
            }
        }
        let mut seen = Vec::new();
        if self.is_delta && before.is_none() {
            // It may have been told as a series.
            seen.push(Sight::gone(id.to_owned()));
        }
        let begins = begins.map(|from: Timestamp| from.strftime(INSTANT).to_string());
        let not_listed = |end: &&String| {
            let is_older = begins.as_ref().is_some_and(|begins| *end < begins);
            !is_older && !items.contains_key(&format!("{id}_{end}"))
        };
        if let Some(before) = before.filter(|_| self.is_delta) {
            let ends = before.ends();
            seen.extend(ends.iter().filter(not_listed).map(|end| gone(id, end)));
        }
        let mut told = BTreeSet::new();
        for (id, item) in &items {
            let is_cancelled = text(item, "status") == Some("cancelled");
            if is_cancelled && !self.is_delta {
                continue;
            }
            seen.push(self.sight.single(item, apart)?);
            let end = parts_of(id).filter(|_| !is_cancelled);
            told.extend(end.map(|(_, end)| end.to_owned()));
        }
        Ok((seen, Told::of(&apart.record, until, &told)))
    }

    /// The instances of a series by id, cancelled ones too; none if there are more than can be told.
    async fn instances(
        &self,
        id: &str,
        series: &Series,
        from: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<Option<BTreeMap<String, Value>>, Fault> {
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
                alive += usize::from(text(&item, "status") != Some("cancelled"));
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

#[cfg(test)]
mod tests {
    use model::Record;
    use pretty_assertions::assert_eq;

    use super::*;

    fn record(when: &str, rule: &str) -> Record {
        let mut record = Record::new(event::KIND);
        for (field, text) in [("when", when), ("recurrence", rule)] {
            let path = model::Path::parse(field).unwrap();
            record.set(path, model::Value::text(text));
        }
        record
    }

    fn ends(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(ToString::to_string).collect()
    }

    const NINE: &str =
        "2027-03-08T09:00:00[America/New_York]/2027-03-08T10:00:00[America/New_York]";

    #[test]
    fn what_was_told_is_remembered_by_the_rule_and_what_differs_from_it() {
        let until = "2027-12-01T00:00:00Z".parse().unwrap();
        let told = ends(&["20270308T140000Z", "20270322T130000Z", "20270330T150000Z"]);
        let known = Told::of(&record(NINE, "FREQ=WEEKLY;COUNT=3"), until, &told).unwrap();
        assert_eq!(known.without, ends(&["20270315T130000Z"]));
        assert_eq!(known.beside, ends(&["20270330T150000Z"]));
        assert_eq!(known.ends(), told);
        assert_eq!(known.until, None, "it was told to its end");
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), known);
        let gone = known.gone("s").into_iter().map(|seen| seen.remote_id);
        let expected = told.iter().map(|end| format!("s_{end}"));
        assert_eq!(gone.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_series_without_an_end_is_told_further_before_it_runs_out() {
        let until: Timestamp = "2027-12-01T00:00:00Z".parse().unwrap();
        let days = record("2027-03-08/2027-03-09", "FREQ=WEEKLY");
        let known = Told::of(&days, until, &BTreeSet::new()).unwrap();
        assert_eq!(known.until, Some(until));
        assert_eq!(known.without.len(), 39);
        assert!(known.without.contains("20270308") && known.ends().is_empty());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!known.is_short(at("2026-12-02T00:00:00Z")));
        assert!(known.is_short(at("2027-01-02T00:00:00Z")));
        let finite = Told::of(&record(NINE, "FREQ=DAILY;COUNT=9"), until, &BTreeSet::new());
        assert!(!finite.unwrap().is_short(Timestamp::MAX));
    }

    #[test]
    fn an_id_of_an_instance_names_its_series() {
        assert_eq!(
            parts_of("abc_20270308T140000Z"),
            Some(("abc", "20270308T140000Z"))
        );
        assert_eq!(parts_of("_a_20270308"), Some(("_a", "20270308")));
        for other in [
            "abc",
            "_20270308",
            "abc_",
            "abc_2027",
            "abc_20270308T14000aZ",
        ] {
            assert_eq!(parts_of(other), None, "{other}");
        }
    }
}
