//! What people do with whole series, and with the rest of one.

mod days;

use agreement::Reader;
use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id},
    house::House,
    people::with,
};

const ZONE: &str = "Europe/Istanbul";

/// Meetings that are no series, so that no series is all there is.
const ANCHORS: usize = 4;

/// A house with a reader of both calendars.
struct Stage {
    house: House,
    reader: Reader,
}

/// An occurrence: its title and when it begins, in UTC: `01-18T07`.
type Occurrence = (&'static str, &'static str);

impl Stage {
    async fn new() -> Self {
        Self::of(House::kind(0).await).await
    }

    async fn of(house: House) -> Self {
        for day in 1..=ANCHORS {
            let when = crm_hour(&format!("2027-03-0{day}T07:00:00Z"));
            house.crm().adds("Anchor", when, json!({})).await;
        }
        let policy = crate::diaries::meetings("recurrence: sync");
        house.system.apply(&policy).await.unwrap();
        let reader = house.reader();
        let mut stage = Self { house, reader };
        stage.shows(&[]).await;
        stage
    }

    /// Both sides come to show these occurrences and nothing else, and nobody is told.
    async fn shows(&mut self, expected: &[Occurrence]) {
        self.house.rests().await;
        let rows = self.house.crm().all().await;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let shown: Vec<(String, String)> = rows
            .iter()
            .map(|row| (text(row, "Event_Title"), text(row, "Start_DateTime")))
            .filter(|(title, _)| title != "Anchor")
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(title, at)| ((*title).to_owned(), format!("2027-{at}:00:00Z")))
            .collect();
        assert_eq!(shown, expected);
        let (left, right) = self.reader.read_meetings().await.unwrap();
        let report = agreement::compare(&left, &right, &[].into());
        assert!(report.agrees(), "{}", report.text(true));
        assert_eq!(
            report.equal,
            expected.len() + ANCHORS,
            "{}",
            report.text(true)
        );
        assert_eq!(self.house.mails().await, 0);
    }

    /// How many series there are on Google, and how many in the CRM.
    async fn count(&self) -> (usize, usize) {
        let events = self.house.calendar().all().await;
        let series = events.iter().filter(|event| event["recurrence"].is_array());
        let rows = self.house.crm().all().await;
        let ids = rows.iter().filter_map(|row| row["$recurrence_id"].as_str());
        let ids: std::collections::BTreeSet<&str> = ids.collect();
        (series.count(), ids.len())
    }

    /// What the record of this event is called in the CRM.
    async fn in_the_crm(&self, event: &str) -> String {
        let words = ["get", "records", MEETINGS, "--limit", "0"];
        let records = self.house.json(&words).await;
        let mut of = records.iter().filter(|record| record["right_id"] == event);
        let record = of.next().unwrap_or_else(|| panic!("{records:?}"));
        assert_eq!(record["state"], "in sync", "{record}");
        record["left_id"].as_str().unwrap().to_owned()
    }

    /// The CRM's occurrence that begins then.
    async fn occurrence(&self, at: &str) -> String {
        let rows = self.house.crm().all().await;
        let start = format!("2027-{at}:00:00Z");
        let mut rows = rows.iter().filter(|row| row["Start_DateTime"] == start);
        id(rows.next().unwrap_or_else(|| panic!("nothing at {at}")))
    }

    /// Five Mondays on Google, and somebody who is invited.
    async fn five_on_google(&mut self) -> String {
        let series = json!({
            "summary": "Board", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"],
            "attendees": [{ "email": "eve@example.net" }], "reminders": { "useDefault": false },
        });
        let when = hour("2027-01-04T10:00:00", ZONE);
        let series = self.house.calendar().adds(with(when, series)).await;
        self.shows(&FIVE).await;
        series
    }

    /// Five Mondays in the CRM.
    async fn five_in_the_crm(&mut self) -> String {
        let rule = json!({ "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=5" } });
        let when = crm_hour("2027-01-04T07:00:00Z");
        self.house.crm().adds("Board", when, rule).await;
        self.shows(&FIVE).await;
        id(&self.house.calendar().only("Board").await)
    }
}

const FIVE: [Occurrence; 5] = [
    ("Board", "01-04T07"),
    ("Board", "01-11T07"),
    ("Board", "01-18T07"),
    ("Board", "01-25T07"),
    ("Board", "02-01T07"),
];

/// An instance that would begin then: `0118T07`.
fn instance(series: &str, at: &str) -> String {
    format!("{series}_2027{at}0000Z")
}

