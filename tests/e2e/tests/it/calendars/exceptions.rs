//! Series, and what is different about single instances.

use serde_json::{Value, json};

use crate::{
    diaries::{crm_hour, hour, id},
    house::House,
    people::with,
};

/// Title and beginning of each of the CRM's occurrences.
async fn crm_shows(house: &House) -> Vec<(String, String)> {
    let rows = house.crm().all().await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let shown = rows
        .iter()
        .map(|row| (text(row, "Event_Title"), text(row, "Start_DateTime")));
    shown.collect()
}

/// Title and beginning of each exception of the only series on Google; nothing of those that are cancelled.
async fn google_shows(house: &House) -> (Value, Vec<(String, Option<(String, String)>)>) {
    let mut series = house.calendar().all().await;
    assert_eq!(series.len(), 1, "{series:?}");
    let series = series.remove(0);
    let exceptions = house.calendar().exceptions(&id(&series)).await;
    let shown = exceptions.iter().map(|one| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let original = text(&one["originalStartTime"]["dateTime"]);
        let is = one["status"] != "cancelled";
        (
            original,
            is.then(|| (text(&one["summary"]), text(&one["start"]["dateTime"]))),
        )
    });
    let shown = shown.collect();
    (series, shown)
}

fn named(occurrences: &[(&str, &str)]) -> Vec<(String, String)> {
    let each = occurrences.iter();
    each.map(|(title, day)| ((*title).to_owned(), format!("2031-06-{day}:00:00Z")))
        .collect()
}

/// An instance's id at 10 o'clock in Istanbul.
fn instance(series: &str, day: &str) -> String {
    format!("{series}_203106{day}T070000Z")
}

const TEN: &str = "2031-06-02T10:00:00";

// proves: BEY-07, ZGE-10
#[tokio::test]
async fn a_series_of_google_keeps_its_exceptions_and_those_that_the_crm_adds() {
    let mut house = House::with_meetings("recurrence: sync").await;
    let rule = json!({ "summary": "Board", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"] });
    let series = with(hour(TEN, "Europe/Istanbul"), rule);
    let series = house.calendar().adds(series).await;
    house
        .calendar()
        .edits(
            &instance(&series, "09"),
            hour("2031-06-09T12:00:00", "Europe/Istanbul"),
        )
        .await;
    house.calendar().deletes(&instance(&series, "16")).await;
    house.rests().await;
    let expected = [
        ("Board", "02T07"),
        ("Board", "09T09"),
        ("Board", "23T07"),
        ("Board", "30T07"),
    ];
    assert_eq!(crm_shows(&house).await, named(&expected));

    // In the CRM one is moved, and one is deleted.
    let rows = house.crm().all().await;
    house
        .crm()
        .edits(&id(&rows[2]), crm_hour("2031-06-23T13:00:00Z"))
        .await;
    house.crm().deletes(&id(&rows[3])).await;
    house.rests().await;
    let (_, exceptions) = google_shows(&house).await;
    let is = |hour: &str| Some(("Board".to_owned(), format!("2031-06-{hour}:00:00Z")));
    let at = |day: &str| format!("2031-06-{day}T07:00:00Z");
    let expected = [
        (at("09"), is("09T09")),
        (at("16"), None),
        (at("23"), is("23T13")),
        (at("30"), None),
    ];
    assert_eq!(exceptions, expected);

    // All of them get another title on Google.
    house
        .calendar()
        .edits(&series, json!({ "summary": "Council" }))
        .await;
    house.rests().await;
    let rows = crm_shows(&house).await;
    assert_eq!(rows[0].0, "Council", "{rows:?}");
    let (_, exceptions) = google_shows(&house).await;
    let changed: Vec<_> = exceptions
        .into_iter()
        .filter_map(|(_, shown)| shown)
        .collect();
    assert_eq!(
        rows[1..],
        changed,
        "what was moved is called the same on both sides"
    );
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(house.mails().await, 0);
}

// proves: BEY-07, ZGE-10
#[tokio::test]
async fn a_series_of_the_crm_keeps_its_exceptions_and_those_that_google_adds() {
    let mut house = House::with_meetings("recurrence: sync").await;
    let rule = json!({ "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=5" } });
    house
        .crm()
        .adds("Board", crm_hour("2031-06-02T07:00:00Z"), rule)
        .await;
    house.rests().await;
    let (series, exceptions) = google_shows(&house).await;
    assert_eq!(series["summary"], "Board");
    assert!(
        series["recurrence"][0]
            .as_str()
            .unwrap()
            .contains("FREQ=WEEKLY"),
        "{series}"
    );
    assert!(exceptions.is_empty(), "{exceptions:?}");

    // On Google one is moved, and one is cancelled; in the CRM another one is moved.
    let series = id(&series);
    house
        .calendar()
        .edits(
            &instance(&series, "09"),
            hour("2031-06-09T12:00:00", "Europe/Istanbul"),
        )
        .await;
    house.calendar().deletes(&instance(&series, "16")).await;
    let rows = house.crm().all().await;
    house
        .crm()
        .edits(&id(&rows[3]), crm_hour("2031-06-23T13:00:00Z"))
        .await;
    house.rests().await;
    let expected = [
        ("Board", "02T07"),
        ("Board", "09T09"),
        ("Board", "23T13"),
        ("Board", "30T07"),
    ];
    assert_eq!(crm_shows(&house).await, named(&expected));
    let (_, exceptions) = google_shows(&house).await;
    assert_eq!(exceptions.len(), 3, "{exceptions:?}");

    // Somebody of the CRM gives each of them another title.
    for row in house.crm().all().await {
        house
            .crm()
            .edits(&id(&row), json!({ "Event_Title": "Council" }))
            .await;
    }
    house.rests().await;
    let (series, exceptions) = google_shows(&house).await;
    assert_eq!(series["summary"], "Council");
    let titles = exceptions
        .iter()
        .filter_map(|(_, shown)| Some(&shown.as_ref()?.0));
    assert!(
        titles.clone().all(|title| title == "Council"),
        "{exceptions:?}"
    );

    // The whole series goes.
    house.calendar().deletes(&id(&series)).await;
    house.rests().await;
    assert_eq!(crm_shows(&house).await, []);
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-10
#[tokio::test]
async fn a_sync_that_skips_series_leaves_them_where_they_are() {
    let mut house = House::kind(0).await;
    let rule = json!({ "summary": "Board", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"] });
    house
        .calendar()
        .adds(with(hour(TEN, "Europe/Istanbul"), rule))
        .await;
    let rule = json!({ "Recurring_Activity": { "RRULE": "FREQ=WEEKLY;COUNT=5" } });
    house
        .crm()
        .adds("Staff", crm_hour("2031-06-03T07:00:00Z"), rule)
        .await;
    let began = house.now().await;
    house
        .system
        .apply(&crate::diaries::meetings("recurrence: skip"))
        .await
        .unwrap();
    house.rests().await;
    assert_eq!(house.meetings_written(began).await, 0);
    assert_eq!(
        (
            house.crm().all().await.len(),
            house.calendar().all().await.len()
        ),
        (5, 1)
    );
}
