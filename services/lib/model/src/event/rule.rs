//! How an event recurs.

use std::{fmt, str::FromStr};

use chrono::Month;
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Unvalidated};

use super::{EventError, Point, When};

/// So many instances are looked at for one that is asked for; a rule without an end has no last one. A daily series that
/// has gone on for a century still has today's.
const MOST: usize = 50_000;
const DAY: &str = "%Y%m%d";
const SECOND: &str = "%Y%m%dT%H%M%S";
const INSTANT: &str = "%Y%m%dT%H%M%SZ";

/// A recurrence rule (RFC 5545, section 3.3.10) in canonical form, read together with the time of the first instance.
///
/// Two rules that give the same instances for the same reason are one text:
///
/// - parts are in one order, lists in ascending order, and parts that say what holds anyway are left out
///   (`INTERVAL=1`, `WKST=MO`);
/// - what the beginning says anyway is left out: `BYDAY=TU` of a weekly series that begins on a Tuesday, `BYMONTHDAY`
///   of a monthly and `BYMONTH` of a yearly one. Where a series is moved to another day on one side while its end is
///   edited on the other, the rule therefore follows the new day;
/// - `UNTIL` is the last day, by the clock of the series, on which an instance may begin; for rules that recur within a
///   day it is the last wall time.
///
/// The text is that of the rule alone, without `RRULE:`. Exceptions are no part of it ([`super::Override`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    rule: RRule<Unvalidated>,
    until: Option<Until>,
}

/// The end of a rule, by the clock of its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Day(Date),
    Clock(DateTime),
}

impl Rule {
    /// Reads a rule as a provider writes it, `RRULE:` or not, of a series whose first instance is known.
    ///
    /// `UNTIL` may be an instant, a wall time or a day (which counts as a whole).
    pub fn read(text: &str, first: &When) -> Result<Self, EventError> {
        if matches!(first.start(), Point::Offset(..)) {
            return Err(EventError::SeriesWithoutZone);
        }
        let (rule, until) = parse(text)?;
        let until = until
            .map(|until| {
                last(&until, &rule, first).ok_or_else(|| wrong(text, "its UNTIL is no time"))
            })
            .transpose()?;
        let start = first.start().clock();
        let over = match until {
            Some(Until::Day(day)) => day < start.date(),
            Some(Until::Clock(clock)) => clock < start,
            None => false,
        };
        if over {
            return Err(EventError::Never);
        }
        let rule = Self {
            rule: without_implied(&rule, first),
            until,
        };
        if rule.starts(first, 1)?.is_empty() {
            return Err(EventError::Never);
        }
        Ok(rule)
    }

    /// As RFC 5545 writes it, with everything said that the beginning says anyway: `UNTIL` is a day for a series of
    /// days, an instant in UTC for one in a zone, else a wall time.
    pub fn to_rfc5545(&self, first: &When) -> String {
        let rule = with_implied(&self.rule, first);
        let Some(until) = self.until else {
            return rule.to_string();
        };
        let clock = match until {
            Until::Day(day) => day.at(23, 59, 59, 0),
            Until::Clock(clock) => clock,
        };
        let until = match (first.is_days(), first.zone()) {
            (true, _) => clock.strftime(DAY).to_string(),
            (false, Some(zone)) => Point::in_zone(clock, zone.clone())
                .instant()
                .map_or_else(String::new, |at| at.strftime(INSTANT).to_string()),
            (false, None) => clock.strftime(SECOND).to_string(),
        };
        format!("{rule};UNTIL={until}")
    }

    /// The wall times at which its instances begin, by the clock of the series, as far as `most`; midnights for a
    /// series of days. Instances that are excluded or moved are among them.
    pub fn starts(&self, first: &When, most: usize) -> Result<Vec<DateTime>, EventError> {
        let mut found = Vec::new();
        self.each(first, most, |start| {
            found.push(start);
            true
        })?;
        Ok(found)
    }

    /// The wall times, up to a last one, at which its instances begin. The first 50,000 are looked at.
    pub fn starts_to(&self, first: &When, last: DateTime) -> Result<Vec<DateTime>, EventError> {
        let mut found = Vec::new();
        self.each(first, MOST, |start| {
            let wanted = start <= last;
            found.extend(wanted.then_some(start));
            wanted
        })?;
        Ok(found)
    }

    /// Whether an instance begins at this wall time. The first 50,000 are looked at.
    pub fn has(&self, first: &When, start: DateTime) -> Result<bool, EventError> {
        let mut has = false;
        self.each(first, MOST, |at| {
            has |= at == start;
            at < start
        })?;
        Ok(has)
    }