// proves: BEY-07, ZGE-10
#[tokio::test]
async fn google_edits_all_of_a_series_and_edits_moves_and_cancels_one() {
    let mut stage = Stage::new().await;
    let series = stage.five_on_google().await;
    let calendar = stage.house.calendar();
    let all = json!({ "summary": "Council", "location": "Room 1" });
    let all = with(hour("2027-01-04T11:00:00", ZONE), all);
    calendar.edits(&series, all).await;
    let council = FIVE.map(|(_, at)| ("Council", at));
    let council = council.map(|(title, at)| match at {
        "01-04T07" => (title, "01-04T08"),
        "01-11T07" => (title, "01-11T08"),
        "01-18T07" => (title, "01-18T08"),
        "01-25T07" => (title, "01-25T08"),
        _ => (title, "02-01T08"),
    });
    stage.shows(&council).await;

    let calendar = stage.house.calendar();
    let budget = json!({ "summary": "Budget" });
    calendar.edits(&instance(&series, "0118T08"), budget).await;
    let moved = hour("2027-01-12T12:00:00", ZONE);
    calendar.edits(&instance(&series, "0111T08"), moved).await;
    calendar.deletes(&instance(&series, "0125T08")).await;
    let expected = [
        ("Council", "01-04T08"),
        ("Council", "01-12T09"),
        ("Budget", "01-18T08"),
        ("Council", "02-01T08"),
    ];
    stage.shows(&expected).await;
    assert_eq!(stage.count().await, (1, 1));
}

// proves: BEY-07, BEY-13, P2
#[tokio::test]
async fn google_extends_ends_and_deletes_a_series_and_the_crms_is_made_anew_under_the_same_link() {
    let mut stage = Stage::new().await;
    let series = stage.five_on_google().await;
    let calendar = stage.house.calendar();
    let moved = hour("2027-01-12T12:00:00", ZONE);
    calendar.edits(&instance(&series, "0111T07"), moved).await;
    calendar.deletes(&instance(&series, "0118T07")).await;
    let four = [
        ("Board", "01-04T07"),
        ("Board", "01-12T09"),
        ("Board", "01-25T07"),
        ("Board", "02-01T07"),
    ];
    stage.shows(&four).await;
    let before = stage.in_the_crm(&series).await;

    // Two more. The CRM sets a rule only when a meeting is made.
    let longer = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=7"] });
    stage.house.calendar().edits(&series, longer).await;
    let began = stage.house.now().await;
    let mut six = four.to_vec();
    six.extend([("Board", "02-08T07"), ("Board", "02-15T07")]);
    stage.shows(&six).await;
    let after = stage.in_the_crm(&series).await;
    assert_ne!(after, before, "it is another record there");
    assert_eq!(stage.count().await, (1, 1));
    let echoes = stage.house.events_written(began).await;
    assert!(echoes.is_empty(), "the old one's tombstone is expected");

    // It is the same link: an edit of the new record travels, and nothing else is written.
    let began = stage.house.now().await;
    let place = json!({ "Event_Title": "Budget" });
    let one = stage.occurrence("02-08T07").await;
    stage.house.crm().edits(&one, place).await;
    six[4] = ("Budget", "02-08T07");
    stage.shows(&six).await;
    assert!(stage.house.written_to_zoho(began).await.is_empty());

    // It ends earlier, and is gone.
    let shorter = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20270126T000000Z"] });
    stage.house.calendar().edits(&series, shorter).await;
    stage.shows(&four[..3]).await;
    assert_eq!(stage.count().await, (1, 1));
    stage.house.calendar().deletes(&series).await;
    stage.shows(&[]).await;
    assert_eq!(stage.count().await, (0, 0));
}

// proves: BEY-07, P2
#[tokio::test]
async fn google_changes_this_and_all_that_follow_and_there_are_two_series_on_both_sides() {
    let mut stage = Stage::new().await;
    let series = stage.five_on_google().await;
    let before = stage.in_the_crm(&series).await;
    let event = with(
        hour("2027-01-18T14:00:00", ZONE),
        json!({ "summary": "Council" }),
    );
    let rest = instance(&series, "0118T07");
    let path = format!("google/calendars/primary/events/{rest}/split");
    let split = json!({ "event": event });
    let sandbox = &stage.house.system.sandbox;
    sandbox.post(&path, &split).await.unwrap();
    let expected = [
        ("Board", "01-04T07"),
        ("Board", "01-11T07"),
        ("Council", "01-18T11"),
        ("Council", "01-25T11"),
        ("Council", "02-01T11"),
    ];
    stage.shows(&expected).await;
    assert_eq!(stage.count().await, (2, 2));
    let council = id(&stage.house.calendar().only("Council").await);
    let records = [&series, &council];
    let left = [
        stage.in_the_crm(records[0]).await,
        stage.in_the_crm(records[1]).await,
    ];
    assert!(left[0] != left[1] && left[0] != before, "{left:?}");

    // Each goes its own way.
    stage.house.calendar().deletes(&series).await;
    let place = json!({ "location": "Room 1" });
    stage.house.calendar().edits(&council, place).await;
    stage.shows(&expected[2..]).await;
    let rows = stage.house.crm().titled("Council").await;
    assert!(rows.iter().all(|row| row["Venue"] == "Room 1"), "{rows:?}");
}

