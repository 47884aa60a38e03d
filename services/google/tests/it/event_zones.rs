//! Times keep their meaning: created and read back, no clock shows another time.

use jiff::{SignedDuration, Timestamp};
use model::event::{Point, When, Zone};

use crate::{
    account::Account,
    diary::{record, value},
};

/// Zones of every sort: with and without clock changes, of half and quarter hours, south of the equator, with rules
/// that changed lately, with old names.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Vienna",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Kyiv",
    "Europe/Istanbul",
    "America/New_York",
    "America/Vancouver",
    "America/Phoenix",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
];

/// Around each change of a zone's clock in 2027, else in the middle of the year.
fn instants(zone: &Zone) -> Vec<Timestamp> {
    let start: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    let end: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
    let changes = zone.rules().following(start);
    let changes: Vec<Timestamp> = changes
        .map(|change| change.timestamp())
        .take_while(|at| *at < end)
        .collect();
    if changes.is_empty() {
        return vec!["2027-07-01T09:30:00Z".parse().unwrap()];
    }
    let around = [-90, -30, 30, 90].map(SignedDuration::from_mins);
    let near = |at: Timestamp| around.map(|distance| at + distance);
    changes.into_iter().flat_map(near).collect()
}

#[tokio::test]
async fn no_time_of_any_zone_shifts_on_its_way() {
    let account = Account::kind().await;
    let mut count = 0;
    for name in ZONES {
        let zone = Zone::named(name).unwrap();
        for start in instants(&zone) {
            let end = start + SignedDuration::from_mins(45);
            let when = When::new(Point::at(start, &zone), Point::at(end, &zone)).unwrap();
            let text = when.to_string();
            let made = account
                .made(&record(&[("title", name), ("when", &text)]), &text)
                .await;
            assert_eq!(value(&made.record, "when"), Some(text), "{name} {start}");
            let shown: When = value(&made.record, "when").unwrap().parse().unwrap();
            assert_eq!(shown.start().instant(), Some(start));
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

#[tokio::test]
async fn a_series_keeps_its_wall_clock_over_a_change() {
    let account = Account::kind().await;
    for name in ["Europe/Vienna", "America/Vancouver", "Australia/Lord_Howe"] {
        let when = format!("2027-03-01T02:30:00[{name}]/2027-03-01T03:30:00[{name}]");
        let wanted = record(&[
            ("title", name),
            ("when", &when),
            ("recurrence", "FREQ=DAILY;UNTIL=20270430"),
        ]);
        let made = account.made(&wanted, name).await;
        assert_eq!(made.record, {
            let mut expected = wanted.clone();
            for field in ["uid", "organizer", "useDefaultAlerts", "alerts"] {
                let path = crate::account::path(field);
                expected.set(path.clone(), made.record.fields.get(&path).cloned());
            }
            expected
        });
    }
}
