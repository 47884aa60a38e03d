//! Reading series: what people do to one, or to a part of it, is told of one record.

use pretty_assertions::assert_eq;
use provider::{Answer, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, Round, read},
    diary::{ANA, BEN, events_of, exceptions, hour, inside, meeting, value, weekly, with},
};

/// What a round tells of a series: its rule, and its exceptions with what they have of their own.
type Told = (String, Vec<String>);

fn told(round: &Round, id: &str) -> Told {
    let record = inside(round, id);
    let exceptions = exceptions(record).into_iter();
    let exceptions = exceptions.map(|(label, parts)| format!("{label} {}", parts.join(" ")));
    (
        value(record, "recurrence").unwrap_or_default(),
        exceptions.collect(),
    )
}

fn series(rule: &str, exceptions: &[&str]) -> Told {
    let exceptions = exceptions.iter().map(ToString::to_string);
    (rule.to_owned(), exceptions.collect())
}

/// The four Mondays of a weekly series, as their instances' ids end.
const MONDAYS: [&str; 4] = [
    "20270315T080000Z",
    "20270322T080000Z",
    "20270329T070000Z",
    "20270405T070000Z",
];

/// Something that people do.
struct Step {
    what: &'static str,
    /// The series, or one of its instances.
    part: String,
    change: Json,
    expected: Told,
}

/// What people do to a weekly series, one after the other.
fn steps(id: &str) -> Vec<Step> {
    let step = |what, part: &str, change, expected| Step {
        what,
        part: part.to_owned(),
        change,
        expected,
    };
    let one = |at: usize| format!("{id}_{}", MONDAYS[at]);
    let apart = "2027-03-22T09:00:00 title";
    let moved = "2027-04-05T09:00:00 when";
    vec![
        step(
            "one is renamed",
            &one(1),
            json!({"summary": "Apart"}),
            series("FREQ=WEEKLY;COUNT=4", &[apart]),
        ),
        step(
            "one is moved",
            &one(3),
            hour("2027-04-06", 14),
            series("FREQ=WEEKLY;COUNT=4", &[apart, moved]),
        ),
        step(
            "one is cancelled",
            &one(2),
            json!({"status": "cancelled"}),
            series(
                "FREQ=WEEKLY;COUNT=4",
                &[apart, "2027-03-29T09:00:00 excluded", moved],
            ),
        ),
        step(
            "one takes part again",
            &one(2),
            json!({"status": "confirmed"}),
            series("FREQ=WEEKLY;COUNT=4", &[apart, moved]),
        ),
        step(
            "all get another place",
            id,
            json!({"location": "Room 4"}),
            // Exceptions keep what they were.
            series(
                "FREQ=WEEKLY;COUNT=4",
                &[
                    "2027-03-22T09:00:00 cleared title",
                    "2027-03-29T09:00:00 cleared",
                    "2027-04-05T09:00:00 cleared when",
                ],
            ),
        ),
        step(
            "it is extended",
            id,
            json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=9"]}),
            series(
                "FREQ=WEEKLY;COUNT=9",
                &[
                    "2027-03-22T09:00:00 cleared title",
                    "2027-03-29T09:00:00 cleared",
                    "2027-04-05T09:00:00 cleared when",
                ],
            ),
        ),
        step(
            "it ends earlier",
            id,
            json!({"recurrence": ["RRULE:FREQ=WEEKLY;UNTIL=20270329T065959Z"]}),
            series(
                "FREQ=WEEKLY;UNTIL=20270328",
                &["2027-03-22T09:00:00 cleared title"],
            ),
        ),
        step(
            "all are at another time",
            id,
            hour("2027-03-15", 11),
            series("FREQ=WEEKLY;UNTIL=20270328", &[]),
        ),
        step(
            "it happens once",
            id,
            json!({"recurrence": null}),
            series("", &[]),
        ),
    ]
}

