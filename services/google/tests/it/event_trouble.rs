//! Writing events when something is wrong: what is refused, lost, stale, gone or not allowed.

use model::{Element, Record, event::Participant};
use pretty_assertions::assert_eq;
use provider::{Answer, Operation, Outcome};
use reqwest::Method;
use sandbox::{Fault, Rule};
use serde_json::json;

use crate::{
    account::{Account, applied, delete, edit, path, update},
    diary::{
        BEN, changed, create_event, element_edit, events_of, meeting, record, value, weekly,
        with_list,
    },
};

const NINE: &str = "2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]";

fn board() -> Record {
    record(&[("title", "Board"), ("when", NINE)])
}

fn cut(method: &str) -> Rule {
    Rule::nth("google", method, 1, Fault::CutAfterCommit)
}

fn status(method: &str, nth: u64, status: u16) -> Rule {
    let fault = Fault::Status {
        status,
        retry_after_seconds: None,
        body: None,
    };
    Rule::nth("google", method, nth, fault)
}

async fn events(account: &Account) -> usize {
    let path = "google/calendars/primary/events";
    let truth = account.control(Method::GET, path, json!({})).await;
    let events = truth["events"].as_array().unwrap().iter();
    events.filter(|one| one["status"] != "cancelled").count()
}

// proves: R-26
#[tokio::test]
async fn a_create_whose_answer_is_lost_is_made_once() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    account.sandbox.add_fault(cut("calendar.events.insert"));
    let lost = account.write(&scope, create_event(&board(), "m1")).await;
    assert_eq!(lost.answer.word(), "unknown");
    // Even a repetition that looks for nothing, or too early, makes no second one.
    let mut blind = create_event(&board(), "m1");
    if let Operation::Create(create) = &mut blind {
        create.look_up = false;
    }
    for operation in [blind, create_event(&board(), "m1")] {
        let outcome = account.write(&scope, operation).await;
        let word = outcome.answer.word();
        assert!(["existing", "not_attempted"].contains(&word), "{word}");
        account.settle().await;
    }
    let found = account.write(&scope, create_event(&board(), "m1")).await;
    let Answer::Existing(live) = found.answer else {
        panic!("{found:?}")
    };
    assert_eq!(live.marker.as_deref(), Some("m1"));
    assert_eq!(events(&account).await, 1);
    account.is_quiet().await;
}

// proves
#[tokio::test]
async fn what_comes_after_a_lost_answer_or_a_throttled_call_is_left_for_later() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let creates = |names: [&str; 3]| {
        let create = |name: &&str| create_event(&board(), name);
        names.iter().map(create).collect::<Vec<Operation>>()
    };
    let insert = "calendar.events.insert";
    account
        .sandbox
        .add_fault(Rule::nth("google", insert, 2, Fault::CutAfterCommit));
    let lost = account.execute(&scope, creates(["m1", "m2", "m3"])).await;
    let words = |outcomes: &[Outcome]| {
        let words = outcomes.iter().map(|outcome| outcome.answer.word());
        words.collect::<Vec<_>>()
    };
    assert_eq!(words(&lost), ["applied", "unknown", "not_attempted"]);
    assert_eq!(events(&account).await, 2);
    account.sandbox.add_fault(status(insert, 2, 429));
    let throttled = account.execute(&scope, creates(["m4", "m5", "m6"])).await;
    let [
        Answer::Applied { .. },
        Answer::NotAttempted { until, .. },
        Answer::NotAttempted { until: last, .. },
    ] = [0, 1, 2].map(|at: usize| throttled[at].answer.clone())
    else {
        panic!("{throttled:?}")
    };
    assert_eq!(
        until, last,
        "nobody calls before the provider takes calls again"
    );
    assert_eq!(events(&account).await, 3);
}

