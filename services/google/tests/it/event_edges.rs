//! The edges of a window: what enters or leaves it is neither doubled nor deleted. Identity has no window.

use jiff::{SignedDuration, Timestamp};
use pretty_assertions::assert_eq;
use provider::{Answer, Scope, What};
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, Round, applied, delete, edit, update},
    diary::{
        changed, create_event, element_edit, events_of, exceptions, hour, meeting, record, value,
        with, with_option,
    },
};

/// A day so many days from now.
fn day(days: i64) -> String {
    let at = Timestamp::now() + SignedDuration::from_hours(24 * days);
    at.strftime("%Y-%m-%d").to_string()
}

/// An hour of such a day, as a record says it.
fn nine(days: i64) -> String {
    let day = day(days);
    format!("{day}T09:00:00[Europe/Vienna]/{day}T10:00:00[Europe/Vienna]")
}

fn window() -> Scope {
    with_option(events_of("primary"), "past_days", "90")
}

/// On which side of the window's edge a round shows an event.
fn side(round: &Round, id: &str) -> &'static str {
    match round.seen.get(id).map(|seen| &seen.what) {
        Some(What::Inside(_)) => "inside",
        Some(What::Outside(_)) => "outside",
        Some(What::Deleted { .. }) => "deleted",
        Some(What::Unreadable { .. }) => "unreadable",
        None => "not told",
    }
}

async fn events(account: &Account) -> usize {
    account.settle().await;
    let everything = account.round(&events_of("primary"), None).await;
    everything.seen.len()
}

// proves
#[tokio::test]
async fn an_event_that_people_move_over_the_edge_changes_sides_and_stays_one() {
    let account = Account::unkind().await;
    let scope = window();
    let id = account.plan(meeting("Board", &day(10))).await;
    account.settle().await;
    let mut round = account.round(&scope, None).await;
    assert_eq!(side(&round, &id), "inside");
    let first = round.seen[&id].version.clone();
    for (days, expected) in [
        (-100, "outside"),
        (-80, "inside"),
        (-91, "outside"),
        (5, "inside"),
    ] {
        account.replan(&id, hour(&day(days), 9)).await;
        account.settle().await;
        round = account.round(&scope, Some(&round.cursor)).await;
        assert_eq!(side(&round, &id), expected, "{days}");
        assert_eq!(round.seen.len(), 1);
        let snapshot = account.round(&scope, None).await;
        assert_eq!(snapshot.seen, round.seen, "both ways of reading agree");
    }
    assert_ne!(round.seen[&id].version, first);
}