#[tokio::test]
async fn whatever_people_do_to_a_series_is_told_of_one_record() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let id = account.plan(weekly("Weekly")).await;
    account.settle().await;
    let mut round = account.round(&scope, None).await;
    assert_eq!(told(&round, &id), series("FREQ=WEEKLY;COUNT=4", &[]));
    for Step {
        what,
        part,
        change,
        expected,
    } in steps(&id)
    {
        account.replan(&part, change).await;
        account.settle().await;
        let before = round.seen.get(&id).and_then(|seen| seen.version.clone());
        round = account.round(&scope, Some(&round.cursor)).await;
        let ids: Vec<&String> = round.seen.keys().collect();
        assert_eq!(ids, [&id], "{what}");
        assert_eq!(told(&round, &id), expected, "{what}");
        assert_ne!(round.seen[&id].version, before, "{what}");
        let snapshot = account.round(&scope, None).await;
        assert_eq!(snapshot.seen[&id], round.seen[&id], "{what}");
    }
    account.cancel(&id).await;
    account.settle().await;
    let gone = account.round(&scope, Some(&round.cursor)).await;
    assert_eq!(gone.seen.len(), 1);
    assert!(matches!(gone.seen[&id].what, What::Deleted { .. }));
    assert_eq!(account.round(&scope, None).await.seen.len(), 0);
}

#[tokio::test]
async fn the_parts_of_a_series_may_come_on_any_page_in_any_order() {
    let account = Account::unkind().await;
    account
        .configure(json!({"calendar": {"page_cap": 1, "quota": {"user_requests": 100_000}}}))
        .await;
    let scope = events_of("primary");
    let id = account.plan(weekly("Weekly")).await;
    let other = account.plan(meeting("Other", "2027-04-08")).await;
    account.settle().await;
    let first = account.round(&scope, None).await;
    let one = |at: usize| format!("{id}_{}", MONDAYS[at]);
    let expected = series(
        "FREQ=WEEKLY;COUNT=4",
        &["2027-03-22T09:00:00 title", "2027-03-29T09:00:00 excluded"],
    );
    // What changed last comes last: the exceptions, then the series, then the exceptions again.
    let rename = async |at: usize, title: &str| {
        account.replan(&one(at), json!({"summary": title})).await;
    };
    let own = async || account.replan(&id, json!({"colorId": "5"})).await;
    rename(1, "Apart").await;
    account.cancel(&one(2)).await;
    let mut cursor = first.cursor;
    for order in ["after", "before", "around"] {
        match order {
            "before" => own().await,
            "around" => {
                account.replan(&other, json!({"location": "Room 4"})).await;
                rename(1, "Apart again").await;
            }
            _ => {}
        }
        account.settle().await;
        let delta = account.round(&scope, Some(&cursor)).await;
        assert_eq!(told(&delta, &id), expected, "{order}");
        let snapshot = account.round(&scope, None).await;
        assert_eq!(snapshot.seen[&id], delta.seen[&id], "{order}");
        assert_eq!(snapshot.seen.len(), 2);
        cursor = delta.cursor;
    }
}

#[tokio::test]
async fn this_and_following_makes_two_series_of_one() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let id = account.plan(weekly("Weekly")).await;
    let one = |at: usize| format!("{id}_{}", MONDAYS[at]);
    account.replan(&one(1), json!({"summary": "Early"})).await;
    account.replan(&one(3), json!({"summary": "Late"})).await;
    account.settle().await;
    let first = account.round(&scope, None).await;
    let split = format!("google/calendars/primary/events/{}/split", one(2));
    let changes = with(json!({"summary": "Rest"}), &hour("2027-03-30", 14));
    let rest = account
        .control(Method::POST, &split, json!({ "event": changes }))
        .await;
    let rest = rest["id"].as_str().unwrap().to_owned();
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(second.seen.len(), 2, "two records, and no instance");
    assert_eq!(
        told(&second, &id),
        series("FREQ=WEEKLY;UNTIL=20270328", &["2027-03-22T09:00:00 title"])
    );
    assert_eq!(told(&second, &rest), series("FREQ=WEEKLY;COUNT=2", &[]));
    let when = value(inside(&second, &rest), "when").unwrap();
    assert!(
        when.starts_with("2027-03-30T14:00:00[Europe/Vienna]"),
        "{when}"
    );
    let snapshot = account.round(&scope, None).await;
    assert_eq!(snapshot.seen, second.seen);
}

