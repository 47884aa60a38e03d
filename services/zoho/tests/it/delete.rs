//! Deleting: only what is as the plan knew it.

use model::Version;
use provider::{Answer, Delete, Operation};
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::lab::{Lab, scope, shown};

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
