//! Creating records.

use std::time::Instant;

use pretty_assertions::assert_eq;
use provider::{Answer, Operation};
use reqwest::Method;
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::account::{Account, applied, create, path, person, record, scope, words};

/// How often a look of half a minute may have become too old since.
fn half_minutes(began: Instant) -> usize {
    usize::try_from(began.elapsed().as_secs() / 30).unwrap()
}

// proves: R-28
#[tokio::test]
async fn created_contacts_are_in_the_group_and_carry_their_markers() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let outcomes = account
        .execute(
            &scope(&group),
            (0..200).map(|number| create(number, true)).collect(),
        )
        .await;
    assert_eq!(words(&outcomes), [("applied", 200)].into());
    for number in [0, 99, 199] {
        let live = applied(&outcomes[number]);
        assert_eq!(
            live.record,
            record(number),
            "the answer of a batch is told apart by marker"
        );
        assert_eq!(live.marker, Some(format!("marker-{number}")));
        assert!(live.in_scope);
        let truth = account.truth(&live.remote_id).await;
        assert_eq!(truth["clientData"][0]["value"], format!("marker-{number}"));
    }
    account.settle().await;
    assert_eq!(
        account.round(&scope(&group), None).await.sides().0.len(),
        200
    );
    assert_eq!(account.calls("people.batchCreateContacts"), 1);
    assert_eq!(account.calls("contactGroups.members.modify"), 1);
}

// proves: R-26
#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_again_by_its_marker() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    account.sandbox.add_fault(Rule::nth(
        "google",
        "people.batchCreateContacts",
        1,
        Fault::CutAfterCommit,
    ));
    let writes = || (0..10).map(|number| create(number, true)).collect();
    let outcomes = account.execute(&scope(&group), writes()).await;
    assert_eq!(words(&outcomes), [("unknown", 10)].into());
    account.settle().await;
    let outcomes = account.execute(&scope(&group), writes()).await;
    assert_eq!(words(&outcomes), [("existing", 10)].into());
    let Answer::Existing(live) = &outcomes[3].answer else {
        panic!()
    };
    assert_eq!(live.record, record(3));
    assert!(live.in_scope, "what was left undone is made up for");
    assert_eq!(account.contacts().await.len(), 10);
    account.settle().await;
    assert_eq!(
        account.round(&scope(&group), None).await.sides().0.len(),
        10
    );
}

// proves: R-28
#[tokio::test]
async fn a_create_that_was_cut_off_before_the_group_is_completed_later() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    account.sandbox.add_fault(Rule::nth(
        "google",
        "contactGroups.members.modify",
        1,
        Fault::CutBefore,
    ));
    let outcomes = account.execute(&scope(&group), vec![create(1, true)]).await;
    assert_eq!(words(&outcomes), [("unknown", 1)].into());
    account.settle().await;
    let outcomes = account.execute(&scope(&group), vec![create(1, true)]).await;
    assert_eq!(words(&outcomes), [("existing", 1)].into());
    account.settle().await;
    assert_eq!(account.round(&scope(&group), None).await.sides().0.len(), 1);
    assert_eq!(account.contacts().await.len(), 1);
}

// proves: R-07
#[tokio::test]
async fn somebody_who_was_typed_in_meanwhile_is_found_and_not_created_again() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let typed = account.add(person(4), &[]).await;
    account.settle().await;
    let outcomes = account
        .execute(
            &scope(&group),
            (0..6).map(|number| create(number, true)).collect(),
        )
        .await;
    assert_eq!(words(&outcomes), [("applied", 5), ("existing", 1)].into());
    let Answer::Existing(live) = &outcomes[4].answer else {
        panic!()
    };
    assert_eq!(live.remote_id, typed);
    assert!(
        !live.in_scope,
        "whether it is adopted is for the plan to say"
    );
    assert_eq!(live.marker, None);
}

#[tokio::test]
async fn a_look_up_reads_every_page_that_may_hold_the_record() {
    let account = Account::unkind().await;
    account.configure(json!({ "page_cap": 3 })).await;
    let typed = account.add(person(0), &[]).await;
    for number in 100..112 {
        account.add(person(number), &[]).await;
    }
    account.settle().await;
    let outcomes = account.execute(&scope(""), vec![create(0, true)]).await;
    let Answer::Existing(live) = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    assert_eq!(live.remote_id, typed);
}

