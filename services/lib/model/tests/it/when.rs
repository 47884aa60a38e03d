use model::{
    Comparison,
    event::{EventError, Point, When, Zone},
};
use pretty_assertions::assert_eq;

use crate::write::text;

fn when(text: &str) -> When {
    text.parse().unwrap()
}

fn error(text: &str) -> EventError {
    text.parse::<When>().unwrap_err()
}

fn same(one: &str, other: &str) -> bool {
    let compared = Comparison::When.same(Some(&text(one)), Some(&text(other)));
    let back = Comparison::When.same(Some(&text(other)), Some(&text(one)));
    assert_eq!(compared, back, "{one} and {other}");
    if compared {
        let normal = |text| Comparison::When.normal(text);
        assert_eq!(
            normal(one),
            normal(other),
            "what is the same has one normal form"
        );
    }
    compared
}

const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";

#[test]
fn what_means_the_same_is_the_same() {
    let cases = [
        (
            VIENNA,
            "2026-12-01T09:00:00+01:00/2026-12-01T10:00:00+01:00",
        ),
        (VIENNA, "2026-12-01T08:00:00Z/2026-12-01T04:00:00-05:00"),
        (
            VIENNA,
            "2026-12-01T09:00:00+01:00[Europe/Vienna]/2026-12-01T10:00[Europe/Vienna]",
        ),
        (
            "2026-12-01T23:00:00[Europe/Vienna]/2026-12-01T24:00:00[Europe/Vienna]",
            "2026-12-01T23:00:00[Europe/Vienna]/2026-12-02T00:00:00[Europe/Vienna]",
        ),
        (
            "2026-12-01T09:00:00[Asia/Calcutta]/2026-12-01T10:00:00[Asia/Calcutta]",
            "2026-12-01T09:00:00[Asia/Kolkata]/2026-12-01T10:00:00[asia/kolkata]",
        ),
        // The clock skips from two to three.
        (
            "2026-03-29T02:30:00[Europe/Vienna]/2026-03-29T04:00:00[Europe/Vienna]",
            "2026-03-29T03:30:00[Europe/Vienna]/2026-03-29T04:00:00[Europe/Vienna]",
        ),
    ];
    for (one, other) in cases {
        assert!(same(one, other), "{one} and {other}");
    }
}

#[test]
fn what_somebody_may_have_edited_is_not_the_same() {
    let cases = [
        (
            VIENNA,
            "2026-12-01T09:00:00[Europe/Rome]/2026-12-01T10:00:00[Europe/Rome]",
        ),
        (VIENNA, "2026-12-01T09:00:00/2026-12-01T10:00:00"),
        (VIENNA, "2026-12-01/2026-12-02"),
        (
            VIENNA,
            "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:01[Europe/Vienna]",
        ),
        ("2026-12-01/2026-12-02", "2026-12-01/2026-12-03"),
        (
            "2026-12-01/2026-12-02",
            "2026-12-01T00:00:00[Etc/UTC]/2026-12-02T00:00:00[Etc/UTC]",
        ),
        // The clock shows two twice.
        (
            "2026-10-25T02:30:00[Europe/Vienna]/2026-10-25T04:00:00[Europe/Vienna]",
            "2026-10-25T02:30:00+01:00[Europe/Vienna]/2026-10-25T04:00:00[Europe/Vienna]",
        ),
    ];
    for (one, other) in cases {
        assert!(!same(one, other), "{one} and {other}");
    }
}

#[test]
fn a_time_is_written_in_one_way() {
    for canonical in [
        VIENNA,
        "2026-12-01/2026-12-02",
        "2026-12-01T09:00:00/2026-12-01T10:00:00",
        "2026-12-01T09:00:00+01:00/2026-12-01T10:00:00+00:00",
        "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T09:00:00[Europe/London]",
        "2026-10-25T02:30:00[Europe/Vienna]/2026-10-25T02:30:00+01:00[Europe/Vienna]",
        "2026-03-29T02:30:00[Europe/Vienna]/2026-03-29T04:00:00[Europe/Vienna]",
    ] {
        assert_eq!(when(canonical).to_string(), canonical);
    }
}

#[test]
fn a_provider_says_an_instant_and_a_zone() {
    let point = |text, zone| Point::read(text, zone).unwrap().to_string();
    let google = point("2026-12-01T08:00:00Z", Some("Europe/Vienna"));
    assert_eq!(google, "2026-12-01T09:00:00[Europe/Vienna]");
    assert_eq!(point("2026-12-01", Some("Europe/Vienna")), "2026-12-01");
    let later = point("2026-10-25T01:30:00Z", Some("Europe/Vienna"));
    assert_eq!(later, "2026-10-25T02:30:00+01:00[Europe/Vienna]");
    let point = Point::read(&later, None);
    assert!(point.is_ok(), "{point:?}");
}

#[test]
fn instants_are_shown_in_the_zone_that_a_record_has() {
    let kept = when("2026-12-01T08:00:00+00:00/2026-12-01T09:00:00+00:00");
    let vienna = Zone::named("Europe/Vienna").unwrap();
    assert_eq!(kept.shown_in(&vienna).to_string(), VIENNA);
    assert_eq!(
        when(VIENNA).shown_in(&Zone::named("Asia/Tokyo").unwrap()),
        when(VIENNA)
    );
    let offset = when(VIENNA).start().with_offset();
    assert_eq!(offset.as_deref(), Some("2026-12-01T09:00:00+01:00"));
}

#[test]
fn what_is_no_time_is_refused() {
    assert_eq!(error("2026-12-02/2026-12-01"), EventError::EndsBeforeStart);
    assert_eq!(error("2026-12-01/2026-12-01"), EventError::EndsBeforeStart);
    assert_eq!(
        error("2026-12-01T09:00/2026-12-01T08:59"),
        EventError::EndsBeforeStart
    );
    // An hour later by the clock, and an hour earlier in truth.
    let earlier = "2026-12-01T09:00[Europe/Vienna]/2026-12-01T10:00[Asia/Tokyo]";
    assert_eq!(error(earlier), EventError::EndsBeforeStart);
    assert_eq!(error("2026-12-01/2026-12-01T09:00"), EventError::Mixed);
    assert_eq!(
        error("2026-12-01T09:00/2026-12-01T10:00Z"),
        EventError::Mixed
    );
    let name = "Mars/Olympus".to_owned();
    assert_eq!(
        error("2026-12-01T09:00[Mars/Olympus]/2026-12-01T10:00"),
        EventError::UnknownZone { name }
    );
    for text in [
        "",
        "x",
        "2026-12-01",
        "2026-02-30/2026-03-01",
        "2026-12-01T25:00/2026-12-03",
    ] {
        assert!(matches!(error(text), EventError::Time { .. }), "{text}");
    }
}

#[test]
fn what_meets_is_compared_by_its_instants() {
    let met = |one: &str, other: &str| Comparison::When.met(Some(&text(one)), Some(&text(other)));
    let istanbul = "2026-12-01T11:00:00[Europe/Istanbul]/2026-12-01T12:00:00[Europe/Istanbul]";
    assert!(met(VIENNA, istanbul) && !same(VIENNA, istanbul));
    assert!(!met(VIENNA, &istanbul.replace("T12", "T13")));
    assert!(!met(VIENNA, "2026-12-01/2026-12-02"));
    assert!(met("2026-12-01/2026-12-02", "2026-12-01/2026-12-02"));
    assert!(!met("2026-12-01/2026-12-02", "2026-12-01/2026-12-03"));
    assert!(!Comparison::Text.met(Some(&text(VIENNA)), Some(&text(istanbul))));
}
