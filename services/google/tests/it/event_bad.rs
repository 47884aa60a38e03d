//! What is no event: each is set aside with the reason, and the rest is synced.

use pretty_assertions::assert_eq;
use provider::{Answer, What};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, delete, edit, path, update},
    diary::{changed, element_edit, events_of, inside, meeting, value, weekly, with},
};

/// What people wrote, which no reason repeats.
const WRITTEN: &str = "Redundancies";

fn event(id: &str, more: &Json) -> Json {
    let base = json!({"id": id, "etag": "\"1\"", "status": "confirmed", "iCalUID": format!("{id}@google.com"),
        "summary": WRITTEN});
    with(with(base, &crate::diary::hour("2027-04-08", 9)), more)
}

fn lasting(from: &str, to: &str) -> Json {
    let at = |text: &str| json!({"dateTime": text, "timeZone": "Europe/Vienna"});
    json!({"start": at(from), "end": at(to)})
}

fn rule(rule: &str) -> Json {
    json!({ "recurrence": [format!("RRULE:{rule}")] })
}

/// Events that cannot be carried, and why.
fn bad() -> Vec<(&'static str, Json, &'static str)> {
    let mars = json!({"dateTime": "2027-04-08T09:00:00+02:00", "timeZone": "Mars/Base"});
    let never = "its recurrence rule never comes true";
    let backwards = "it ends before it begins";
    vec![
        ("sometimes", rule("FREQ=SOMETIMES"), "is no recurrence rule"),
        (
            "february",
            rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            never,
        ),
        ("over", rule("FREQ=DAILY;UNTIL=20260101T000000Z"), never),
        (
            "both",
            rule("FREQ=DAILY;COUNT=2;UNTIL=20280101"),
            "both COUNT and UNTIL",
        ),
        ("zero", rule("FREQ=DAILY;INTERVAL=0"), "INTERVAL"),
        (
            "mars",
            json!({"start": mars, "end": mars}),
            "there is no time zone \"Mars/Base\"",
        ),
        (
            "backwards",
            lasting("2027-04-08T10:00:00+02:00", "2027-04-08T09:00:00+02:00"),
            backwards,
        ),
        (
            "dayless",
            json!({"start": {"date": "2027-04-08"}, "end": {"date": "2027-04-08"}}),
            backwards,
        ),
        (
            "mixed",
            json!({"end": {"date": "2027-04-09"}}),
            "it begins and ends in different ways",
        ),
        ("timeless", json!({"start": null}), "undocumented form"),
        (
            "zoneless",
            with(
                rule("FREQ=DAILY;COUNT=2"),
                &json!({"start": {"dateTime": "2027-04-08T09:00:00+02:00"}}),
            ),
            "a series needs the time zone in which it recurs",
        ),
    ]
}

/// Events that look bad and are not.
fn good() -> Vec<(&'static str, Json)> {
    let guests = |count: usize| {
        let guest = |number| json!({"email": format!("guest{number}@example.org")});
        json!({ "attendees": (0..count).map(guest).collect::<Vec<_>>() })
    };
    vec![
        ("sixty", guests(60)),
        ("most", guests(200)),
        ("long", json!({"summary": "x".repeat(10_000)})),
        (
            "moment",
            lasting("2027-04-08T09:00:00+02:00", "2027-04-08T09:00:00+02:00"),
        ),
    ]
}

fn answer(items: &[Json]) -> Fault {
    let body = json!({"accessRole": "owner", "nextSyncToken": "t", "items": items});
    Fault::Status {
        status: 200,
        retry_after_seconds: None,
        body: Some(body),
    }
}

// proves: R-05
#[tokio::test]
async fn a_bad_event_is_set_aside_with_its_reason_and_harms_no_other() {
    let account = Account::kind().await;
    let (bad, good) = (bad(), good());
    let mut items: Vec<Json> = bad.iter().map(|(id, more, _)| event(id, more)).collect();
    items.extend(good.iter().map(|(id, more)| event(id, more)));
    let rule = Rule::every("google", "calendar.events.list", answer(&items));
    account.sandbox.add_fault(rule);
    let round = account.round(&events_of("primary"), None).await;
    assert_eq!(round.seen.len(), bad.len() + good.len());
    for (id, _, expected) in &bad {
        let What::Unreadable { reason } = &round.seen[*id].what else {
            panic!("{id}: {:?}", round.seen[*id].what)
        };
        assert!(reason.contains(expected), "{id}: {reason}");
        assert!(!reason.contains(WRITTEN), "{id}: {reason}");
    }
    let participants = |id| inside(&round, id).elements(&path("participants")).len();
    assert_eq!((participants("sixty"), participants("most")), (60, 200));
    let title = value(inside(&round, "long"), "title").unwrap();
    assert_eq!(title.len(), 10_000);
    inside(&round, "moment");
}

