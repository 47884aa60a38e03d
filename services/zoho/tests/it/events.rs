//! Meetings: what is offered, what is read, and what cannot be.

use std::time::Duration;

use http::Method;
use model::{Record, Value};
use pretty_assertions::assert_eq;
use provider::{Answer, At, Fault, Operation, Provider, Read, Scope, What};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use test_kit::eventually;

use crate::lab::{Lab, Round, lacking, path, scope, shown, with_option};

pub(crate) const ANA: &str = "ana@harbour-hill.example.com";
pub(crate) const BEN: &str = "ben@harbour-hill.example.com";

/// Meetings in a list view; none for the whole module.
pub(crate) fn meetings(collection: &str) -> Scope {
    let paths = ["title", "when", "location", "participants", "alerts"];
    Scope {
        kind: "event".to_owned(),
        paths: paths.map(path).to_vec(),
        match_paths: Vec::new(),
        ..scope(collection)
    }
}

/// An hour with these values.
pub(crate) fn meeting(title: &str, values: &Json) -> Json {
    let mut row = json!({
        "Event_Title": title,
        "Start_DateTime": "2027-03-01T09:00:00+00:00", "End_DateTime": "2027-03-01T10:00:00+00:00",
    });
    for (name, value) in values.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

/// Somebody makes a meeting.
pub(crate) async fn made_by(lab: &Lab, person: &str, row: &Json) -> String {
    let path = format!("/zoho/records/Events?as={person}");
    let made = lab.control(Method::POST, &path, json!([row])).await;
    made["ids"][0].as_str().unwrap().to_owned()
}

pub(crate) async fn made(lab: &Lab, row: &Json) -> String {
    made_by(lab, ANA, row).await
}

pub(crate) async fn edit(lab: &Lab, id: &str, values: Json) {
    let path = format!("/zoho/records/Events/{id}");
    lab.control(Method::PATCH, &path, values).await;
}

pub(crate) async fn delete(lab: &Lab, id: &str) {
    let path = format!("/zoho/records/Events/{id}");
    lab.control(Method::DELETE, &path, Json::Null).await;
}

pub(crate) async fn permit(lab: &Lab, field: &str, permission: &str) {
    let path = format!("/zoho/fields/Events/{field}");
    lab.control(Method::PATCH, &path, json!({ "permission": permission }))
        .await;
}

/// A list view of meetings by its name.
pub(crate) async fn view(lab: &Lab, name: &str) -> String {
    let offered = lab.zoho.collections(lab.session(), "event").await.unwrap();
    let found = offered.into_iter().find(|view| view.name == name);
    found.unwrap().id
}

fn what<'r>(round: &'r Round, id: &str) -> &'r What {
    let seen = round.seen().find(|seen| seen.remote_id == id);
    &seen.expect("it was seen").what
}

pub(crate) fn record<'r>(round: &'r Round, id: &str) -> &'r Record {
    match what(round, id) {
        What::Inside(record) | What::Outside(record) => record,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn reason<'r>(round: &'r Round, id: &str) -> Option<&'r str> {
    match what(round, id) {
        What::Unreadable { reason } => Some(reason),
        _ => None,
    }
}

fn count(record: &Record, root: &str) -> usize {
    record
        .fields
        .get(&path(root))
        .map_or(0, |value| Value::as_elements(value).len())
}

#[tokio::test]
async fn the_list_views_of_meetings_are_offered_and_all_events_shows_each() {
    let lab = Lab::kind().await;
    let offered = lab.zoho.collections(lab.session(), "event").await.unwrap();
    let names: Vec<&str> = offered.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["All Events", "My Events"]);
    let own = made(&lab, &meeting("Mine", &json!({}))).await;
    let other = made_by(&lab, BEN, &meeting("Ben's", &json!({}))).await;
    lab.later(600).await;
    let all = lab
        .round(&meetings(&view(&lab, "All Events").await), None)
        .await;
    let mut both = vec![own.as_str(), other.as_str()];
    both.sort_unstable();
    assert_eq!(all.inside(), both);
    let mine = lab
        .round(&meetings(&view(&lab, "My Events").await), None)
        .await;
    assert_eq!(
        (mine.inside(), mine.outside()),
        (vec![own.as_str()], vec![other.as_str()])
    );
}

