//! Writing series: the rule, its exceptions, and both at a time.

use std::collections::BTreeMap;

use model::{Element, Record};
use pretty_assertions::assert_eq;
use provider::{Answer, Live};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, edit, path, update},
    diary::{
        changed, element_edit, events_of, exceptions, excluded, record, value, weekly, with_list,
    },
};

const NINE: &str = "2027-03-15T09:00:00[Europe/Vienna]/2027-03-15T10:00:00[Europe/Vienna]";
const AFTERNOON: &str = "2027-03-22T14:00:00[Europe/Vienna]/2027-03-22T15:00:00[Europe/Vienna]";

/// Four Mondays at nine, before and after clocks are set forward.
fn series() -> Record {
    record(&[
        ("title", "Weekly"),
        ("when", NINE),
        ("recurrence", "FREQ=WEEKLY;COUNT=4"),
    ])
}

/// What takes place: title by beginning.
async fn instances(account: &Account, id: &str) -> BTreeMap<String, String> {
    account.settle().await;
    let truth = account
        .control(Method::GET, "google/calendars/primary/events", json!({}))
        .await;
    let mut found = BTreeMap::new();
    let stored = truth["events"].as_array().unwrap();
    let own = |event: &&Json| event["recurringEventId"] == id;
    for event in stored.iter().filter(own) {
        let title = if event["status"] == "cancelled" {
            "cancelled"
        } else {
            event["summary"].as_str().unwrap_or_default()
        };
        let suffix = event["id"].as_str().unwrap().rsplit_once('_').unwrap().1;
        let at = event["start"]["dateTime"].as_str().unwrap_or_default();
        found.insert(suffix.to_owned(), format!("{title} {at}"));
    }
    found
}

fn labels(live: &Live) -> Vec<String> {
    let exceptions = exceptions(&live.record).into_iter();
    exceptions
        .map(|(label, parts)| format!("{label} {}", parts.join(" ")))
        .collect()
}

fn add(element: &Element) -> model::Edit {
    element_edit("overrides", None, Some(element))
}

#[tokio::test]
async fn a_series_is_created_with_its_exceptions() {
    let account = Account::unkind().await;
    let overrides = [
        excluded("2027-03-22T09:00:00"),
        changed(
            "2027-03-29T09:00:00",
            &[("title", "Apart"), ("location", "Room 4")],
        ),
        changed(
            "2027-04-05T09:00:00",
            &[(
                "when",
                "2027-04-06T11:00:00[Europe/Vienna]/2027-04-06T12:00:00[Europe/Vienna]",
            )],
        ),
    ];
    let wanted = with_list(series(), "overrides", &overrides);
    let made = account.made(&wanted, "m1").await;
    assert_eq!(
        made.record.elements(&path("overrides")),
        overrides,
        "as it was asked for"
    );
    let shown = account.live(&events_of("primary"), &made.remote_id).await;
    assert_eq!(shown, made);
    assert_eq!(
        value(&shown.record, "recurrence").as_deref(),
        Some("FREQ=WEEKLY;COUNT=4")
    );
    assert_eq!(instances(&account, &made.remote_id).await.len(), 2);
    account.is_quiet().await;
}

#[tokio::test]
async fn one_is_edited_moved_cancelled_and_takes_part_again() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let id = live.remote_id.clone();
    let titled = changed("2027-03-22T09:00:00", &[("title", "Apart")]);
    let live = account.edited(&live, vec![add(&titled)]).await;
    assert_eq!(labels(&live), ["2027-03-22T09:00:00 title"]);
    let moved = changed(
        "2027-03-22T09:00:00",
        &[("title", "Apart"), ("when", AFTERNOON)],
    );
    let live = account
        .edited(
            &live,
            vec![element_edit("overrides", Some(&titled), Some(&moved))],
        )
        .await;
    assert_eq!(labels(&live), ["2027-03-22T09:00:00 title when"]);
    let away = excluded("2027-03-22T09:00:00");
    let live = account
        .edited(
            &live,
            vec![element_edit("overrides", Some(&moved), Some(&away))],
        )
        .await;
    assert_eq!(labels(&live), ["2027-03-22T09:00:00 excluded"]);
    let other = excluded("2027-03-29T09:00:00");
    let live = account.edited(&live, vec![add(&other)]).await;
    assert_eq!(labels(&live).len(), 2);
    let live = account
        .edited(&live, vec![element_edit("overrides", Some(&away), None)])
        .await;
    assert_eq!(labels(&live), ["2027-03-29T09:00:00 excluded"]);
    let back = instances(&account, &id).await;
    assert_eq!(back["20270322T080000Z"], "Weekly 2027-03-22T08:00:00Z");
    let again = changed("2027-03-29T09:00:00", &[("location", "Room 4")]);
    let live = account
        .edited(
            &live,
            vec![element_edit("overrides", Some(&other), Some(&again))],
        )
        .await;
    assert_eq!(labels(&live), ["2027-03-29T09:00:00 location"]);
    account.is_quiet().await;
}

