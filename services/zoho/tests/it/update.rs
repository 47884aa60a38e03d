//! Changing: conditional on what the plan was made from.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use model::Version;
use provider::{Answer, Applied, Live, Operation, Outcome, Update};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};
use test_kit::eventually;

use crate::lab::{Lab, edit, lacking, scope, shown, update};

fn applied(outcome: &Outcome) -> &Applied {
    match &outcome.answer {
        Answer::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

fn stale(outcome: &Outcome) -> &Live {
    match &outcome.answer {
        Answer::Stale { live: Some(live) } => live,
        other => panic!("{other:?}"),
    }
}

/// Contacts with a title, settled, and their versions.
async fn titled(lab: &Lab, count: usize) -> Vec<(String, Version)> {
    let row = |number| json!({"Last_Name": format!("L{number}"), "Title": "Boss", "Phone": "+431"});
    let ids = lab.contacts((0..count).map(row).collect()).await;
    lab.later(60).await;
    let mut contacts = Vec::new();
    for id in ids {
        let version = lab.version(&id).await;
        contacts.push((id, version));
    }
    contacts
}

fn promote((id, version): &(String, Version)) -> Operation {
    update(
        id,
        version.clone(),
        vec![edit("title", Some("Boss"), Some("Chief"))],
    )
}

#[tokio::test]
async fn an_update_sends_only_what_differs_and_keeps_the_image_before() {
    let lab = Lab::unkind().await;
    let contacts = titled(&lab, 1).await;
    let outcome = lab.one(&scope(""), promote(&contacts[0])).await;
    let truth = lab.truth(&contacts[0].0).await;
    assert_eq!(
        (&truth["Title"], &truth["Phone"]),
        (&json!("Chief"), &json!("+431"))
    );
    let applied = applied(&outcome);
    assert_eq!(applied.version, Some(lab.version(&contacts[0].0).await));
    assert!(applied.answer.is_none() && applied.refused.is_empty());
    let before = outcome.before.as_ref().unwrap();
    assert_eq!(
        (shown(before, "title").as_deref(), before.fields.len()),
        (Some("Boss"), 1)
    );
    assert_eq!(lab.automated().await, 0, "no automation runs");
}

// proves: R-27
#[tokio::test]
async fn of_a_batch_only_the_record_whose_target_moved_on_is_stale() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 6).await;
    lab.edit(&contacts[2].0, json!({"Title": "Clerk"})).await;
    // Touched elsewhere: not stale.
    lab.edit(&contacts[4].0, json!({"Description": "called"}))
        .await;
    lab.later(60).await;
    let outcomes = lab
        .execute(&scope(""), contacts.iter().map(promote).collect())
        .await;
    for (number, outcome) in outcomes.iter().enumerate() {
        if number == 2 {
            assert_eq!(
                shown(&stale(outcome).record, "title").as_deref(),
                Some("Clerk")
            );
        } else {
            applied(outcome);
        }
    }
    assert_eq!(lab.truth(&contacts[2].0).await["Title"], "Clerk");
    assert_eq!(lab.truth(&contacts[4].0).await["Title"], "Chief");
    assert_eq!(lab.calls("Contacts.updateRecords"), 1);
}

/// Somebody edits the third contact between our reading and our write.
async fn race(lab: &Lab, contacts: &[(String, Version)]) -> Vec<Outcome> {
    let slow = Fault::Latency {
        milliseconds: 700,
        after_commit: false,
    };
    lab.sandbox
        .add_fault(Rule::nth("zoho", "Contacts.updateRecords", 1, slow));
    let scope = scope("");
    let writing = lab.execute(&scope, contacts.iter().map(promote).collect());
    let editing = async {
        eventually("the batch was read", Duration::from_secs(5), async || {
            lab.calls("Contacts.getRecords") > 0
        })
        .await;
        lab.edit(&contacts[2].0, json!({"Title": "Clerk"})).await;
    };
    tokio::join!(writing, editing).0
}

