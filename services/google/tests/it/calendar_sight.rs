//! What of a calendar is shown to a sync: private events, and the window.

use jiff::{SignedDuration, Timestamp};
use pretty_assertions::assert_eq;
use provider::{Fault, What};
use serde_json::json;

use crate::{
    account::Account,
    diary::{BEN, events_of, exceptions, inside, meeting, value, weekly, with, with_option},
};

/// What must not be seen anywhere.
const SECRET: &str = "Redundancies";

fn private(event: serde_json::Value) -> serde_json::Value {
    let more = json!({"visibility": "private", "description": SECRET, "location": SECRET, "colorId": "3",
        "attendees": [{"email": "redundancies@example.org", "displayName": SECRET}]});
    with(event, &more)
}

#[tokio::test]
async fn a_private_event_is_known_a_block_or_whole_as_the_sync_says() {
    let account = Account::unkind().await;
    let id = account.plan(private(meeting(SECRET, "2027-04-08"))).await;
    let series = account.plan(private(weekly(SECRET))).await;
    account.cancel(&format!("{series}_20270322T080000Z")).await;
    account.settle().await;

    let skipped = account.round(&events_of("primary"), None).await;
    for id in [&id, &series] {
        let What::Outside(record) = &skipped.seen[id].what else {
            panic!("{:?}", skipped.seen[id].what)
        };
        assert_eq!(value(record, "uid"), Some(format!("{id}@google.com")));
        assert_eq!(record.fields.len(), 1);
    }
    let scope = with_option(events_of("primary"), "private", "busy");
    let blocks = account.round(&scope, None).await;
    let block = inside(&blocks, &id);
    assert_eq!(value(block, "privacy").as_deref(), Some("private"));
    assert_eq!(
        value(block, "when").as_deref(),
        Some("2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]")
    );
    assert_eq!(block.fields.len(), 3, "when, privacy, uid");
    assert_eq!(exceptions(inside(&blocks, &series)).len(), 1);
    for round in [&skipped, &blocks] {
        let everything = format!("{:?}", round.seen).to_lowercase();
        assert!(!everything.contains(&SECRET.to_lowercase()));
    }
    let scope = with_option(events_of("primary"), "private", "full");
    let whole = account.round(&scope, None).await;
    assert_eq!(value(inside(&whole, &id), "title").as_deref(), Some(SECRET));
    assert_eq!(skipped.seen[&id].version, whole.seen[&id].version);
}

#[tokio::test]
async fn a_private_instance_of_a_public_series_tells_only_when_it_is() {
    let account = Account::unkind().await;
    let series = account.plan(weekly("Weekly")).await;
    let at = crate::diary::hour("2027-03-23", 14);
    let own = with(
        json!({"summary": SECRET, "description": SECRET, "visibility": "private"}),
        &at,
    );
    account
        .replan(&format!("{series}_20270322T080000Z"), own)
        .await;
    account.settle().await;
    for policy in ["skip", "busy"] {
        let scope = with_option(events_of("primary"), "private", policy);
        let round = account.round(&scope, None).await;
        let What::Inside(record) = &round.seen[&series].what else {
            // A change of one instance's visibility can make the whole series private.
            continue;
        };
        assert!(!format!("{record:?}").contains(SECRET));
        let moved = vec![("2027-03-22T09:00:00".to_owned(), vec!["when".to_owned()])];
        assert_eq!(exceptions(record), moved);
    }
}

// proves: R-04
#[tokio::test]
async fn an_event_that_google_hides_is_no_empty_event() {
    let account = Account::unkind().await;
    let calendar = account.shared("Team", "writerWithoutPrivateAccess").await;
    let hidden = account
        .plan_in(&calendar, BEN, private(meeting(SECRET, "2027-04-08")))
        .await;
    let shown = account
        .plan_in(&calendar, BEN, meeting("Shown", "2027-04-08"))
        .await;
    account.settle().await;
    let scope = |policy| with_option(events_of(&calendar), "private", policy);
    let full = account.round(&scope("full"), None).await;
    assert!(matches!(full.seen[&hidden].what, What::Unreadable { .. }));
    assert_eq!(
        value(inside(&full, &shown), "title").as_deref(),
        Some("Shown")
    );
    let busy = account.round(&scope("busy"), None).await;
    assert_eq!(value(inside(&busy, &hidden), "title"), None);
    let skip = account.round(&scope("skip"), None).await;
    assert!(matches!(skip.seen[&hidden].what, What::Outside(_)));
}

// proves: R-06
#[tokio::test]
async fn a_window_decides_what_is_in_scope_and_not_what_is_known() {
    let account = Account::unkind().await;
    let today = Timestamp::now();
    let day = |days: i64| {
        let at = today + SignedDuration::from_hours(24 * days);
        at.strftime("%Y-%m-%d").to_string()
    };
    let old = account.plan(meeting("Old", &day(-100))).await;
    let recent = account.plan(meeting("Recent", &day(-80))).await;
    let daily = |count: u32| {
        let rule = format!("RRULE:FREQ=DAILY;COUNT={count}");
        with(meeting("Daily", &day(-200)), &json!({"recurrence": [rule]}))
    };
    let over = account.plan(daily(50)).await;
    let going_on = account.plan(daily(150)).await;
    account.settle().await;
    let scope = with_option(events_of("primary"), "past_days", "90");
    let round = account.round(&scope, None).await;
    let (inside, outside) = round.sides();
    assert_eq!(inside, [recent.as_str(), &going_on].into());
    assert_eq!(outside, [old.as_str(), &over].into());
    let What::Outside(record) = &round.seen[&old].what else {
        unreachable!()
    };
    assert_eq!(
        value(record, "title").as_deref(),
        Some("Old"),
        "matching sees it"
    );
    let everything = account.round(&events_of("primary"), None).await;
    assert_eq!(everything.sides().0.len(), 4);
}

#[tokio::test]
async fn what_google_makes_by_itself_is_outside() {
    let account = Account::unkind().await;
    let more = json!({"eventType": "outOfOffice", "transparency": "opaque"});
    let away = account
        .plan(with(meeting("Away", "2027-04-08"), &more))
        .await;
    account.settle().await;
    let round = account.round(&events_of("primary"), None).await;
    assert!(matches!(round.seen[&away].what, What::Outside(_)));
}

#[tokio::test]
async fn an_option_that_cannot_be_read_is_refused_before_anything_is_read() {
    let account = Account::kind().await;
    for (name, word) in [("past_days", "ninety"), ("private", "hide")] {
        let scope = with_option(events_of("primary"), name, word);
        let fault = account.start_round(&scope, None).await.unwrap_err();
        assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
    }
    assert_eq!(account.calls("calendar.events.list"), 0);
}

#[tokio::test]
async fn a_series_is_outside_where_a_sync_skips_series() {
    let account = Account::unkind().await;
    let series = account.plan(weekly("Weekly")).await;
    let once = account.plan(meeting("Once", "2027-04-08")).await;
    account.settle().await;
    for (word, outside) in [("skip", true), ("sync", false)] {
        let scope = with_option(events_of("primary"), "recurrence", word);
        let round = account.round(&scope, None).await;
        inside(&round, &once);
        let is_outside = matches!(round.seen[&series].what, What::Outside(_));
        assert_eq!(is_outside, outside);
    }
}
