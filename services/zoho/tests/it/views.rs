//! List views: who enters, who leaves, and views that are gone or hidden.

use http::Method;
use provider::{At, CollectionState, Extent, Scope, SnapshotPart};
use serde_json::{Value as Json, json};

use crate::lab::{Lab, Round, scope};

fn scope_snapshot(round: &Round) -> Vec<SnapshotPart> {
    let parts = round.pages.iter().filter_map(|page| page.snapshot);
    parts.filter(|part| part.extent == Extent::Scope).collect()
}

/// Three contacts in the view and one outside, read once, ten minutes ago.
async fn started() -> (Lab, Scope, Vec<String>, String) {
    let lab = Lab::kind().await;
    let row = |name: &str, tier: &str| json!({"Last_Name": name, "Tier": tier});
    let rows = json!([
        row("A", "Key"),
        row("B", "Key"),
        row("C", "Key"),
        row("D", "Regular")
    ]);
    let ids = lab.contacts(rows).await;
    lab.later(600).await;
    let scope = scope(&lab.key_accounts().await);
    let round = lab.round(&scope, None).await;
    let cursor = round.cursor().to_owned();
    lab.later(600).await;
    (lab, scope, ids, cursor)
}

#[tokio::test]
async fn a_view_that_did_not_change_is_not_read_again() {
    let (lab, scope, ids, cursor) = started().await;
    lab.edit(&ids[0], json!({"Title": "Chief"})).await;
    lab.edit(&ids[3], json!({"Title": "Clerk"})).await;
    let round = lab.round(&scope, Some(&cursor)).await;
    assert!(scope_snapshot(&round).is_empty());
    assert_eq!(
        (round.inside(), round.outside()),
        (vec![ids[0].as_str()], vec![ids[3].as_str()])
    );
}

// proves: R-23
#[tokio::test]
async fn a_record_that_leaves_the_view_is_missing_from_its_snapshot() {
    let (lab, scope, ids, cursor) = started().await;
    lab.edit(&ids[1], json!({"Tier": "Regular"})).await;
    let round = lab.round(&scope, Some(&cursor)).await;
    let parts = scope_snapshot(&round);
    assert!(
        parts.last().is_some_and(|part| part.end)
            && parts.iter().filter(|part| part.end).count() == 1
    );
    assert_eq!(round.inside(), [ids[0].as_str(), ids[2].as_str()]);
    assert_eq!(round.outside(), [ids[1].as_str()]);
    assert!(round.deleted().is_empty());
    // It has been told: the next round does not tell it again.
    lab.later(600).await;
    let quiet = lab.round(&scope, Some(round.cursor())).await;
    assert!(scope_snapshot(&quiet).is_empty() && quiet.inside().is_empty());
}

// proves: R-23
#[tokio::test]
async fn records_enter_and_leave_without_being_modified() {
    let lab = Lab::kind().await;
    let ids = lab
        .contacts(json!([{"Last_Name": "A"}, {"Last_Name": "B"}]))
        .await;
    let view = lab.view("Hand-picked").await;
    let member = |id: &str| format!("/zoho/views/{view}/members/{id}");
    lab.control(Method::PUT, &member(&ids[0]), Json::Null).await;
    let scope = scope(&view);
    // Those that were created lately are listed anyway.
    lab.later(600).await;
    let first = lab.round(&scope, None).await;
    assert_eq!(
        (first.inside(), first.outside()),
        (vec![ids[0].as_str()], vec![ids[1].as_str()])
    );
    lab.later(600).await;
    lab.control(Method::DELETE, &member(&ids[0]), Json::Null)
        .await;
    lab.control(Method::PUT, &member(&ids[1]), Json::Null).await;
    let second = lab.round(&scope, Some(first.cursor())).await;
    assert_eq!(second.inside(), [ids[1].as_str()]);
    assert!(scope_snapshot(&second).last().is_some_and(|part| part.end));
}

// proves
#[tokio::test]
async fn a_quick_round_asks_of_what_it_shows_alone_and_a_thorough_one_finds_the_rest() {
    let (lab, scope, ids, cursor) = started().await;
    let first = lab.round(&scope, Some(&cursor)).await;
    lab.later(10).await;
    lab.edit(&ids[0], json!({"Tier": "Regular"})).await;
    lab.edit(&ids[3], json!({"Tier": "Key"})).await;
    let before = lab.calls("Contacts.getRecords");
    let quick = lab.round(&scope, Some(first.cursor())).await;
    assert_eq!(lab.calls("Contacts.getRecords") - before, 2);
    assert_eq!(
        (quick.inside(), quick.outside(), quick.pages.len()),
        (vec![ids[3].as_str()], vec![ids[0].as_str()], 1)
    );
    lab.later(10).await;
    lab.delete(&ids[1]).await;
    let deletion = lab.round(&scope, Some(quick.cursor())).await;
    assert_eq!(deletion.deleted(), [ids[1].as_str()]);
    lab.later(60).await;
    let thorough = lab.round(&scope, Some(deletion.cursor())).await;
    assert!(
        scope_snapshot(&thorough)
            .last()
            .is_some_and(|part| part.end)
    );
}

