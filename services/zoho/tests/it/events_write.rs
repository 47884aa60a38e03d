//! Writing single meetings: what is sent, what is refused, and that nobody gets a mail.

use jiff::Timestamp;
use model::{
    Edit, Element, Record, Value,
    event::{Alert, Participant, Status},
};
use pretty_assertions::assert_eq;
use provider::{Answer, Delete, Operation};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use crate::{
    events::{edit as people_edit, made, meeting, permit},
    lab::{Lab, edit, path, shown, update, with_option},
    weekly::changed,
    written::{applied, create, event, everything, live, mails, refused, set, truth},
};

const MORNING: &str = "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]";
const EVE: &str = "eve@example.net";

fn guests(addresses: &[String]) -> Vec<Element> {
    addresses
        .iter()
        .map(|address| Participant::new(address).element())
        .collect()
}

fn element(at: &str, before: Option<Element>, after: Option<Element>) -> Edit {
    let value = |element: Element| Value::Elements(vec![element]);
    Edit {
        path: path(at),
        before: before.map(value),
        after: after.map(value),
    }
}

fn reminder(minutes: u32) -> Element {
    Alert::minutes_before(minutes).element()
}

// proves: ZGE-11
#[tokio::test]
async fn a_meeting_is_created_with_all_that_it_has_and_nobody_is_mailed() {
    let lab = Lab::unkind().await;
    let when = "2027-03-01T10:00:00[Europe/Vienna]/2027-03-01T11:00:00[Europe/Vienna]";
    let mut record = event(&[
        ("title", "Demo"),
        ("when", when),
        ("location", "Room 1"),
        ("description", "<!DOCTYPE html>\n<p>Slides</p>"),
    ]);
    set(&mut record, "participants", guests(&[EVE.to_owned()]));
    set(&mut record, "alerts", vec![reminder(15), reminder(1_440)]);
    let outcome = lab.one(&everything(), create(record, true)).await;
    let applied = applied(&outcome);
    let stored = truth(&lab, &applied.remote_id).await;
    assert_eq!(
        (
            &stored["Event_Title"],
            &stored["Venue"],
            &stored["Description"],
            &stored["All_day"]
        ),
        (
            &json!("Demo"),
            &json!("Room 1"),
            &json!("Slides"),
            &json!(false)
        )
    );
    let at: Timestamp = stored["Start_DateTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(at, "2027-03-01T09:00:00Z".parse().unwrap());
    assert_eq!(
        stored["Remind_At"],
        json!([{"unit": 15, "period": "minutes"}, {"unit": 1, "period": "days"}])
    );
    let guest = &stored["Participants"][0];
    assert_eq!(
        (&guest["type"], &guest["participant"], &guest["invited"]),
        (&json!("email"), &json!(EVE), &json!(false))
    );
    let answer = applied.answer.as_ref().unwrap();
    assert_eq!(shown(&answer.record, "when").as_deref(), Some(MORNING));
    assert_eq!(
        shown(&answer.record, "description").as_deref(),
        Some("Slides")
    );
    assert_eq!((mails(&lab).await, lab.automated().await), (0, 0));
}

#[tokio::test]
async fn participants_are_mailed_only_if_the_sync_says_so() {
    let lab = Lab::kind().await;
    let mut record = event(&[("title", "Demo"), ("when", MORNING)]);
    set(&mut record, "participants", guests(&[EVE.to_owned()]));
    let scope = with_option(everything(), "notify", "all");
    applied(&lab.one(&scope, create(record, false)).await);
    assert_eq!(mails(&lab).await, 1);
}

#[tokio::test]
async fn whole_days_are_the_days_that_they_are() {
    let lab = Lab::kind().await;
    for (when, start, end) in [
        (
            "2027-03-01/2027-03-02",
            "2027-03-01T00:00:00",
            "2027-03-01T23:59:59",
        ),
        (
            "2027-03-01/2027-03-04",
            "2027-03-01T00:00:00",
            "2027-03-03T23:59:59",
        ),
    ] {
        let outcome = lab
            .one(
                &everything(),
                create(event(&[("title", "Fair"), ("when", when)]), false),
            )
            .await;
        let applied = applied(&outcome);
        let stored = truth(&lab, &applied.remote_id).await;
        assert!(
            stored["Start_DateTime"]
                .as_str()
                .unwrap()
                .starts_with(start)
        );
        assert!(stored["End_DateTime"].as_str().unwrap().starts_with(end));
        assert_eq!(stored["All_day"], true);
        let read = live(&lab, &applied.remote_id).await;
        assert_eq!(shown(&read.record, "when").as_deref(), Some(when));
    }
}

// proves: ZGE-09, R-18
#[tokio::test]
async fn a_missing_title_is_a_placeholder_that_nobody_reads_as_one() {
    let lab = Lab::kind().await;
    let outcome = lab
        .one(&everything(), create(event(&[("when", MORNING)]), false))
        .await;
    let made = applied(&outcome);
    assert!(made.refused.is_empty());
    let id = made.remote_id.clone();
    assert_eq!(truth(&lab, &id).await["Event_Title"], "Not Provided");
    assert_eq!(shown(&live(&lab, &id).await.record, "title"), None);
    let outcome = changed(&lab, &id, vec![edit("location", None, Some("Room 1"))]).await;
    assert!(applied(&outcome).refused.is_empty());
    let outcome = changed(&lab, &id, vec![edit("title", None, Some("Demo"))]).await;
    applied(&outcome);
    let outcome = changed(&lab, &id, vec![edit("title", Some("Demo"), None)]).await;
    applied(&outcome);
    assert_eq!(truth(&lab, &id).await["Event_Title"], "Not Provided");
    let named = lab
        .one(
            &everything(),
            create(
                event(&[("title", "Not Provided"), ("when", MORNING)]),
                false,
            ),
        )
        .await;
    assert_eq!(applied(&named).refused[0].path, "title");
}

/// A field, its API name, and values: one, another.
const TEXTS: [(&str, &str, &str, &str); 3] = [
    ("title", "Event_Title", "Demo", "Final demo"),
    ("location", "Venue", "Room 1", "Room 2"),
    ("description", "Description", "Slides", "More slides"),
];

#[tokio::test]
async fn each_text_is_set_changed_cleared_and_left_alone_by_itself() {
    let lab = Lab::kind().await;
    for (at, name, one, other) in TEXTS {
        let id = made(&lab, &meeting("Not Provided", &json!({}))).await;
        let untouched = truth(&lab, &id).await;
        for (before, after) in [
            (None, Some(one)),
            (Some(one), Some(other)),
            (Some(other), None),
            (None, None),
        ] {
            let outcome = changed(&lab, &id, vec![edit(at, before, after)]).await;
            let answer = applied(&outcome).answer.as_ref().unwrap();
            assert_eq!(shown(&answer.record, at).as_deref(), after, "{at}");
            assert_eq!(shown(&live(&lab, &id).await.record, at).as_deref(), after);
            let now = truth(&lab, &id).await;
            for (member, value) in untouched.as_object().unwrap() {
                if ![name, "Modified_Time", "Modified_By"].contains(&member.as_str()) {
                    assert_eq!(&now[member], value, "{member} after {at}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_time_is_moved_as_a_whole_and_compared_by_its_instants() {
    let lab = Lab::kind().await;
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    let mut before = MORNING;
    for after in [
        "2027-03-02T12:00:00[Europe/Istanbul]/2027-03-02T14:00:00[Europe/Istanbul]",
        "2027-03-02/2027-03-03",
        MORNING,
    ] {
        let outcome = changed(&lab, &id, vec![edit("when", Some(before), Some(after))]).await;
        let answer = applied(&outcome).answer.as_ref().unwrap();
        assert_eq!(shown(&answer.record, "when").as_deref(), Some(after));
        assert_eq!(
            shown(&live(&lab, &id).await.record, "when").as_deref(),
            Some(after)
        );
        before = after;
    }
    let stamp = truth(&lab, &id).await["Modified_Time"].clone();
    let elsewhere = "2027-03-01T10:00:00[Europe/Vienna]/2027-03-01T11:00:00[Europe/Vienna]";
    let outcome = changed(
        &lab,
        &id,
        vec![edit("when", Some(MORNING), Some(elsewhere))],
    )
    .await;
    let answer = applied(&outcome).answer.as_ref().unwrap();
    assert_eq!(shown(&answer.record, "when").as_deref(), Some(MORNING));
    assert_eq!(
        truth(&lab, &id).await["Modified_Time"],
        stamp,
        "nothing had to be sent"
    );
}

// proves
#[tokio::test]
async fn a_meeting_that_was_moved_in_another_zone_is_found_moved_after_a_lost_answer() {
    let lab = Lab::kind().await;
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    lab.later(60).await;
    let version = live(&lab, &id).await.version;
    let elsewhere = "2027-03-02T10:00:00[Europe/Vienna]/2027-03-02T11:00:00[Europe/Vienna]";
    let edits = || vec![edit("when", Some(MORNING), Some(elsewhere))];
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Events.updateRecords",
        1,
        Fault::CutAfterCommit,
    ));
    let write = || update(&id, version.clone(), edits());
    let lost = lab.one(&everything(), write()).await;
    assert_eq!(lost.answer.word(), "unknown");
    lab.later(60).await;
    let again = lab.one(&everything(), write()).await;
    let answer = applied(&again).answer.as_ref().unwrap();
    let there = "2027-03-02T12:00:00[Europe/Istanbul]/2027-03-02T13:00:00[Europe/Istanbul]";
    assert_eq!(shown(&answer.record, "when").as_deref(), Some(there));
}

#[tokio::test]
async fn participants_come_and_go_one_by_one_and_the_others_stay_who_they_are() {
    let lab = Lab::kind().await;
    let contact = lab
        .contact(json!({"Last_Name": "Xu", "Email": "xu@example.org"}))
        .await;
    let nameless = lab.contact(json!({"Last_Name": "Roe"})).await;
    let list = json!({"Participants": [
        {"type": "contact", "participant": contact}, {"type": "contact", "participant": nameless},
        {"type": "email", "participant": EVE},
    ], "$send_notification": true});
    let id = made(&lab, &meeting("Demo", &list)).await;
    let before = mails(&lab).await;
    let guest = |address: &str| Some(Participant::new(address).element());
    let edits = vec![
        element("participants", None, guest("dan@example.net")),
        element("participants", guest(EVE), None),
    ];
    let outcome = changed(&lab, &id, edits).await;
    assert!(applied(&outcome).refused.is_empty());
    let answered = &applied(&outcome).answer.as_ref().unwrap().record;
    let labels = |record: &Record| -> Vec<String> {
        let list = record.elements(&path("participants")).iter();
        list.map(|element| element.label.clone()).collect()
    };
    let expected = [
        "xu@example.org".to_owned(),
        format!("urn:zoho:crm:contact:{nameless}"),
        "dan@example.net".to_owned(),
    ];
    assert_eq!(labels(answered), expected);
    assert_eq!(labels(&live(&lab, &id).await.record), expected);
    let kinds: Vec<Json> = truth(&lab, &id).await["Participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].clone())
        .collect();
    assert_eq!(kinds, ["contact", "contact", "email"]);
    // A reply has no place in Zoho CRM: it is agreed on, not sent.
    let dan = Participant::new("dan@example.net");
    let coming = Participant {
        status: Some(Status::Accepted),
        ..dan.clone()
    };
    let stamp = truth(&lab, &id).await["Modified_Time"].clone();
    let edits = vec![element(
        "participants",
        Some(dan.element()),
        Some(coming.element()),
    )];
    let outcome = changed(&lab, &id, edits).await;
    assert!(applied(&outcome).refused.is_empty() && applied(&outcome).answer.is_some());
    assert_eq!(truth(&lab, &id).await["Modified_Time"], stamp);
    assert_eq!(mails(&lab).await, before);
}

#[tokio::test]
async fn of_sixty_participants_fifty_are_taken_and_the_rest_is_reported() {
    let lab = Lab::kind().await;
    let sixty: Vec<String> = (0..60)
        .map(|number| format!("guest{number}@example.net"))
        .collect();
    let mut record = event(&[("title", "Crowd"), ("when", MORNING)]);
    set(&mut record, "participants", guests(&sixty));
    let outcome = lab.one(&everything(), create(record, false)).await;
    let made = applied(&outcome);
    assert_eq!(made.refused[0].path, "participants");
    assert!(made.refused[0].reason.contains("50"));
    assert_eq!(
        truth(&lab, &made.remote_id).await["Participants"]
            .as_array()
            .unwrap()
            .len(),
        50
    );
    let one_more = Participant::new("late@example.net").element();
    let edits = vec![
        element("participants", None, Some(one_more)),
        edit("location", None, Some("Hall")),
    ];
    let outcome = changed(&lab, &made.remote_id, edits).await;
    let changed = applied(&outcome);
    assert_eq!(
        (changed.refused.len(), changed.refused[0].path.as_str()),
        (1, "participants")
    );
    assert_eq!(truth(&lab, &made.remote_id).await["Venue"], "Hall");
}

// proves: R-28
#[tokio::test]
async fn what_is_no_meeting_is_refused_by_its_path_and_the_rest_of_an_update_counts() {
    let lab = Lab::kind().await;
    let long = "x".repeat(300);
    let elsewhere = "2027-03-01T12:00:00[Mars/Olympus]/2027-03-01T13:00:00[Mars/Olympus]";
    let backwards = "2027-03-01T13:00:00[Europe/Vienna]/2027-03-01T12:00:00[Europe/Vienna]";
    for (fields, at) in [
        (vec![("title", long.as_str()), ("when", MORNING)], "title"),
        (vec![("title", "Odd"), ("when", elsewhere)], "when"),
        (vec![("title", "Odd"), ("when", backwards)], "when"),
        (vec![("title", "Odd")], "when"),
    ] {
        let outcome = lab.one(&everything(), create(event(&fields), false)).await;
        assert_eq!(refused(&outcome).0, Some(at));
    }
    assert_eq!(lab.count("Events").await, 0);
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    let edits = vec![
        edit("title", Some("Demo"), Some(&long)),
        edit("location", None, Some("Room 1")),
    ];
    let outcome = changed(&lab, &id, edits).await;
    assert_eq!(applied(&outcome).refused[0].path, "title");
    let stored = truth(&lab, &id).await;
    assert_eq!(
        (&stored["Event_Title"], &stored["Venue"]),
        (&json!("Demo"), &json!("Room 1"))
    );
}

#[tokio::test]
async fn a_field_that_may_only_be_read_is_refused_and_not_lost_without_a_word() {
    let lab = Lab::kind().await;
    permit(&lab, "Venue", "read_only").await;
    permit(&lab, "End_DateTime", "read_only").await;
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    let later = "2027-03-02T12:00:00[Europe/Istanbul]/2027-03-02T14:00:00[Europe/Istanbul]";
    let edits = vec![
        edit("location", None, Some("Room 1")),
        edit("when", Some(MORNING), Some(later)),
        edit("title", Some("Demo"), Some("Final demo")),
    ];
    let outcome = changed(&lab, &id, edits).await;
    let mut paths: Vec<&str> = applied(&outcome)
        .refused
        .iter()
        .map(|refused| refused.path.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["location", "when"]);
    assert_eq!(
        shown(&live(&lab, &id).await.record, "when").as_deref(),
        Some(MORNING)
    );
}

// proves: R-27
#[tokio::test]
async fn of_a_batch_only_the_meeting_that_moved_on_is_stale() {
    let lab = Lab::kind().await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(made(&lab, &meeting(&format!("M{number}"), &json!({}))).await);
    }
    lab.later(60).await;
    let mut writes = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let version = live(&lab, id).await.version;
        let title = format!("M{number}");
        writes.push(update(
            id,
            version,
            vec![edit("title", Some(&title), Some("New"))],
        ));
    }
    people_edit(&lab, &ids[2], json!({"Event_Title": "Theirs"})).await;
    people_edit(&lab, &ids[4], json!({"Venue": "touched"})).await;
    lab.later(60).await;
    let outcomes = lab.execute(&everything(), writes).await;
    let words: Vec<&str> = outcomes
        .iter()
        .map(|outcome| outcome.answer.word())
        .collect();
    assert_eq!(
        words,
        [
            "applied", "applied", "stale", "applied", "applied", "applied"
        ]
    );
    assert_eq!(truth(&lab, &ids[2]).await["Event_Title"], "Theirs");
}

// proves: R-30
#[tokio::test]
async fn a_meeting_to_which_people_were_invited_is_not_deleted_unless_they_may_be_told() {
    let lab = Lab::kind().await;
    let guests = json!({
        "Participants": [{"type": "email", "participant": EVE}], "$send_notification": true,
    });
    let told = made(&lab, &meeting("Told", &guests)).await;
    let silent = json!({"Participants": [{"type": "email", "participant": EVE}]});
    let quiet = made(&lab, &meeting("Quiet", &silent)).await;
    lab.later(60).await;
    let before = mails(&lab).await;
    let mut deletes = Vec::new();
    for id in [&told, &quiet] {
        deletes.push(Operation::Delete(Delete {
            remote_id: id.clone(),
            expected: live(&lab, id).await.version,
        }));
    }
    let outcomes = lab.execute(&everything(), deletes.clone()).await;
    assert!(refused(&outcomes[0]).1.contains("invited"));
    assert_eq!(applied(&outcomes[1]).remote_id, quiet);
    assert_eq!((mails(&lab).await, lab.count("Events").await), (before, 1));
    let scope = with_option(everything(), "notify", "all");
    applied(&lab.one(&scope, deletes.remove(0)).await);
    assert_eq!(mails(&lab).await, before + 1);
}

// proves: R-20
#[tokio::test]
async fn a_meeting_that_is_gone_is_answered_as_gone() {
    let lab = Lab::kind().await;
    let id = made(&lab, &meeting("Gone", &json!({}))).await;
    lab.later(60).await;
    let version = live(&lab, &id).await.version;
    crate::events::delete(&lab, &id).await;
    let change = update(
        &id,
        version.clone(),
        vec![edit("title", Some("Gone"), None)],
    );
    let delete = Operation::Delete(Delete {
        remote_id: id,
        expected: version,
    });
    let gone = Answer::Gone {
        proved: true,
        collection: false,
    };
    assert_eq!(lab.one(&everything(), change).await.answer, gone);
    assert_eq!(lab.one(&everything(), delete).await.answer, gone);
}

// proves
#[tokio::test]
async fn a_create_whose_answer_was_lost_finds_what_it_made() {
    let lab = Lab::kind().await;
    let record = || event(&[("title", "Demo"), ("when", MORNING)]);
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Events.createRecords",
        1,
        Fault::CutAfterCommit,
    ));
    let lost = lab.one(&everything(), create(record(), false)).await;
    assert_eq!(lost.answer.word(), "unknown");
    let again = lab.one(&everything(), create(record(), true)).await;
    assert!(matches!(&again.answer, Answer::Existing(live) if live.in_scope));
    assert_eq!(lab.count("Events").await, 1);
}