// proves: R-08
#[tokio::test]
async fn an_event_that_was_deleted_does_not_keep_its_marker_from_another() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let mut ids = Vec::new();
    for _ in 0..3 {
        let live = account.made(&board(), "m1").await;
        account
            .write(&scope, delete(&live.remote_id, &live.version))
            .await;
        account.settle().await;
        ids.push(live.remote_id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let other = account.made(&board(), "m1").await;
    let again = account.write(&scope, create_event(&board(), "m1")).await;
    let Answer::Existing(live) = again.answer else {
        panic!("{again:?}")
    };
    assert_eq!(live.remote_id, other.remote_id, "found by its marker");
}

// proves: R-07
#[tokio::test]
async fn an_event_that_somebody_made_is_found_before_it_is_made_again() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let by_title = account.plan(meeting("Board", "2027-04-08")).await;
    account.plan(meeting("Another", "2027-04-08")).await;
    let day =
        json!({"summary": "Fair", "start": {"date": "2027-04-08"}, "end": {"date": "2027-04-09"}});
    let by_day = account.plan(day).await;
    account.settle().await;
    let uid = format!("{by_title}@google.com");
    let fair = record(&[("title", "fair"), ("when", "2027-04-08/2027-04-09")]);
    let known = record(&[
        ("title", "Else"),
        ("when", "2027-05-01/2027-05-02"),
        ("uid", &uid),
    ]);
    for (wanted, id) in [(board(), &by_title), (fair, &by_day), (known, &by_title)] {
        let before = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
        for known_until in [None, Some(before)] {
            let mut operation = create_event(&wanted, "m1");
            if let Operation::Create(create) = &mut operation {
                create.known_until = known_until;
            }
            let outcome = account.write(&scope, operation).await;
            let Answer::Existing(live) = outcome.answer else {
                panic!("{outcome:?}")
            };
            assert_eq!(&live.remote_id, id);
        }
    }
    let later = record(&[
        ("title", "Board"),
        (
            "when",
            "2027-04-08T09:01:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]",
        ),
    ]);
    let outcome = account.write(&scope, create_event(&later, "m2")).await;
    assert_eq!(outcome.answer.word(), "applied");
}

// proves: R-27
#[tokio::test]
async fn a_change_of_what_has_moved_on_is_stale_and_writes_nothing() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let live = account.made(&board(), "m1").await;
    account
        .replan(&live.remote_id, json!({"location": "Room 9"}))
        .await;
    account.settle().await;
    let edits = || vec![edit("title", Some("Board"), Some("Mine"))];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits()))
        .await;
    let Answer::Stale { live: Some(now) } = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(value(&now.record, "location").as_deref(), Some("Room 9"));
    assert_eq!(account.calls("calendar.events.patch"), 0);
    // Somebody is quicker between our reading and our writing.
    account
        .sandbox
        .add_fault(status("calendar.events.patch", 1, 412));
    let outcome = account
        .write(&scope, update(&live.remote_id, &now.version, edits()))
        .await;
    assert_eq!(outcome.answer.word(), "stale");
    let done = account
        .write(&scope, update(&live.remote_id, &now.version, edits()))
        .await;
    assert_eq!(applied(&done).record.fields.len(), now.record.fields.len());
}

#[tokio::test]
async fn an_earlier_state_within_the_horizon_is_no_news() {
    let account = Account::unkind().await.with_horizon(600);
    let scope = events_of("primary");
    let outcome = account.write(&scope, create_event(&board(), "m1")).await;
    let live = applied(&outcome).clone();
    let edits = vec![edit("title", Some("Board"), Some("Mine"))];
    let early = account
        .write(
            &scope,
            update(&live.remote_id, &live.version, edits.clone()),
        )
        .await;
    assert_eq!(early.answer.word(), "not_attempted", "it is not shown yet");
    account.settle().await;
    account.edited(&live, edits).await;
}

