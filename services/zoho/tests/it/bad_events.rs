//! Meetings that are none, or more than Zoho CRM holds: each is set aside with the reason, and its neighbours go on.

use http::Method;
use model::{
    Element,
    event::{Override, Participant},
};
use pretty_assertions::assert_eq;
use provider::{Answer, Operation, What};
use serde_json::{Value as Json, json};

use crate::{
    events::{ANA, delete, made, meeting, meetings, reason, record},
    lab::{Lab, edit, shown, update},
    weekly::{
        MORNING, WEEKLY, changed, exception, excluded, id, occurrences, original, overrides,
        renamed, series_of, weekly,
    },
    written::{applied, create, event, everything, live, mails, refused, set},
};

/// A rule that no day of the calendar fulfils.
const NEVER: &str = "FREQ=MONTHLY;BYMONTHDAY=30;BYMONTH=2";

fn recurring(rule: &str) -> Json {
    json!({"Recurring_Activity": {"RRULE": rule}})
}

async fn in_zone(lab: &Lab, name: &str) {
    let user = format!("/zoho/users/{ANA}");
    lab.control(Method::PATCH, &user, json!({ "time_zone": name }))
        .await;
}

// proves: ZGE-10
#[tokio::test]
async fn a_rule_that_never_comes_true_is_set_aside_and_its_neighbours_are_read() {
    let lab = Lab::kind().await;
    let single = made(&lab, &meeting("Once", &json!({}))).await;
    let first = made(&lab, &meeting("Never", &recurring(NEVER))).await;
    let never = series_of(&lab, &first).await;
    let series = weekly(&lab).await;
    let round = lab.round(&meetings(""), None).await;
    let mut inside = vec![single.as_str(), series.as_str()];
    inside.sort_unstable();
    assert_eq!(round.inside(), inside);
    let reason = reason(&round, &never).unwrap();
    assert!(reason.contains("never"), "{reason}");
}

#[tokio::test]
async fn without_a_zone_that_anybody_knows_meetings_keep_their_instants_and_series_are_set_aside() {
    let lab = Lab::kind().await;
    in_zone(&lab, "Mars/Olympus").await;
    let single = made(&lab, &meeting("Once", &json!({}))).await;
    let series = weekly(&lab).await;
    let round = lab.round(&meetings(""), None).await;
    assert_eq!(round.inside(), [single.as_str()]);
    assert_eq!(
        shown(record(&round, &single), "when").as_deref(),
        Some("2027-03-01T09:00:00+00:00/2027-03-01T10:00:00+00:00")
    );
    assert!(reason(&round, &series).unwrap().contains("time zone"));
    let floating = "2027-03-01T09:00:00/2027-03-01T10:00:00";
    for (when, rule, expected) in [
        (MORNING, None, None),
        (MORNING, Some(WEEKLY), Some("recurrence")),
        (floating, None, Some("when")),
        ("2027-03-01/2027-03-02", Some(WEEKLY), None),
    ] {
        let mut fields = vec![("title", "Demo"), ("when", when)];
        fields.extend(rule.map(|rule| ("recurrence", rule)));
        let outcome = lab.one(&everything(), create(event(&fields), false)).await;
        match expected {
            Some(at) => assert_eq!(refused(&outcome).0, Some(at), "{when}"),
            None => assert!(applied(&outcome).refused.is_empty(), "{when}"),
        }
    }
}

/// What is written, and the path that is refused, if any; and whether the rest is made.
fn cases() -> Vec<(Operation, Option<&'static str>, bool)> {
    let titled = |title: &str| event(&[("title", title), ("when", MORNING)]);
    let when = |when: &str| event(&[("title", "Odd"), ("when", when)]);
    let series = |rule: &str, exceptions: Vec<Element>| {
        let mut record = event(&[("title", "Odd"), ("when", MORNING), ("recurrence", rule)]);
        set(&mut record, "overrides", exceptions);
        record
    };
    let guest = |number| Participant::new(&format!("guest{number}@example.net")).element();
    let mut crowd = titled("Crowd");
    set(&mut crowd, "participants", (0..60).map(guest).collect());
    let added = Override::Changed {
        values: Vec::new(),
        cleared: Vec::new(),
        included: true,
    };
    let cases = [
        (titled("First"), None, true),
        (series(NEVER, vec![]), Some("recurrence"), false),
        (series("FREQ=SOMETIMES", vec![]), Some("recurrence"), false),
        (
            series("FREQ=DAILY;UNTIL=20260101", vec![]),
            Some("recurrence"),
            false,
        ),
        (
            when("2027-03-01T12:00:00[Mars/Olympus]/2027-03-01T13:00:00[Mars/Olympus]"),
            Some("when"),
            false,
        ),
        (
            when("2027-03-01T13:00:00[Europe/Vienna]/2027-03-01T12:00:00[Europe/Vienna]"),
            Some("when"),
            false,
        ),
        (when("2027-03-02/2027-03-01"), Some("when"), false),
        (crowd, Some("participants"), true),
        (titled(&"x".repeat(10_000)), Some("title"), false),
        // A Tuesday, of a series of Mondays.
        (
            series(WEEKLY, vec![excluded("2027-03-02")]),
            Some("overrides"),
            true,
        ),
        (
            series(WEEKLY, vec![renamed("2027-03-02", "Special")]),
            Some("overrides"),
            true,
        ),
        (
            series(WEEKLY, vec![added.element(original("2027-03-02"))]),
            Some("overrides"),
            true,
        ),
        (titled("Last"), None, true),
    ];
    cases
        .into_iter()
        .map(|(record, path, is_made)| (create(record, false), path, is_made))
        .collect()
}