// proves: R-10
#[tokio::test]
async fn one_who_is_invited_to_an_instance_alone_has_it_as_an_event_until_invited_to_all() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let id = account.plan_in("primary", BEN, weekly("Weekly")).await;
    let instance = format!("{id}_{}", MONDAYS[1]);
    let guests = json!({"attendees": [{"email": ANA}]});
    let ben = async |id: &str, change: &Json| {
        let path = format!("google/calendars/primary/events/{id}?account={BEN}");
        let body = json!({ "event": change });
        account.control(Method::PATCH, &path, body).await;
        account.settle().await;
    };
    ben(&instance, &guests).await;
    let first = account.round(&scope, None).await;
    let alone = inside(&first, &instance);
    assert_eq!(first.seen.len(), 1);
    assert_eq!(value(alone, "recurrence"), None);
    let place = value(alone, "recurrenceId");
    assert_eq!(place.as_deref(), Some("2027-03-22T08:00:00Z"));
    account.live(&scope, &instance).await;
    ben(&instance, &json!({"summary": "Renamed"})).await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    let title = value(inside(&second, &instance), "title");
    assert_eq!(title.as_deref(), Some("Renamed"));

    ben(&id, &guests).await;
    let third = account.round(&scope, Some(&second.cursor)).await;
    assert!(matches!(third.seen[&id].what, What::Inside(_)));
    assert!(matches!(third.seen[&instance].what, What::Deleted { .. }));
    assert_eq!(third.seen.len(), 2, "the series, and what it took over");
    let outcomes = account.execute(&scope, vec![read(&instance, &[])]).await;
    let part_of_a_series = Answer::Gone {
        proved: true,
        collection: false,
    };
    assert_eq!(outcomes[0].answer, part_of_a_series);
    let snapshot = account.round(&scope, None).await;
    assert_eq!(snapshot.seen.keys().collect::<Vec<_>>(), [&id]);
    ben(&id, &json!({"location": "Room 4"})).await;
    let fourth = account.round(&scope, Some(&third.cursor)).await;
    assert_eq!(fourth.seen.keys().collect::<Vec<_>>(), [&id], "told once");
}

// proves: R-20
#[tokio::test]
async fn an_instance_alone_that_is_called_off_is_gone_and_not_remembered() {
    let account = Account::unkind().await;
    let scope = events_of("primary");
    let id = account.plan_in("primary", BEN, weekly("Weekly")).await;
    let part = |at: usize| format!("{id}_{}", MONDAYS[at]);
    let ben = async |id: &str, change: Json| {
        let path = format!("google/calendars/primary/events/{id}?account={BEN}");
        let body = json!({ "event": change });
        account.control(Method::PATCH, &path, body).await;
        account.settle().await;
    };
    let guests = json!({"attendees": [{"email": ANA}]});
    ben(&part(1), guests.clone()).await;
    ben(&part(2), guests.clone()).await;
    let first = account.round(&scope, None).await;
    assert_eq!(first.sides().0.len(), 2);
    ben(&part(1), json!({"attendees": []})).await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert!(matches!(second.seen[&part(1)].what, What::Deleted { .. }));
    assert!(!second.cursor.contains(MONDAYS[1]), "{}", second.cursor);
    ben(&id, guests).await;
    let third = account.round(&scope, Some(&second.cursor)).await;
    assert!(matches!(third.seen[&id].what, What::Inside(_)));
    let gone = third.seen.values();
    let gone = gone.filter(|seen| matches!(seen.what, What::Deleted { .. }));
    let gone: Vec<&str> = gone.map(|seen| seen.remote_id.as_str()).collect();
    assert_eq!(gone, [part(2)]);
    assert!(!third.cursor.contains(MONDAYS[2]), "{}", third.cursor);
}
