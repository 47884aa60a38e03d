//! Series that the other side cannot hold: each instance is a record of its own, and the series is none.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use provider::{Answer, Fault, Scope, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, Round, applied, delete, edit, read, update},
    diary::{ANA, BEN, events_of, inside, value, weekly, with, with_option},
};

const LIMITS: &str = "FREQ=DAILY,WEEKLY,MONTHLY,YEARLY;PARTS=BYDAY,BYMONTHDAY,COUNT,INTERVAL,UNTIL;RDATE=FALSE;\
    TZID=Europe/Vienna";

/// How the ids of the four Mondays end: clocks are put forward in New York before the second.
const MONDAYS: [&str; 4] = [
    "20270308T140000Z",
    "20270315T130000Z",
    "20270322T130000Z",
    "20270329T130000Z",
];

fn scope() -> Scope {
    with_option(events_of("primary"), "other_series", LIMITS)
}

/// Nine o'clock by a zone's clock.
fn nine(day: &str, zone: &str) -> Json {
    let at = |hour: u8| json!({"dateTime": format!("{day}T{hour:02}:00:00"), "timeZone": zone});
    json!({"start": at(9), "end": at(10)})
}

fn mondays(zone: &str) -> Json {
    let more = json!({"summary": "Call", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]});
    with(more, &nine("2027-03-08", zone))
}

/// How the ids end of what is inside the scope, all of this series.
fn told(round: &Round, series: &str) -> BTreeSet<String> {
    let prefix = format!("{series}_");
    let ids = round.sides().0.into_iter();
    ids.map(|id| id.strip_prefix(&prefix).unwrap_or(id).to_owned())
        .collect()
}

fn gone(round: &Round) -> Vec<&str> {
    let gone = round.seen.values();
    let gone = gone.filter(|seen| matches!(seen.what, What::Deleted { .. }));
    gone.map(|seen| seen.remote_id.as_str()).collect()
}

fn ends(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(ToString::to_string).collect()
}

const DELETED: Answer = Answer::Gone {
    proved: true,
    collection: false,
};

async fn answer(account: &Account, id: &str) -> Answer {
    let outcomes = account.execute(&scope(), vec![read(id, &[])]).await;
    outcomes[0].answer.clone()
}

/// A reading by id shows what the round did.
async fn is_read_alike(account: &Account, round: &Round, id: &str) {
    let live = account.live(&scope(), id).await;
    let seen = &round.seen[id];
    assert_eq!(seen.version.as_ref(), Some(&live.version));
    assert_eq!(&live.record, inside(round, id));
    assert_eq!(seen.marker, live.marker);
}

// proves: R-10
#[tokio::test]
async fn what_the_other_side_cannot_hold_is_told_as_single_meetings() {
    let account = Account::unkind().await;
    let id = account.plan(mondays("America/New_York")).await;
    let held = account.plan(weekly("Weekly")).await;
    account.settle().await;
    let round = account.round(&scope(), None).await;
    let mut expected = ends(&MONDAYS);
    expected.insert(held.clone());
    assert_eq!(told(&round, &id), expected);
    assert_eq!(round.seen.len(), 5, "the series itself is no record");
    for end in MONDAYS {
        let one = inside(&round, &format!("{id}_{end}"));
        assert_eq!(value(one, "title").as_deref(), Some("Call"));
        assert_eq!(
            (value(one, "recurrence"), value(one, "overrides")),
            (None, None)
        );
        let place = value(one, "recurrenceId").unwrap();
        assert_eq!(
            place.replace(['-', ':'], ""),
            end,
            "one meeting in any mailbox"
        );
        let remark = value(one, "remark").unwrap();
        for word in [
            "cannot hold the series",
            "America/New_York",
            "Europe/Vienna",
        ] {
            assert!(remark.contains(word), "{remark}");
        }
        is_read_alike(&account, &round, &format!("{id}_{end}")).await;
    }
    assert_eq!(value(inside(&round, &held), "remark"), None);
    assert_eq!(answer(&account, &id).await, DELETED);
    let part = format!("{held}_20270315T080000Z");
    assert_eq!(
        answer(&account, &part).await,
        DELETED,
        "a part of its series"
    );
    // Without a limit, and where series are left out, it is what it was.
    let plain = account.round(&events_of("primary"), None).await;
    assert_eq!(told(&plain, ""), ends(&[&id, &held]));
    let without = with_option(scope(), "recurrence", "skip");
    let without = account.round(&without, None).await;
    assert_eq!(without.sides().1, [id.as_str(), held.as_str()].into());
}