// proves: R-28
#[tokio::test]
async fn of_a_batch_each_bad_meeting_is_refused_by_its_path_and_the_others_are_made() {
    let lab = Lab::kind().await;
    let operations = cases()
        .into_iter()
        .map(|(operation, ..)| operation)
        .collect();
    let outcomes = lab.execute(&everything(), operations).await;
    for (number, (outcome, (_, path, is_made))) in outcomes.iter().zip(cases()).enumerate() {
        if is_made {
            let made = applied(outcome);
            let paths: Vec<&str> = made.refused.iter().map(|one| one.path.as_str()).collect();
            assert_eq!(paths, path.into_iter().collect::<Vec<_>>(), "{number}");
            let answer = &made.answer.as_ref().unwrap().record;
            let read = live(&lab, &made.remote_id).await.record;
            assert_eq!(overrides(answer), overrides(&read), "{number}");
        } else {
            assert_eq!(refused(outcome).0, path, "{number}");
        }
    }
    // Three single meetings, and three series of four.
    assert_eq!((lab.count("Events").await, mails(&lab).await), (15, 0));
}

// proves: R-28
#[tokio::test]
async fn a_long_title_or_an_instance_that_there_is_not_leaves_the_rest_of_an_update() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let long = "x".repeat(10_000);
    for (bad, path) in [
        (edit("title", Some("Weekly"), Some(&long)), "title"),
        (
            exception(None, Some(renamed("2027-03-02", "Special"))),
            "overrides",
        ),
        (edit("recurrence", Some(WEEKLY), Some(NEVER)), "recurrence"),
    ] {
        let before = shown(&live(&lab, &series).await.record, "location");
        let room = edit("location", before.as_deref(), Some(path));
        let outcome = changed(&lab, &series, vec![bad, room]).await;
        let applied = applied(&outcome);
        assert_eq!(applied.refused[0].path, path);
        let read = live(&lab, &series).await.record;
        assert_eq!(shown(&read, "location").as_deref(), Some(path));
        assert_eq!(shown(&read, "title").as_deref(), Some("Weekly"));
        assert_eq!(overrides(&read), []);
    }
}

// proves: R-27
#[tokio::test]
async fn an_instance_that_was_cancelled_meanwhile_does_not_take_place_again() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let version = live(&lab, &series).await.version;
    let rows = occurrences(&lab, &series).await;
    delete(&lab, id(&rows[1])).await;
    lab.later(60).await;
    let edits = vec![exception(None, Some(renamed("2027-03-08", "Special")))];
    let outcome = lab
        .one(&everything(), update(&series, version.clone(), edits))
        .await;
    assert!(
        matches!(&outcome.answer, Answer::Stale { live: Some(live) } if overrides(&live.record).len() == 1),
        "{:?}",
        outcome.answer
    );
    assert_eq!(occurrences(&lab, &series).await.len(), 3);
    for row in occurrences(&lab, &series).await {
        delete(&lab, id(&row)).await;
    }
    lab.later(60).await;
    let edits = vec![exception(None, Some(renamed("2027-03-15", "Special")))];
    let outcome = lab
        .one(&everything(), update(&series, version, edits))
        .await;
    assert_eq!(outcome.answer.word(), "gone", "{:?}", outcome.answer);
    assert_eq!(lab.count("Events").await, 0);
}

#[tokio::test]
async fn the_last_instance_of_a_series_is_the_series_still() {
    let lab = Lab::kind().await;
    lab.settings(json!({"deleted_occurrences_are_exdates": false}))
        .await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    for row in &rows[..3] {
        delete(&lab, id(row)).await;
    }
    lab.later(600).await;
    let round = lab.round(&meetings(""), None).await;
    let seen: Vec<_> = round
        .seen()
        .filter(|seen| seen.remote_id == series)
        .collect();
    assert!(matches!(seen[..], [seen] if matches!(seen.what, What::Inside(_))));
    let gone = overrides(record(&round, &series));
    assert_eq!(gone.len(), 3);
    assert!(
        gone.iter()
            .all(|(_, exception)| *exception == Override::Excluded)
    );
}
