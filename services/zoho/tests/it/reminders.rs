//! Reminders of meetings: what is set, and what is left out or refused.

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use model::{Edit, Element, Record, Value, event::Alert};
use pretty_assertions::assert_eq;
use serde_json::{Value as Json, json};

use crate::{
    events::{made, meeting},
    lab::{Lab, path},
    weekly::{changed, occurrences, series_of},
    written::{applied, create, event, everything, live, mails, refused, set, truth},
};

fn reminder(minutes: u32) -> Element {
    Alert::minutes_before(minutes).element()
}

fn alert(before: Option<Element>, after: Option<Element>) -> Edit {
    let value = |element: Element| Value::Elements(vec![element]);
    Edit {
        path: path("alerts"),
        before: before.map(value),
        after: after.map(value),
    }
}

fn alerts(record: &Record) -> &[Element] {
    record.elements(&path("alerts"))
}

async fn reminds(lab: &Lab, id: &str) -> Json {
    truth(lab, id).await["Remind_At"].clone()
}

fn minutes(unit: u32) -> Json {
    json!([{"unit": unit, "period": "minutes"}])
}

#[tokio::test]
async fn reminders_are_set_kept_and_cleared_and_none_is_mailed() {
    let lab = Lab::kind().await;
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    let outcome = changed(&lab, &id, vec![alert(None, Some(reminder(120)))]).await;
    assert!(applied(&outcome).refused.is_empty());
    let hours = json!([{"unit": 2, "period": "hours"}]);
    assert_eq!(reminds(&lab, &id).await, hours);
    let by_mail = || Element::simple("email", "-PT30M");
    let outcome = changed(&lab, &id, vec![alert(None, Some(by_mail()))]).await;
    assert!(refused(&outcome).1.contains("e-mail"));
    assert_eq!(reminds(&lab, &id).await, hours);
    let cleared = changed(&lab, &id, vec![alert(Some(reminder(120)), None)]).await;
    assert!(applied(&cleared).refused.is_empty());
    assert_eq!(reminds(&lab, &id).await, Json::Null);

    // A new meeting is made without what is refused, and that is said.
    let when = "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]";
    let mut record = event(&[("title", "New"), ("when", when)]);
    set(&mut record, "alerts", vec![reminder(5), by_mail()]);
    let outcome = lab.one(&everything(), create(record, false)).await;
    let created = applied(&outcome);
    assert_eq!(created.refused[0].path, "alerts");
    assert!(created.refused[0].reason.contains("e-mail"));
    assert_eq!(reminds(&lab, &created.remote_id).await, minutes(5));
    assert_eq!(mails(&lab).await, 0);
}

// proves
#[tokio::test]
async fn a_reminder_that_is_due_is_left_out_and_the_answer_says_that_there_is_none() {
    let lab = Lab::kind().await;
    let mut record = event(&[("title", "Was"), ("when", "2026-01-01/2026-01-02")]);
    set(&mut record, "alerts", vec![reminder(5)]);
    let outcome = lab.one(&everything(), create(record, false)).await;
    let created = applied(&outcome);
    assert!(created.refused.is_empty());
    assert_eq!(alerts(&created.answer.as_ref().unwrap().record), []);
    assert_eq!(reminds(&lab, &created.remote_id).await, Json::Null);

    let past = json!({
        "Start_DateTime": "2026-01-01T09:00:00+00:00", "End_DateTime": "2026-01-01T10:00:00+00:00",
    });
    let over = made(&lab, &meeting("Over", &past)).await;
    let stamp = truth(&lab, &over).await["Modified_Time"].clone();
    let outcome = changed(&lab, &over, vec![alert(None, Some(reminder(5)))]).await;
    let updated = applied(&outcome);
    assert!(updated.refused.is_empty());
    assert_eq!(alerts(&updated.answer.as_ref().unwrap().record), []);
    let now = truth(&lab, &over).await;
    assert_eq!(
        (&now["Remind_At"], &now["Modified_Time"]),
        (&Json::Null, &stamp)
    );
    // One that is set already stays beside it.
    let past = json!({"Remind_At": minutes(15), "Start_DateTime": past["Start_DateTime"],
        "End_DateTime": past["End_DateTime"]});
    let over = made(&lab, &meeting("Over too", &past)).await;
    let outcome = changed(&lab, &over, vec![alert(None, Some(reminder(5)))]).await;
    let updated = applied(&outcome);
    let held = alerts(&updated.answer.as_ref().unwrap().record);
    assert_eq!(held, [reminder(15)]);
    assert_eq!(reminds(&lab, &over).await, minutes(15));
}

/// Weekly for so many weeks, since more than three weeks ago, and not today.
fn weekly(count: u32) -> Record {
    let day = (jiff::Timestamp::now().to_zoned(TimeZone::UTC).date() - 24.days()).to_string();
    let when = format!("{day}T12:00:00[Europe/Istanbul]/{day}T13:00:00[Europe/Istanbul]");
    let rule = format!("FREQ=WEEKLY;COUNT={count}");
    let mut record = event(&[("title", "Weekly"), ("when", &when), ("recurrence", &rule)]);
    set(&mut record, "alerts", vec![reminder(15)]);
    record
}

fn are_over(rows: &[Json]) -> Vec<bool> {
    let today = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |row: &Json| -> Date {
        row["Start_DateTime"].as_str().unwrap()[..10]
            .parse()
            .unwrap()
    };
    rows.iter().map(|row| day(row) <= today).collect()
}

// proves: R-30
#[tokio::test]
async fn a_series_that_began_long_ago_is_reminded_of_while_it_goes_on() {
    let lab = Lab::kind().await;
    for (count, expected) in [(8, minutes(15)), (2, Json::Null)] {
        let outcome = lab.one(&everything(), create(weekly(count), false)).await;
        let created = applied(&outcome);
        assert!(created.refused.is_empty());
        let rows = occurrences(&lab, &created.remote_id).await;
        assert!(
            rows.iter().all(|row| row["Remind_At"] == expected),
            "{rows:?}"
        );
        lab.later(600).await;
        let read = live(&lab, &created.remote_id).await.record;
        let answer = &created.answer.as_ref().unwrap().record;
        assert_eq!(alerts(answer), alerts(&read));
    }
}

// proves
#[tokio::test]
async fn a_series_gets_its_reminder_for_what_is_to_come_and_shows_that_one() {
    let lab = Lab::kind().await;
    let mut record = weekly(5);
    record.set(path("alerts"), None);
    let outcome = lab.one(&everything(), create(record, false)).await;
    let series = applied(&outcome).remote_id.clone();
    let mut rows = occurrences(&lab, &series).await;
    assert_eq!(
        series,
        series_of(&lab, rows[0]["id"].as_str().unwrap()).await
    );
    lab.later(600).await;
    for (before, after) in [(None, 15), (Some(15), 30)] {
        let edits = vec![alert(before.map(reminder), Some(reminder(after)))];
        let outcome = changed(&lab, &series, edits).await;
        assert!(applied(&outcome).refused.is_empty());
        rows = occurrences(&lab, &series).await;
        for (row, over) in rows.iter().zip(are_over(&rows)) {
            let expected = if over { Json::Null } else { minutes(after) };
            assert_eq!(row["Remind_At"], expected, "{}", row["Start_DateTime"]);
        }
        let answer = &applied(&outcome).answer.as_ref().unwrap().record;
        let read = live(&lab, &series).await.record;
        for record in [answer, &read] {
            assert_eq!(alerts(record), [reminder(after)], "most are over");
        }
    }
}