// proves: R-06
#[tokio::test]
async fn what_time_alone_takes_out_of_the_window_is_told_by_the_next_snapshot() {
    let account = Account::unkind().await;
    let scope = with_option(events_of("primary"), "past_days", "1");
    let id = account.plan(meeting("Board", &day(0))).await;
    let daily = json!({"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]});
    let series = account.plan(with(meeting("Daily", &day(0)), &daily)).await;
    account.settle().await;
    let first = account.round(&scope, None).await;
    assert_eq!(
        (side(&first, &id), side(&first, &series)),
        ("inside", "inside")
    );
    account.pass(4 * 24 * 3600).await;
    let delta = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(side(&delta, &id), "not told", "nothing happened to it");
    let later = account.round(&scope, None).await;
    assert_eq!(
        (side(&later, &id), side(&later, &series)),
        ("outside", "outside")
    );
    assert_eq!(later.seen[&id].version, first.seen[&id].version);
}

// proves: R-06
#[tokio::test]
async fn a_series_is_inside_while_anything_of_it_is() {
    let account = Account::kind().await;
    let scope = window();
    let from = |days: i64, lines: &[&str]| {
        let lines = json!({ "recurrence": lines });
        with(meeting("Series", &day(days)), &lines)
    };
    let added = |days: i64| {
        let stamp = day(days).replace('-', "");
        format!("RDATE;TZID=Europe/Vienna:{stamp}T090000")
    };
    let over = "RRULE:FREQ=DAILY;COUNT=20";
    let daily = "RRULE:FREQ=DAILY";
    let many = format!("{daily};COUNT=20000");
    let long = format!("{daily};UNTIL={}T235959Z", day(300).replace('-', ""));
    let short = format!("{daily};UNTIL={}T235959Z", day(-120).replace('-', ""));
    for (what, event, expected) in [
        ("ended long ago", from(-200, &[over]), "outside"),
        ("ended by a day", from(-4_000, &[&short]), "outside"),
        ("ended lately", from(-100, &[over]), "inside"),
        (
            "begun years ago, without an end",
            from(-7_000, &[daily]),
            "inside",
        ),
        (
            "begun years ago, with many instances",
            from(-7_000, &[&many]),
            "inside",
        ),
        (
            "begun years ago, until next year",
            from(-7_000, &[&long]),
            "inside",
        ),
        (
            "once a year",
            from(-4_000, &["RRULE:FREQ=YEARLY"]),
            "inside",
        ),
        (
            "an added date inside",
            from(-200, &[over, &added(3)]),
            "inside",
        ),
        (
            "an added date outside",
            from(-200, &[over, &added(-150)]),
            "outside",
        ),
        ("begins later", from(400, &[over]), "inside"),
    ] {
        let id = account.plan(event).await;
        let round = account.round(&scope, None).await;
        assert_eq!(side(&round, &id), expected, "{what}");
        account.cancel(&id).await;
    }
}

/// The id of the instance that would begin on a day at nine.
fn instance(series: &str, days: i64) -> String {
    let start = nine(days);
    let start = start.parse::<model::event::When>().unwrap();
    let at = start.start().instant().unwrap();
    format!("{series}_{}", at.strftime("%Y%m%dT%H%M%SZ"))
}

// proves: R-06
#[tokio::test]
async fn an_instance_that_leaves_or_enters_the_window_takes_its_series_along_only_as_a_whole() {
    let account = Account::unkind().await;
    let scope = window();
    let daily = |days: i64, rule: &str| {
        let lines = json!({ "recurrence": [rule] });
        with(meeting("Daily", &day(days)), &lines)
    };
    let going_on = account.plan(daily(-100, "RRULE:FREQ=DAILY")).await;
    let over = account.plan(daily(-200, "RRULE:FREQ=DAILY;COUNT=20")).await;
    account.settle().await;
    let first = account.round(&scope, None).await;
    assert_eq!(
        (side(&first, &going_on), side(&first, &over)),
        ("inside", "outside")
    );

    // One of next week's takes place years ago, and one of those that are over tomorrow.
    for (id, from, to) in [(&going_on, 7, -1_000), (&over, -190, 1)] {
        account.replan(&instance(id, from), hour(&day(to), 9)).await;
    }
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(
        (side(&second, &going_on), side(&second, &over)),
        ("inside", "inside")
    );
    assert_eq!(second.seen.len(), 2, "instances are no records");
    for (id, days) in [(&going_on, 7), (&over, -190)] {
        let moved = vec![(format!("{}T09:00:00", day(days)), vec!["when".to_owned()])];
        assert_eq!(exceptions(crate::diary::inside(&second, id)), moved);
    }
    account.cancel(&instance(&over, -190)).await;
    account.settle().await;
    let third = account.round(&scope, Some(&second.cursor)).await;
    assert_eq!(side(&third, &over), "outside");
    let snapshot = account.round(&scope, None).await;
    assert_eq!(snapshot.seen[&over], third.seen[&over]);
}

// proves
#[tokio::test]
async fn a_write_moves_an_event_over_the_edge_and_tells_on_which_side_it_is() {
    let account = Account::unkind().await;
    let scope = window();
    let wanted = record(&[("title", "Board"), ("when", &nine(10))]);
    let made = account.write(&scope, create_event(&wanted, "m1")).await;
    let mut live = applied(&made).clone();
    assert!(live.in_scope);
    let id = live.remote_id.clone();
    let mut was = 10;
    for (days, is_inside) in [(-100, false), (-101, false), (-80, true)] {
        account.settle().await;
        let edits = vec![edit("when", Some(&nine(was)), Some(&nine(days)))];
        let outcome = account
            .write(&scope, update(&id, &live.version, edits))
            .await;
        live = applied(&outcome).clone();
        assert_eq!((live.in_scope, &live.remote_id), (is_inside, &id), "{days}");
        account.settle().await;
        let read = account.live(&scope, &id).await;
        assert_eq!(read, live, "{days}");
        was = days;
    }
    let old = record(&[("title", "Old"), ("when", &nine(-200))]);
    let old = account.write(&scope, create_event(&old, "m2")).await;
    let old = applied(&old).clone();
    assert!(!old.in_scope);
    assert_eq!(events(&account).await, 2);
    let gone = account
        .write(&scope, delete(&old.remote_id, &old.version))
        .await;
    assert_eq!(gone.answer.word(), "applied");
    assert_eq!(events(&account).await, 1);
    account.is_quiet().await;
}

// proves
#[tokio::test]
async fn an_event_outside_the_window_is_found_before_it_is_made_again() {
    let account = Account::unkind().await;
    let scope = window();
    let old = account.plan(meeting("Board", &day(-200))).await;
    account.settle().await;
    let wanted = record(&[("title", "Board"), ("when", &nine(-200))]);
    let outcome = account.write(&scope, create_event(&wanted, "m1")).await;
    let Answer::Existing(live) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!((&live.remote_id, live.in_scope), (&old, false));
    assert_eq!(value(&live.record, "title").as_deref(), Some("Board"));
    assert_eq!(events(&account).await, 1);
}

// proves: R-06
#[tokio::test]
async fn a_write_to_an_instance_outside_the_window_leaves_its_series_inside() {
    let account = Account::unkind().await;
    let scope = window();
    let series = record(&[
        ("title", "Daily"),
        ("when", &nine(-100)),
        ("recurrence", "FREQ=DAILY"),
    ]);
    let made = account.write(&scope, create_event(&series, "m1")).await;
    let live = applied(&made).clone();
    account.settle().await;
    let label = format!("{}T09:00:00", day(-95));
    let apart = changed(&label, &[("title", "Apart"), ("when", &nine(-1_000))]);
    let edits = vec![element_edit("overrides", None, Some(&apart))];
    let outcome = account
        .write(&scope, update(&live.remote_id, &live.version, edits))
        .await;
    let live = applied(&outcome).clone();
    assert!(live.in_scope);
    account.settle().await;
    assert_eq!(account.live(&scope, &live.remote_id).await, live);
    let round = account.round(&scope, None).await;
    let told: Json = json!([side(&round, &live.remote_id), round.seen.len()]);
    assert_eq!(told, json!(["inside", 1]));
}
