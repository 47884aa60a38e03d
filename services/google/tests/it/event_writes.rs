//! Writing events: what is created, changed and deleted is what was asked for, and nothing else.

use model::{
    Element, Record, Value,
    event::{Participant, Role, Status},
};
use pretty_assertions::assert_eq;
use provider::Answer;
use reqwest::Method;
use serde_json::json;

use crate::{
    account::{Account, applied, delete, edit, path, update},
    diary::{
        create_event, element_edit, events_of, meeting, popup, record, value, with, with_list,
        with_option,
    },
};

const NINE: &str = "2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T10:00:00[Europe/Vienna]";
const TEN: &str = "2027-04-08T10:00:00[Europe/Vienna]/2027-04-08T11:30:00[Europe/Vienna]";

fn board() -> Record {
    record(&[("title", "Board"), ("when", NINE)])
}

fn guest(address: &str, status: Option<Status>, role: Option<Role>) -> Element {
    let guest = Participant {
        name: Some("Carla Meier".into()),
        status,
        role,
        ..Participant::new(address)
    };
    guest.element()
}

/// Whether a record shows a value, whatever the spelling.
fn shows(record: &Record, field: &str, expected: Option<&str>) {
    let comparison = model::table("event").unwrap().comparison(&path(field));
    let expected = expected.and_then(Value::text);
    let shown = record.fields.get(&path(field));
    assert!(
        comparison.same(shown, expected.as_ref()),
        "{field}: {shown:?} is not {expected:?}"
    );
}

#[tokio::test]
async fn a_time_becomes_another_a_day_and_a_time_again() {
    let account = Account::unkind().await;
    let mut live = account.made(&board(), "m1").await;
    for (before, after) in [
        (NINE, TEN),
        (TEN, "2027-04-08/2027-04-10"),
        ("2027-04-08/2027-04-10", "2027-04-09/2027-04-10"),
        ("2027-04-09/2027-04-10", NINE),
        (
            NINE,
            "2027-04-08T09:00:00[Europe/Vienna]/2027-04-08T18:00:00[America/New_York]",
        ),
    ] {
        live = account
            .edited(&live, vec![edit("when", Some(before), Some(after))])
            .await;
        assert_eq!(value(&live.record, "when").as_deref(), Some(after));
    }
    account.is_quiet().await;
}

#[tokio::test]
async fn an_instant_without_a_zone_takes_no_zone_away() {
    let account = Account::unkind().await;
    let live = account.made(&board(), "m1").await;
    let instants = "2027-04-08T08:00:00+00:00/2027-04-08T09:00:00+00:00";
    let live = account
        .edited(&live, vec![edit("when", Some(NINE), Some(instants))])
        .await;
    let expected = "2027-04-08T10:00:00[Europe/Vienna]/2027-04-08T11:00:00[Europe/Vienna]";
    assert_eq!(value(&live.record, "when").as_deref(), Some(expected));
    let made = account
        .made(&record(&[("title", "Instants"), ("when", instants)]), "m2")
        .await;
    shows(&made.record, "when", Some(instants));
}

