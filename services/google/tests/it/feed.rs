//! Reading an account.

use pretty_assertions::assert_eq;
use provider::{At, CollectionState, Extent, Fault, Provider, SnapshotPart, What};
use reqwest::Method;
use sandbox::Rule;
use serde_json::json;

use crate::account::{Account, path, person, scope, text};

// proves: R-06
#[tokio::test]
async fn a_first_reading_shows_the_whole_account_and_says_who_is_in_the_group() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let inside = account.add_many(120, &group).await;
    let mut outside = Vec::new();
    for number in 200..430 {
        outside.push(account.add(person(number), &[]).await);
    }
    account.settle().await;
    let round = account.round(&scope(&group), None).await;
    let (seen_inside, seen_outside) = round.sides();
    assert_eq!(seen_inside, inside.iter().map(String::as_str).collect());
    assert_eq!(seen_outside, outside.iter().map(String::as_str).collect());
    assert!(round.pages.len() > 1);
    let (last, rest) = round.pages.split_last().unwrap();
    let part = |end| {
        Some(SnapshotPart {
            extent: Extent::Account,
            end,
        })
    };
    assert_eq!(last.snapshot, part(true));
    assert!(rest.iter().all(|page| page.snapshot == part(false)));
    assert!(last.readable.contains(&path("emails")));
    let What::Inside(record) = &round.seen[&inside[7]].what else {
        panic!()
    };
    assert_eq!(record.fields[&path("name.family")], text("Petrov 7"));
}

#[tokio::test]
async fn the_next_round_shows_what_changed_and_nothing_else() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let names = account.add_many(5, &group).await;
    account.settle().await;
    let first = account.round(&scope(&group), None).await;
    account
        .edit(&names[1], json!({"nicknames": [{"value": "Nan"}]}))
        .await;
    account.remove(&names[2]).await;
    let regroup = json!({ "remove": [group] });
    account
        .on_contact(Method::POST, &names[3], "/groups", regroup)
        .await;
    account.settle().await;
    let second = account.round(&scope(&group), Some(&first.cursor)).await;
    assert_eq!(second.seen.len(), 3);
    assert!(second.pages.iter().all(|page| page.snapshot.is_none()));
    let What::Inside(record) = &second.seen[&names[1]].what else {
        panic!()
    };
    assert_eq!(record.fields[&path("nickname")], text("Nan"));
    assert_ne!(
        second.seen[&names[1]].version,
        first.seen[&names[1]].version
    );
    assert!(matches!(
        second.seen[&names[2]].what,
        What::Deleted { at: Some(_) }
    ));
    assert!(matches!(second.seen[&names[3]].what, What::Outside(_)));
    let third = account.round(&scope(&group), Some(&second.cursor)).await;
    assert!(third.seen.is_empty());
}

#[tokio::test]
async fn what_shows_up_late_is_in_a_later_round() {
    let account = Account::unkind().await;
    account
        .configure(json!({ "list_lag_milliseconds": 600_000 }))
        .await;
    let names = account.add_many(2, "myContacts").await;
    account.pass(601).await;
    let first = account.round(&scope(""), None).await;
    account
        .edit(&names[0], json!({"nicknames": [{"value": "Nan"}]}))
        .await;
    let second = account.round(&scope(""), Some(&first.cursor)).await;
    assert!(
        second.seen.is_empty(),
        "a write is visible only after the lag"
    );
    account.pass(601).await;
    let third = account.round(&scope(""), Some(&second.cursor)).await;
    assert_eq!(third.seen.keys().collect::<Vec<_>>(), [&names[0]]);
}