#[tokio::test]
async fn new_members_need_no_reading_of_the_view() {
    let (lab, scope, _, cursor) = started().await;
    let ids = lab
        .contacts(json!([{"Last_Name": "E", "Tier": "Key"}]))
        .await;
    let round = lab.round(&scope, Some(&cursor)).await;
    assert_eq!(round.inside(), [ids[0].as_str()]);
    assert!(scope_snapshot(&round).is_empty());
    lab.later(600).await;
    let later = lab.round(&scope, Some(round.cursor())).await;
    assert!(scope_snapshot(&later).is_empty());
}

// proves
#[tokio::test]
async fn who_is_made_after_the_members_were_listed_is_asked_for() {
    let (lab, scope, _, cursor) = started().await;
    lab.later(600).await;
    let start = At::Start {
        cursor: Some(cursor),
    };
    let listed = lab.page(&scope, &start).await.unwrap();
    let made = json!([{"Last_Name": "E", "Tier": "Key"}, {"Last_Name": "F", "Tier": "Regular"}]);
    let ids = lab.contacts(made).await;
    let modified = lab.page(&scope, &At::Next(listed.next.unwrap())).await;
    let round = Round {
        pages: vec![modified.unwrap()],
    };
    assert_eq!(
        (round.inside(), round.outside()),
        (vec![ids[0].as_str()], vec![ids[1].as_str()])
    );
}

#[tokio::test]
async fn an_emptied_view_is_a_complete_empty_snapshot_of_the_scope() {
    let (lab, scope, ids, cursor) = started().await;
    for id in &ids[..3] {
        lab.edit(id, json!({"Tier": "Regular"})).await;
    }
    let round = lab.round(&scope, Some(&cursor)).await;
    assert!(round.inside().is_empty());
    assert_eq!(
        scope_snapshot(&round),
        [SnapshotPart {
            extent: Extent::Scope,
            end: true
        }]
    );
}

// proves: R-21
#[tokio::test]
async fn a_deleted_or_hidden_view_ends_the_round_and_shows_nothing() {
    for strike in ["delete", "hide"] {
        let (lab, scope, ids, cursor) = started().await;
        lab.delete(&ids[0]).await;
        let path = format!("/zoho/views/{}", scope.collection);
        match strike {
            "delete" => lab.control(Method::DELETE, &path, Json::Null).await,
            _ => {
                lab.control(Method::PATCH, &path, json!({"hidden": true}))
                    .await
            }
        };
        let round = lab.round(&scope, Some(&cursor)).await;
        let [page] = round.pages.as_slice() else {
            panic!("one page")
        };
        assert_eq!(page.collection, CollectionState::Gone, "{strike}");
        assert!(page.seen.is_empty() && page.restart.is_none() && page.next.is_none());
    }
}

// proves: R-21
#[tokio::test]
async fn a_view_that_vanishes_in_the_middle_ends_the_round_without_a_cursor() {
    let (lab, scope, ids, cursor) = started().await;
    lab.delete(&ids[0]).await;
    let mut at = At::Start {
        cursor: Some(cursor),
    };
    let path = format!("/zoho/views/{}", scope.collection);
    let first = lab.page(&scope, &at).await.unwrap();
    assert_eq!(first.collection, CollectionState::Present);
    lab.control(Method::DELETE, &path, Json::Null).await;
    let mut page = first;
    while let Some(next) = page.next.take() {
        at = At::Next(next);
        page = lab.page(&scope, &at).await.unwrap();
        assert!(
            page.snapshot.is_none_or(|part| !part.end),
            "no end of a snapshot of a view that is gone"
        );
    }
    assert_eq!(page.collection, CollectionState::Gone);
    assert!(page.restart.is_none() && page.seen.is_empty());
}

#[tokio::test]
async fn two_feeds_of_one_organisation_keep_to_its_sub_concurrency() {
    let (lab, scope, _, cursor) = started().await;
    lab.settings(json!({"sub_concurrency": 1, "concurrency": 3, "work_milliseconds": 30}))
        .await;
    let rounds = (0..4).map(|_| lab.round(&scope, Some(&cursor)));
    let rounds = futures_util::future::join_all(rounds).await;
    assert_eq!(rounds.len(), 4);
}
