//! Two calendars: what is in them, and what people type into them.

mod diary;
mod typing;

use std::collections::BTreeMap;

use e2e::Sandbox;
use jiff::{SignedDuration, Timestamp, Zoned};
use proto::record::{Value, value::Value as Kind};
use serde_json::json;

use crate::kind::Row;

pub use diary::{Diary, crm_hour, hour, with};

pub const SYNC: &str = "ana-meetings";

/// The clock of the CRM's user; the CRM repeats meetings by no other.
const ZONE: &str = "Europe/Istanbul";
/// Records of a side for each series that it has alone.
const RECORDS_A_SERIES: u32 = 50;
/// Meetings of the sandbox's scenario that the CRM cannot hold: it has no room for so many guests, and repeats by the
/// account's clock only.
const NOT_HELD: [&str; 3] = ["many guests", "series", "endless series"];

/// What the providers refuse of meetings that meet, with the reason: what is another one's to say.
pub const REFUSED: [&str; 1] = ["participants: only the organizer of this event can change it"];

pub fn yaml(policies: &str) -> String {
    format!(
        "kind: Sync\nname: {SYNC}\nrecipe: zoho-google-calendar\n\
         left: {{ connection: acme-zoho }}\nright: {{ connection: ana-google }}\n\
         policies:\n  frequency_seconds: 1\n  events: {{ recurrence: sync }}\n{policies}"
    )
}

/// A third of the records are ordinary meetings of each side, half of which are on both; the sandbox's special ones, and
/// series with exceptions, are on one side each, but for one series that both have.
pub async fn fill(sandbox: &Sandbox, records: u32, seed: u64) {
    let scenario =
        json!({ "scenario": "two-calendars", "meetings": (records / 6).max(4), "seed": seed });
    let planted = sandbox.post("seed", &scenario).await.unwrap();
    let diary = Diary(sandbox);
    for special in NOT_HELD {
        let id = planted["google"]["special"][special].as_str().unwrap();
        diary.removes_event(id).await;
    }
    let plenty = json!({ "user_requests": 100_000, "calendar_writes": 100_000 });
    let settings = json!({ "calendar": { "quota": plenty } });
    sandbox.patch("google/settings", &settings).await.unwrap();
    for number in 0..(records / RECORDS_A_SERIES).max(2) {
        diary.plants_board(number).await;
        diary.plants_staff(number).await;
    }
    diary.plants_series_on_both().await;
    diary.plants_days_on_both().await;
    // What was typed so far is old.
    let later = json!({ "seconds": 60 });
    sandbox.post("clock/advance", &later).await.unwrap();
}

pub async fn rows(sandbox: &Sandbox) -> [Vec<Row>; 2] {
    let diary = Diary(sandbox);
    [diary.crm().await, diary.google().await].map(|meetings| {
        let each = meetings.into_iter().map(|meeting| Row {
            inside: meeting.is_inside,
            keys: [].into(),
            id: meeting.id,
        });
        each.collect()
    })
}

/// Whether a time of the history, `2026-12-01T09:00:00[Europe/Vienna]/…`, begins at this moment.
pub fn begins(value: &Value, moment: &str) -> bool {
    let (Some(Kind::Text(text)), Ok(moment)) = (&value.value, moment.parse::<Timestamp>()) else {
        return false;
    };
    // The name of a zone has strokes of its own.
    let start = match text.split_once(']') {
        Some((start, _)) => format!("{start}]"),
        None => text.split('/').next().unwrap_or_default().to_owned(),
    };
    let zoned = start.parse::<Zoned>().map(|zoned| zoned.timestamp());
    zoned
        .or_else(|_| start.parse())
        .is_ok_and(|at: Timestamp| at == moment)
}

/// Midnight in UTC so many days from now.
pub fn midnight(days: i64) -> Timestamp {
    let now = Timestamp::now();
    let today = now.as_second().div_euclid(24 * 3600) + days;
    Timestamp::from_second(today * 24 * 3600).unwrap()
}

/// A meeting of either side, as far as people look at it before they type.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// The record's id, as the sync calls it.
    pub id: String,
    /// Empty if it has none.
    pub title: String,
    /// Begins of its occurrences with their ids in the CRM; of Google's series the first one, with the series' id.
    pub occurrences: BTreeMap<Timestamp, String>,
    pub form: Form,
    pub is_inside: bool,
    pub has_guests: bool,
}

/// What recurs, lasts whole days, or has a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Series,
    Days,
    Times,
}

impl Meeting {
    pub fn start(&self) -> Timestamp {
        *self.occurrences.keys().next().unwrap()
    }

    /// An occurrence in the middle of a series of ours, with the id that it is edited by: one that is like the others.
    pub fn fourth(&self) -> Option<(Timestamp, String)> {
        let at = self.start() + SignedDuration::from_hours(3 * 7 * 24);
        let id = match self.id.strip_prefix("series:") {
            Some(_) => self.occurrences.get(&at)?.clone(),
            None => format!("{}_{}", self.id, at.strftime("%Y%m%dT%H%M%SZ")),
        };
        Some((at, id))
    }
}

#[test]
fn a_time_of_the_history_is_a_moment() {
    let value = |text: &str| Value {
        value: Some(Kind::Text(text.to_owned())),
    };
    let moment = "2027-02-01T00:14:00Z";
    let zoned = "2027-02-01T03:14:00[Europe/Istanbul]/2027-02-01T04:14:00[Europe/Istanbul]";
    assert!(begins(&value(zoned), moment));
    assert!(begins(
        &value("2027-02-01T00:14:00Z/2027-02-01T01:14:00Z"),
        moment
    ));
    assert!(!begins(&value(&zoned.replace("T03", "T02")), moment));
    assert!(!begins(&value("typed 3"), moment));
}