#[tokio::test]
async fn all_are_edited_and_an_exception_follows_where_it_has_nothing_of_its_own() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let titled = changed("2027-03-22T09:00:00", &[("title", "Apart")]);
    let located = changed("2027-03-29T09:00:00", &[("location", "Room 4")]);
    let live = account
        .edited(&live, vec![add(&titled), add(&located)])
        .await;
    let edits = vec![
        edit("title", Some("Weekly"), Some("Renamed")),
        edit("description", None, Some("Bring slides")),
    ];
    let live = account.edited(&live, edits).await;
    assert_eq!(
        labels(&live),
        ["2027-03-22T09:00:00 title", "2027-03-29T09:00:00 location"]
    );
    assert_eq!(value(&live.record, "title").as_deref(), Some("Renamed"));
    let found = instances(&account, &live.remote_id).await;
    assert!(found["20270322T080000Z"].starts_with("Apart"));
    assert!(found["20270329T070000Z"].starts_with("Renamed"));
    account.is_quiet().await;
}

#[tokio::test]
async fn a_series_is_extended_ended_and_made_to_happen_once() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let titled = changed("2027-03-22T09:00:00", &[("title", "Apart")]);
    let mut live = account.edited(&live, vec![add(&titled)]).await;
    let scope = events_of("primary");
    for (before, after) in [
        ("FREQ=WEEKLY;COUNT=4", "FREQ=WEEKLY;COUNT=8"),
        ("FREQ=WEEKLY;COUNT=8", "FREQ=WEEKLY;UNTIL=20270405"),
        (
            "FREQ=WEEKLY;UNTIL=20270405",
            "FREQ=WEEKLY;COUNT=6;BYDAY=MO,TH",
        ),
        (
            "FREQ=WEEKLY;COUNT=6;BYDAY=MO,TH",
            "FREQ=WEEKLY;UNTIL=20270318",
        ),
    ] {
        let edits = vec![edit("recurrence", Some(before), Some(after))];
        let outcome = account
            .write(&scope, update(&live.remote_id, &live.version, edits))
            .await;
        assert_eq!(outcome.answer.word(), "applied");
        account.settle().await;
        live = account.live(&scope, &live.remote_id).await;
        assert_eq!(value(&live.record, "recurrence").as_deref(), Some(after));
        let stays = !after.ends_with("0318");
        assert_eq!(labels(&live).len(), usize::from(stays), "{after}");
    }
    let edits = vec![edit("recurrence", Some("FREQ=WEEKLY;UNTIL=20270318"), None)];
    let live = account.edited(&live, edits).await;
    assert_eq!(value(&live.record, "recurrence"), None);
    let edits = vec![edit("recurrence", None, Some("FREQ=DAILY;COUNT=3"))];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    assert_eq!(outcome.answer.word(), "applied");
    account.settle().await;
    let live = account.live(&scope, &live.remote_id).await;
    assert_eq!(
        value(&live.record, "recurrence").as_deref(),
        Some("FREQ=DAILY;COUNT=3")
    );
    account.is_quiet().await;
}

#[tokio::test]
async fn a_series_is_moved_to_another_day_and_its_exceptions_with_it() {
    let account = Account::unkind().await;
    let away = excluded("2027-03-22T09:00:00");
    let titled = changed("2027-03-29T09:00:00", &[("title", "Apart")]);
    let wanted = with_list(series(), "overrides", &[away.clone(), titled.clone()]);
    let live = account.made(&wanted, "m1").await;
    let moved = "2027-03-16T10:00:00[Europe/Vienna]/2027-03-16T11:00:00[Europe/Vienna]";
    let edits = vec![
        edit("when", Some(NINE), Some(moved)),
        element_edit("overrides", Some(&away), None),
        element_edit("overrides", Some(&titled), None),
        add(&excluded("2027-03-23T10:00:00")),
        add(&changed("2027-03-30T10:00:00", &[("title", "Apart")])),
    ];
    let scope = events_of("primary");
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    assert_eq!(outcome.answer.word(), "applied");
    account.settle().await;
    let live = account.live(&scope, &live.remote_id).await;
    assert_eq!(value(&live.record, "when").as_deref(), Some(moved));
    assert_eq!(
        value(&live.record, "recurrence").as_deref(),
        Some("FREQ=WEEKLY;COUNT=4")
    );
    assert_eq!(
        labels(&live),
        ["2027-03-23T10:00:00 excluded", "2027-03-30T10:00:00 title"]
    );
    account.is_quiet().await;
}