#[tokio::test]
async fn frequencies_parts_and_dates_that_the_other_side_has_not_are_told_apart() {
    let account = Account::unkind().await;
    let series = |lines: &[&str]| {
        let more = json!({"summary": "Odd", "recurrence": lines});
        with(more, &nine("2027-03-08", "Europe/Vienna"))
    };
    for (lines, expected, word) in [
        (
            &["RRULE:FREQ=HOURLY;INTERVAL=3;COUNT=2"][..],
            &["20270308T080000Z", "20270308T110000Z"][..],
            "FREQ=HOURLY",
        ),
        (
            &["RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2;COUNT=2"],
            &["20270308T080000Z", "20270412T070000Z"],
            "BYSETPOS=2",
        ),
        (
            &[
                "RRULE:FREQ=WEEKLY;COUNT=3",
                "RDATE;TZID=Europe/Vienna:20270310T090000",
                "EXDATE;TZID=Europe/Vienna:20270315T090000",
            ],
            &["20270308T080000Z", "20270310T080000Z", "20270322T080000Z"],
            "dates beside",
        ),
    ] {
        let id = account.plan(series(lines)).await;
        account.settle().await;
        let round = account.round(&scope(), None).await;
        assert_eq!(told(&round, &id), ends(expected), "{word}");
        let first = format!("{id}_{}", expected[0]);
        let remark = value(inside(&round, &first), "remark").unwrap();
        assert!(remark.contains(word), "{remark}");
        is_read_alike(&account, &round, &first).await;
        account.cancel(&id).await;
        account.settle().await;
        let delta = account.round(&scope(), Some(&round.cursor)).await;
        let all: Vec<String> = expected.iter().map(|end| format!("{id}_{end}")).collect();
        let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
        all.insert(0, &id);
        assert_eq!(gone(&delta), all, "{word}");
        for id in all {
            assert_eq!(answer(&account, id).await, DELETED);
        }
        assert_eq!(account.round(&scope(), None).await.seen.len(), 0);
    }
}

#[tokio::test]
async fn what_people_do_to_one_is_told_of_that_one() {
    let account = Account::unkind().await;
    let id = account.plan(mondays("America/New_York")).await;
    account.settle().await;
    let mut round = account.round(&scope(), None).await;
    let one = |at: usize| format!("{id}_{}", MONDAYS[at]);
    for (what, part, change, changed) in [
        (
            "one is renamed",
            one(1),
            json!({"summary": "Apart"}),
            &MONDAYS[1..2],
        ),
        (
            "one is moved",
            one(2),
            nine("2027-03-24", "Europe/Vienna"),
            &MONDAYS[2..3],
        ),
        (
            "one is moved far away",
            one(3),
            nine("2029-03-01", "Europe/Vienna"),
            &MONDAYS[3..],
        ),
        (
            "all get another place",
            id.clone(),
            json!({"location": "Room 4"}),
            &MONDAYS[..],
        ),
    ] {
        account.replan(&part, change).await;
        account.settle().await;
        round = account.round(&scope(), Some(&round.cursor)).await;
        assert_eq!(told(&round, &id), ends(changed), "{what}");
        assert_eq!(gone(&round), Vec::<&str>::new(), "{what}");
        let snapshot = account.round(&scope(), None).await;
        assert_eq!(told(&snapshot, &id), ends(&MONDAYS), "{what}");
        for (id, seen) in &round.seen {
            assert_eq!(&snapshot.seen[id], seen, "{what}");
        }
    }
    for at in 0..4 {
        is_read_alike(&account, &round, &one(at)).await;
    }
    let moved = value(inside(&round, &one(2)), "when").unwrap();
    assert!(
        moved.starts_with("2027-03-24T09:00:00[Europe/Vienna]"),
        "{moved}"
    );
    account.cancel(&one(0)).await;
    account.settle().await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round), [one(0)]);
    assert_eq!(round.seen.len(), 1);
    assert_eq!(answer(&account, &one(0)).await, DELETED);
    account
        .replan(&one(0), json!({"status": "confirmed"}))
        .await;
    account.settle().await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(told(&round, &id), ends(&MONDAYS[..1]));
    // What became of each of them is known when the series is deleted.
    account.cancel(&one(3)).await;
    account.cancel(&id).await;
    account.settle().await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round), [id.clone(), one(0), one(1), one(2), one(3)]);
}