// proves: R-27
#[tokio::test]
async fn a_refused_batch_is_sent_again_without_its_stale_record() {
    for stale_batches in ["refuse_call", "refuse_record"] {
        let lab = Lab::kind().await;
        lab.settings(json!({ "stale_batches": stale_batches }))
            .await;
        let contacts = titled(&lab, 6).await;
        let outcomes = race(&lab, &contacts).await;
        for (number, outcome) in outcomes.iter().enumerate() {
            if number == 2 {
                assert_eq!(
                    shown(&stale(outcome).record, "title").as_deref(),
                    Some("Clerk"),
                    "{stale_batches}"
                );
            } else {
                applied(outcome);
            }
        }
        assert_eq!(
            lab.truth(&contacts[2].0).await["Title"],
            "Clerk",
            "{stale_batches}"
        );
    }
}

// proves: R-27
#[tokio::test]
async fn a_record_that_was_touched_just_now_waits_a_moment() {
    let lab = Lab::kind().await;
    let id = lab
        .contact(json!({"Last_Name": "Lee", "Title": "Boss"}))
        .await;
    let version = lab.version(&id).await;
    let outcome = lab.one(&scope(""), promote(&(id, version))).await;
    let Answer::NotAttempted {
        until: Some(until),
        unauthorised: false,
        ..
    } = outcome.answer
    else {
        panic!("{outcome:?}")
    };
    assert!(until.duration_since(Timestamp::now()).as_secs() <= 5);
    assert_eq!(lab.calls("Contacts.updateRecords"), 0);
}

// proves: R-26
#[tokio::test]
async fn what_is_there_already_is_applied_without_a_call() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 1).await;
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Contacts.updateRecords",
        1,
        Fault::CutAfterCommit,
    ));
    let lost = lab.one(&scope(""), promote(&contacts[0])).await;
    assert!(matches!(lost.answer, Answer::Unknown { .. }), "{lost:?}");
    lab.later(60).await;
    let again = lab.one(&scope(""), promote(&contacts[0])).await;
    assert_eq!(
        applied(&again).version,
        Some(lab.version(&contacts[0].0).await)
    );
    assert_eq!(lab.calls("Contacts.updateRecords"), 1);
}

// proves: R-28
#[tokio::test]
async fn a_value_that_only_changes_its_label_is_written_and_once() {
    let lab = Lab::kind().await;
    let row = json!({"Last_Name": "Lee", "Email": "lee@example.org", "Phone": "+431"});
    let id = lab.contact(row).await;
    lab.later(60).await;
    let version = lab.version(&id).await;
    let moved = |from: &str, to: &str, value: &str| {
        let gone = edit(from, Some(value), None);
        [gone, edit(to, None, Some(value))]
    };
    let edits = || {
        let email = moved("emails[work]", "emails[other]", "lee@example.org");
        let phone = moved("phones[work]", "phones[home]", "+431");
        email.into_iter().chain(phone).collect()
    };
    let outcome = lab
        .one(&scope(""), update(&id, version.clone(), edits()))
        .await;
    assert!(applied(&outcome).refused.is_empty());
    let truth = lab.truth(&id).await;
    let said = ["Email", "Secondary_Email", "Phone", "Home_Phone"].map(|name| &truth[name]);
    let expected = [
        Json::Null,
        json!("lee@example.org"),
        Json::Null,
        json!("+431"),
    ];
    assert_eq!(said, expected.each_ref());
    lab.later(60).await;
    let again = lab.one(&scope(""), update(&id, version, edits())).await;
    assert!(applied(&again).refused.is_empty());
    assert_eq!(
        lab.truth(&id).await["Modified_Time"],
        truth["Modified_Time"]
    );
}

#[tokio::test]
async fn refused_paths_of_one_record_do_not_hold_the_others_up() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 2).await;
    let bad = update(
        &contacts[0].0,
        contacts[0].1.clone(),
        vec![
            edit("title", Some("Boss"), Some("Chief")),
            edit("emails[work]", None, Some("no address")),
        ],
    );
    let outcomes = lab
        .execute(&scope(""), vec![bad, promote(&contacts[1])])
        .await;
    let refused = &applied(&outcomes[0]).refused;
    assert_eq!(
        (refused.len(), refused[0].path.as_str()),
        (1, "emails[work]")
    );
    applied(&outcomes[1]);
    assert_eq!(lab.truth(&contacts[0].0).await["Title"], "Chief");
}