#[tokio::test]
async fn what_is_no_event_is_refused_by_its_path_and_the_rest_counts() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    for (field, text) in [
        ("when", "2027-04-08T09:00:00/2027-04-08T10:00:00"),
        (
            "when",
            "2027-04-08T10:00:00+02:00/2027-04-08T09:00:00+02:00",
        ),
        (
            "when",
            "2027-04-08T09:00:00[Europe/Atlantis]/2027-04-08T10:00:00[Europe/Atlantis]",
        ),
        ("when", "tomorrow"),
        ("recurrence", "FREQ=SOMETIMES"),
        ("recurrence", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("status", "cancelled"),
        ("privacy", "hidden"),
        ("uid", "another@example.com"),
        ("conference", "https://meet.example.com/x"),
    ] {
        let live = account.made(&board(), &format!("{field} {text}")).await;
        let edits = vec![
            edit(field, None, Some(text)),
            edit("location", None, Some("Room 4")),
        ];
        let outcome = account
            .write(&scope, update(&live.remote_id, &live.version, edits))
            .await;
        let Answer::Applied(done) = &outcome.answer else {
            panic!("{field} {text}: {outcome:?}")
        };
        let paths: Vec<_> = done.refused.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, [field], "{text}");
        assert!(!done.refused[0].reason.contains("Board"));
        let now = applied(&outcome);
        assert_eq!(value(&now.record, "location").as_deref(), Some("Room 4"));
        let alone = vec![edit(field, None, Some(text))];
        account.settle().await;
        let outcome = account
            .write(&scope, update(&now.remote_id, &now.version, alone))
            .await;
        assert_eq!(outcome.answer.word(), "refused");
        account
            .write(&scope, delete(&now.remote_id, &now.version))
            .await;
        account.settle().await;
    }
    let timeless = account
        .write(&scope, create_event(&record(&[("title", "Board")]), "t1"))
        .await;
    assert_eq!(timeless.answer.word(), "refused");
}

#[tokio::test]
async fn what_google_refuses_is_found_out_and_the_rest_counts() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let guests: Vec<Element> = (0..300)
        .map(|number| Participant::new(&format!("guest{number}@example.org")).element())
        .collect();
    let crowd = with_list(board(), "participants", &guests);
    let outcome = account.write(&scope, create_event(&crowd, "m1")).await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(done.refused[0].path, "participants");
    assert_eq!(applied(&outcome).record.elements(&path("participants")), []);

    let nobody = Participant::new("urn:google:profile:7").element();
    let live = account.made(&board(), "m2").await;
    let edits = vec![
        element_edit("participants", None, Some(&nobody)),
        edit("title", Some("Board"), Some(&"long ".repeat(2_000))),
    ];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    let title = value(&applied(&outcome).record, "title").unwrap();
    assert_eq!(title.len(), 10_000);

    // Google does not say which: each is sent on its own.
    account.settle().await;
    let live = account.live(&scope, &live.remote_id).await;
    let body = json!({"error": {"errors": [{"reason": "invalid"}], "message": "Invalid Value"}});
    for nth in [1, 2] {
        let mut rule = status("calendar.events.patch", nth, 400);
        if let Fault::Status { body: own, .. } = &mut rule.fault {
            *own = Some(body.clone());
        }
        account.sandbox.add_fault(rule);
    }
    let edits = vec![
        edit("description", None, Some("Bring slides")),
        edit("location", None, Some("Room 4")),
    ];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(done.refused.len(), 1);
    assert_eq!(done.refused[0].path, "description");
    let now = applied(&outcome);
    assert_eq!(value(&now.record, "location").as_deref(), Some("Room 4"));
}

#[tokio::test]
async fn a_calendar_that_is_closed_or_gone_takes_nothing() {
    let account = Account::unkind().await;
    let calendar = account.shared("Team", "writer").await;
    let id = account
        .plan_in(&calendar, BEN, meeting("Shared", "2027-04-08"))
        .await;
    account.settle().await;
    let scope = events_of(&calendar);
    let live = account.live(&scope, &id).await;
    let operations = || {
        let edits = vec![edit("title", Some("Shared"), Some("Mine"))];
        vec![
            create_event(&board(), "m1"),
            update(&id, &live.version, edits),
            delete(&id, &live.version),
        ]
    };
    account.share(&calendar, json!("reader")).await;
    account.settle().await;
    for outcome in account.execute(&scope, operations()).await {
        let Answer::Forbidden { right } = &outcome.answer else {
            panic!("{outcome:?}")
        };
        assert!(right.contains("read-only"), "{right}");
        assert!(right.contains("Make changes to events"), "{right}");
    }
    account.share(&calendar, json!(null)).await;
    account.settle().await;
    for outcome in account.execute(&scope, operations()).await {
        let collection_gone = Answer::Gone {
            proved: false,
            collection: true,
        };
        assert_eq!(outcome.answer, collection_gone);
    }
}

