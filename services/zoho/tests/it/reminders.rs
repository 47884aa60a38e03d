//! Reminders of meetings: what is set, and what is left out or refused.

use model::{Edit, Element, Record, Value, event::Alert};
use pretty_assertions::assert_eq;
use serde_json::{Value as Json, json};

use crate::{
    events::{made, meeting},
    lab::{Lab, path},
    weekly::changed,
    written::{applied, create, event, everything, mails, refused, set, truth},
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
