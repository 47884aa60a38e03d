//! Deleting records.

use pretty_assertions::assert_eq;
use provider::Answer;
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::account::{Account, delete, path, scope, text, words};

// proves: R-27
#[tokio::test]
async fn deletions_are_compared_first_because_google_knows_no_condition() {
    let account = Account::unkind().await;
    let names = account.add_many(10, "myContacts").await;
    let versions = account.versions().await;
    account
        .edit(&names[2], json!({"nicknames": [{"value": "still needed"}]}))
        .await;
    account.remove(&names[5]).await;
    account.settle().await;
    let writes = names.iter().map(|name| delete(name, &versions[name]));
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(
        words(&outcomes),
        [("applied", 8), ("gone", 1), ("stale", 1)].into()
    );
    assert_eq!(outcomes[2].answer.word(), "stale");
    assert_eq!(
        outcomes[5].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
    let before = outcomes[0].before.as_ref().unwrap();
    assert_eq!(
        before.fields[&path("name.family")],
        text("Petrov 0"),
        "the history needs all of it"
    );
    let left: Vec<_> = account.contacts().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["resourceName"], names[2].as_str());
}

#[tokio::test]
async fn one_deletion_takes_the_cheaper_call() {
    let account = Account::kind().await;
    let names = account.add_many(1, "myContacts").await;
    let versions = account.versions().await;
    let outcomes = account
        .execute(&scope(""), vec![delete(&names[0], &versions[&names[0]])])
        .await;
    assert_eq!(outcomes[0].answer.word(), "applied");
    assert_eq!(account.calls("people.deleteContact"), 1);
}

#[tokio::test]
async fn a_record_that_goes_while_the_batch_is_deleted_does_not_keep_the_others() {
    let account = Account::kind().await;
    let names = account.add_many(5, "myContacts").await;
    let versions = account.versions().await;
    let slow = Fault::Latency {
        milliseconds: 300,
        after_commit: false,
    };
    account
        .sandbox
        .add_fault(Rule::nth("google", "people.batchDeleteContacts", 1, slow));
    let scope = scope("");
    let writes = names
        .iter()
        .map(|name| delete(name, &versions[name]))
        .collect();
    let person = async {
        while account.calls("people.getBatchGet") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        account.remove(&names[1]).await;
    };
    let (outcomes, ()) = tokio::join!(account.execute(&scope, writes), person);
    assert_eq!(words(&outcomes), [("applied", 4), ("gone", 1)].into());
    assert!(account.contacts().await.is_empty());
}

// proves: R-26
#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_unknown() {
    let account = Account::kind().await;
    let names = account.add_many(2, "myContacts").await;
    let versions = account.versions().await;
    account.sandbox.add_fault(Rule::nth(
        "google",
        "people.batchDeleteContacts",
        1,
        Fault::CutAfterCommit,
    ));
    let writes = || {
        names
            .iter()
            .map(|name| delete(name, &versions[name]))
            .collect()
    };
    let outcomes = account.execute(&scope(""), writes()).await;
    assert_eq!(words(&outcomes), [("unknown", 2)].into());
    let outcomes = account.execute(&scope(""), writes()).await;
    assert_eq!(words(&outcomes), [("gone", 2)].into());
}
