//! Every zone around the two changes of its clocks that are nearest.

use jiff::{Span, Timestamp, ToSpan as _, civil::DateTime, tz::AmbiguousOffset};
use model::event::{Original, Point, Rule, When, Zone};

const AROUND: &str = "2026-11-23T00:00:00Z";

/// The changes of a zone's clocks before and after today, if it changes them at all.
fn changes(zone: &Zone) -> Vec<Timestamp> {
    let today: Timestamp = AROUND.parse().unwrap();
    let before = zone.rules().preceding(today).next();
    let after = zone.rules().following(today).next();
    [before, after]
        .into_iter()
        .flatten()
        .map(|change| change.timestamp())
        .collect()
}

fn zones() -> Vec<Zone> {
    let zones: Vec<_> = Zone::names()
        .iter()
        .map(|name| Zone::named(name).unwrap())
        .collect();
    assert!(zones.len() > 500, "{} zones", zones.len());
    zones
}

/// Every quarter of an hour from three hours before an instant until three hours after it.
fn quarters(around: Timestamp) -> impl Iterator<Item = Timestamp> {
    (-12..=12).map(move |quarter| around + Span::new().minutes(15 * quarter))
}

#[test]
fn the_rules_are_those_of_this_year() {
    // British Columbia keeps summer time from 2026 on; a machine's own copy of the rules may not know it yet.
    let vancouver = Point::read("2026-12-01T09:00:00", Some("America/Vancouver")).unwrap();
    assert_eq!(
        vancouver.with_offset().as_deref(),
        Some("2026-12-01T09:00:00-07:00")
    );
}

#[test]
fn an_instant_is_found_again_by_its_wall_time() {
    for zone in zones() {
        for change in changes(&zone) {
            for instant in quarters(change) {
                let point = Point::at(instant, &zone);
                assert_eq!(point.instant(), Some(instant), "{point}");
                let read: Point = point.to_string().parse().unwrap();
                assert_eq!(read, point, "{point}");
                if zone.rules().to_offset(instant).seconds() % 60 != 0 {
                    // Local mean time of long ago: no written offset has seconds.
                    continue;
                }
                let offset: Point = point.with_offset().unwrap().parse().unwrap();
                assert!(offset.same(&point), "{point} and {offset}");
                let again = Point::read(&offset.to_string(), Some(zone.name())).unwrap();
                assert_eq!(again, point);
            }
        }
    }
}

#[test]
fn a_wall_time_is_kept_and_means_one_instant() {
    for zone in zones() {
        for change in changes(&zone) {
            for instant in quarters(change) {
                let (before, after) = (instant - 1.second(), instant + 1.second());
                for clock in [before, instant, after]
                    .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).datetime())
                {
                    check_clock(&zone, clock);
                }
                check_clock(&zone, zone.rules().to_datetime(instant));
            }
        }
    }
}

fn check_clock(zone: &Zone, clock: DateTime) {
    let point = Point::in_zone(clock, zone.clone());
    assert_eq!(point.clock(), clock, "what is on the wall stays as it is");
    let shown = Point::at(point.instant().unwrap(), zone);
    match zone.rules().to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { .. } => assert_eq!(shown, point),
        // Of two equal times the earlier one is meant.
        AmbiguousOffset::Fold { before, .. } => {
            assert_eq!(shown, point);
            assert_eq!(
                point.instant().unwrap(),
                before.to_timestamp(clock).unwrap()
            );
        }
        // A time that is skipped means what the clock would have shown.
        AmbiguousOffset::Gap { before, after } => {
            let skipped = i64::from(after.seconds() - before.seconds());
            assert_eq!(
                shown.clock(),
                clock + Span::new().seconds(skipped),
                "{point}"
            );
            assert!(shown.same(&point), "{point} and {shown}");
        }
    }
}

#[test]
fn days_are_days_in_every_zone() {
    for zone in zones() {
        for change in changes(&zone) {
            let day = zone.rules().to_datetime(change).date();
            let when = When::new(Point::Day(day), Point::Day(day.tomorrow().unwrap())).unwrap();
            assert_eq!(when.to_string().parse::<When>().unwrap(), when);
            assert_eq!(when.start().instant(), None);
            let read = Point::read(&day.to_string(), Some(zone.name())).unwrap();
            assert_eq!(read, Point::Day(day));
        }
    }
}

#[test]
fn a_series_keeps_its_wall_time_when_clocks_change() {
    for zone in zones() {
        for change in changes(&zone) {
            let clock = zone.rules().to_datetime(change);
            // Noon, and the time at which the clock is changed: skipped, or there twice.
            let before = zone.rules().to_datetime(change - 1.second()) + 1.second();
            for at in [clock.date().at(12, 0, 0, 0), clock, before] {
                check_series(&zone, at);
            }
        }
    }
}

fn check_series(zone: &Zone, at: DateTime) {
    let first = at - 2.days();
    let point = |clock: DateTime| Point::in_zone(clock, zone.clone());
    let series = When::new(point(first), point(first + 1.hour())).unwrap();
    let rule = Rule::read("FREQ=DAILY;COUNT=5", &series).unwrap();
    let starts = rule.starts(&series, 10).unwrap();
    let wanted: Vec<_> = (0..5).map(|day| first + day.days()).collect();
    assert_eq!(starts, wanted, "{}", zone.name());
    for clock in starts {
        let original = Original::Clock(clock);
        assert!(rule.has(&series, clock).unwrap());
        let start = original.start(&series);
        assert_eq!(start.clock(), clock);
        let offset = zone.rules().to_ambiguous_timestamp(clock).offset();
        let whole_day = matches!(offset, AmbiguousOffset::Gap { before, after }
            if after.seconds() - before.seconds() >= 86_400);
        if whole_day {
            // Where a whole day was skipped, its instance and the next day's are one.
            continue;
        }
        assert_eq!(Original::of(&start, &series), original, "{start}");
        // As a provider says it: the instant, in whatever zone.
        let told: Point = start.instant().unwrap().to_string().parse().unwrap();
        assert_eq!(Original::of(&told, &series), original, "{start}");
    }
}