#[tokio::test]
async fn a_record_of_which_nothing_can_be_kept_is_refused() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 1).await;
    let (id, version) = contacts[0].clone();
    let outcome = lab
        .one(
            &scope(""),
            update(&id, version, vec![edit("emails[work]", None, Some("no"))]),
        )
        .await;
    let Answer::Refused { path: Some(at), .. } = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(at, "emails[work]");
}

// proves: R-28
#[tokio::test]
async fn a_field_that_the_provider_would_silently_ignore_is_refused() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 1).await;
    let title = "/zoho/fields/Contacts/Title";
    lab.control(Method::PATCH, title, json!({"permission": "read_only"}))
        .await;
    let (id, version) = contacts[0].clone();
    let edits = vec![
        edit("title", Some("Boss"), Some("Chief")),
        edit("phones[work]", Some("+431"), Some("+432")),
    ];
    let outcome = lab.one(&scope(""), update(&id, version, edits)).await;
    let refused = &applied(&outcome).refused;
    assert_eq!((refused.len(), refused[0].path.as_str()), (1, "title"));
    let truth = lab.truth(&id).await;
    assert_eq!(
        (&truth["Title"], &truth["Phone"]),
        (&json!("Boss"), &json!("+432"))
    );
}

#[tokio::test]
async fn a_deleted_record_is_gone_with_proof() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 2).await;
    lab.delete(&contacts[0].0).await;
    let outcomes = lab
        .execute(&scope(""), contacts.iter().map(promote).collect())
        .await;
    assert_eq!(
        outcomes[0].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
    applied(&outcomes[1]);
}

#[tokio::test]
async fn a_record_cannot_be_put_into_a_list_view_and_is_left_as_it_is() {
    let lab = Lab::kind().await;
    let id = lab
        .contact(json!({"Last_Name": "Lee", "Tier": "Regular"}))
        .await;
    lab.later(60).await;
    let expected = lab.version(&id).await;
    let adopt = Update {
        remote_id: id.clone(),
        expected,
        edits: Vec::new(),
        marker: None,
        adopt: true,
    };
    let scope = scope(&lab.key_accounts().await);
    let outcome = lab.one(&scope, Operation::Update(adopt)).await;
    assert_eq!(applied(&outcome).version, Some(lab.version(&id).await));
    assert_eq!(lab.calls("Contacts.updateRecords"), 0);
}

#[tokio::test]
async fn throttling_a_dead_token_and_a_missing_right_are_told_apart() {
    let lab = Lab::kind().await;
    let contacts = titled(&lab, 1).await;
    let deny = "/zoho/permissions/Crm_Implied_Edit_Contacts";
    lab.control(Method::PUT, deny, json!({"allowed": false}))
        .await;
    let forbidden = lab.one(&scope(""), promote(&contacts[0])).await.answer;
    assert_eq!(
        forbidden,
        Answer::Forbidden {
            right: lacking("edit contacts", "Contacts")
        }
    );
    lab.control(Method::PUT, deny, json!({"allowed": true}))
        .await;
    lab.control(Method::POST, "/zoho/access-tokens/expire", Json::Null)
        .await;
    let dead = lab.one(&scope(""), promote(&contacts[0])).await.answer;
    assert!(
        matches!(
            dead,
            Answer::NotAttempted {
                unauthorised: true,
                ..
            }
        ),
        "{dead:?}"
    );
}

// proves: R-29
#[tokio::test]
async fn a_throttled_write_goes_back_with_the_time_to_wait() {
    for legacy in [false, true] {
        let lab = Lab::kind().await;
        lab.settings(json!({"legacy_429": legacy})).await;
        let contacts = titled(&lab, 1).await;
        let busy = Fault::Status {
            status: 429,
            retry_after_seconds: None,
            body: None,
        };
        lab.sandbox
            .add_fault(Rule::nth("zoho", "Contacts.updateRecords", 1, busy));
        let outcome = lab.one(&scope(""), promote(&contacts[0])).await;
        let Answer::NotAttempted {
            until: Some(until),
            unauthorised: false,
            ..
        } = outcome.answer
        else {
            panic!("{outcome:?}")
        };
        assert!(until > Timestamp::now());
        assert_eq!(lab.truth(&contacts[0].0).await["Title"], "Boss");
    }
}