// proves: R-20
#[tokio::test]
async fn a_series_that_can_be_held_again_is_one_record_again() {
    let account = Account::unkind().await;
    let id = account.plan(mondays("America/New_York")).await;
    account.settle().await;
    let mut round = account.round(&scope(), None).await;
    let all = MONDAYS.map(|end| format!("{id}_{end}"));
    for turn in 0..2 {
        account
            .replan(&id, nine("2027-03-08", "Europe/Vienna"))
            .await;
        account.settle().await;
        round = account.round(&scope(), Some(&round.cursor)).await;
        assert_eq!(round.sides().0, [id.as_str()].into(), "{turn}");
        assert_eq!(gone(&round), all);
        for id in &all {
            assert_eq!(answer(&account, id).await, DELETED);
        }
        account.live(&scope(), &id).await;
        account
            .replan(&id, nine("2027-03-08", "America/New_York"))
            .await;
        account.settle().await;
        round = account.round(&scope(), Some(&round.cursor)).await;
        assert_eq!(gone(&round), [&id], "it was told as a series");
        assert_eq!(told(&round, &id), ends(&MONDAYS));
        assert_eq!(answer(&account, &id).await, DELETED);
    }
    // Another rule has other instances; and an event that recurs no more is one event.
    let fewer = json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]});
    account.replan(&id, fewer).await;
    account.settle().await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round), all[2..]);
    assert_eq!(told(&round, &id), ends(&MONDAYS[..2]));
    assert_eq!(answer(&account, &all[3]).await, DELETED);
    account.replan(&id, json!({"recurrence": null})).await;
    account.settle().await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round), all[..2]);
    assert_eq!(round.sides().0, [id.as_str()].into());
}

#[tokio::test]
async fn the_next_instances_are_told_before_the_last_ones_come() {
    let account = Account::unkind().await;
    let calendar = json!({"sync_token_seconds": 100_000_000});
    account.configure(json!({ "calendar": calendar })).await;
    let begin = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    let more = json!({"summary": "Call", "recurrence": ["RRULE:FREQ=WEEKLY"]});
    let id = account
        .plan(with(more, &nine(&begin, "America/New_York")))
        .await;
    account.settle().await;
    let first = account.round(&scope(), None).await;
    let mut known = told(&first, &id);
    assert!((52..=54).contains(&known.len()), "{}", known.len());
    let idle = account.round(&scope(), Some(&first.cursor)).await;
    assert_eq!(idle.seen.len(), 0, "nothing is told twice");
    account.pass(40 * 24 * 3600).await;
    let second = account.round(&scope(), Some(&idle.cursor)).await;
    let next = told(&second, &id);
    assert!(known.is_disjoint(&next), "nothing is told twice");
    assert!((5..=7).contains(&next.len()), "{next:?}");
    assert_eq!(gone(&second), Vec::<&str>::new());
    // A lost cursor tells all of them.
    let snapshot = account.round(&scope(), None).await;
    known.extend(next);
    assert_eq!(told(&snapshot, &id), known);
    for (id, seen) in &second.seen {
        assert_eq!(&snapshot.seen[id], seen);
    }
    let idle = account.round(&scope(), Some(&second.cursor)).await;
    assert_eq!(idle.seen.len(), 0);
    // What the other side can hold by now is read anew.
    for other in [
        events_of("primary"),
        with_option(scope(), "other_series", &LIMITS.replace("Vienna", "London")),
        with_option(scope(), "recurrence", "skip"),
    ] {
        let again = account.start_round(&other, Some(&idle.cursor)).await;
        assert!(matches!(again, Err(Fault::CursorExpired)), "{again:?}");
    }
    let unreadable = with_option(scope(), "other_series", "TZID=Nowhere/Here");
    let refused = account.start_round(&unreadable, None).await.unwrap_err();
    assert!(refused.to_string().contains("other_series"), "{refused}");
}

