//! Reading the module: everything, what changed, what was deleted, and what cannot be seen.

use std::time::Duration;

use http::Method;
use model::Order;
use pretty_assertions::assert_eq;
use provider::{At, Extent, Fault, Provider, What};
use serde_json::{Value as Json, json};
use test_kit::eventually;

use crate::lab::{Lab, Round, path, scope, shown};

fn people(count: usize) -> Json {
    let person = |number: usize| {
        json!({
            "First_Name": format!("P{number}"), "Last_Name": "Lee", "Email": format!("p{number}@x.example"),
            "Tier": if number.is_multiple_of(2) { "Key" } else { "Regular" },
        })
    };
    (0..count).map(person).collect()
}

fn record_of<'r>(round: &'r Round, id: &str) -> &'r model::Record {
    let seen = round
        .seen()
        .find(|seen| seen.remote_id == id)
        .expect("it was seen");
    match &seen.what {
        What::Inside(record) | What::Outside(record) => record,
        other => panic!("{other:?}"),
    }
}

// proves
#[tokio::test]
async fn the_first_reading_is_a_snapshot_of_the_account_and_tells_who_is_in_the_view() {
    let lab = Lab::kind().await;
    lab.settings(json!({"page_cap": 40})).await;
    let ids = lab.contacts(people(100)).await;
    let scope = scope(&lab.key_accounts().await);
    let round = lab.round(&scope, None).await;
    let (even, odd): (Vec<_>, Vec<_>) = ids
        .iter()
        .enumerate()
        .partition(|(number, _)| number.is_multiple_of(2));
    let sorted = |half: Vec<(usize, &String)>| {
        let mut ids: Vec<String> = half.into_iter().map(|(_, id)| id.clone()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(round.inside(), sorted(even));
    assert_eq!(round.outside(), sorted(odd));
    let parts: Vec<_> = round
        .pages
        .iter()
        .filter_map(|page| page.snapshot)
        .collect();
    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| part.extent == Extent::Account));
    assert_eq!(
        parts.iter().map(|part| part.end).collect::<Vec<_>>(),
        [false, false, true]
    );
    // Only the end of a round is a restart point.
    let (last, before) = round.pages.split_last().unwrap();
    assert!(last.restart.is_some() && before.iter().all(|page| page.restart.is_none()));
}

#[tokio::test]
async fn an_empty_account_is_a_complete_snapshot() {
    let lab = Lab::kind().await;
    let round = lab.round(&scope(""), None).await;
    assert_eq!(round.seen().count(), 0);
    let part = round.pages.last().unwrap().snapshot.unwrap();
    assert!(part.end && part.extent == Extent::Account);
}

#[tokio::test]
async fn a_delta_shows_what_changed_and_nothing_else() {
    let lab = Lab::kind().await;
    let ids = lab.contacts(people(10)).await;
    lab.later(600).await;
    let scope = scope("");
    let first = lab.round(&scope, None).await;
    lab.later(600).await;
    let quiet = lab.round(&scope, Some(first.cursor())).await;
    assert_eq!(quiet.seen().count(), 0);
    lab.later(600).await;
    lab.edit(&ids[3], json!({"Title": "Chief"})).await;
    let delta = lab.round(&scope, Some(quiet.cursor())).await;
    assert_eq!(delta.inside(), [ids[3].as_str()]);
    assert_eq!(
        shown(record_of(&delta, &ids[3]), "title").as_deref(),
        Some("Chief")
    );
    assert!(delta.pages.iter().all(|page| page.snapshot.is_none()));
}

// proves: R-03
#[tokio::test]
async fn a_version_is_an_instant_whatever_offset_it_was_sent_with() {
    let lab = Lab::kind().await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    let round = lab.round(&scope(""), None).await;
    let version = round.seen().next().unwrap().version.clone().unwrap();
    assert_eq!(version, lab.version(&id).await);
    assert!(version.token.ends_with('Z') && version.coarse);
    // The same second with other content is newer.
    assert_eq!(model::order(&version, &version, false), Order::Newer);
}

// proves: R-05
#[tokio::test]
async fn a_change_that_shows_up_late_is_not_skipped() {
    let lab = Lab::unkind().await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    let scope = scope("");
    let mut cursor = None;
    eventually("the list shows it", Duration::from_secs(10), async || {
        let round = lab.round(&scope, cursor.as_deref()).await;
        cursor = Some(round.cursor().to_owned());
        round.seen().any(|seen| seen.remote_id == id)
    })
    .await;
    lab.edit(&id, json!({"Title": "Chief"})).await;
    let blind = lab.round(&scope, cursor.as_deref()).await;
    let title = |round: &Round| {
        let seen = round.seen().any(|seen| seen.remote_id == id);
        seen.then(|| shown(record_of(round, &id), "title"))
            .flatten()
    };
    assert_eq!(
        title(&blind),
        None,
        "the list shows a fresh write late, or this proves nothing"
    );
    let mut cursor = blind.cursor().to_owned();
    eventually(
        "a later round shows the change",
        Duration::from_secs(10),
        async || {
            let round = lab.round(&scope, Some(&cursor)).await;
            round.cursor().clone_into(&mut cursor);
            title(&round).is_some_and(|title| title == "Chief")
        },
    )
    .await;
}