// proves: R-28
#[tokio::test]
async fn only_what_changed_is_sent_and_what_nobody_mapped_stays() {
    let account = Account::unkind().await;
    let more = json!({
        "colorId": "5", "guestsCanInviteOthers": false, "location": "Room 4",
        "extendedProperties": {"private": {"other": "1"}, "shared": {"all": "2"}},
        "attendees": [
            {"email": "carla@example.org", "responseStatus": "accepted", "additionalGuests": 2, "comment": "Late"},
            {"email": "room@example.org", "resource": true},
        ],
        "conferenceData": {"createRequest": {"requestId": "r1", "conferenceSolutionKey": {"type": "hangoutsMeet"}}},
    });
    let id = account
        .plan(with(meeting("Board", "2027-04-08"), &more))
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let live = account.live(&scope, &id).await;
    let before = account.event_truth(&id).await;
    let dora = guest("dora@example.net", None, Some(Role::Optional));
    let edits = vec![
        edit("title", Some("Board"), Some("Board, again")),
        element_edit("participants", None, Some(&dora)),
    ];
    let mut write = update(&id, &live.version, edits);
    if let provider::Operation::Update(update) = &mut write {
        update.marker = Some("m1".into());
    }
    let outcome = account.write(&scope, write).await;
    assert_eq!(applied(&outcome).marker.as_deref(), Some("m1"));
    let images = outcome.before.unwrap();
    assert_eq!(value(&images, "title").as_deref(), Some("Board"));
    assert_eq!(value(&images, "location"), None, "only the edited paths");

    let mut expected = before.clone();
    expected["summary"] = json!("Board, again");
    expected["extendedProperties"]["private"]["rapport"] = json!("m1");
    let added = json!({"email": "dora@example.net", "displayName": "Carla Meier", "optional": true,
        "responseStatus": "needsAction"});
    expected["attendees"].as_array_mut().unwrap().push(added);
    let mut after = account.event_truth(&id).await;
    for name in ["etag", "updated", "sequence"] {
        after[name] = expected[name].clone();
    }
    assert_eq!(after, expected);

    // An answer of one guest leaves the others' alone.
    account.settle().await;
    let live = account.live(&scope, &id).await;
    let declined = edit(
        "participants[dora@example.net].status",
        Some("needs-action"),
        Some("declined"),
    );
    let live = account.edited(&live, vec![declined]).await;
    let carla = live.record.elements(&path("participants")).iter();
    let carla: Vec<_> = carla.filter_map(|one| one.part("status")).collect();
    assert_eq!(carla, ["accepted", "needs-action", "declined"]);
    let room = &live.record.elements(&path("participants"))[1];
    let live = account
        .edited(&live, vec![element_edit("participants", Some(room), None)])
        .await;
    assert_eq!(live.record.elements(&path("participants")).len(), 2);
    let truth = account.event_truth(&id).await;
    assert_eq!(truth["attendees"][0]["additionalGuests"], 2);
    account.is_quiet().await;
}

// proves: R-30
#[tokio::test]
async fn the_first_reminder_is_written_back_and_the_others_stay_on_google_alone() {
    let account = Account::unkind().await;
    let own = json!({"reminders": {"useDefault": false, "overrides": [
        {"method": "email", "minutes": 1440}, {"method": "popup", "minutes": 30},
        {"method": "popup", "minutes": 5},
    ]}});
    let id = account
        .plan(with(meeting("Board", "2027-04-08"), &own))
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let live = account.live(&scope, &id).await;
    let moved = edit("alerts[display]", Some("-PT30M"), Some("-PT15M"));
    let live = account.edited(&live, vec![moved]).await;
    let reminders = async || {
        let mut truth = account.event_truth(&id).await;
        truth["reminders"].take()
    };
    let expected =
        |overrides: serde_json::Value| json!({"useDefault": false, "overrides": overrides});
    let mail = json!({"method": "email", "minutes": 1440});
    let popup_at = |minutes: u32| json!({"method": "popup", "minutes": minutes});
    assert_eq!(
        reminders().await,
        expected(json!([mail, popup_at(15), popup_at(5)]))
    );
    let gone = edit("alerts[display]", Some("-PT15M"), None);
    let live = account.edited(&live, vec![gone]).await;
    assert_eq!(reminders().await, expected(json!([mail, popup_at(5)])));

    // A mail is never added, and the rest counts.
    let more = Element::simple("email", "-PT2H");
    let edits = vec![
        element_edit("alerts", None, Some(&more)),
        edit("title", Some("Board"), Some("Board, again")),
    ];
    let outcome = account
        .write(&scope, update(&id, &live.version, edits))
        .await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    let refused: Vec<_> = done.refused.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(refused, ["alerts"]);
    assert_eq!(reminders().await, expected(json!([mail, popup_at(5)])));
    account.is_quiet().await;
}

// proves: R-30
#[tokio::test]
async fn the_calendars_own_reminders_are_a_state_of_their_own() {
    let account = Account::unkind().await;
    let mut wanted = board();
    wanted.set(path("useDefaultAlerts"), Value::text("true"));
    let live = account.made(&wanted, "m1").await;
    shows(&live.record, "useDefaultAlerts", Some("true"));
    let usual = live.record.elements(&path("alerts")).to_vec();
    assert_eq!(usual.len(), 1, "what they come to is shown");
    let live = account
        .edited(&live, vec![element_edit("alerts", None, Some(&popup(60)))])
        .await;
    shows(&live.record, "useDefaultAlerts", Some("false"));
    assert_eq!(live.record.elements(&path("alerts")).len(), 2);
    let live = account
        .edited(
            &live,
            vec![edit("useDefaultAlerts", Some("false"), Some("true"))],
        )
        .await;
    assert_eq!(live.record.elements(&path("alerts")), usual);
    let live = account
        .edited(
            &live,
            vec![edit("useDefaultAlerts", Some("true"), Some("false"))],
        )
        .await;
    assert_eq!(live.record.elements(&path("alerts")), []);
    shows(&live.record, "useDefaultAlerts", Some("false"));

    // Where the calendar's own would send mail, what appears on the screen is stated alone.
    let entry = json!({"defaultReminders": [
        {"method": "email", "minutes": 60}, {"method": "popup", "minutes": 20}]});
    account
        .control(Method::PUT, "google/calendars/primary/entry", entry)
        .await;
    account.settle().await;
    let silent = account.made(&wanted, "m2").await;
    assert_eq!(silent.record.elements(&path("alerts")), [popup(20)]);
    shows(&silent.record, "useDefaultAlerts", Some("false"));
    let unsaid = account.made(&board(), "m3").await;
    assert_eq!(unsaid.record.elements(&path("alerts")), [popup(20)]);
    account.is_quiet().await;
}