#[tokio::test]
async fn too_many_instances_are_set_aside_unless_a_window_leaves_few() {
    let account = Account::kind().await;
    let more = json!({"summary": "Stand-up", "recurrence": ["RRULE:FREQ=DAILY"]});
    let id = account
        .plan(with(more, &nine("2019-03-08", "America/New_York")))
        .await;
    let round = account.round(&scope(), None).await;
    assert_eq!(round.seen.len(), 1);
    let What::Unreadable { reason } = &round.seen[&id].what else {
        panic!("{:?}", round.seen)
    };
    assert!(reason.contains("more than 2000"), "{reason}");
    let window = with_option(scope(), "past_days", "90");
    let round = account.round(&window, None).await;
    assert!(round.cursor.len() < 1_000, "{}", round.cursor);
    let inside = round.sides().0.len();
    assert!((455..=458).contains(&inside), "{inside}");
    assert!(
        (820..=825).contains(&round.seen.len()),
        "{}",
        round.seen.len()
    );
    account.replan(&id, json!({"location": "Room 4"})).await;
    let delta = account.round(&window, Some(&round.cursor)).await;
    assert_eq!(gone(&delta), Vec::<&str>::new());
    assert_eq!(delta.sides().0.len(), inside);
}

// proves: R-04
#[tokio::test]
async fn a_series_that_grows_beyond_what_can_be_told_is_told_further_and_not_again() {
    let account = Account::kind().await;
    let calendar = json!({"sync_token_seconds": 100_000_000});
    account.configure(json!({ "calendar": calendar })).await;
    let begin = jiff::Zoned::now().checked_sub(jiff::Span::new().days(1_620));
    let begin = begin.unwrap().strftime("%Y-%m-%d").to_string();
    let more = json!({"summary": "Stand-up", "recurrence": ["RRULE:FREQ=DAILY"]});
    let id = account
        .plan(with(more, &nine(&begin, "America/New_York")))
        .await;
    let mut round = account.round(&scope(), None).await;
    let known = told(&round, &id);
    assert!((1_980..2_000).contains(&known.len()), "{}", known.len());
    account.pass(40 * 24 * 3600).await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    let next = told(&round, &id);
    assert!((39..=41).contains(&next.len()), "{}", next.len());
    assert!(known.is_disjoint(&next) && round.seen.len() == next.len());
    assert!(round.cursor.len() < 1_000, "{}", round.cursor);
    // More than two thousand by now: of one that is touched, that one is told.
    let last = format!("{id}_{}", next.last().unwrap());
    account.replan(&last, json!({"summary": "Retro"})).await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(round.seen.keys().collect::<Vec<_>>(), [&last]);
    // All of them cannot be: that is said once, and what was told stays.
    account.replan(&id, json!({"location": "Room 4"})).await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(round.seen.keys().collect::<Vec<_>>(), [&id]);
    assert!(matches!(round.seen[&id].what, What::Unreadable { .. }));
    for days in [0, 20] {
        account.pass(days * 24 * 3600).await;
        round = account.round(&scope(), Some(&round.cursor)).await;
        assert_eq!(round.seen.len(), 0, "{days}");
    }
    account.cancel(&id).await;
    round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round).len(), known.len() + next.len() + 1);
}

