//! Writing series: occurrence by occurrence, or as a new one in the old one's place.

use http::Method;
use model::{
    Edit, Element, Value,
    event::{Override, Participant},
};
use pretty_assertions::assert_eq;
use provider::{Answer, Delete, Live, Operation, Outcome};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use crate::{
    events::{delete, edit as people_edit, made, meeting},
    lab::{Lab, edit, path, shown, update},
    weekly::{
        EVE, MORNING, WEEKLY, changed, days, exception, excluded, id, occurrences, original,
        overrides, renamed, weekly, weekly_with,
    },
    written::{applied, create, event, everything, live, mails, refused, set},
};

/// A weekly series that is written.
async fn written(lab: &Lab, exceptions: Vec<Element>) -> (Outcome, String) {
    let mut record = event(&[
        ("title", "Weekly"),
        ("when", MORNING),
        ("recurrence", WEEKLY),
    ]);
    set(&mut record, "overrides", exceptions);
    let outcome = lab.one(&everything(), create(record, true)).await;
    let id = applied(&outcome).remote_id.clone();
    (outcome, id)
}

#[tokio::test]
async fn a_series_is_created_with_its_rule_and_without_what_is_cancelled() {
    let lab = Lab::kind().await;
    let (outcome, series) = written(&lab, vec![excluded("2027-03-15")]).await;
    assert!(series.starts_with("series:") && applied(&outcome).refused.is_empty());
    let answer: &Live = applied(&outcome).answer.as_ref().unwrap();
    let rows = occurrences(&lab, &series).await;
    assert_eq!(days(&rows), ["2027-03-01", "2027-03-08", "2027-03-22"]);
    let read = live(&lab, &series).await;
    for at in ["title", "when", "recurrence"] {
        assert_eq!(shown(&answer.record, at), shown(&read.record, at), "{at}");
    }
    assert_eq!(overrides(&answer.record), overrides(&read.record));
    // A lost answer finds the series again.
    let record = event(&[
        ("title", "Weekly"),
        ("when", MORNING),
        ("recurrence", WEEKLY),
    ]);
    let again = lab.one(&everything(), create(record, true)).await;
    assert!(matches!(&again.answer, Answer::Existing(live) if live.remote_id == series));
    assert_eq!((mails(&lab).await, lab.count("Events").await), (0, 3));
}

#[tokio::test]
async fn an_occurrence_that_differs_is_reported_at_first_and_written_when_asked_again() {
    let lab = Lab::kind().await;
    let (outcome, series) = written(&lab, vec![renamed("2027-03-08", "Special")]).await;
    assert_eq!(applied(&outcome).refused[0].path, "overrides");
    let edits = vec![exception(None, Some(renamed("2027-03-08", "Special")))];
    let outcome = changed(&lab, &series, edits).await;
    assert!(applied(&outcome).refused.is_empty());
    let titles: Vec<Json> = occurrences(&lab, &series)
        .await
        .iter()
        .map(|row| row["Event_Title"].clone())
        .collect();
    assert_eq!(titles, ["Weekly", "Special", "Weekly", "Weekly"]);
    let answer = applied(&outcome).answer.as_ref().unwrap();
    let read = live(&lab, &series).await;
    assert_eq!(
        (&answer.record, &answer.version),
        (&read.record, &read.version)
    );
}

#[tokio::test]
async fn a_change_of_all_leaves_what_an_occurrence_has_of_its_own() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    people_edit(&lab, id(&rows[1]), json!({"Event_Title": "Special"})).await;
    let later = "2027-03-01T14:00:00[Europe/Istanbul]/2027-03-01T15:30:00[Europe/Istanbul]";
    let guest = Value::Elements(vec![Participant::new(EVE).element()]);
    let edits = vec![
        edit("title", Some("Weekly"), Some("Jour fixe")),
        edit("when", Some(MORNING), Some(later)),
        edit("location", None, Some("Room 1")),
        Edit {
            path: path("participants"),
            before: None,
            after: Some(guest),
        },
    ];
    let outcome = changed(&lab, &series, edits).await;
    assert_eq!(applied(&outcome).remote_id, series);
    let now = occurrences(&lab, &series).await;
    let titles: Vec<&Json> = now.iter().map(|row| &row["Event_Title"]).collect();
    assert_eq!(titles, ["Jour fixe", "Special", "Jour fixe", "Jour fixe"]);
    assert!(now.iter().all(|row| row["Venue"] == "Room 1"));
    assert!(
        now.iter()
            .all(|row| row["Participants"].as_array().unwrap().len() == 1)
    );
    let read = live(&lab, &series).await;
    assert_eq!(shown(&read.record, "when").as_deref(), Some(later));
    assert_eq!(overrides(&read.record).len(), 1);
    assert_eq!(
        applied(&outcome).answer.as_ref().unwrap().record,
        read.record
    );
    assert_eq!(mails(&lab).await, 0);
}

