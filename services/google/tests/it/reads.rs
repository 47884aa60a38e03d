//! Reading by id.

use pretty_assertions::assert_eq;
use provider::Answer;
use reqwest::Method;
use serde_json::json;

use crate::account::{Account, path, read, scope, text, words};

#[tokio::test]
async fn records_are_found_or_gone_with_proof() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let names = account.add_many(3, &group).await;
    account.remove(&names[1]).await;
    account.settle().await;
    let reads = names.iter().map(|name| read(name, &[]));
    let outcomes = account.execute(&scope(&group), reads.collect()).await;
    assert_eq!(words(&outcomes), [("found", 2), ("gone", 1)].into());
    let Answer::Found(live) = &outcomes[2].answer else {
        panic!()
    };
    assert!(live.in_scope);
    assert_eq!(live.record.fields[&path("name.family")], text("Petrov 2"));
    assert_eq!(
        outcomes[1].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
}

// proves: R-20
#[tokio::test]
async fn a_contact_that_only_has_another_name_is_found_by_its_address_book_entry() {
    let account = Account::unkind().await;
    let names = account.add_many(2, "myContacts").await;
    account.settle().await;
    let round = account.round(&scope(""), None).await;
    let entry = round.seen[&names[0]].former_ids[0].clone();
    assert!(entry.starts_with("contact/"), "{entry}");
    let renamed = account
        .on_contact(Method::POST, &names[0], "/rekey", json!({}))
        .await;
    account.settle().await;
    let outcomes = account
        .execute(&scope(""), vec![read(&names[0], &[&entry])])
        .await;
    let Answer::Found(live) = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    assert_eq!(renamed["resourceName"], live.remote_id.as_str());
    assert!(live.former_ids.contains(&names[0]));
}

// proves: R-20
#[tokio::test]
async fn a_contact_that_is_still_listed_is_not_called_deleted_yet() {
    let account = Account::unkind().await;
    account
        .configure(json!({ "list_lag_milliseconds": 60_000, "get_lag_milliseconds": 0 }))
        .await;
    let names = account.add_many(1, "myContacts").await;
    account.pass(61).await;
    let round = account.round(&scope(""), None).await;
    let entry = round.seen[&names[0]].former_ids[0].clone();
    account.remove(&names[0]).await;
    let reads = || vec![read(&names[0], &[&entry])];
    let outcomes = account.execute(&scope(""), reads()).await;
    assert_eq!(outcomes[0].answer.word(), "not_attempted");
    account.pass(61).await;
    let outcomes = account.execute(&scope(""), reads()).await;
    assert_eq!(
        outcomes[0].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
}

#[tokio::test]
async fn a_former_name_leads_to_the_record() {
    let account = Account::unkind().await;
    let names = account.add_many(1, "myContacts").await;
    account.settle().await;
    let outcomes = account
        .execute(
            &scope(""),
            vec![read("people/c0", &[&names[0], "contact/ff"])],
        )
        .await;
    let Answer::Found(live) = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    assert_eq!(live.remote_id, names[0]);
}

// proves: R-21
#[tokio::test]
async fn with_the_group_gone_no_deletion_is_proved() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let names = account.add_many(2, &group).await;
    let id = group.strip_prefix("contactGroups/").unwrap();
    account
        .control(
            Method::DELETE,
            &format!("google/groups/{id}?contacts=true"),
            json!({}),
        )
        .await;
    account.settle().await;
    let reads = names.iter().map(|name| read(name, &[]));
    let outcomes = account.execute(&scope(&group), reads.collect()).await;
    for outcome in outcomes {
        assert_eq!(
            outcome.answer,
            Answer::Gone {
                proved: false,
                collection: true
            }
        );
    }
}
