//! What people do to a series while it is made anew.

use std::time::Duration;

use futures_util::future::join;
use model::Edit;
use pretty_assertions::assert_eq;
use provider::{Answer, Operation, Outcome};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};
use test_kit::eventually;

use crate::{
    events::{by_id, delete, edit as people_edit, made, meeting},
    lab::{Lab, edit, shown, update},
    weekly::{WEEKLY, changed, days, id, occurrences, overrides, series_of, weekly},
    written::{applied, everything, live, mails},
};

const SHORTER: &str = "FREQ=WEEKLY;COUNT=3";

fn shorter() -> Vec<Edit> {
    vec![edit("recurrence", Some(WEEKLY), Some(SHORTER))]
}

/// A new rule is written, and when the new series is there, but before the old one is deleted, somebody acts.
async fn overtaken(lab: &Lab, series: &str, person: impl AsyncFnOnce()) -> Outcome {
    let version = live(lab, series).await.version;
    overtaken_by(lab, update(series, version, shorter()), person).await
}

async fn overtaken_by(lab: &Lab, write: Operation, person: impl AsyncFnOnce()) -> Outcome {
    let before = lab.count("Events").await;
    let slow = Fault::Latency {
        milliseconds: 3_000,
        after_commit: true,
    };
    lab.sandbox
        .add_fault(Rule::nth("zoho", "Events.createRecords", 1, slow));
    let scope = everything();
    let write = lab.one(&scope, write);
    let meanwhile = async {
        let is_made = async || lab.count("Events").await > before;
        eventually("the new one is made", Duration::from_secs(10), is_made).await;
        person().await;
    };
    join(write, meanwhile).await.0
}

// proves: R-27
#[tokio::test]
async fn an_edit_of_a_series_that_is_made_anew_meanwhile_is_not_lost() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    let outcome = overtaken(&lab, &series, async || {
        people_edit(&lab, id(&rows[1]), json!({"Venue": "Room 7"})).await;
    })
    .await;
    let Answer::Stale { live: Some(stale) } = &outcome.answer else {
        panic!("{:?}", outcome.answer)
    };
    assert_eq!(stale.remote_id, series);
    assert_eq!(overrides(&stale.record).len(), 1);
    assert_eq!(
        (
            occurrences(&lab, &series).await.len(),
            lab.count("Events").await
        ),
        (4, 4),
        "the new one is withdrawn, and the old one stays"
    );
    let again = changed(&lab, &series, shorter()).await;
    let new = applied(&again).remote_id.clone();
    let venues: Vec<Json> = occurrences(&lab, &new)
        .await
        .iter()
        .map(|row| row["Venue"].clone())
        .collect();
    assert_eq!(venues, [Json::Null, json!("Room 7"), Json::Null]);
    assert_eq!((lab.count("Events").await, mails(&lab).await), (3, 0));
}

#[tokio::test]
async fn an_edit_that_lists_do_not_show_yet_is_seen_before_the_old_series_is_deleted() {
    let lab = Lab::kind().await;
    let rule = json!({"Recurring_Activity": {"RRULE": "FREQ=WEEKLY;COUNT=6"}});
    let first = made(&lab, &meeting("Weekly", &rule)).await;
    lab.later(600).await;
    let series = series_of(&lab, &first).await;
    let version = live(&lab, &series).await.version;
    let rows = occurrences(&lab, &series).await;
    let edits = || {
        vec![edit(
            "recurrence",
            Some("FREQ=WEEKLY;COUNT=6"),
            Some(SHORTER),
        )]
    };
    lab.settings(json!({"list_lag_min_milliseconds": 60_000, "list_lag_max_milliseconds": 60_000}))
        .await;
    let outcome = overtaken_by(&lab, update(&series, version, edits()), async || {
        people_edit(&lab, id(&rows[1]), json!({"Venue": "Room 7"})).await;
    })
    .await;
    assert_ne!(outcome.answer.word(), "applied");
    assert_eq!(occurrences(&lab, &series).await.len(), 6);
    let mut new = None;
    let scope = everything();
    eventually("it is made anew", Duration::from_secs(30), async || {
        lab.later(120).await;
        let Answer::Found(live) = lab.one(&scope, by_id(&series)).await.answer else {
            return false;
        };
        let again = lab
            .one(&scope, update(&series, live.version, edits()))
            .await;
        if let Answer::Applied(applied) = again.answer {
            new = Some(applied.remote_id);
        }
        new.is_some()
    })
    .await;
    let rows = occurrences(&lab, &new.unwrap()).await;
    let venues: Vec<&Json> = rows.iter().map(|row| &row["Venue"]).collect();
    assert_eq!(venues, [&Json::Null, &json!("Room 7"), &Json::Null]);
    assert_eq!((lab.count("Events").await, mails(&lab).await), (3, 0));
}