#[tokio::test]
async fn one_occurrence_is_moved_cancelled_and_nothing_else_touched() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let before = occurrences(&lab, &series).await;
    let moved = Override::Changed {
        values: vec![(
            "when",
            "2027-03-09T15:00:00[Europe/Istanbul]/2027-03-09T16:00:00[Europe/Istanbul]".to_owned(),
        )],
        cleared: Vec::new(),
        included: false,
    };
    let edits = vec![
        exception(None, Some(moved.element(original("2027-03-08")))),
        exception(None, Some(excluded("2027-03-22"))),
    ];
    let outcome = changed(&lab, &series, edits).await;
    assert!(applied(&outcome).refused.is_empty());
    let after = occurrences(&lab, &series).await;
    assert_eq!(days(&after), ["2027-03-01", "2027-03-09", "2027-03-15"]);
    assert_eq!(after[0]["Modified_Time"], before[0]["Modified_Time"]);
    let read = live(&lab, &series).await;
    assert_eq!(overrides(&read.record).len(), 2);
    assert_eq!(
        overrides(&applied(&outcome).answer.as_ref().unwrap().record).len(),
        2
    );
}

// proves: R-30
#[tokio::test]
async fn a_new_rule_makes_the_series_anew_under_another_id_and_mails_nobody() {
    let lab = Lab::kind().await;
    let contact = lab
        .contact(json!({"Last_Name": "Xu", "Email": "xu@example.org"}))
        .await;
    let series = weekly_with(
        &lab,
        json!({
            "Who_Id": {"id": contact}, "Venue": "Room 1",
            "Participants": [{"type": "contact", "participant": contact}],
        }),
    )
    .await;
    let edits = vec![edit(
        "recurrence",
        Some(WEEKLY),
        Some("FREQ=WEEKLY;COUNT=2"),
    )];
    let outcome = changed(&lab, &series, edits).await;
    let new = applied(&outcome);
    assert!(new.remote_id.starts_with("series:") && new.remote_id != series);
    assert!(new.refused.is_empty());
    assert_eq!(occurrences(&lab, &series).await.len(), 0);
    let rows = occurrences(&lab, &new.remote_id).await;
    assert_eq!(days(&rows), ["2027-03-01", "2027-03-08"]);
    assert!(
        rows.iter()
            .all(|row| row["Venue"] == "Room 1" && row["Who_Id"]["id"] == contact)
    );
    assert_eq!(rows[0]["Participants"][0]["type"], "contact");
    let record = &new.answer.as_ref().unwrap().record;
    assert_eq!(
        record.elements(&path("participants"))[0].label,
        "xu@example.org"
    );
    assert_eq!((mails(&lab).await, lab.automated().await), (0, 0));
}

// proves: R-28
#[tokio::test]
async fn what_no_sync_carries_goes_along_when_a_series_is_made_anew() {
    let lab = Lab::kind().await;
    let fields = "/zoho/fields/Events";
    for name in ["Room_Code", "Agenda", "Badge"] {
        let field = json!({"api_name": name, "label": name, "length": 50});
        lab.control(Method::POST, fields, field).await;
    }
    let kept = json!({"Tag": [{"name": "VIP"}], "Room_Code": "B12", "Agenda": "old", "Badge": "b"});
    let series = weekly_with(&lab, kept).await;
    // A field that the sync maps is as it is to be.
    let mut scope = everything();
    scope.paths.push(path("custom[Agenda]"));
    lab.later(60).await;
    let version = live(&lab, &series).await.version;
    let edits = vec![
        edit("recurrence", Some(WEEKLY), Some("FREQ=WEEKLY;COUNT=2")),
        edit("custom[Agenda]", Some("old"), None),
    ];
    let outcome = lab.one(&scope, update(&series, version, edits)).await;
    let new = applied(&outcome).remote_id.clone();
    assert!(applied(&outcome).refused.is_empty());
    let rows = occurrences(&lab, &new).await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row["Tag"][0]["name"], "VIP");
        let shown = [&row["Room_Code"], &row["Badge"], &row["Agenda"]];
        assert_eq!(shown, [&json!("B12"), &json!("b"), &Json::Null]);
    }

    // Where the CRM does not take one of them twice, the old one stays.
    lab.control(
        Method::PATCH,
        &format!("{fields}/Badge"),
        json!({"unique": true}),
    )
    .await;
    let rule = ("FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;COUNT=3");
    let edits = vec![edit("recurrence", Some(rule.0), Some(rule.1))];
    let outcome = changed(&lab, &new, edits).await;
    let Answer::Refused { path, reason } = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(path.as_deref(), Some("custom[Badge]"));
    assert!(reason.contains("unique"), "{reason}");
    assert_eq!(lab.count("Events").await, 2);
}