#[tokio::test]
async fn a_deleted_contact_is_a_tombstone_and_a_restored_one_is_live() {
    let lab = Lab::kind().await;
    let ids = lab.contacts(people(3)).await;
    let scope = scope("");
    let first = lab.round(&scope, None).await;
    lab.later(60).await;
    lab.delete(&ids[0]).await;
    lab.delete(&ids[1]).await;
    let restore = format!("/zoho/records/Contacts/{}/restore", ids[1]);
    lab.control(Method::POST, &restore, Json::Null).await;
    let delta = lab.round(&scope, Some(first.cursor())).await;
    assert_eq!(delta.deleted(), [ids[0].as_str()]);
    let tombstone = delta.seen().find(|seen| seen.remote_id == ids[0]).unwrap();
    assert!(matches!(tombstone.what, What::Deleted { at: Some(_) }));
}

// proves: R-11
#[tokio::test]
async fn a_record_that_is_live_beats_its_tombstone() {
    let lab = Lab::kind().await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    let scope = scope("");
    let first = lab.round(&scope, None).await;
    lab.later(60).await;
    lab.delete(&id).await;
    // Somebody restores it after the list of deleted records was made: seen through a slow call.
    let fault = sandbox::Fault::Latency {
        milliseconds: 1_000,
        after_commit: true,
    };
    lab.sandbox.add_fault(sandbox::Rule::nth(
        "zoho",
        "Contacts.getDeletedRecords",
        1,
        fault,
    ));
    let reading = async { lab.round(&scope, Some(first.cursor())).await };
    let restoring = async {
        let listed = async || {
            let faults = lab.control(Method::GET, "/faults", Json::Null).await;
            faults["rules"][0]["hit"] == 1
        };
        eventually("the list is made", Duration::from_secs(10), listed).await;
        let restore = format!("/zoho/records/Contacts/{id}/restore");
        lab.control(Method::POST, &restore, Json::Null).await;
    };
    let (round, ()) = tokio::join!(reading, restoring);
    assert!(round.deleted().is_empty());
    assert_eq!(round.inside(), [id.as_str()]);
}

// proves: R-04
#[tokio::test]
async fn a_hidden_field_is_unknown_and_not_empty() {
    let lab = Lab::kind().await;
    let id = lab
        .contact(json!({"Last_Name": "Lee", "Email": "a@x.example", "Mobile": "+431"}))
        .await;
    let hide = json!({"permission": "hidden"});
    lab.control(Method::PATCH, "/zoho/fields/Contacts/Mobile", hide)
        .await;
    let round = lab.round(&scope(""), None).await;
    let readable = &round.pages.last().unwrap().readable;
    assert!(!readable.contains(&path("phones")), "{readable:?}");
    assert!(readable.contains(&path("emails")) && readable.contains(&path("name.family")));
    assert_eq!(
        shown(record_of(&round, &id), "emails[work]").as_deref(),
        Some("a@x.example")
    );
}

#[tokio::test]
async fn more_fields_than_one_call_reads_are_joined() {
    let lab = Lab::kind().await;
    let mut scope = scope("");
    let mut row = json!({"Last_Name": "Lee"});
    for number in 0..60 {
        let name = format!("Extra_{number}");
        let field = json!({ "api_name": name });
        lab.control(Method::POST, "/zoho/fields/Contacts", field)
            .await;
        row[&name] = json!(format!("v{number}"));
        scope.paths.push(path(&format!("custom[{name}]")));
    }
    let id = lab.contact(row).await;
    let round = lab.round(&scope, None).await;
    let record = record_of(&round, &id);
    for number in [0, 30, 59] {
        let at = format!("custom[Extra_{number}]");
        assert_eq!(shown(record, &at), Some(format!("v{number}")));
        assert!(round.pages[0].readable.contains(&path(&at)));
    }
}

// proves: R-02
#[tokio::test]
async fn a_page_token_that_expires_in_the_middle_loses_nothing() {
    let lab = Lab::kind().await;
    lab.settings(json!({"page_cap": 10})).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.extend(lab.contacts(people(7)).await);
        lab.later(2).await;
    }
    let scope = scope("");
    let mut at = At::Start { cursor: None };
    let mut pages = Vec::new();
    loop {
        let page = lab.page(&scope, &at).await.unwrap();
        lab.control(Method::POST, "/zoho/cursors/expire", Json::Null)
            .await;
        let next = page.next.clone();
        pages.push(page);
        let Some(next) = next else { break };
        at = At::Next(next);
    }
    let round = Round { pages };
    ids.sort_unstable();
    assert_eq!(round.inside(), ids);
    assert!(round.pages.last().unwrap().snapshot.unwrap().end);
}

#[tokio::test]
async fn reading_goes_on_by_time_where_a_chain_of_tokens_ends() {
    let lab = Lab::kind().await;
    lab.settings(json!({"page_cap": 20, "page_token_rows": 60}))
        .await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.extend(lab.contacts(people(15)).await);
        lab.later(2).await;
    }
    let round = lab.round(&scope(""), None).await;
    ids.sort_unstable();
    assert_eq!(round.inside(), ids);
}

#[tokio::test]
async fn a_cursor_that_is_not_ours_has_expired() {
    let lab = Lab::kind().await;
    let cursor = Some("rubbish".to_owned());
    let fault = lab.page(&scope(""), &At::Start { cursor }).await;
    assert_eq!(fault, Err(Fault::CursorExpired));
    assert!(
        lab.page(&scope(""), &At::Next(json!({"rubbish": 1})))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn other_kinds_of_record_are_refused() {
    let lab = Lab::kind().await;
    let mut scope = scope("");
    scope.kind = "task".to_owned();
    let fault = lab.page(&scope, &At::Start { cursor: None }).await;
    assert!(matches!(fault, Err(Fault::Refused { .. })), "{fault:?}");
    assert!(lab.zoho.fields(lab.session(), "task").await.is_err());
}
