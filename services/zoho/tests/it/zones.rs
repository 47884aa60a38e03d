//! Every time zone around its changes of the clock: meetings that are written and read back without a shift.

use std::{collections::BTreeMap, iter::successors};

use futures_util::future::join_all;
use http::Method;
use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use model::event::{Point, When, Zone};
use pretty_assertions::assert_eq;
use provider::{Operation, What};
use serde_json::{Value as Json, json};

use crate::{
    events::ANA,
    lab::{Lab, shown},
    written::{applied, create, event, everything},
};

/// Days before and after [`today`] in which a zone's changes are looked for.
const LOOKED_AT: i64 = 400;
/// Emulators among which the zones are shared out.
const LABS: usize = 4;
/// Occurrences of each series: a day before a change, then, and a day after.
const COUNT: usize = 3;

fn today() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

/// Two instants.
type Span = (Timestamp, Timestamp);

/// A change of the clock: when, and the seconds from UTC that hold from then on.
type Change = (Timestamp, i32);

/// What a zone's clock does around [`today`]: the seconds from UTC at first, and each change.
fn clock(zone: &Zone) -> (i32, Vec<Change>) {
    let span = SignedDuration::from_hours(24 * LOOKED_AT);
    let seconds = |at: Timestamp| zone.rules().to_offset(at).seconds();
    let first = seconds(today() - span);
    let mut last = first;
    let changes = zone
        .rules()
        .following(today() - span)
        .take_while(|change| change.timestamp() < today() + span)
        .map(|change| (change.timestamp(), change.offset().seconds()))
        .filter(|(_, now)| std::mem::replace(&mut last, *now) != *now);
    let changes = changes.collect();
    (first, changes)
}

/// The two changes that are nearest to [`today`]; a day like any other of a clock that never changes.
fn nearest(changes: &[Change]) -> Vec<Timestamp> {
    let mut nearest: Vec<Timestamp> = changes.iter().map(|(at, _)| *at).collect();
    nearest.sort_by_key(|at| at.duration_since(today()).abs());
    nearest.truncate(2);
    if nearest.is_empty() {
        nearest.push("2027-03-28T01:00:00Z".parse().unwrap());
    }
    nearest
}

/// Zones whose clocks go alike, so that an account by the clock of the first can hold series of all.
struct Alike {
    zones: Vec<Zone>,
    around: Vec<Timestamp>,
}

fn alike() -> Vec<Alike> {
    let mut by_clock: BTreeMap<_, Vec<Zone>> = BTreeMap::new();
    for name in Zone::names() {
        let zone = Zone::named(&name).unwrap();
        by_clock.entry(clock(&zone)).or_default().push(zone);
    }
    let alike = by_clock.into_iter().map(|((_, changes), zones)| Alike {
        zones,
        around: nearest(&changes),
    });
    alike.collect()
}

/// A meeting that is written, and what has to be read then.
struct Case {
    title: String,
    when: String,
    recurs: bool,
    /// From when to when each of its occurrences really is.
    spans: Vec<Span>,
}

impl Case {
    fn rule(&self) -> Option<String> {
        self.recurs.then(|| format!("FREQ=DAILY;COUNT={COUNT}"))
    }

    fn operation(&self) -> Operation {
        let rule = self.rule().unwrap_or_default();
        let mut fields = vec![("title", self.title.as_str()), ("when", &self.when)];
        if self.recurs {
            fields.push(("recurrence", &rule));
        }
        create(event(&fields), false)
    }
}

/// Meetings by a zone's clock around a change of it.
fn times(zone: &Zone, change: Timestamp) -> Vec<Case> {
    let minutes = SignedDuration::from_mins;
    let case = |what: &str, first: Span, recurs: bool, spans: Vec<Span>| Case {
        title: format!("{} {change} {what}", zone.name()),
        when: When::new(Point::at(first.0, zone), Point::at(first.1, zone))
            .unwrap()
            .to_string(),
        recurs,
        spans,
    };
    let single = |what: &str, from: i64, to: i64| {
        let span = (change + minutes(from), change + minutes(to));
        case(what, span, false, vec![span])
    };
    let daily = |what: &str, clock: DateTime, length: i64| {
        let span = |day: usize| {
            let clock = clock + (i64::try_from(day).unwrap() - 1).days();
            let start = Point::in_zone(clock, zone.clone()).instant().unwrap();
            (start, start + minutes(length))
        };
        case(what, span(0), true, (0..COUNT).map(span).collect())
    };
    // The clock shows this time twice on the day of the change, or it skips the next half hour.
    let before = zone.rules().to_datetime(change - minutes(30));
    vec![
        single("across the change", -90, 90),
        single("from the change on", 0, 30),
        single("up to the change", -30, 0),
        daily("daily half an hour before the change", before, 60),
        daily("daily at the change", before + 30.minutes(), 60),
        daily("nightly over the change", before - 2.hours(), 6 * 60),
    ]
}