#[tokio::test]
async fn an_expired_cursor_is_told_and_everything_is_read_again() {
    let account = Account::unkind().await;
    account.add_many(3, "myContacts").await;
    account.settle().await;
    for failed_precondition in [false, true] {
        account
            .configure(json!({ "expired_token_is_failed_precondition": failed_precondition }))
            .await;
        let first = account.round(&scope(""), None).await;
        account
            .control(Method::POST, "google/cursors/expire", json!({}))
            .await;
        let fault = account
            .start_round(&scope(""), Some(&first.cursor))
            .await
            .unwrap_err();
        assert_eq!(fault, Fault::CursorExpired);
    }
    let again = account.round(&scope(""), None).await;
    assert_eq!(again.seen.len(), 3);
}

// proves: R-02
#[tokio::test]
async fn a_page_token_that_expires_in_mid_round_means_reading_again() {
    let account = Account::unkind().await;
    account.configure(json!({ "page_cap": 2 })).await;
    account.add_many(5, "myContacts").await;
    account.settle().await;
    let page = account.start_round(&scope(""), None).await.unwrap();
    account
        .control(Method::POST, "google/cursors/expire", json!({}))
        .await;
    let next = At::Next(page.next.unwrap());
    let fault = account
        .google
        .page(account.session(), &scope(""), &next)
        .await
        .unwrap_err();
    assert_eq!(fault, Fault::CursorExpired);
}

#[tokio::test]
async fn a_full_reading_older_than_six_days_is_renewed_before_its_token_expires() {
    let account = Account::kind().await;
    account.add_many(3, "myContacts").await;
    let first = account.round(&scope(""), None).await;
    let mut cursor: serde_json::Value = serde_json::from_str(&first.cursor).unwrap();
    let began: jiff::Timestamp = serde_json::from_value(cursor["full_sync_at"].clone()).unwrap();
    cursor["full_sync_at"] = json!(began - jiff::SignedDuration::from_hours(145));
    let old = cursor.to_string();
    let old = account.start_round(&scope(""), Some(&old)).await;
    assert_eq!(old.unwrap_err(), Fault::CursorExpired);
    cursor["full_sync_at"] = json!(began - jiff::SignedDuration::from_hours(100));
    let round = account.round(&scope(""), Some(&cursor.to_string())).await;
    assert!(round.seen.is_empty() && round.pages[0].snapshot.is_none());
    let next: serde_json::Value = serde_json::from_str(&round.cursor).unwrap();
    assert_eq!(
        next["full_sync_at"], cursor["full_sync_at"],
        "a delta does not renew the time"
    );
}

#[tokio::test]
async fn a_contact_with_another_name_is_shown_with_its_former_ones() {
    let account = Account::unkind().await;
    let names = account.add_many(1, "myContacts").await;
    account.settle().await;
    let first = account.round(&scope(""), None).await;
    let renamed = account
        .on_contact(Method::POST, &names[0], "/rekey", json!({}))
        .await;
    let new = renamed["resourceName"].as_str().unwrap();
    account.settle().await;
    let second = account.round(&scope(""), Some(&first.cursor)).await;
    let seen = &second.seen[new];
    assert!(seen.former_ids.contains(&names[0]), "{:?}", seen.former_ids);
    let entry = first.seen[&names[0]]
        .former_ids
        .iter()
        .find(|id| id.starts_with("contact/"))
        .unwrap();
    assert!(
        seen.former_ids.contains(entry),
        "the address book entry stays the same"
    );
}

// proves: R-21
#[tokio::test]
async fn a_group_that_is_gone_ends_the_round_before_it_begins() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    account.add_many(2, &group).await;
    account.settle().await;
    let first = account.round(&scope(&group), None).await;
    let id = group.strip_prefix("contactGroups/").unwrap();
    account
        .control(
            Method::DELETE,
            &format!("google/groups/{id}?contacts=true"),
            json!({}),
        )
        .await;
    account.settle().await;
    let page = account
        .start_round(&scope(&group), Some(&first.cursor))
        .await
        .unwrap();
    assert_eq!(page.collection, CollectionState::Gone);
    assert!(page.seen.is_empty() && page.next.is_none());
}

