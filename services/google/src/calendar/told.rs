//! What a feed remembers of series that it told as single meetings, in its cursor.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::event::{self, Original, Rule, When};
use provider::Seen;
use serde::{Deserialize, Serialize};

use super::{map, sight::Sight};

/// When no more than this is left of what was told, the next instances are.
const LEFT: SignedDuration = SignedDuration::from_hours(24 * 335);
/// How instances' ids end.
const INSTANT: &str = "%Y%m%dT%H%M%SZ";

/// What was told of the instances of a series, by which they can be told again as gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// When the series began, and how it recurred.
    when: String,
    rule: String,
    /// From where on; none if from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// Up to where; none if up to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// Up to where it could not be told, as there are too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tried: Option<Timestamp>,
    /// How the ids of those end that the rule has not, and of those that the rule has and that were not told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    beside: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    without: BTreeSet<String>,
}

/// What was told of several series by the id of each.
pub(super) type AllTold = BTreeMap<String, Told>;

/// Between which times the instances of a series are told; without an end, from the first or to the last.
pub(super) type Span = (Option<Timestamp>, Option<Timestamp>);

impl Told {
    /// What was told of a series within a span: the instances whose ids end so.
    pub(super) fn of(record: &model::Record, span: Span, told: &BTreeSet<String>) -> Option<Self> {
        let (when, rule) = (event::when(record).ok()?, event::rule(record).ok()??);
        Self::by(&when.to_string(), &rule.to_string(), span, told)
    }

    /// The same series with other instances told, and further.
    pub(super) fn further(&self, until: Option<Timestamp>, told: &BTreeSet<String>) -> Self {
        let further = Self::by(&self.when, &self.rule, (self.since, until), told);
        further.unwrap_or_else(|| self.clone())
    }

    fn by(when: &str, rule: &str, span: Span, told: &BTreeSet<String>) -> Option<Self> {
        let (known, is_whole) = by_rule(when, rule, span)?;
        Some(Self {
            when: when.to_owned(),
            rule: rule.to_owned(),
            since: span.0,
            until: span.1.filter(|_| !is_whole),
            tried: None,
            beside: told.difference(&known).cloned().collect(),
            without: known.difference(told).cloned().collect(),
        })
    }

    /// It could not be told up to this time, and what was told stays.
    pub(super) fn tried(&self, until: Timestamp) -> Self {
        Self {
            tried: Some(until),
            ..self.clone()
        }
    }

    /// Whether the next instances have to be told by now.
    pub(super) fn is_short(&self, now: Timestamp) -> bool {
        let needed = now.saturating_add(LEFT).unwrap_or(Timestamp::MAX);
        let until = self
            .until
            .map(|until| until.max(self.tried.unwrap_or(until)));
        until.is_some_and(|until| until < needed)
    }

    /// Up to where it was told; none if up to its end.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// The instances as gone.
    pub(super) fn gone(&self, series: &str) -> Vec<Seen> {
        let ends = self.ends();
        ends.iter().map(|end| gone(series, end)).collect()
    }

    /// How the ids of the instances end that were told.
    pub(super) fn ends(&self) -> BTreeSet<String> {
        let by_rule = by_rule(&self.when, &self.rule, (self.since, self.until));
        let (mut ends, _) = by_rule.unwrap_or_default();
        ends.retain(|end| !self.without.contains(end));
        ends.extend(self.beside.iter().cloned());
        ends
    }
}

/// How the ids of the instances end that a rule has within a span, and whether it has none after it.
fn by_rule(when: &str, rule: &str, (since, until): Span) -> Option<(BTreeSet<String>, bool)> {
    let ends = ["COUNT=", "UNTIL="].iter().any(|end| rule.contains(end));
    let when: When = when.parse().ok()?;
    let rule = Rule::read(rule, &when).ok()?;
    let utc = TimeZone::UTC;
    let zone = when.zone().map_or(&utc, |zone| zone.rules());
    let last = zone.to_datetime(until.unwrap_or(Timestamp::MAX));
    let starts = rule.starts_to(&when, last).ok()?;
    let is_whole = ends && rule.starts(&when, starts.len() + 1).ok()?.len() == starts.len();
    let since = since.map(end_at);
    let original = |clock: jiff::civil::DateTime| {
        let original = if when.is_days() {
            Original::Day(clock.date())
        } else {
            Original::Clock(clock)
        };
        let id = map::instance_id("", original, &when);
        id.trim_start_matches('_').to_owned()
    };
    let known = starts.into_iter().map(original);
    let known = known.filter(|end| since.as_ref().is_none_or(|since| end >= since));
    Some((known.collect(), is_whole))
}

