//! Reading a calendar when something is wrong: cursors, answers, quotas.

use pretty_assertions::assert_eq;
use provider::{Fault, What};
use reqwest::Method;
use sandbox::Rule;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, scope},
    diary::{events_of, inside, meeting, value, weekly},
};

fn answer(body: Json) -> sandbox::Fault {
    sandbox::Fault::Status {
        status: 200,
        retry_after_seconds: None,
        body: Some(body),
    }
}

#[tokio::test]
async fn a_cursor_that_does_not_serve_any_more_starts_a_new_reading() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    account.plan(meeting("One", "2027-04-08")).await;
    account.settle().await;
    let first = account.round(&scope, None).await;
    account
        .control(Method::POST, "google/cursors/expire", json!({}))
        .await;
    let expired = Some(Fault::CursorExpired);
    assert_eq!(
        account.start_round(&scope, Some(&first.cursor)).await.err(),
        expired
    );
    let second = account.round(&scope, None).await;
    assert_eq!(second.seen, first.seen);
    for cursor in [
        "",
        "nonsense",
        "{}",
        r#"{"sync_token":"nonsense"}"#,
        r#"{"sync_token":7}"#,
    ] {
        let fault = account.start_round(&scope, Some(cursor)).await.err();
        assert_eq!(fault, expired, "{cursor}");
    }
    let shared = account.shared("Team", "writer").await;
    let of_another = account
        .start_round(&events_of(&shared), Some(&second.cursor))
        .await;
    assert_eq!(of_another.err(), expired, "a token belongs to one calendar");
}

#[tokio::test]
async fn another_role_ends_a_cursor_and_a_cursor_of_contacts_is_none() {
    let account = Account::unkind().await;
    let calendar = account.shared("Team", "writer").await;
    account.settle().await;
    let first = account.round(&events_of(&calendar), None).await;
    account.share(&calendar, json!("owner")).await;
    let fault = account
        .start_round(&events_of(&calendar), Some(&first.cursor))
        .await;
    assert_eq!(fault.err(), Some(Fault::CursorExpired));
    let contacts = account.round(&scope(""), None).await;
    let fault = account
        .start_round(&events_of(&calendar), Some(&contacts.cursor))
        .await;
    assert_eq!(fault.err(), Some(Fault::CursorExpired));
}

// proves: R-05
#[tokio::test]
async fn an_event_in_an_undocumented_form_spoils_no_other() {
    let account = Account::kind().await;
    let good = account.plan(meeting("Good", "2027-04-08")).await;
    let time = json!({"dateTime": "2027-04-08T09:00:00Z", "timeZone": "UTC"});
    let body = json!({"accessRole": "owner", "nextSyncToken": "t", "items": [
        {"id": "number", "etag": 5, "summary": "Ana's"},
        {"id": "listless", "iCalUID": "u", "summary": ["Ana's"], "start": time, "end": time},
        {"id": "timeless", "iCalUID": "u", "summary": "Ana's"},
        {"id": "zoneless", "iCalUID": "u", "start": {"dateTime": "2027-04-08T09:00:00Z", "timeZone": "Mars/Base"}, "end": time},
        {"id": "ruleless", "iCalUID": "u", "start": time, "end": time, "recurrence": ["RRULE:FREQ=SOMETIMES"]},
        {"id": good, "etag": "\"1\"", "iCalUID": "u", "summary": "Good", "start": time, "end": time},
    ]});
    account
        .sandbox
        .add_fault(Rule::every("google", "calendar.events.list", answer(body)));
    let round = account.round(&events_of("primary"), None).await;
    assert_eq!(round.seen.len(), 6);
    for id in ["number", "listless", "timeless", "zoneless", "ruleless"] {
        let What::Unreadable { reason } = &round.seen[id].what else {
            panic!("{id}: {:?}", round.seen[id].what)
        };
        assert!(!reason.contains("Ana"), "{reason}");
    }
    assert_eq!(
        value(inside(&round, &good), "title").as_deref(),
        Some("Good")
    );
}

#[tokio::test]
async fn an_answer_that_lacks_what_every_answer_has_is_malformed() {
    let account = Account::kind().await;
    for body in [
        json!({"accessRole": "owner", "items": []}),
        json!({"accessRole": "owner", "items": [{"summary": "without an id"}], "nextSyncToken": "t"}),
        json!({"accessRole": "owner", "items": 5, "nextSyncToken": "t"}),
        json!([]),
    ] {
        account
            .sandbox
            .add_fault(Rule::nth("google", "calendar.events.list", 1, answer(body)));
        let fault = account
            .start_round(&events_of("primary"), None)
            .await
            .unwrap_err();
        assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
    }
}

// proves: R-04
#[tokio::test]
async fn a_series_of_which_only_a_part_is_listed_is_set_aside() {
    let account = Account::kind().await;
    let scope = events_of("primary");
    let series = account.plan(weekly("Weekly")).await;
    let first = account.round(&scope, None).await;
    account.cancel(&format!("{series}_20270322T080000Z")).await;
    let empty = answer(json!({"accessRole": "owner", "items": []}));
    // The second listing is that of the series' exceptions.
    account
        .sandbox
        .add_fault(Rule::nth("google", "calendar.events.list", 2, empty));
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert!(matches!(second.seen[&series].what, What::Unreadable { .. }));
    let again = account.round(&scope, Some(&first.cursor)).await;
    assert!(matches!(again.seen[&series].what, What::Inside(_)));
}

#[tokio::test]
async fn too_many_calls_are_waited_out_and_hold_back_the_next_ones() {
    for status in [403, 429] {
        let account = Account::kind().await;
        account
            .configure(json!({"calendar": {"quota": {"user_requests": 2, "status": status}}}))
            .await;
        let scope = events_of("primary");
        let Err(Fault::Throttled { until }) = account.start_round(&scope, None).await else {
            panic!("{status}")
        };
        assert!(until > jiff::Timestamp::now());
        let calls = account.sandbox.journal().len();
        let next = account.start_round(&scope, None).await;
        assert!(matches!(next, Err(Fault::Throttled { .. })), "{next:?}");
        assert_eq!(account.sandbox.journal().len(), calls, "nothing was sent");
    }
}

#[tokio::test]
async fn a_busy_or_broken_google_is_a_fault_that_passes() {
    let account = Account::kind().await;
    let scope = events_of("primary");
    let status = |status| sandbox::Fault::Status {
        status,
        retry_after_seconds: None,
        body: None,
    };
    for (fault, word) in [
        (status(500), "transient"),
        (status(503), "transient"),
        (sandbox::Fault::CutBefore, "transient"),
        (sandbox::Fault::CutAfterCommit, "transient"),
        (sandbox::Fault::ExpireAccessTokens, "unauthorised"),
    ] {
        account
            .sandbox
            .add_fault(Rule::nth("google", "calendar.events.list", 1, fault));
        let fault = account.start_round(&scope, None).await.unwrap_err();
        assert_eq!(fault.word(), word, "{fault}");
    }
}