#[tokio::test]
async fn an_instance_of_a_series_that_is_gone_or_unknown_harms_no_other() {
    let account = Account::kind().await;
    let scope = events_of("primary");
    let kept = account.plan(meeting("Kept", "2027-04-08")).await;
    let first = account.round(&scope, None).await;
    let at = json!({"dateTime": "2027-04-08T07:00:00Z", "timeZone": "Europe/Vienna"});
    let lone = |suffix: &str, more: &Json| {
        let id = format!("unknown{suffix}");
        let own = json!({"recurringEventId": "unknown", "originalStartTime": at});
        with(event(&id, &own), more)
    };
    let cancelled = json!({"id": "lost_20270408T070000Z", "status": "cancelled",
        "recurringEventId": "lost", "originalStartTime": at});
    let mut renamed = event(&kept, &json!({"summary": "Renamed"}));
    renamed["iCalUID"] = json!(format!("{kept}@google.com"));
    let items = [
        lone("_20270408T070000Z", &json!({})),
        lone("_20270409T070000Z", &json!({"originalStartTime": null})),
        cancelled,
        renamed,
    ];
    for cursor in [Some(first.cursor.as_str()), None] {
        let rule = Rule::nth("google", "calendar.events.list", 1, answer(&items));
        account.sandbox.add_fault(rule);
        let round = account.round(&scope, cursor).await;
        assert_eq!(round.seen.len(), 4);
        // A guest of this instance alone sees it as an event that tells where it belongs.
        let alone = inside(&round, "unknown_20270408T070000Z");
        let place = value(alone, "recurrenceId");
        assert_eq!(place.as_deref(), Some("2027-04-08T07:00:00Z"));
        let gone = &round.seen["lost_20270408T070000Z"].what;
        assert!(matches!(gone, What::Deleted { .. }), "{gone:?}");
        let title = value(inside(&round, &kept), "title");
        assert_eq!(title.as_deref(), Some("Renamed"));
    }
}

#[tokio::test]
async fn writes_to_a_series_or_an_instance_that_is_gone_are_answered_and_the_rest_is_made() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let gone = account.plan(weekly("Gone")).await;
    let ended = account.plan(weekly("Ended")).await;
    account.settle().await;
    let [live, short] = [
        account.live(&scope, &gone).await,
        account.live(&scope, &ended).await,
    ];
    account.cancel(&gone).await;
    let until = json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=1"]});
    account.replan(&ended, until).await;
    account.settle().await;
    let apart = changed("2027-03-29T09:00:00", &[("title", "Apart")]);
    let edits = || {
        vec![
            element_edit("overrides", None, Some(&apart)),
            edit("location", None, Some("Room 4")),
        ]
    };
    let now = account.live(&scope, &ended).await;
    let outcomes = account
        .execute(
            &scope,
            vec![
                update(&gone, &live.version, edits()),
                delete(&gone, &live.version),
                update(&ended, &short.version, edits()),
                update(&ended, &now.version, edits()),
            ],
        )
        .await;
    let deleted = Answer::Gone {
        proved: true,
        collection: false,
    };
    assert_eq!([&outcomes[0].answer, &outcomes[1].answer], [&deleted; 2]);
    assert_eq!(outcomes[2].answer.word(), "stale");
    let Answer::Applied(done) = &outcomes[3].answer else {
        panic!("{:?}", outcomes[3])
    };
    let refused: Vec<_> = done.refused.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(refused, ["overrides"]);
    assert_eq!(done.refused[0].reason, "its series has no such instance");
    let truth = account.event_truth(&ended).await;
    assert_eq!(truth["location"], "Room 4");
    account.is_quiet().await;
}