    /// Goes through the instances while more are wanted.
    fn each(
        &self,
        first: &When,
        most: usize,
        mut wanted: impl FnMut(DateTime) -> bool,
    ) -> Result<(), EventError> {
        // Expanded as if the wall clock were UTC, so that no other time-zone data than jiff's decides about offsets.
        let until = match self.until {
            Some(Until::Day(day)) => Some(day.at(23, 59, 59, 0)),
            Some(Until::Clock(clock)) => Some(clock),
            None => None,
        };
        let until = until.map_or_else(String::new, |until| {
            format!(";UNTIL={}", until.strftime(INSTANT))
        });
        let start = first.start().clock().strftime(INSTANT);
        let text = format!("DTSTART:{start}\nRRULE:{}{until}", self.rule);
        let set: RRuleSet = text
            .parse()
            .map_err(|error: rrule::RRuleError| wrong(&self.to_string(), &error.to_string()))?;
        for at in (&set.limit()).into_iter().take(most) {
            let Ok(at) = Timestamp::from_second(at.timestamp()) else {
                break;
            };
            if !wanted(TimeZone::UTC.to_datetime(at)) {
                break;
            }
        }
        Ok(())
    }
}

/// The rule without its end, and the end.
fn parse(text: &str) -> Result<(RRule<Unvalidated>, Option<String>), EventError> {
    let upper = text.trim().to_uppercase();
    let value = upper.strip_prefix("RRULE:").unwrap_or(&upper);
    let mut until = None;
    let mut parts = Vec::new();
    for part in value.split(';').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("UNTIL", end)) => until = Some(end.to_owned()),
            Some(("RSCALE" | "SKIP" | "BYEASTER", _)) => {
                return Err(EventError::NotCarried {
                    what: "a rule of another calendar",
                });
            }
            _ => parts.push(part),
        }
    }
    let rule: RRule<Unvalidated> = parts
        .join(";")
        .parse()
        .map_err(|error: rrule::RRuleError| wrong(text, &error.to_string()))?;
    if rule.get_interval() == 0 {
        return Err(wrong(text, "its INTERVAL is 0"));
    }
    if until.is_some() && rule.get_count().is_some() {
        return Err(wrong(text, "it has both COUNT and UNTIL"));
    }
    Ok((sorted(&rule), until))
}

fn wrong(text: &str, reason: &str) -> EventError {
    EventError::Rule {
        text: text.chars().take(200).collect(),
        reason: reason.to_owned(),
    }
}

/// The same rule with its lists in ascending order and nothing twice.
fn sorted(rule: &RRule<Unvalidated>) -> RRule<Unvalidated> {
    fn ascending<T: Ord + Clone>(list: &[T]) -> Vec<T> {
        let mut list = list.to_vec();
        list.sort();
        list.dedup();
        list
    }
    let weekly = rule.get_freq() == Frequency::Weekly;
    let lists = [rule.get_by_weekday().len(), rule.get_by_week_no().len()];
    let mut other = RRule::new(rule.get_freq())
        .interval(rule.get_interval())
        .by_set_pos(ascending(rule.get_by_set_pos()))
        .by_month_day(ascending(rule.get_by_month_day()))
        .by_year_day(ascending(rule.get_by_year_day()))
        .by_week_no(ascending(rule.get_by_week_no()))
        .by_weekday(ascending(rule.get_by_weekday()))
        .by_hour(ascending(rule.get_by_hour()))
        .by_minute(ascending(rule.get_by_minute()))
        .by_second(ascending(rule.get_by_second()))
        .by_month(&months(&ascending(rule.get_by_month())));
    if let Some(count) = rule.get_count() {
        other = other.count(count);
    }
    // Where a week begins only counts for weeks that are numbered or skipped.
    if lists[1] > 0 || (weekly && rule.get_interval() > 1 && lists[0] > 1) {
        other = other.week_start(rule.get_week_start());
    }
    other
}

fn months(numbers: &[u8]) -> Vec<Month> {
    numbers
        .iter()
        .filter_map(|number| Month::try_from(*number).ok())
        .collect()
}

