//! Recurring meetings: a record for each occurrence, edited and deleted one by one.

use reqwest::Method;
use serde_json::{Value, json};

use super::events::{change, create, made, read, with};
use super::{Crm, text};

const FIELDS: &str = "Start_DateTime,Recurring_Activity,$recurrence_id,Modified_Time";

/// The occurrences that a list shows, by start.
async fn occurrences(crm: &Crm) -> Vec<Value> {
    let listed = crm.get(&format!("/Events?fields={FIELDS}")).await;
    let mut rows = listed.body["data"].as_array().cloned().unwrap_or_default();
    rows.sort_by_key(|row| text(&row["Start_DateTime"]));
    rows
}

async fn daily(crm: &Crm, rule: Value) -> Vec<Value> {
    made(crm, with("Daily", "Recurring_Activity", rule)).await;
    occurrences(crm).await
}

fn exdate(row: &Value) -> &Value {
    &row["Recurring_Activity"]["EXDATE"]
}

#[tokio::test]
async fn bad_rules_are_refused_with_their_place() {
    let crm = Crm::kind().await;
    let rule = |text: &str| json!({ "RRULE": text });
    for (value, code, place) in [
        (json!("FREQ=DAILY"), "INVALID_DATA", ""),
        (json!({}), "MANDATORY_NOT_FOUND", ".RRULE"),
        (rule("FREQ=SOMETIMES"), "INVALID_DATA", ".RRULE"),
        (rule("FREQ=DAILY;UNTIL=never"), "INVALID_DATA", ".RRULE"),
        (rule("FREQ=DAILY;DTSTART=soon"), "INVALID_DATA", ".RRULE"),
        (
            json!({"RRULE": "FREQ=DAILY", "EXDATE": "never"}),
            "INVALID_DATA",
            ".EXDATE",
        ),
        (
            json!({"RRULE": "FREQ=DAILY", "EXDATE": ["2026-12-02"]}),
            "INVALID_DATA",
            ".EXDATE",
        ),
    ] {
        let answer = create(&crm, with("Bad", "Recurring_Activity", value.clone())).await;
        let item = &answer.body["data"][0];
        assert_eq!(
            (answer.status, &item["code"]),
            (400, &json!(code)),
            "{value}"
        );
        let path = format!("$.data[0].Recurring_Activity{place}");
        assert_eq!(item["details"]["json_path"], path, "{value}");
    }
    assert!(occurrences(&crm).await.is_empty());
}

#[tokio::test]
async fn days_taken_out_at_creation_have_no_record() {
    let crm = Crm::kind().await;
    let rule =
        json!({"RRULE": "FREQ=DAILY;COUNT=4;DTSTART=2026-12-01", "EXDATE": "2026-12-02,20261203"});
    let rows = daily(&crm, rule).await;
    let starts: Vec<String> = rows
        .iter()
        .map(|row| text(&row["Start_DateTime"]))
        .collect();
    assert_eq!(
        starts,
        ["2026-12-01T06:30:00+03:00", "2026-12-04T06:30:00+03:00"]
    );
}

#[tokio::test]
async fn an_edit_of_one_occurrence_is_that_of_one_record() {
    let crm = Crm::kind().await;
    let rows = daily(&crm, json!({"RRULE": "FREQ=DAILY;COUNT=3"})).await;
    let second = text(&rows[1]["id"]);
    let later =
        json!({"Start_DateTime": "2026-12-02T15:00:00Z", "End_DateTime": "2026-12-02T16:00:00Z"});
    assert_eq!(change(&crm, &second, later).await.status, 200);
    let after = occurrences(&crm).await;
    assert_eq!(after.len(), 3);
    assert_eq!(after[1]["Start_DateTime"], "2026-12-02T18:00:00+03:00");
    assert_eq!(after[1]["$recurrence_id"], rows[0]["$recurrence_id"]);
    assert_eq!(
        (&after[0], &after[2]),
        (&rows[0], &rows[2]),
        "the others are as they were"
    );
}

#[tokio::test]
async fn a_deleted_occurrence_is_an_exdate_of_the_others_and_no_change_of_theirs() {
    let crm = Crm::kind().await;
    let rows = daily(&crm, json!({"RRULE": "FREQ=DAILY;COUNT=4"})).await;
    assert_eq!(*exdate(&rows[0]), Value::Null);
    // Moved before it goes: the day of the rule counts.
    let third = text(&rows[2]["id"]);
    let later =
        json!({"Start_DateTime": "2026-12-20T15:00:00Z", "End_DateTime": "2026-12-20T16:00:00Z"});
    change(&crm, &third, later).await;
    crm.delete(&format!("/Events/{third}")).await;
    crm.delete(&format!("/Events/{}", text(&rows[1]["id"])))
        .await;
    let after = occurrences(&crm).await;
    assert_eq!(after.len(), 2);
    for (row, before) in after.iter().zip([&rows[0], &rows[3]]) {
        assert_eq!(*exdate(row), "2026-12-02,2026-12-03");
        assert_eq!(row["Modified_Time"], before["Modified_Time"]);
    }
    let gone = crm.get("/Events/deleted?type=all").await;
    assert_eq!(gone.body["data"].as_array().unwrap().len(), 2);
    let restore = format!("/records/Events/{third}/restore");
    crm.control(Method::POST, &restore, Value::Null).await;
    let first = read(&crm, &text(&rows[0]["id"])).await;
    assert_eq!(*exdate(&first), "2026-12-02");
}

#[tokio::test]
async fn a_switch_leaves_the_others_alone() {
    let crm = Crm::kind().await;
    crm.settings(json!({"deleted_occurrences_are_exdates": false}))
        .await;
    let rows = daily(&crm, json!({"RRULE": "FREQ=DAILY;COUNT=2"})).await;
    crm.delete(&format!("/Events/{}", text(&rows[1]["id"])))
        .await;
    let after = occurrences(&crm).await;
    assert_eq!(*exdate(&after[0]), Value::Null);
}