#[tokio::test]
async fn dates_are_added_to_a_series_and_taken_out_of_its_lines() {
    let account = Account::unkind().await;
    let mut planned = weekly("Weekly");
    planned["recurrence"] = json!([
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE;TZID=Europe/Vienna:20270322T090000",
        "RDATE;TZID=Europe/Vienna:20270324T090000",
    ]);
    let id = account.plan(planned).await;
    account.settle().await;
    let scope = events_of("primary");
    let live = account.live(&scope, &id).await;
    assert_eq!(
        labels(&live),
        [
            "2027-03-22T09:00:00 excluded",
            "2027-03-24T09:00:00 included"
        ]
    );
    let elements = live.record.elements(&path("overrides")).to_vec();
    let edits = vec![element_edit("overrides", Some(&elements[0]), None)];
    let live = account.edited(&live, edits).await;
    assert_eq!(labels(&live), ["2027-03-24T09:00:00 included"]);
    let mut dated = elements[1].clone();
    dated.label = "2027-03-25T09:00:00".into();
    let edits = vec![
        element_edit("overrides", Some(&elements[1]), None),
        add(&dated),
    ];
    let live = account.edited(&live, edits).await;
    assert_eq!(labels(&live), ["2027-03-25T09:00:00 included"]);
    account.is_quiet().await;
}

#[tokio::test]
async fn a_series_of_days_has_exceptions_by_day() {
    let account = Account::unkind().await;
    let days = record(&[
        ("title", "Fair"),
        ("when", "2027-03-15/2027-03-17"),
        ("recurrence", "FREQ=WEEKLY;COUNT=4"),
    ]);
    let days = with_list(days, "overrides", &[excluded("2027-03-22")]);
    let live = account.made(&days, "m1").await;
    let moved = changed("2027-03-29", &[("when", "2027-03-30/2027-04-02")]);
    let live = account.edited(&live, vec![add(&moved)]).await;
    assert_eq!(labels(&live), ["2027-03-22 excluded", "2027-03-29 when"]);
    account.is_quiet().await;
}

// proves: R-27
#[tokio::test]
async fn an_instance_that_somebody_changed_makes_the_series_stale() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let scope = events_of("primary");
    let instance = format!("{}_20270322T080000Z", live.remote_id);
    account
        .replan(&instance, json!({"summary": "Theirs"}))
        .await;
    let ours = || vec![add(&changed("2027-03-22T09:00:00", &[("title", "Ours")]))];
    // The list does not show it yet, the instance itself does soon.
    account
        .control(Method::POST, "clock/advance", json!({"seconds": 1}))
        .await;
    let early = account
        .write(&scope, update(&live.remote_id, &live.version, ours()))
        .await;
    assert_eq!(early.answer, Answer::Stale { live: None });
    account.settle().await;
    let late = account
        .write(&scope, update(&live.remote_id, &live.version, ours()))
        .await;
    assert!(matches!(late.answer, Answer::Stale { live: Some(_) }));
    assert_eq!(account.calls("calendar.events.patch"), 0);
}

#[tokio::test]
async fn a_series_that_was_split_is_two_that_can_both_be_written() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let scope = events_of("primary");
    let split = format!(
        "google/calendars/primary/events/{}_20270329T070000Z/split",
        live.remote_id
    );
    let rest = account
        .control(Method::POST, &split, json!({"event": {"summary": "Rest"}}))
        .await;
    let rest = rest["id"].as_str().unwrap().to_owned();
    account.settle().await;
    for (id, title) in [(&live.remote_id, "Weekly"), (&rest, "Rest")] {
        let part = account.live(&scope, id).await;
        assert_eq!(value(&part.record, "title").as_deref(), Some(title));
        let edits = vec![edit("location", None, Some("Room 4"))];
        account.edited(&part, edits).await;
    }
    let part = account.live(&scope, &rest).await;
    let gone = account
        .write(&scope, crate::account::delete(&rest, &part.version))
        .await;
    assert_eq!(gone.answer.word(), "applied");
    account.settle().await;
    account.live(&scope, &live.remote_id).await;
    account.is_quiet().await;
}

#[tokio::test]
async fn an_exception_that_its_series_does_not_have_is_refused() {
    let account = Account::unkind().await;
    let live = account.made(&series(), "m1").await;
    let scope = events_of("primary");
    let edits = vec![
        add(&changed("2027-03-23T09:00:00", &[("title", "Never")])),
        edit("location", None, Some("Room 4")),
    ];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(done.refused[0].path, "overrides");
    assert_eq!(instances(&account, &live.remote_id).await.len(), 0);
}