// proves: R-30
#[tokio::test]
async fn a_write_concerns_one_instance_and_leaves_its_series() {
    let account = Account::unkind().await;
    let guest = json!({"attendees": [{"email": "eve@example.net"}]});
    let id = account
        .plan(with(mondays("America/New_York"), &guest))
        .await;
    account.settle().await;
    let before = account.event_truth(&id).await;
    let first = account.round(&scope(), None).await;
    let one = |at: usize| format!("{id}_{}", MONDAYS[at]);
    let live = account.live(&scope(), &one(1)).await;
    let when = "2027-03-16T15:00:00[Europe/Vienna]/2027-03-16T16:00:00[Europe/Vienna]";
    let edits = vec![
        edit("title", Some("Call"), Some("Moved")),
        edit("when", value(&live.record, "when").as_deref(), Some(when)),
    ];
    let outcome = account
        .write(&scope(), update(&one(1), &live.version, edits))
        .await;
    account.settle().await;
    let after = applied(&outcome).clone();
    assert_eq!(account.live(&scope(), &one(1)).await, after);
    let last = account.live(&scope(), &one(3)).await;
    let outcome = account
        .write(&scope(), delete(&one(3), &last.version))
        .await;
    assert_eq!(outcome.answer.word(), "applied");
    // A stale plan, and one of the series, come to nothing.
    let stale = account
        .write(&scope(), delete(&one(1), &live.version))
        .await;
    assert_eq!(stale.answer.word(), "stale");
    let whole = account.write(&scope(), delete(&id, &last.version)).await;
    assert_eq!(whole.answer, DELETED);
    account.settle().await;
    let second = account.round(&scope(), Some(&first.cursor)).await;
    assert_eq!(told(&second, &id), ends(&MONDAYS[1..2]));
    assert_eq!(gone(&second), [one(3)]);
    assert_eq!(
        value(inside(&second, &one(1)), "title").as_deref(),
        Some("Moved")
    );
    is_read_alike(&account, &second, &one(1)).await;
    assert_eq!(account.event_truth(&id).await["etag"], before["etag"]);
    account.is_quiet().await;
}

#[tokio::test]
async fn private_and_alone_are_shown_as_ever() {
    let account = Account::unkind().await;
    let private = json!({"visibility": "private", "location": "Room 4"});
    let id = account
        .plan(with(mondays("America/New_York"), &private))
        .await;
    account.settle().await;
    let skipped = account.round(&scope(), None).await;
    assert_eq!(skipped.sides(), ([].into(), [id.as_str()].into()));
    let busy = with_option(scope(), "private", "busy");
    let round = account.round(&busy, None).await;
    assert_eq!(told(&round, &id), ends(&MONDAYS));
    let one = inside(&round, &format!("{id}_{}", MONDAYS[0]));
    assert_eq!((value(one, "title"), value(one, "location")), (None, None));
    // Told once, they leave the scope one by one; nothing is gone.
    account.replan(&id, json!({"visibility": "default"})).await;
    account.settle().await;
    let shown = account.round(&scope(), Some(&skipped.cursor)).await;
    assert_eq!(told(&shown, &id), ends(&MONDAYS));
    account.replan(&id, json!({"visibility": "private"})).await;
    account.settle().await;
    let left = account.round(&scope(), Some(&shown.cursor)).await;
    assert_eq!((left.sides().0.len(), left.sides().1.len()), (0, 4));

    // A guest of one instance alone has that one, by whatever clock.
    let of_ben = mondays("Asia/Tokyo");
    let series = account.plan_in("primary", BEN, of_ben).await;
    let alone = format!("{series}_20270308T000000Z");
    let path = format!("google/calendars/primary/events/{alone}?account={BEN}");
    let guests = json!({"event": {"attendees": [{"email": ANA}]}});
    account.control(Method::PATCH, &path, guests.clone()).await;
    account.settle().await;
    let round = account.round(&scope(), Some(&left.cursor)).await;
    assert_eq!(value(inside(&round, &alone), "remark"), None);
    is_read_alike(&account, &round, &alone).await;
    // A guest of all has each of them under the same id, and that one goes on.
    let path = format!("google/calendars/primary/events/{series}?account={BEN}");
    account.control(Method::PATCH, &path, guests).await;
    account.settle().await;
    let round = account.round(&scope(), Some(&round.cursor)).await;
    assert_eq!(gone(&round), [&series], "the series is no record");
    assert_eq!(told(&round, &series).len(), 4);
    assert!(value(inside(&round, &alone), "remark").is_some());
    is_read_alike(&account, &round, &alone).await;
}