// proves: BEY-07, P2
#[tokio::test]
async fn an_event_of_google_that_begins_to_recur_is_one_series_and_ends_doing_so_as_one_meeting() {
    let mut stage = Stage::new().await;
    let single = json!({ "summary": "Board", "reminders": { "useDefault": false } });
    let when = || hour("2027-01-04T10:00:00", ZONE);
    let event = with(when(), single);
    let event = stage.house.calendar().adds(event).await;
    stage.shows(&FIVE[..1]).await;
    let rule = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"] });
    let series = with(when(), rule);
    stage.house.calendar().edits(&event, series).await;
    stage.shows(&FIVE).await;
    assert_eq!(stage.count().await, (1, 1));
    let rule = json!({ "recurrence": null });
    stage.house.calendar().edits(&event, rule).await;
    stage.shows(&FIVE[..1]).await;
    assert_eq!(stage.count().await, (0, 0));
    stage.in_the_crm(&event).await;
}

// proves: BEY-07, ZGE-10
#[tokio::test]
async fn the_crm_edits_all_of_a_series_and_edits_moves_and_cancels_one() {
    let mut stage = Stage::new().await;
    let series = stage.five_in_the_crm().await;
    for (_, at) in FIVE {
        let one = stage.occurrence(at).await;
        let later = at.replace("T07", "T08");
        let when = crm_hour(&format!("2027-{later}:00:00Z"));
        let all = json!({ "Event_Title": "Council", "Venue": "Room 1" });
        stage.house.crm().edits(&one, with(when, all)).await;
    }
    let council = [
        ("Council", "01-04T08"),
        ("Council", "01-11T08"),
        ("Council", "01-18T08"),
        ("Council", "01-25T08"),
        ("Council", "02-01T08"),
    ];
    stage.shows(&council).await;
    assert_eq!(stage.count().await, (1, 1));
    let event = stage.house.calendar().only("Council").await;
    assert_eq!((id(&event), &event["location"]), (series, &json!("Room 1")));

    let [budget, moved, cancelled] = ["01-18T08", "01-11T08", "01-25T08"];
    let budget = stage.occurrence(budget).await;
    let moved = stage.occurrence(moved).await;
    let cancelled = stage.occurrence(cancelled).await;
    let crm = stage.house.crm();
    let title = json!({ "Event_Title": "Budget" });
    crm.edits(&budget, title).await;
    crm.edits(&moved, crm_hour("2027-01-12T09:00:00Z")).await;
    crm.deletes(&cancelled).await;
    let expected = [
        ("Council", "01-04T08"),
        ("Council", "01-12T09"),
        ("Budget", "01-18T08"),
        ("Council", "02-01T08"),
    ];
    stage.shows(&expected).await;
    assert_eq!(stage.count().await, (1, 1));
}

// proves: BEY-07, P2
#[tokio::test]
async fn the_crm_ends_a_series_goes_on_with_another_and_deletes_it() {
    let mut stage = Stage::new().await;
    let series = stage.five_in_the_crm().await;
    // It ends before its last two.
    for (_, at) in &FIVE[3..] {
        let one = stage.occurrence(at).await;
        stage.house.crm().deletes(&one).await;
    }
    stage.shows(&FIVE[..3]).await;
    assert_eq!(id(&stage.house.calendar().only("Board").await), series);

    // This and all that follow: the rest goes, and another series begins there, longer than what went.
    let rest = stage.occurrence("01-18T07").await;
    stage.house.crm().deletes(&rest).await;
    let rule = json!({ "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=4" } });
    let when = crm_hour("2027-01-18T11:00:00Z");
    stage.house.crm().adds("Council", when, rule).await;
    let expected = [
        ("Board", "01-04T07"),
        ("Board", "01-11T07"),
        ("Council", "01-18T11"),
        ("Council", "01-25T11"),
        ("Council", "02-01T11"),
        ("Council", "02-08T11"),
    ];
    stage.shows(&expected).await;
    assert_eq!(stage.count().await, (2, 2));

    // All of the first one are deleted; the other one stays.
    for (_, at) in &FIVE[..2] {
        let one = stage.occurrence(at).await;
        stage.house.crm().deletes(&one).await;
    }
    stage.shows(&expected[2..]).await;
    assert_eq!(stage.count().await, (1, 1));
}