/// The last day, or the last wall time, that an end allows.
fn last(until: &str, rule: &RRule<Unvalidated>, first: &When) -> Option<Until> {
    let plain = until.replace(['-', ':'], "");
    let clock = match (plain.strip_suffix('Z'), plain.len()) {
        (None, 8) => return Some(Until::Day(Date::strptime(DAY, &plain).ok()?)),
        (None, _) => DateTime::strptime(SECOND, &plain).ok()?,
        (Some(utc), _) => {
            let utc = DateTime::strptime(SECOND, utc).ok()?;
            match first.zone() {
                Some(zone) => {
                    let at = TimeZone::UTC.to_timestamp(utc).ok()?;
                    zone.rules().to_datetime(at)
                }
                None => utc,
            }
        }
    };
    if first.is_days() {
        return Some(Until::Day(clock.date()));
    }
    let within_a_day = rule.get_freq() > Frequency::Daily
        || !(rule.get_by_hour().is_empty()
            && rule.get_by_minute().is_empty()
            && rule.get_by_second().is_empty());
    if within_a_day {
        return Some(Until::Clock(clock));
    }
    let reached = clock.time() >= first.start().clock().time();
    let day = if reached {
        clock.date()
    } else {
        clock.date().yesterday().ok()?
    };
    Some(Until::Day(day))
}

fn weekday(date: Date) -> NWeekday {
    NWeekday::Every(match date.weekday() {
        Weekday::Monday => rrule::Weekday::Mon,
        Weekday::Tuesday => rrule::Weekday::Tue,
        Weekday::Wednesday => rrule::Weekday::Wed,
        Weekday::Thursday => rrule::Weekday::Thu,
        Weekday::Friday => rrule::Weekday::Fri,
        Weekday::Saturday => rrule::Weekday::Sat,
        Weekday::Sunday => rrule::Weekday::Sun,
    })
}

/// What the beginning of a series says: weekday, day of the month, month.
fn implied(first: &When) -> (NWeekday, i8, u8) {
    let date = first.start().clock().date();
    (weekday(date), date.day(), date.month().unsigned_abs())
}

/// Whether the rule says nothing about which days but, at most, these parts.
fn only(rule: &RRule<Unvalidated>, month: bool, month_day: bool, day: bool) -> bool {
    (month || rule.get_by_month().is_empty())
        && (month_day || rule.get_by_month_day().is_empty())
        && (day || rule.get_by_weekday().is_empty())
        && rule.get_by_year_day().is_empty()
        && rule.get_by_week_no().is_empty()
        && rule.get_by_set_pos().is_empty()
}

fn without_implied(rule: &RRule<Unvalidated>, first: &When) -> RRule<Unvalidated> {
    let (day, month_day, month) = implied(first);
    let rule = rule.clone();
    let same_month_day = rule.get_by_month_day() == [month_day];
    let same_month = rule.get_by_month() == [month];
    match rule.get_freq() {
        Frequency::Weekly if only(&rule, false, false, true) && rule.get_by_weekday() == [day] => {
            rule.by_weekday(Vec::new())
        }
        Frequency::Monthly if only(&rule, false, true, false) && same_month_day => {
            rule.by_month_day(Vec::new())
        }
        Frequency::Yearly if only(&rule, true, true, false) && same_month => {
            if rule.get_by_month_day().is_empty() || same_month_day {
                rule.by_month(&[]).by_month_day(Vec::new())
            } else {
                rule
            }
        }
        _ => rule,
    }
}

fn with_implied(rule: &RRule<Unvalidated>, first: &When) -> RRule<Unvalidated> {
    let (day, month_day, month) = implied(first);
    let rule = rule.clone();
    if !only(&rule, false, false, false) {
        return rule;
    }
    match rule.get_freq() {
        Frequency::Weekly => rule.by_weekday(vec![day]),
        Frequency::Monthly => rule.by_month_day(vec![month_day]),
        Frequency::Yearly => rule
            .by_month(&months(&[month]))
            .by_month_day(vec![month_day]),
        _ => rule,
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule)?;
        match self.until {
            Some(Until::Day(day)) => write!(f, ";UNTIL={}", day.strftime(DAY)),
            Some(Until::Clock(clock)) => write!(f, ";UNTIL={}", clock.strftime(SECOND)),
            None => Ok(()),
        }
    }
}

/// Reads the canonical form, which says everything without the first instance.
impl FromStr for Rule {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let (rule, until) = parse(text)?;
        let end = |until: String| match until.len() {
            8 => Date::strptime(DAY, &until).ok().map(Until::Day),
            _ => DateTime::strptime(SECOND, &until).ok().map(Until::Clock),
        };
        let until = until
            .map(|until| end(until).ok_or_else(|| wrong(text, "its UNTIL is no wall time")))
            .transpose()?;
        Ok(Self { rule, until })
    }
}