// proves: R-07
#[tokio::test]
async fn creates_of_a_baseline_share_a_look_at_what_is_younger() {
    // Without lag a look is one page, however much was created meanwhile.
    let account = Account::kind().await;
    let began = Instant::now();
    let young = |number: usize| {
        let Operation::Create(mut write) = create(number, true) else {
            unreachable!()
        };
        write.known_until = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
        Operation::Create(write)
    };
    let typed = account.add(person(450), &[]).await;
    account.settle().await;
    let outcomes = account
        .execute(&scope(""), (0..600).map(young).collect())
        .await;
    assert_eq!(words(&outcomes), [("applied", 599), ("existing", 1)].into());
    let Answer::Existing(live) = &outcomes[450].answer else {
        panic!()
    };
    assert_eq!(live.remote_id, typed);
    // The one that was found was read again before it was answered.
    let looks = account.calls("people.connections.list");
    assert!((2..=2 + half_minutes(began)).contains(&looks), "{looks}");
}

// proves: R-21
#[tokio::test]
async fn creates_of_a_baseline_share_a_look_at_the_group() {
    let account = Account::kind().await;
    let began = Instant::now();
    let group = account.group("Clients").await;
    let young = |number: usize| {
        let Operation::Create(mut write) = create(number, true) else {
            unreachable!()
        };
        write.known_until = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
        Operation::Create(write)
    };
    let writes = (0..600).map(young).collect();
    let outcomes = account.execute(&scope(&group), writes).await;
    assert_eq!(words(&outcomes), [("applied", 600)].into());
    assert_eq!(account.calls("people.batchCreateContacts"), 3);
    let looks = account.calls("contactGroups.get");
    assert!((1..=1 + half_minutes(began)).contains(&looks), "{looks}");
}

#[tokio::test]
async fn a_failed_look_up_creates_nothing() {
    let account = Account::kind().await;
    let status = Fault::Status {
        status: 503,
        retry_after_seconds: None,
        body: None,
    };
    account
        .sandbox
        .add_fault(Rule::every("google", "people.connections.list", status));
    let outcomes = account
        .execute(&scope(""), vec![create(0, true), create(1, false)])
        .await;
    assert_eq!(outcomes[0].answer.word(), "not_attempted");
    assert_eq!(outcomes[1].answer.word(), "applied");
    assert_eq!(account.contacts().await.len(), 1);
}

// proves: R-21
#[tokio::test]
async fn nothing_is_created_beside_a_group_that_is_gone() {
    let account = Account::kind().await;
    let group = account.group("Clients").await;
    let id = group.strip_prefix("contactGroups/").unwrap();
    account
        .control(Method::DELETE, &format!("google/groups/{id}"), json!({}))
        .await;
    let outcomes = account
        .execute(&scope(&group), vec![create(0, false)])
        .await;
    assert_eq!(
        outcomes[0].answer,
        Answer::Gone {
            proved: false,
            collection: true
        }
    );
    assert!(account.contacts().await.is_empty());
}

#[tokio::test]
async fn a_server_error_leaves_a_create_unknown() {
    let account = Account::kind().await;
    let status = Fault::Status {
        status: 500,
        retry_after_seconds: None,
        body: None,
    };
    account
        .sandbox
        .add_fault(Rule::nth("google", "people.createContact", 1, status));
    let outcomes = account.execute(&scope(""), vec![create(0, false)]).await;
    assert_eq!(outcomes[0].answer.word(), "unknown");
}

#[tokio::test]
async fn a_record_without_anything_for_google_is_refused() {
    let account = Account::kind().await;
    let mut empty = record(0);
    empty.fields.clear();
    empty
        .fields
        .insert(path("photo"), crate::account::text("x"));
    let write = crate::account::create_record(empty, "m", false);
    let outcomes = account.execute(&scope(""), vec![write]).await;
    let Answer::Refused { path, .. } = &outcomes[0].answer else {
        panic!()
    };
    assert_eq!(path.as_deref(), Some("photo"));
}