#[tokio::test]
async fn the_catalogue_has_limits_and_what_the_profile_may() {
    let lab = Lab::kind().await;
    permit(&lab, "Description", "read_only").await;
    permit(&lab, "Remind_At", "hidden").await;
    permit(&lab, "End_DateTime", "read_only").await;
    let catalogue = lab.zoho.fields(lab.session(), "event").await.unwrap();
    let entry = |at: &str| catalogue.entry(&path(at));
    let said = |at: &str| {
        let entry = entry(at).unwrap();
        (
            entry.name.as_str(),
            entry.writable,
            entry.max_length,
            entry.max_elements,
        )
    };
    assert_eq!(said("title"), ("Event_Title", true, Some(255), None));
    assert_eq!(said("location"), ("Venue", true, Some(255), None));
    assert_eq!(said("participants"), ("Participants", true, None, Some(50)));
    assert!(!said("description").1 && !said("when").1);
    assert!(said("recurrence").1 && !said("status").1 && !said("organizer").1);
    assert!(entry("alerts").is_none());
    assert!(entry("when").is_some_and(|when| when.required));
    assert!(entry("title").is_some_and(|title| !title.required));
    for own in [
        "Who_Id",
        "What_Id",
        "Owner",
        "Event_Title",
        "Tag",
        "Modified_Time",
    ] {
        assert!(entry(&format!("custom[{own}]")).is_none(), "{own}");
    }
}

#[tokio::test]
async fn a_meeting_is_shown_by_the_clock_of_the_user_with_all_that_it_has() {
    let lab = Lab::kind().await;
    let contact = lab
        .contact(json!({"First_Name": "Li", "Last_Name": "Xu", "Email": "xu@example.org"}))
        .await;
    let nameless = lab.contact(json!({"Last_Name": "Roe"})).await;
    let values = json!({
        "Venue": "Room 1", "Description": "Slides", "Remind_At": [{"unit": 15, "period": "minutes"}],
        "Who_Id": {"id": contact}, "Participants": [
            {"type": "contact", "participant": contact}, {"type": "contact", "participant": nameless},
            {"type": "email", "participant": "eve@example.net"},
        ],
    });
    let id = made(&lab, &meeting("Not Provided", &values)).await;
    let round = lab.round(&meetings(""), None).await;
    let record = record(&round, &id);
    let text = |at: &str| shown(record, at);
    assert_eq!(
        text("when").as_deref(),
        Some("2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]")
    );
    assert_eq!(text("title"), None, "the placeholder is no title");
    assert_eq!(text("location").as_deref(), Some("Room 1"));
    assert_eq!(text("description").as_deref(), Some("Slides"));
    assert_eq!(text("organizer").as_deref(), Some(ANA));
    let guests = record.elements(&path("participants"));
    let guests: Vec<_> = guests
        .iter()
        .map(|guest| (guest.label.clone(), guest.part("name").map(str::to_owned)))
        .collect();
    let named = |address: &str, name: Option<&str>| (address.to_owned(), name.map(str::to_owned));
    let expected = [
        named("xu@example.org", Some("Li Xu")),
        named(&format!("urn:zoho:crm:contact:{nameless}"), Some("Roe")),
        named("eve@example.net", None),
    ];
    assert_eq!(guests, expected);
    assert_eq!(
        lab.calls("users.getUsers"),
        2,
        "one at sign-in, one for the round's time zone"
    );
    let alerts = record.elements(&path("alerts"));
    assert_eq!(alerts[0].part("value"), Some("-PT15M"));
}

#[tokio::test]
async fn all_day_meetings_are_days_and_instants_keep_their_meaning() {
    let lab = Lab::kind().await;
    let days = json!({
        "All_day": true,
        "Start_DateTime": "2027-03-01T00:00:00+00:00", "End_DateTime": "2027-03-02T00:00:00+00:00",
    });
    let fair = made(&lab, &meeting("Fair", &days)).await;
    let round = lab.round(&meetings(""), None).await;
    let when = |round: &Round| shown(record(round, &fair), "when").unwrap();
    assert_eq!(when(&round), "2027-03-01/2027-03-03");
    lab.later(600).await;
    let timed = json!({
        "All_day": false,
        "Start_DateTime": "2027-03-01T23:00:00+00:00", "End_DateTime": "2027-03-02T00:00:00+00:00",
    });
    edit(&lab, &fair, timed).await;
    let delta = lab.round(&meetings(""), Some(round.cursor())).await;
    assert_eq!(
        when(&delta),
        "2027-03-02T02:00:00[Europe/Istanbul]/2027-03-02T03:00:00[Europe/Istanbul]"
    );
}

