//! The many creates of a baseline: few calls, and nothing twice.

use pretty_assertions::assert_eq;
use provider::{Answer, Operation};
use reqwest::Method;
use serde_json::json;

use crate::{
    account::Account,
    diary::{create_event, events_of, meeting, record, with},
};

const NINE: &str = "2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]";

/// How many events there are.
async fn living(account: &Account) -> usize {
    let path = "google/calendars/primary/events";
    let truth = account.control(Method::GET, path, json!({})).await;
    truth["events"].as_array().unwrap().len()
}

// proves
#[tokio::test]
async fn creates_of_a_baseline_share_their_looks_and_find_what_was_typed_in_meanwhile() {
    let account = Account::unkind().await;
    let began = std::time::Instant::now();
    let scope = events_of("primary");
    account.plan(meeting("Known", "2027-04-08")).await;
    account.pass(3_600).await;
    let typed = account.plan(meeting("Title 7", "2027-04-08")).await;
    account.settle().await;
    let before = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
    let create = |number: usize| {
        let title = format!("Title {number}");
        let wanted = record(&[("title", &title), ("when", NINE)]);
        let mut operation = create_event(&wanted, &format!("m{number}"));
        if let Operation::Create(create) = &mut operation {
            create.known_until = Some(before);
        }
        operation
    };
    let mut writes: Vec<_> = (0..30).map(&create).collect();
    // Two of one title at one time: the first that we made is no match of the second.
    let mut twin = create(3);
    if let Operation::Create(create) = &mut twin {
        create.marker = Some("twin".into());
    }
    writes.push(twin);
    let outcomes = account.execute(&scope, writes).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        match &outcome.answer {
            Answer::Existing(live) => assert_eq!((number, &live.remote_id), (7, &typed)),
            answer => assert_eq!(answer.word(), "applied", "{number}"),
        }
    }
    assert_eq!(living(&account).await, 32);
    assert_eq!(account.calls("calendar.events.insert"), 30);
    // One look at the calendar and one at what is young, which may take two pages; of the one that was found another.
    let again = usize::try_from(began.elapsed().as_secs() / 30).unwrap();
    let looks = account.calls("calendar.calendarList.get");
    assert!((1..=1 + again).contains(&looks), "{looks}");
    let lists = account.calls("calendar.events.list");
    assert!(lists <= 6 * (1 + again), "{lists}");
    account.is_quiet().await;
}

// proves: R-07
#[tokio::test]
async fn where_google_does_not_tell_what_is_young_each_create_looks_by_itself() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let typed = account.plan(meeting("Board", "2027-04-08")).await;
    account.settle().await;
    let board = record(&[("title", "Board"), ("when", NINE)]);
    let mut operation = create_event(&board, "m1");
    if let Operation::Create(create) = &mut operation {
        let long_ago = jiff::SignedDuration::from_hours(40 * 24);
        create.known_until = Some(jiff::Timestamp::now() - long_ago);
    }
    let outcome = account.write(&scope, operation).await;
    let Answer::Existing(live) = outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(live.remote_id, typed);
}

// proves: R-08
#[tokio::test]
async fn of_two_with_one_title_the_one_that_is_nobodys_counterpart_is_found() {
    let account = Account::kind().await;
    let scope = events_of("primary");
    let marked = json!({"extendedProperties": {"private": {"rapport": "another"}}});
    let plan = |more: &serde_json::Value| account.plan(with(meeting("Board", "2027-04-08"), more));
    plan(&marked).await;
    let free = plan(&json!({})).await;
    plan(&marked).await;
    let wanted = record(&[("title", "Board"), ("when", NINE)]);
    let outcome = account.write(&scope, create_event(&wanted, "m1")).await;
    let Answer::Existing(live) = outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!((live.remote_id, live.marker), (free, None));
}