/// Whole days around a change of the account's clock.
fn days(account: &Zone, change: Timestamp) -> Vec<Case> {
    let day = account.rules().to_datetime(change).date();
    let midnight = |day: Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
    let case = |what: &str, length: i64, recurs: bool| {
        let span = |day: Date| {
            let end = midnight(day + length.days()) - SignedDuration::from_secs(1);
            (midnight(day), end)
        };
        let first = if recurs { day - 1.days() } else { day };
        let all = successors(Some(first), |day| day.tomorrow().ok());
        let when = When::new(Point::Day(first), Point::Day(first + length.days())).unwrap();
        Case {
            title: format!("{} {change} {what}", account.name()),
            when: when.to_string(),
            recurs,
            spans: all.take(if recurs { COUNT } else { 1 }).map(span).collect(),
        }
    };
    vec![
        case("the day of the change", 1, false),
        case("three days", 3, false),
        case("each day", 1, true),
    ]
}

/// Writes and reads what is alike, and tells what is not as it was.
async fn check(lab: &Lab, alike: &Alike, cursor: &mut Option<String>) -> (Vec<Case>, Vec<String>) {
    let account = &alike.zones[0];
    let user = format!("/zoho/users/{ANA}");
    lab.control(Method::PATCH, &user, json!({"time_zone": account.name()}))
        .await;
    let zones = alike.zones.iter();
    let mut cases: Vec<Case> = zones
        .flat_map(|zone| {
            alike
                .around
                .iter()
                .flat_map(move |change| times(zone, *change))
        })
        .collect();
    cases.extend(
        alike
            .around
            .iter()
            .flat_map(|change| days(account, *change)),
    );
    let mut wrong = Vec::new();
    for some in cases.chunks(100) {
        let operations = some.iter().map(Case::operation).collect();
        for (case, outcome) in some
            .iter()
            .zip(lab.execute(&everything(), operations).await)
        {
            if outcome.answer.word() == "applied" {
                let refused = &applied(&outcome).refused;
                assert!(refused.is_empty(), "{}: {refused:?}", case.title);
            } else {
                wrong.push(format!("{}: {:?}", case.title, outcome.answer));
            }
        }
    }
    lab.later(60).await;
    let round = lab.round(&everything(), cursor.as_deref()).await;
    *cursor = Some(round.cursor().to_owned());
    let mut read = BTreeMap::new();
    for seen in round.seen() {
        match &seen.what {
            What::Inside(record) => {
                let said = ["when", "recurrence"].map(|at| shown(record, at));
                let exceptions = crate::weekly::overrides(record);
                read.insert(shown(record, "title").unwrap(), (said, exceptions));
            }
            other => wrong.push(format!("{}: {other:?}", account.name())),
        }
    }
    for case in &cases {
        // The account's clock goes like that of the zone, and has its own name.
        let zone = case.title.split(' ').next().unwrap();
        let by = |zone: &str| format!("[{zone}]");
        let when = case.when.replace(&by(zone), &by(account.name()));
        let expected = ([Some(when), case.rule()], Vec::new());
        if read.get(&case.title) != Some(&expected) {
            let read = read.get(&case.title);
            wrong.push(format!(
                "{}: {expected:?}, and was read as {read:?}",
                case.title
            ));
        }
    }
    (cases, wrong)
}

/// Those whose occurrences are really not when they should be.
async fn elsewhere(lab: &Lab, cases: &[Case]) -> Vec<String> {
    let all = lab
        .control(Method::GET, "/zoho/records/Events", Json::Null)
        .await;
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for row in all["records"].as_array().unwrap() {
        let title = row["Event_Title"].as_str().unwrap();
        let at = |name: &str| row[name].as_str().unwrap().parse().unwrap();
        let span = (at("Start_DateTime"), at("End_DateTime"));
        spans.entry(title).or_default().push(span);
    }
    let mut wrong = Vec::new();
    for case in cases {
        let mut found = spans.remove(case.title.as_str()).unwrap_or_default();
        found.sort_unstable();
        if found != case.spans {
            wrong.push(format!("{}: is {found:?}", case.title));
        }
    }
    wrong
}

// proves: ZGE-11, BEY-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_zone_shifts_a_meeting_around_the_changes_of_its_clock() {
    let all = alike();
    let zones: usize = all.iter().map(|alike| alike.zones.len()).sum();
    assert!(zones > 590 && all.len() > 50, "{zones} in {}", all.len());
    let shares = all.chunks(all.len().div_ceil(LABS));
    let share = async |share: &[Alike]| {
        let lab = Lab::kind().await;
        let mut cursor = None;
        let (mut cases, mut wrong) = (Vec::new(), Vec::new());
        for alike in share {
            let (more, not_as_it_was) = check(&lab, alike, &mut cursor).await;
            cases.extend(more);
            wrong.extend(not_as_it_was);
        }
        wrong.extend(elsewhere(&lab, &cases).await);
        wrong
    };
    let wrong: Vec<String> = join_all(shares.map(share))
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        wrong.len(),
        0,
        "{}",
        wrong[..wrong.len().min(20)].join("\n")
    );
}