#[tokio::test]
async fn a_delta_shows_what_changed_and_what_was_deleted_and_nothing_else() {
    let lab = Lab::kind().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(made(&lab, &meeting(&format!("M{number}"), &json!({}))).await);
    }
    lab.later(600).await;
    let scope = meetings(&view(&lab, "All Events").await);
    let first = lab.round(&scope, None).await;
    lab.later(600).await;
    edit(&lab, &ids[1], json!({"Venue": "Room 2"})).await;
    delete(&lab, &ids[3]).await;
    lab.later(600).await;
    let delta = lab.round(&scope, Some(first.cursor())).await;
    assert!(delta.inside().contains(&ids[1].as_str()));
    assert_eq!(delta.deleted(), [ids[3].as_str()]);
    assert_eq!(
        shown(record(&delta, &ids[1]), "location").as_deref(),
        Some("Room 2")
    );
    lab.later(600).await;
    let quiet = lab.round(&scope, Some(delta.cursor())).await;
    assert_eq!(quiet.seen().count(), 0);
}

// proves: R-05
#[tokio::test]
async fn a_meeting_that_shows_up_late_is_not_skipped() {
    let lab = Lab::unkind().await;
    let scope = meetings("");
    let mut cursor = lab.round(&scope, None).await.cursor().to_owned();
    let id = made(&lab, &meeting("Late", &json!({}))).await;
    let blind = lab.round(&scope, Some(&cursor)).await;
    assert_eq!(
        blind.seen().count(),
        0,
        "a fresh write shows late, or this proves nothing"
    );
    blind.cursor().clone_into(&mut cursor);
    eventually(
        "a later round shows it",
        Duration::from_secs(10),
        async || {
            let round = lab.round(&scope, Some(&cursor)).await;
            round.cursor().clone_into(&mut cursor);
            round.inside() == [id.as_str()]
        },
    )
    .await;
}

// proves: R-04
#[tokio::test]
async fn a_hidden_field_of_meetings_is_unknown_and_not_empty() {
    let lab = Lab::kind().await;
    let id = made(&lab, &meeting("Veiled", &json!({"Venue": "Room 1"}))).await;
    permit(&lab, "Venue", "hidden").await;
    permit(&lab, "Participants", "hidden").await;
    let round = lab.round(&meetings(""), None).await;
    let readable = &round.pages.last().unwrap().readable;
    for (at, expected) in [
        ("location", false),
        ("participants", false),
        ("title", true),
        ("when", true),
        ("alerts", true),
        ("status", true),
    ] {
        assert_eq!(readable.contains(&path(at)), expected, "{at}");
    }
    assert_eq!(
        shown(record(&round, &id), "title").as_deref(),
        Some("Veiled")
    );
}

#[tokio::test]
async fn series_that_nobody_asked_for_are_set_aside_where_they_are_in_scope() {
    let lab = Lab::kind().await;
    let daily = json!({"Recurring_Activity": {"RRULE": "FREQ=DAILY;COUNT=3"}});
    made(&lab, &meeting("Daily", &daily)).await;
    made_by(&lab, BEN, &meeting("Ben's daily", &daily)).await;
    let single = made(&lab, &meeting("Once", &json!({}))).await;
    lab.later(600).await;
    let scope = meetings(&view(&lab, "My Events").await);
    let scope = with_option(scope, "recurrence", "skip");
    let round = lab.round(&scope, None).await;
    assert_eq!(round.inside(), [single.as_str()]);
    let aside = round.ids(|what| matches!(what, What::Unreadable { .. }));
    assert_eq!((aside.len(), round.outside().len()), (1, 1));
    let reason = reason(&round, aside[0]).unwrap();
    assert!(
        reason.contains("recurring") && !reason.contains("Daily"),
        "{reason}"
    );
}