#[tokio::test]
async fn exceptions_survive_a_new_rule_and_what_was_cancelled_can_take_place_again() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    people_edit(&lab, id(&rows[1]), json!({"Event_Title": "Special"})).await;
    delete(&lab, id(&rows[2])).await;
    let edits = vec![exception(Some(excluded("2027-03-15")), None)];
    let outcome = changed(&lab, &series, edits).await;
    let new = applied(&outcome).remote_id.clone();
    assert_ne!(new, series);
    let rows = occurrences(&lab, &new).await;
    let titles: Vec<&Json> = rows.iter().map(|row| &row["Event_Title"]).collect();
    assert_eq!(titles, ["Weekly", "Special", "Weekly", "Weekly"]);
    assert_eq!(overrides(&live(&lab, &new).await.record).len(), 1);
}

#[tokio::test]
async fn a_meeting_becomes_a_series_and_a_series_a_meeting() {
    let lab = Lab::kind().await;
    let single = made(&lab, &meeting("Demo", &json!({}))).await;
    let outcome = changed(&lab, &single, vec![edit("recurrence", None, Some(WEEKLY))]).await;
    let series = applied(&outcome).remote_id.clone();
    assert_eq!(occurrences(&lab, &series).await.len(), 4);
    assert_eq!(lab.count("Events").await, 4);
    let outcome = changed(&lab, &series, vec![edit("recurrence", Some(WEEKLY), None)]).await;
    let again = applied(&outcome).remote_id.clone();
    assert_eq!(lab.count("Events").await, 1);
    let read = live(&lab, &again).await;
    assert_eq!(shown(&read.record, "recurrence"), None);
    assert_eq!(shown(&read.record, "when").as_deref(), Some(MORNING));
}

// proves: R-26
#[tokio::test]
async fn a_series_that_was_made_anew_without_an_answer_is_found_and_not_made_twice() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let version = live(&lab, &series).await.version;
    let daily = || vec![edit("recurrence", Some(WEEKLY), Some("FREQ=DAILY;COUNT=3"))];
    let cut = |method| Rule::nth("zoho", method, 1, Fault::CutAfterCommit);
    lab.sandbox.add_fault(cut("Events.createRecords"));
    let lost = lab
        .one(&everything(), update(&series, version.clone(), daily()))
        .await;
    assert_eq!(lost.answer.word(), "unknown");
    lab.sandbox.add_fault(cut("Events.deleteRecords"));
    let again = lab
        .one(&everything(), update(&series, version, daily()))
        .await;
    let new = applied(&again).remote_id.clone();
    assert_ne!(new, series);
    assert_eq!(occurrences(&lab, &new).await.len(), 3);
    assert_eq!(
        (
            occurrences(&lab, &series).await.len(),
            lab.count("Events").await
        ),
        (0, 3)
    );
}

#[tokio::test]
async fn a_rule_that_zoho_cannot_hold_is_refused_and_the_rest_counts() {
    let lab = Lab::kind().await;
    let vienna = "2027-03-01T10:00:00[Europe/Vienna]/2027-03-01T11:00:00[Europe/Vienna]";
    for (when, rule) in [
        (MORNING, "FREQ=HOURLY;COUNT=3"),
        (MORNING, "FREQ=YEARLY;BYYEARDAY=100"),
        (MORNING, "FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2"),
        (MORNING, "FREQ=SOMETIMES"),
        // Its clock goes forward in spring, and Istanbul's does not.
        (vienna, "FREQ=WEEKLY"),
    ] {
        let record = event(&[("title", "Odd"), ("when", when), ("recurrence", rule)]);
        let outcome = lab.one(&everything(), create(record, false)).await;
        assert_eq!(refused(&outcome).0, Some("recurrence"), "{rule}");
    }
    assert_eq!(lab.count("Events").await, 0);
    let series = weekly(&lab).await;
    let edits = vec![
        edit("recurrence", Some(WEEKLY), Some("FREQ=HOURLY;COUNT=3")),
        edit("location", None, Some("Room 1")),
    ];
    let outcome = changed(&lab, &series, edits).await;
    assert_eq!(applied(&outcome).remote_id, series);
    assert_eq!(applied(&outcome).refused[0].path, "recurrence");
    let rows = occurrences(&lab, &series).await;
    assert!(rows.len() == 4 && rows.iter().all(|row| row["Venue"] == "Room 1"));
    let added = Override::Changed {
        values: Vec::new(),
        cleared: Vec::new(),
        included: true,
    };
    let edits = vec![exception(None, Some(added.element(original("2027-03-03"))))];
    assert_eq!(
        refused(&changed(&lab, &series, edits).await).0,
        Some("overrides")
    );
}