// proves: R-30
#[tokio::test]
async fn a_reminder_that_is_due_already_is_not_written() {
    let account = Account::unkind().await;
    let clock = account.control(Method::GET, "clock", json!({})).await;
    let now: jiff::Timestamp = clock["now"].as_str().unwrap().parse().unwrap();
    let at = |minutes: i64| now + jiff::SignedDuration::from_mins(minutes);
    let when = format!("{}/{}", at(30), at(90));
    let when = when.replace('Z', "+00:00");
    let soon = record(&[("title", "Soon"), ("when", &when)]);
    let soon = with_list(soon, "alerts", &[popup(60), popup(10)]);
    let live = account.made(&soon, "m1").await;
    assert_eq!(live.record.elements(&path("alerts")), [popup(10)]);
    let edits = vec![element_edit("alerts", None, Some(&popup(120)))];
    let live = account.edited(&live, edits).await;
    assert_eq!(live.record.elements(&path("alerts")), [popup(10)]);
    let mapped = provider::Scope {
        paths: vec![path("alerts")],
        ..events_of("primary")
    };
    let none = record(&[("title", "None"), ("when", &when)]);
    let outcome = account.write(&mapped, create_event(&none, "m2")).await;
    let alerts = applied(&outcome).record.elements(&path("alerts"));
    assert_eq!(alerts, [], "no reminder was asked for");
    account.is_quiet().await;
}

#[tokio::test]
async fn guests_are_told_only_if_the_sync_says_so() {
    let account = Account::unkind().await;
    let invited = with_list(
        board(),
        "participants",
        &[guest("carla@example.org", None, None)],
    );
    let live = account.made(&invited, "m1").await;
    let live = account
        .edited(&live, vec![edit("when", Some(NINE), Some(TEN))])
        .await;
    let scope = events_of("primary");
    let outcome = account
        .write(&scope, delete(&live.remote_id, &live.version))
        .await;
    assert_eq!(outcome.answer.word(), "applied");
    account.is_quiet().await;

    let loud = with_option(scope, "notify", "all");
    let outcome = account.write(&loud, create_event(&invited, "m2")).await;
    assert_eq!(outcome.answer.word(), "applied");
    let counts = account.control(Method::GET, "counts", json!({})).await;
    assert_eq!(counts["mails"]["google"], 1);
}

// proves: R-27
#[tokio::test]
async fn a_deletion_takes_the_event_alone_and_proves_it() {
    let account = Account::unkind().await;
    let live = account.made(&board(), "m1").await;
    let other = account.made(&board(), "m2").await;
    let scope = events_of("primary");
    let gone = |proved| Answer::Gone {
        proved,
        collection: false,
    };
    account
        .replan(&live.remote_id, json!({"location": "Room 9"}))
        .await;
    account.settle().await;
    let stale = account
        .write(&scope, delete(&live.remote_id, &live.version))
        .await;
    assert!(matches!(stale.answer, Answer::Stale { live: Some(_) }));
    let live = account.live(&scope, &live.remote_id).await;
    let done = account
        .write(&scope, delete(&live.remote_id, &live.version))
        .await;
    assert_eq!(done.answer.word(), "applied");
    let before = done.before.unwrap();
    assert_eq!(value(&before, "location").as_deref(), Some("Room 9"));
    account.settle().await;
    let again = account
        .write(&scope, delete(&live.remote_id, &live.version))
        .await;
    assert_eq!(again.answer, gone(true));
    let never = account
        .write(&scope, delete("neverwas0", &live.version))
        .await;
    assert_eq!(never.answer, gone(false));
    assert_eq!(account.live(&scope, &other.remote_id).await, other);
}
