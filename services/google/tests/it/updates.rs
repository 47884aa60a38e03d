//! Changing records.

use std::time::Duration;

use pretty_assertions::assert_eq;
use provider::{Answer, Operation, What};
use reqwest::Method;
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::account::{Account, applied, create, edit, path, scope, text, update, words};

#[tokio::test]
async fn two_hundred_updates_of_one_field_take_two_calls() {
    let account = Account::unkind().await;
    let names = account.add_many(200, "myContacts").await;
    let versions = account.versions().await;
    let writes = names.iter().map(|name| {
        update(
            name,
            &versions[name],
            vec![edit("title", None, Some("CTO"))],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(words(&outcomes), [("applied", 200)].into());
    assert_eq!(account.calls("people.getBatchGet"), 1);
    assert_eq!(account.calls("people.batchUpdateContacts"), 1);
    let live = applied(&outcomes[9]);
    assert_eq!(live.record.fields[&path("title")], text("CTO"));
    assert_ne!(live.version, versions[&names[9]]);
    assert!(
        (outcomes[9].calls - 0.01).abs() < 1e-9,
        "{}",
        outcomes[9].calls
    );
    let truth = account.truth(&names[9]).await;
    assert_eq!(truth["organizations"][0]["title"], "CTO");
    // The answer's version is what the feed will show.
    account.settle().await;
    let round = account.round(&scope(""), None).await;
    assert_eq!(round.seen[&names[9]].version.as_ref(), Some(&live.version));
}

// proves: R-28
#[tokio::test]
async fn an_update_touches_nothing_that_it_does_not_name() {
    let account = Account::unkind().await;
    let person = json!({
        "names": [{"givenName": "Ana", "familyName": "Petrov", "phoneticGivenName": "Ahna"}],
        "emailAddresses": [{"value": "a@example.com", "type": "work", "displayName": "Ana P"},
            {"value": "b@example.com", "type": "Sommerhaus"}],
        "relations": [{"person": "Boris", "type": "spouse"}],
        "clientData": [{"key": "acme", "value": "1"}],
        "userDefined": [{"key": "Shoe size", "value": "38"}],
    });
    let name = account.add(person, &[]).await;
    let profile = json!({"person": {"emailAddresses": [{"value": "profile@example.com"}]}});
    account
        .on_contact(Method::PUT, &name, "/profile", profile)
        .await;
    let versions = account.versions().await;
    let mut write = update(
        &name,
        &versions[&name],
        vec![
            edit(
                "emails[work]",
                Some("a@example.com"),
                Some("new@example.com"),
            ),
            edit("name.given", Some("Ana"), Some("Anna")),
        ],
    );
    if let Operation::Update(update) = &mut write {
        update.marker = Some("m1".into());
    }
    let outcomes = account.execute(&scope(""), vec![write]).await;
    let live = applied(&outcomes[0]);
    assert_eq!(live.marker.as_deref(), Some("m1"));
    let before = outcomes[0].before.as_ref().unwrap();
    assert_eq!(
        before
            .fields
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["emails", "name.given"]
    );
    assert_eq!(before.fields[&path("name.given")], text("Ana"));
    let truth = account.truth(&name).await;
    assert_eq!(truth["names"][0]["phoneticGivenName"], "Ahna");
    assert_eq!(truth["names"][0]["displayName"], "Anna Petrov");
    assert_eq!(truth["relations"][0]["person"], "Boris");
    assert_eq!(truth["userDefined"][0]["value"], "38");
    let emails: Vec<_> = truth["emailAddresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["value"].clone())
        .collect();
    assert_eq!(emails, ["new@example.com", "b@example.com"]);
    assert_eq!(truth["emailAddresses"][0]["displayName"], "Ana P");
    let keys: Vec<_> = truth["clientData"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].clone())
        .collect();
    assert_eq!(keys, ["acme", "rapport"]);
}

// proves: R-27
#[tokio::test]
async fn a_record_that_moved_since_the_plan_is_stale_and_its_neighbours_are_written() {
    let account = Account::unkind().await;
    let names = account.add_many(20, "myContacts").await;
    let versions = account.versions().await;
    account
        .edit(
            &names[3],
            json!({"organizations": [{"title": "by a person"}]}),
        )
        .await;
    account.settle().await;
    let writes = names.iter().map(|name| {
        update(
            name,
            &versions[name],
            vec![edit("title", None, Some("CTO"))],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(words(&outcomes), [("applied", 19), ("stale", 1)].into());
    let Answer::Stale { live: Some(live) } = &outcomes[3].answer else {
        panic!()
    };
    assert_eq!(live.record.fields[&path("title")], text("by a person"));
    assert_eq!(
        account.truth(&names[3]).await["organizations"][0]["title"],
        "by a person"
    );
}

// proves: R-27
#[tokio::test]
async fn a_batch_that_fails_for_one_stale_item_is_sent_again_without_it() {
    for applies_rest in [false, true] {
        let account = Account::kind().await;
        account
            .configure(json!({ "failed_batch_applies_rest": applies_rest }))
            .await;
        let names = account.add_many(20, "myContacts").await;
        let versions = account.versions().await;
        let slow = Fault::Latency {
            milliseconds: 400,
            after_commit: false,
        };
        account
            .sandbox
            .add_fault(Rule::nth("google", "people.batchUpdateContacts", 1, slow));
        let writes = names.iter().map(|name| {
            update(
                name,
                &versions[name],
                vec![edit("title", None, Some("CTO"))],
            )
        });
        let scope = scope("");
        let person = async {
            // The person's edit falls between our read and our write.
            while account.calls("people.getBatchGet") == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            account
                .edit(
                    &names[3],
                    json!({"organizations": [{"title": "by a person"}]}),
                )
                .await;
        };
        let (outcomes, ()) = tokio::join!(account.execute(&scope, writes.collect()), person);
        assert!(
            matches!(outcomes[3].answer, Answer::Stale { live: Some(_) }),
            "{:?}",
            outcomes[3].answer
        );
        for (at, name) in names.iter().enumerate() {
            let title = if at == 3 { "by a person" } else { "CTO" };
            assert_eq!(
                account.truth(name).await["organizations"][0]["title"],
                title,
                "{name}"
            );
            // Where Google applied the rest, our own write made the others stale: they are planned again.
            let expected = if at == 3 || applies_rest {
                "stale"
            } else {
                "applied"
            };
            assert_eq!(outcomes[at].answer.word(), expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_state_older_than_the_plan_is_looked_at_again_and_not_planned_from() {
    let account = Account::unkind().await.with_horizon(600);
    account
        .configure(json!({ "get_lag_milliseconds": 60_000 }))
        .await;
    let names = account.add_many(1, "myContacts").await;
    account.pass(61).await;
    let versions = account.versions().await;
    let write =
        |version, title: &str| update(&names[0], version, vec![edit("title", None, Some(title))]);
    let first = account
        .execute(&scope(""), vec![write(&versions[&names[0]], "CTO")])
        .await;
    let after = applied(&first[0]).version.clone();
    let second = account
        .execute(&scope(""), vec![write(&after, "CEO")])
        .await;
    let Answer::NotAttempted {
        until: Some(_),
        unauthorised: false,
        ..
    } = &second[0].answer
    else {
        panic!("{:?}", second[0].answer)
    };
    account.pass(61).await;
    let third = account
        .execute(&scope(""), vec![write(&after, "CEO")])
        .await;
    assert_eq!(third[0].answer.word(), "applied");
}

#[tokio::test]
async fn a_record_that_went_is_gone_with_proof_while_the_group_is_there() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let names = account.add_many(3, &group).await;
    let versions = account.versions().await;
    account.remove(&names[1]).await;
    account.settle().await;
    let writes = || {
        names
            .iter()
            .map(|name| {
                update(
                    name,
                    &versions[name],
                    vec![edit("title", None, Some("CTO"))],
                )
            })
            .collect()
    };
    let outcomes = account.execute(&scope(&group), writes()).await;
    assert_eq!(words(&outcomes), [("applied", 2), ("gone", 1)].into());
    assert_eq!(
        outcomes[1].answer,
        Answer::Gone {
            proved: true,
            collection: false
        }
    );
}

// proves: R-28
#[tokio::test]
async fn adoption_puts_a_contact_into_the_group_whether_or_not_anything_else_changes() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let names = account.add_many(2, "myContacts").await;
    let versions = account.versions().await;
    let mut writes = vec![
        update(
            &names[0],
            &versions[&names[0]],
            vec![edit("title", None, Some("CTO"))],
        ),
        update(&names[1], &versions[&names[1]], Vec::new()),
    ];
    for write in &mut writes {
        if let Operation::Update(update) = write {
            update.adopt = true;
        }
    }
    let outcomes = account.execute(&scope(&group), writes).await;
    assert_eq!(words(&outcomes), [("applied", 2)].into());
    assert!(applied(&outcomes[0]).in_scope);
    account.settle().await;
    let round = account.round(&scope(&group), None).await;
    assert_eq!(round.sides().0.len(), 2);
    let What::Inside(record) = &round.seen[&names[0]].what else {
        panic!()
    };
    assert_eq!(record.fields[&path("title")], text("CTO"));
}

// proves: R-26
#[tokio::test]
async fn an_update_whose_answer_is_lost_is_unknown_and_not_repeated() {
    let account = Account::kind().await;
    let names = account.add_many(2, "myContacts").await;
    let versions = account.versions().await;
    account.sandbox.add_fault(Rule::nth(
        "google",
        "people.batchUpdateContacts",
        1,
        Fault::CutAfterCommit,
    ));
    let writes = names.iter().map(|name| {
        update(
            name,
            &versions[name],
            vec![edit("title", None, Some("CTO"))],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(words(&outcomes), [("unknown", 2)].into());
    assert_eq!(account.calls("people.batchUpdateContacts"), 1);
}

#[tokio::test]
async fn writes_that_were_surely_not_made_go_back_with_their_reason() {
    let account = Account::kind().await;
    let names = account.add_many(1, "myContacts").await;
    let versions = account.versions().await;
    let write = || {
        vec![update(
            &names[0],
            &versions[&names[0]],
            vec![edit("title", None, Some("CTO"))],
        )]
    };
    let status = Fault::Status {
        status: 429,
        retry_after_seconds: None,
        body: None,
    };
    account
        .sandbox
        .add_fault(Rule::nth("google", "people.updateContact", 1, status));
    let outcomes = account.execute(&scope(""), write()).await;
    let Answer::NotAttempted {
        until: Some(_),
        unauthorised: false,
        ..
    } = outcomes[0].answer
    else {
        panic!()
    };
    account.sandbox.add_fault(Rule::nth(
        "google",
        "people.getBatchGet",
        1,
        Fault::ExpireAccessTokens,
    ));
    let outcomes = account.execute(&scope(""), write()).await;
    let Answer::NotAttempted {
        unauthorised: true, ..
    } = outcomes[0].answer
    else {
        panic!()
    };
    assert!(
        account
            .truth(&names[0])
            .await
            .get("organizations")
            .is_none()
    );
}

// proves: R-29
#[tokio::test]
async fn two_batches_at_once_still_write_one_after_the_other() {
    let account = Account::unkind().await;
    account
        .configure(json!({ "mutation_milliseconds": 100 }))
        .await;
    let names = account.add_many(4, "myContacts").await;
    let versions = account.versions().await;
    let write = |at: usize, path| {
        vec![update(
            &names[at],
            &versions[&names[at]],
            vec![edit(path, None, Some("x"))],
        )]
    };
    let scope = scope("");
    let (one, two, three) = tokio::join!(
        account.execute(&scope, write(0, "title")),
        account.execute(&scope, write(1, "nickname")),
        account.execute(&scope, write(2, "department")),
    );
    let outcomes = [one, two, three].concat();
    assert_eq!(words(&outcomes), [("applied", 3)].into());
    let counts = account.control(Method::GET, "counts", json!({})).await;
    assert_eq!(
        counts["marks"].get("google.parallel_mutations"),
        None,
        "{counts}"
    );
}

// proves: R-20
#[tokio::test]
async fn a_record_that_is_too_fresh_to_be_shown_is_not_called_gone() {
    let account = Account::unkind().await.with_horizon(600);
    account
        .configure(json!({ "get_lag_milliseconds": 60_000 }))
        .await;
    let created = account.execute(&scope(""), vec![create(1, false)]).await;
    let live = applied(&created[0]);
    let write = || {
        let edits = vec![edit("title", None, Some("CTO"))];
        vec![update(&live.remote_id, &live.version, edits)]
    };
    let outcomes = account.execute(&scope(""), write()).await;
    assert_eq!(outcomes[0].answer.word(), "not_attempted");
    account.pass(61).await;
    let outcomes = account.execute(&scope(""), write()).await;
    assert_eq!(outcomes[0].answer.word(), "applied");
}