// proves: R-06
#[tokio::test]
async fn what_ended_longer_ago_than_the_sync_looks_back_is_outside() {
    let lab = Lab::kind().await;
    let past = json!({
        "Start_DateTime": "2025-03-03T09:00:00+00:00", "End_DateTime": "2025-03-03T10:00:00+00:00",
    });
    let old = made(&lab, &meeting("Old", &past)).await;
    let coming = made(&lab, &meeting("Coming", &json!({}))).await;
    lab.later(600).await;
    for (days, outside) in [("90", vec![old.as_str()]), ("0", vec![]), ("36500", vec![])] {
        let scope = with_option(meetings(""), "past_days", days);
        let round = lab.round(&scope, None).await;
        assert_eq!(round.outside(), outside, "{days}");
        assert!(round.inside().contains(&coming.as_str()));
        let read = lab.one(&scope, by_id(&old)).await.answer;
        assert!(matches!(read, Answer::Found(live) if live.in_scope == outside.is_empty()));
    }
}

#[tokio::test]
async fn a_series_is_inside_while_one_of_its_occurrences_is() {
    let lab = Lab::kind().await;
    let monthly = |start: &str, end: &str| {
        json!({
            "Start_DateTime": start, "End_DateTime": end,
            "Recurring_Activity": {"RRULE": "FREQ=MONTHLY;COUNT=3"},
        })
    };
    let old = monthly("2025-03-03T09:00:00+00:00", "2025-03-03T10:00:00+00:00");
    let old = made(&lab, &meeting("Old", &old)).await;
    // Its first occurrence is outside the window, its last one inside.
    let recent = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * 85);
    let at = |hour: u32| {
        recent
            .strftime(&format!("%Y-%m-%dT{hour:02}:00:00+00:00"))
            .to_string()
    };
    let lasting = monthly(&at(9), &at(10));
    let lasting = made(&lab, &meeting("Lasting", &lasting)).await;
    let [old, lasting] = [
        crate::weekly::series_of(&lab, &old).await,
        crate::weekly::series_of(&lab, &lasting).await,
    ];
    lab.later(600).await;
    let scope = with_option(meetings(""), "past_days", "60");
    let round = lab.round(&scope, None).await;
    assert_eq!(round.inside(), [lasting.as_str()]);
    assert_eq!(round.outside(), [old.as_str()]);
    for (id, inside) in [(&old, false), (&lasting, true)] {
        let read = lab.one(&scope, by_id(id)).await.answer;
        assert!(matches!(read, Answer::Found(live) if live.in_scope == inside));
    }
    // The old one is no concern of anybody where series are left out, either.
    let skips = with_option(scope, "recurrence", "skip");
    let round = lab.round(&skips, None).await;
    let aside = round.ids(|what| matches!(what, What::Unreadable { .. }));
    assert_eq!(
        (aside, round.outside()),
        (vec![lasting.as_str()], vec![old.as_str()])
    );
}

#[tokio::test]
async fn an_option_that_says_nothing_is_refused_before_anything_is_read_or_written() {
    let lab = Lab::kind().await;
    for (name, word) in [
        ("past_days", "three months"),
        ("past_days", "-1"),
        ("recurrence", "sometimes"),
        ("guests", "invite"),
    ] {
        let scope = with_option(meetings(""), name, word);
        let start = At::Start { cursor: None };
        let read = lab.page(&scope, &start).await;
        assert!(
            matches!(&read, Err(Fault::Refused { reason, .. }) if reason.contains(name)),
            "{name} {word}"
        );
        let written = lab.one(&scope, by_id("1")).await.answer;
        assert_eq!(written.word(), "refused");
    }
}

#[tokio::test]
async fn a_meeting_that_was_called_off_is_cancelled_and_not_deleted() {
    let lab = Lab::kind().await;
    let guest = json!({
        "Participants": [{"type": "email", "participant": "eve@example.net"}], "$send_notification": true,
    });
    let id = made(&lab, &meeting("Off", &guest)).await;
    let url = lab.access.api_base.as_ref().unwrap();
    let url = url
        .join(&format!("/crm/v8/Events/{id}/actions/cancel"))
        .unwrap();
    let token = format!("Zoho-oauthtoken {}", lab.access.token.expose_secret());
    let people = reqwest::Client::builder().build().unwrap();
    let body = json!({"data": [{"send_cancelling_mail": false}]});
    let answer = people.post(url).header("Authorization", token).json(&body);
    assert!(answer.send().await.unwrap().status().is_success());
    let round = lab.round(&meetings(""), None).await;
    assert_eq!(
        shown(record(&round, &id), "status").as_deref(),
        Some("cancelled")
    );
}

