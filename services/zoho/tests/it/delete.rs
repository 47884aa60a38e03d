//! Deleting: only what is as the plan knew it.

use http::Method;
use model::Version;
use provider::{Answer, Delete, Operation};
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::{
    events::{edit as edit_meeting, made, meeting},
    lab::{Lab, scope, shown},
};

fn delete(id: &str, expected: Version) -> Operation {
    Operation::Delete(Delete {
        remote_id: id.to_owned(),
        expected,
    })
}

// proves
#[tokio::test]
async fn a_delete_answers_each_record_for_itself() {
    let lab = Lab::kind().await;
    let rows = json!([{"Last_Name": "A", "Title": "Boss"}, {"Last_Name": "B"}, {"Last_Name": "C"}, {"Last_Name": "D"}]);
    let ids = lab.contacts(rows).await;
    lab.later(60).await;
    let mut deletes = Vec::new();
    for id in &ids {
        deletes.push(delete(id, lab.version(id).await));
    }
    lab.edit(&ids[1], json!({"Title": "Chief"})).await;
    lab.delete(&ids[2]).await;
    lab.later(60).await;
    lab.edit(&ids[3], json!({})).await;
    let automated = lab.automated().await;
    let outcomes = lab.execute(&scope(""), deletes).await;
    assert!(
        matches!(outcomes[0].answer, Answer::Applied(_)),
        "{:?}",
        outcomes[0]
    );
    assert_eq!(
        shown(outcomes[0].before.as_ref().unwrap(), "title").as_deref(),
        Some("Boss")
    );
    let Answer::Stale { live: Some(live) } = &outcomes[1].answer else {
        panic!("{:?}", outcomes[1])
    };
    assert_eq!(shown(&live.record, "title").as_deref(), Some("Chief"));
    assert_eq!(
        outcomes[2].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
    assert!(lab.truth(&ids[0]).await.is_null() && !lab.truth(&ids[1]).await.is_null());
    assert_eq!(
        lab.automated().await,
        automated,
        "deleting runs no automation"
    );
}

#[tokio::test]
async fn a_record_that_was_made_just_now_is_not_deleted_yet() {
    let lab = Lab::kind().await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    let outcome = lab
        .one(&scope(""), delete(&id, lab.version(&id).await))
        .await;
    assert!(
        matches!(outcome.answer, Answer::NotAttempted { until: Some(_), .. }),
        "{outcome:?}"
    );
    assert_eq!(lab.calls("Contacts.deleteRecords"), 0);
}

// proves: R-26
#[tokio::test]
async fn a_delete_whose_answer_was_lost_is_unknown_and_gone_when_asked_again() {
    let lab = Lab::kind().await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    lab.later(60).await;
    let version = lab.version(&id).await;
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Contacts.deleteRecords",
        1,
        Fault::CutAfterCommit,
    ));
    let lost = lab.one(&scope(""), delete(&id, version.clone())).await;
    assert!(matches!(lost.answer, Answer::Unknown { .. }), "{lost:?}");
    let again = lab.one(&scope(""), delete(&id, version)).await;
    assert_eq!(
        again.answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
}

// proves: R-27
#[tokio::test]
async fn a_contact_whose_meetings_would_go_with_it_is_kept_and_the_others_go() {
    let lab = Lab::kind().await;
    let names: Vec<_> = (0..4)
        .map(|number| json!({"Last_Name": format!("P{number}")}))
        .collect();
    let ids = lab.contacts(json!(names)).await;
    // The first one has more meetings than an answer has room for.
    for _ in 0..3 {
        let rows: Vec<_> = (0..80)
            .map(|_| meeting("With", &json!({"Who_Id": {"id": ids[0]}})))
            .collect();
        lab.control(Method::POST, "/zoho/records/Events", json!(rows))
            .await;
    }
    let one = made(&lab, &meeting("One", &json!({"Who_Id": {"id": ids[2]}}))).await;
    lab.later(600).await;
    let mut deletes = Vec::new();
    for id in &ids[..3] {
        deletes.push(delete(id, lab.version(id).await));
    }
    let outcomes = lab.execute(&scope(""), deletes).await;
    for kept in [0, 2] {
        let Answer::Refused { path: None, reason } = &outcomes[kept].answer else {
            panic!("{:?}", outcomes[kept])
        };
        assert!(reason.contains("meetings"), "{reason}");
        assert!(!lab.truth(&ids[kept]).await.is_null());
    }
    assert!(
        matches!(outcomes[1].answer, Answer::Applied(_)),
        "{:?}",
        outcomes[1]
    );
    assert_eq!(lab.count("Events").await, 241);

    // Linked to nobody, it holds nobody back; and whoever may not look at meetings cannot know of any.
    edit_meeting(&lab, &one, json!({"Who_Id": null})).await;
    lab.later(60).await;
    let again = delete(&ids[2], lab.version(&ids[2]).await);
    let outcome = lab.one(&scope(""), again).await;
    assert!(matches!(outcome.answer, Answer::Applied(_)), "{outcome:?}");
    let right = "/zoho/permissions/Crm_Implied_View_Events";
    lab.control(Method::PUT, right, json!({"allowed": false}))
        .await;
    let outcome = lab
        .one(&scope(""), delete(&ids[3], lab.version(&ids[3]).await))
        .await;
    assert!(matches!(outcome.answer, Answer::Applied(_)), "{outcome:?}");
}