// proves: R-21
#[tokio::test]
async fn a_group_that_goes_during_a_round_is_noticed_at_its_end() {
    let account = Account::kind().await;
    account.configure(json!({ "page_cap": 2 })).await;
    let group = account.group("Clients").await;
    account.add_many(3, &group).await;
    let first = account.start_round(&scope(&group), None).await.unwrap();
    assert_eq!(first.collection, CollectionState::Present);
    let id = group.strip_prefix("contactGroups/").unwrap();
    account
        .control(Method::DELETE, &format!("google/groups/{id}"), json!({}))
        .await;
    let next = At::Next(first.next.unwrap());
    let last = account
        .google
        .page(account.session(), &scope(&group), &next)
        .await
        .unwrap();
    assert_eq!(last.next, None);
    assert_eq!(last.collection, CollectionState::Gone);
}

#[tokio::test]
async fn lists_that_google_cuts_off_are_read_whole() {
    let account = Account::kind().await;
    let emails: Vec<_> = (0..130)
        .map(|n| json!({"value": format!("a{n}@example.com"), "type": "work"}))
        .collect();
    let name = account
        .add(
            json!({"names": [{"givenName": "Ana"}], "emailAddresses": emails}),
            &[],
        )
        .await;
    account.add_many(2, "myContacts").await;
    let round = account.round(&scope(""), None).await;
    let What::Inside(record) = &round.seen[&name].what else {
        panic!()
    };
    assert_eq!(record.elements(&path("emails")).len(), 130);
    assert_eq!(account.calls("people.getBatchGet"), 1);
}

// proves: R-05
#[tokio::test]
async fn a_contact_in_an_undocumented_form_spoils_no_other() {
    let account = Account::kind().await;
    account.add_many(1, "myContacts").await;
    let round = account.round(&scope(""), None).await;
    let good = round.seen.keys().next().unwrap();
    let body = json!({"nextSyncToken": "t", "connections": [
        {"resourceName": "people/c1", "etag": "%1", "names": "Ana"},
        {"resourceName": good, "etag": "%1", "names": [{"givenName": "Ben"}]},
    ]});
    let answer = sandbox::Fault::Status {
        status: 200,
        retry_after_seconds: None,
        body: Some(body),
    };
    account
        .sandbox
        .add_fault(Rule::every("google", "people.connections.list", answer));
    let round = account.round(&scope(""), None).await;
    assert!(
        matches!(&round.seen["people/c1"].what, What::Unreadable { reason } if !reason.contains("Ana"))
    );
    assert!(matches!(round.seen[good].what, What::Inside(_)));
}

#[tokio::test]
async fn a_busy_or_broken_google_is_a_fault_that_passes() {
    let account = Account::kind().await;
    let list = |fault| Rule::nth("google", "people.connections.list", 1, fault);
    let status = |status, retry_after_seconds| sandbox::Fault::Status {
        status,
        retry_after_seconds,
        body: None,
    };
    account.sandbox.add_fault(list(status(503, None)));
    let fault = account.start_round(&scope(""), None).await.unwrap_err();
    assert!(matches!(fault, Fault::Transient { .. }), "{fault}");
    account
        .sandbox
        .add_fault(list(sandbox::Fault::CutAfterCommit));
    let fault = account.start_round(&scope(""), None).await.unwrap_err();
    assert!(matches!(fault, Fault::Transient { .. }), "{fault}");
    account
        .sandbox
        .add_fault(list(sandbox::Fault::ExpireAccessTokens));
    let fault = account.start_round(&scope(""), None).await.unwrap_err();
    assert!(matches!(fault, Fault::Unauthorised { .. }), "{fault}");
}

#[tokio::test]
async fn too_many_full_readings_are_waited_out() {
    let account = Account::kind().await;
    account
        .configure(json!({ "quota": { "full_sync_starts": 1 } }))
        .await;
    account.round(&scope(""), None).await;
    let fault = account.start_round(&scope(""), None).await.unwrap_err();
    let Fault::Throttled { until } = fault else {
        panic!("{fault}")
    };
    assert!(until > jiff::Timestamp::now());
}