// proves: R-30
#[tokio::test]
async fn a_series_to_which_people_were_invited_is_edited_and_neither_made_anew_nor_deleted() {
    let lab = Lab::kind().await;
    let series = weekly_with(
        &lab,
        json!({
            "Participants": [{"type": "email", "participant": EVE}], "$send_notification": true,
        }),
    )
    .await;
    let before = mails(&lab).await;
    let edits = vec![
        edit("recurrence", Some(WEEKLY), Some("FREQ=WEEKLY;COUNT=2")),
        edit("title", Some("Weekly"), Some("Jour fixe")),
    ];
    let outcome = changed(&lab, &series, edits).await;
    assert_eq!(applied(&outcome).refused[0].path, "recurrence");
    assert!(applied(&outcome).refused[0].reason.contains("invited"));
    let outcome = changed(
        &lab,
        &series,
        vec![exception(None, Some(excluded("2027-03-08")))],
    )
    .await;
    assert_eq!(refused(&outcome).0, Some("overrides"));
    let rows = occurrences(&lab, &series).await;
    assert!(rows.len() == 4 && rows.iter().all(|row| row["Event_Title"] == "Jour fixe"));
    let delete = Operation::Delete(Delete {
        expected: live(&lab, &series).await.version,
        remote_id: series.clone(),
    });
    lab.later(60).await;
    assert!(
        refused(&lab.one(&everything(), delete).await)
            .1
            .contains("invited")
    );
    assert_eq!(
        (occurrences(&lab, &series).await.len(), mails(&lab).await),
        (4, before)
    );
}

// proves: R-27
#[tokio::test]
async fn a_series_that_moved_on_is_stale_and_one_that_did_not_is_deleted_whole() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let version = live(&lab, &series).await.version;
    let rows = occurrences(&lab, &series).await;
    for row in &rows {
        people_edit(&lab, id(row), json!({"Event_Title": "Theirs"})).await;
    }
    lab.later(60).await;
    let ours = vec![edit("title", Some("Weekly"), Some("Ours"))];
    let outcome = lab
        .one(&everything(), update(&series, version.clone(), ours))
        .await;
    assert!(matches!(&outcome.answer, Answer::Stale { live: Some(live) }
            if shown(&live.record, "title").as_deref() == Some("Theirs")));
    let delete = |expected| {
        Operation::Delete(Delete {
            remote_id: series.clone(),
            expected,
        })
    };
    let outcome = lab.one(&everything(), delete(version)).await;
    assert_eq!(outcome.answer.word(), "stale");
    let now = live(&lab, &series).await.version;
    applied(&lab.one(&everything(), delete(now)).await);
    assert_eq!((lab.count("Events").await, mails(&lab).await), (0, 0));
}

// proves
#[tokio::test]
async fn an_occurrence_that_was_moved_in_another_zone_is_found_moved_after_a_lost_answer() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let version = live(&lab, &series).await.version;
    let moved = Override::Changed {
        values: vec![(
            "when",
            "2027-03-09T13:00:00[Europe/Vienna]/2027-03-09T14:00:00[Europe/Vienna]".to_owned(),
        )],
        cleared: Vec::new(),
        included: false,
    };
    let write = || {
        let edits = vec![exception(None, Some(moved.element(original("2027-03-08"))))];
        update(&series, version.clone(), edits)
    };
    let cut = Rule::nth("zoho", "Events.updateRecords", 1, Fault::CutAfterCommit);
    lab.sandbox.add_fault(cut);
    let lost = lab.one(&everything(), write()).await;
    assert_eq!(lost.answer.word(), "unknown");
    lab.later(60).await;
    let again = lab.one(&everything(), write()).await;
    let answer = applied(&again).answer.as_ref().unwrap();
    assert_eq!(overrides(&answer.record).len(), 1);
    let rows = occurrences(&lab, &series).await;
    assert_eq!(days(&rows)[1], "2027-03-09");
}

#[tokio::test]
async fn a_twin_is_not_taken_for_what_was_made_in_the_others_place() {
    let lab = Lab::kind().await;
    let (_, one) = written(&lab, vec![]).await;
    let plain = event(&[
        ("title", "Weekly"),
        ("when", MORNING),
        ("recurrence", WEEKLY),
    ]);
    let outcome = lab.one(&everything(), create(plain, false)).await;
    let other = applied(&outcome).remote_id.clone();
    let twice = || {
        vec![edit(
            "recurrence",
            Some(WEEKLY),
            Some("FREQ=WEEKLY;COUNT=2"),
        )]
    };
    let first = changed(&lab, &one, twice()).await;
    let second = changed(&lab, &other, twice()).await;
    assert_ne!(applied(&first).remote_id, applied(&second).remote_id);
    assert_eq!(lab.count("Events").await, 4);
}