// proves: R-28
#[tokio::test]
async fn a_series_of_which_a_part_was_written_is_completed_by_the_next_plan() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let id = account.plan(weekly("Weekly")).await;
    account.settle().await;
    let live = account.live(&scope, &id).await;
    let instance = |day: &str, title: &str| {
        let one = changed(&format!("{day}T09:00:00"), &[("title", title)]);
        element_edit("overrides", None, Some(&one))
    };
    let edits = vec![
        edit("location", None, Some("Room 4")),
        instance("2027-03-22", "Two"),
        instance("2027-03-29", "Three"),
        instance("2027-04-05", "Four"),
    ];
    account
        .sandbox
        .add_fault(status("calendar.events.patch", 3, 503));
    let outcome = account
        .write(&scope, update(&id, &live.version, edits.clone()))
        .await;
    assert_eq!(outcome.answer.word(), "unknown");
    account.settle().await;
    let now = account.live(&scope, &id).await;
    assert_eq!(now.record.elements(&path("overrides")).len(), 1);
    let stale = account
        .write(&scope, update(&id, &live.version, edits))
        .await;
    assert_eq!(stale.answer.word(), "stale");
    let rest = vec![
        instance("2027-03-29", "Three"),
        instance("2027-04-05", "Four"),
    ];
    let now = account.edited(&now, rest).await;
    assert_eq!(now.record.elements(&path("overrides")).len(), 3);
    account.is_quiet().await;
}

// proves: R-26
#[tokio::test]
async fn a_series_whose_creation_was_cut_off_is_found_with_what_is_left_to_do() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let wanted = record(&[
        ("title", "Weekly"),
        (
            "when",
            "2027-03-15T09:00:00[Europe/Vienna]/2027-03-15T10:00:00[Europe/Vienna]",
        ),
        ("recurrence", "FREQ=WEEKLY;COUNT=4"),
    ]);
    let apart = changed("2027-03-22T09:00:00", &[("title", "Apart")]);
    let wanted = with_list(wanted, "overrides", &[apart]);
    account
        .sandbox
        .add_fault(status("calendar.events.patch", 1, 503));
    let outcome = account.write(&scope, create_event(&wanted, "m1")).await;
    assert_eq!(outcome.answer.word(), "unknown");
    account.settle().await;
    let outcome = account.write(&scope, create_event(&wanted, "m1")).await;
    let Answer::Existing(live) = outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(live.marker.as_deref(), Some("m1"));
    assert_eq!(live.record.elements(&path("overrides")), []);
    let apart = element_edit(
        "overrides",
        None,
        wanted.elements(&path("overrides")).first(),
    );
    let live = account.edited(&live, vec![apart]).await;
    assert_eq!(
        live.record.elements(&path("overrides")),
        wanted.elements(&path("overrides"))
    );
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_is_unknown_and_one_too_many_waits() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let live = account.made(&board(), "m1").await;
    let edits = || vec![edit("title", Some("Board"), Some("Mine"))];
    let write = || update(&live.remote_id, &live.version, edits());
    account.sandbox.add_fault(cut("calendar.events.patch"));
    let lost = account.write(&scope, write()).await;
    assert_eq!(lost.answer.word(), "unknown");
    account.settle().await;
    let again = account.write(&scope, write()).await;
    let Answer::Stale { live: Some(now) } = again.answer else {
        panic!("{again:?}")
    };
    assert_eq!(value(&now.record, "title").as_deref(), Some("Mine"));
    account.sandbox.add_fault(cut("calendar.events.delete"));
    let lost = account
        .write(&scope, delete(&live.remote_id, &now.version))
        .await;
    assert_eq!(lost.answer.word(), "unknown");
    account.settle().await;
    let again = account
        .write(&scope, delete(&live.remote_id, &now.version))
        .await;
    assert!(matches!(again.answer, Answer::Gone { proved: true, .. }));
    let other = account.made(&board(), "m2").await;
    let mut rule = status("calendar.events.patch", 1, 403);
    let item = json!({"reason": "rateLimitExceeded"});
    if let Fault::Status { body, .. } = &mut rule.fault {
        *body = Some(json!({"error": {"errors": [item], "message": "Rate Limit Exceeded"}}));
    }
    account.sandbox.add_fault(rule);
    let busy = account
        .write(&scope, update(&other.remote_id, &other.version, edits()))
        .await;
    assert!(matches!(
        busy.answer,
        Answer::NotAttempted { until: Some(_), .. }
    ));
}