#[tokio::test]
async fn a_calendar_with_meetings_of_every_sort_is_read_to_its_end() {
    let lab = Lab::kind().await;
    let wanted = json!({"scenario": "two-calendars", "meetings": 40, "seed": 5});
    let planted = lab.control(Method::POST, "/seed", wanted).await;
    lab.settings(json!({"page_cap": 15})).await;
    let (zoho, special) = (&planted["zoho"], &planted["zoho"]["special"]);
    let scope = meetings(zoho["collection"]["id"].as_str().unwrap());
    let round = lab.round(&scope, None).await;
    let id = |name: &str| special[name].as_str().unwrap();
    let aside = round.ids(|what| matches!(what, What::Unreadable { .. }));
    assert_eq!(aside.len(), 0);
    let series = round
        .inside()
        .into_iter()
        .filter(|id| id.starts_with("series:"));
    assert!(series.count() > 0 && round.inside().len() > 20);
    let changed = round.seen().filter(|seen| match &seen.what {
        What::Inside(record) => count(record, "overrides") > 0,
        _ => false,
    });
    assert!(
        changed.count() > 0,
        "of some series occurrences are moved or cancelled"
    );
    assert!(round.inside().contains(&id("long ago")) && round.inside().contains(&id("far ahead")));
    let when = shown(record(&round, id("all day")), "when").unwrap();
    assert_eq!(when.len(), "2027-03-01/2027-03-02".len());
    assert_eq!(count(record(&round, id("many guests")), "participants"), 50);
    assert_eq!(count(record(&round, id("guests")), "participants"), 2);
    assert_eq!(count(record(&round, id("several reminders")), "alerts"), 3);
    assert!(round.pages.last().unwrap().snapshot.unwrap().end);
}

#[tokio::test]
async fn without_the_right_to_see_meetings_nothing_is_read() {
    let lab = Lab::kind().await;
    let right = "/zoho/permissions/Crm_Implied_View_Events";
    lab.control(Method::PUT, right, json!({"allowed": false}))
        .await;
    let fault = lab.page(&meetings(""), &At::Start { cursor: None }).await;
    let right = lacking("view events", "Meetings");
    assert_eq!(fault, Err(Fault::Forbidden { right }));
}

pub(crate) fn by_id(id: &str) -> Operation {
    Operation::Read(Read {
        remote_id: id.to_owned(),
        former_ids: Vec::new(),
    })
}

// proves: R-20
#[tokio::test]
async fn a_meeting_read_by_id_is_there_or_proved_gone_or_out_of_reach() {
    let lab = Lab::kind().await;
    let mine = made(&lab, &meeting("Mine", &json!({}))).await;
    let bens = made_by(&lab, BEN, &meeting("Ben's", &json!({}))).await;
    let gone = made(&lab, &meeting("Gone", &json!({}))).await;
    delete(&lab, &gone).await;
    let daily = json!({"Recurring_Activity": {"RRULE": "FREQ=DAILY;COUNT=3"}});
    let daily = made(&lab, &meeting("Daily", &daily)).await;
    let scope = meetings(&view(&lab, "My Events").await);
    let unknown = "5725767000000999999";
    let reads = [mine.as_str(), &bens, &gone, unknown, &daily].map(by_id);
    let outcomes = lab.execute(&scope, reads.to_vec()).await;
    let answers: Vec<Answer> = outcomes.into_iter().map(|outcome| outcome.answer).collect();
    let gone = |proved| Answer::Gone {
        proved,
        collection: false,
    };
    let [Answer::Found(mine), Answer::Found(bens), ..] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    assert!(mine.in_scope && !bens.in_scope);
    let when = "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]";
    assert_eq!(shown(&mine.record, "when").as_deref(), Some(when));
    assert!(mine.readable.contains(&path("when")));
    assert_eq!(answers[2..4], [gone(true), gone(false)]);
    assert!(
        matches!(&answers[4], Answer::Refused { path: None, reason } if reason.contains("recurring"))
    );
}