/// How the id of an instance ends that would begin then.
pub(super) fn end_at(time: Timestamp) -> String {
    time.strftime(INSTANT).to_string()
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

/// An instance that is there no more.
pub(super) fn gone(series: &str, end: &str) -> Seen {
    Sight::gone(format!("{series}_{end}"))
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

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NINE: &str =
        "2027-03-08T09:00:00[America/New_York]/2027-03-08T10:00:00[America/New_York]";

    #[test]
    fn what_was_told_is_remembered_by_the_rule_and_what_differs_from_it() {
        let span = (None, Some(at("2027-12-01T00:00:00Z")));
        let told = ends(&["20270308T140000Z", "20270322T130000Z", "20270330T150000Z"]);
        let known = Told::of(&record(NINE, "FREQ=WEEKLY;COUNT=3"), span, &told).unwrap();
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
        let until = at("2027-12-01T00:00:00Z");
        let days = record("2027-03-08/2027-03-09", "FREQ=WEEKLY");
        let known = Told::of(&days, (None, Some(until)), &BTreeSet::new()).unwrap();
        assert_eq!(known.until, Some(until));
        assert_eq!(known.without.len(), 39);
        assert!(known.without.contains("20270308") && known.ends().is_empty());
        assert!(!known.is_short(at("2026-12-02T00:00:00Z")));
        assert!(known.is_short(at("2027-01-02T00:00:00Z")));
        let finite = record(NINE, "FREQ=DAILY;COUNT=9");
        let finite = Told::of(&finite, (None, Some(until)), &BTreeSet::new());
        assert!(!finite.unwrap().is_short(Timestamp::MAX));
    }

    #[test]
    fn what_is_told_further_is_remembered_with_what_was_told_before() {
        let span = (None, Some(at("2027-03-20T00:00:00Z")));
        let first = ends(&["20270308T140000Z", "20270315T130000Z"]);
        let known = Told::of(&record(NINE, "FREQ=WEEKLY;COUNT=4"), span, &first).unwrap();
        assert_eq!(known.ends(), first);
        let mut both = first.clone();
        both.extend(ends(&["20270322T130000Z"]));
        let further = known.further(Some(at("2027-03-25T00:00:00Z")), &both);
        assert_eq!(further.ends(), both);
        assert_eq!(further.until, Some(at("2027-03-25T00:00:00Z")));
        assert!(further.beside.is_empty() && further.without.is_empty());
        both.extend(ends(&["20270329T130000Z"]));
        let whole = further.further(Some(at("2027-04-25T00:00:00Z")), &both);
        assert_eq!((whole.ends(), whole.until), (both, None));
    }

    #[test]
    fn what_cannot_be_told_is_tried_again_a_month_later_and_not_in_each_round() {
        let until = at("2027-12-01T00:00:00Z");
        let endless = record(NINE, "FREQ=WEEKLY");
        let known = Told::of(&endless, (None, Some(until)), &BTreeSet::new()).unwrap();
        let now = at("2027-01-02T00:00:00Z");
        assert!(known.is_short(now));
        let tried = known.tried(at("2028-01-03T00:00:00Z"));
        assert!(!tried.is_short(now) && tried.is_short(at("2027-02-05T00:00:00Z")));
        assert_eq!(tried.ends(), known.ends(), "what was told stays told");
    }

    #[test]
    fn of_a_long_series_only_what_was_told_is_remembered() {
        let span = (
            Some(at("2027-01-01T00:00:00Z")),
            Some(at("2027-03-01T00:00:00Z")),
        );
        let daily = record(&NINE.replace("2027", "2007"), "FREQ=DAILY");
        let (known, _) = by_rule(&NINE.replace("2027", "2007"), "FREQ=DAILY", span).unwrap();
        assert_eq!(known.len(), 59);
        let told = Told::of(&daily, span, &known).unwrap();
        assert_eq!(told.ends(), known);
        assert!(serde_json::to_string(&told).unwrap().len() < 300);
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