#[tokio::test]
async fn an_occurrence_that_is_cancelled_meanwhile_stays_cancelled() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    let outcome = overtaken(&lab, &series, async || delete(&lab, id(&rows[1])).await).await;
    assert_eq!(outcome.answer.word(), "stale");
    assert_eq!(lab.count("Events").await, 3);
    let again = changed(&lab, &series, shorter()).await;
    let rows = occurrences(&lab, &applied(&again).remote_id).await;
    assert_eq!(days(&rows), ["2027-03-01", "2027-03-15"]);
}

#[tokio::test]
async fn a_new_series_that_somebody_has_taken_up_already_is_not_withdrawn() {
    let lab = Lab::kind().await;
    let single = made(&lab, &meeting("Demo", &json!({}))).await;
    lab.later(60).await;
    let version = live(&lab, &single).await.version;
    let edits = vec![edit("recurrence", None, Some(WEEKLY))];
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Events.deleteRecords",
        1,
        Fault::Status {
            status: 500,
            retry_after_seconds: None,
            body: None,
        },
    ));
    let scope = everything();
    let first = lab
        .one(&scope, update(&single, version.clone(), edits))
        .await;
    assert_eq!(first.answer.word(), "not_attempted", "{:?}", first.answer);
    assert_eq!(lab.count("Events").await, 5);
    lab.later(60).await;
    let all = lab
        .control(http::Method::GET, "/zoho/records/Events", Json::Null)
        .await;
    let new = all["records"].as_array().unwrap().iter();
    for row in new {
        people_edit(&lab, id(row), json!({"Event_Title": "Theirs"})).await;
    }
    lab.later(60).await;
    let edits = vec![
        edit("title", Some("Demo"), Some("Ours")),
        edit("recurrence", None, Some(WEEKLY)),
    ];
    let outcome = lab.one(&scope, update(&single, version, edits)).await;
    assert!(matches!(&outcome.answer, Answer::Stale { live: Some(live) }
            if shown(&live.record, "title").as_deref() == Some("Theirs")));
    assert_eq!(lab.count("Events").await, 5, "what people edited is theirs");
}

// proves: R-27
#[tokio::test]
async fn a_stale_series_is_planned_again_without_what_stands_in_its_place() {
    let lab = Lab::kind().await;
    let single = made(&lab, &meeting("Demo", &json!({}))).await;
    lab.later(60).await;
    let version = live(&lab, &single).await.version;
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Events.deleteRecords",
        1,
        Fault::CutBefore,
    ));
    let edits = || {
        vec![
            edit("title", Some("Demo"), Some("Ours")),
            edit("recurrence", None, Some(WEEKLY)),
        ]
    };
    let scope = everything();
    let first = lab
        .one(&scope, update(&single, version.clone(), edits()))
        .await;
    assert_eq!(first.answer.word(), "not_attempted", "{:?}", first.answer);
    assert_eq!(lab.count("Events").await, 5);
    people_edit(&lab, &single, json!({"Event_Title": "Theirs"})).await;
    lab.later(60).await;
    let outcome = lab.one(&scope, update(&single, version, edits())).await;
    assert_eq!(outcome.answer.word(), "stale");
    assert_eq!((lab.count("Events").await, mails(&lab).await), (1, 0));
}
