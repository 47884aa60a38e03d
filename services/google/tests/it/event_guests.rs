//! Writing what belongs to several: invitations, and private parts of what is public.

use model::event::Participant;
use pretty_assertions::assert_eq;
use provider::Answer;
use serde_json::json;

use crate::{
    account::{Account, applied, edit, path, update},
    diary::{BEN, changed, element_edit, events_of, meeting, value, weekly, with, with_option},
};

#[tokio::test]
async fn private_events_and_those_of_another_kind_are_left_alone() {
    let account = Account::unkind().await;
    let private = json!({"visibility": "private"});
    let id = account
        .plan(with(meeting("Doctor", "2027-04-08"), &private))
        .await;
    account.settle().await;
    let edits = || vec![edit("title", None, Some("Block"))];
    for word in ["skip", "busy", "full"] {
        let scope = with_option(events_of("primary"), "private", word);
        let live = account.live(&scope, &id).await;
        let outcome = account
            .write(&scope, update(&id, &live.version, edits()))
            .await;
        let expected = if word == "full" { "applied" } else { "refused" };
        assert_eq!(outcome.answer.word(), expected, "{word}");
        account.settle().await;
    }
}

#[tokio::test]
async fn a_guest_changes_only_what_is_a_guests_own() {
    let account = Account::unkind().await;
    let guests =
        json!({"attendees": [{"email": "ana@example.com"}, {"email": "carla@example.org"}]});
    let id = account
        .plan_in(
            "primary",
            BEN,
            with(meeting("Invited", "2027-04-08"), &guests),
        )
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let live = account.live(&scope, &id).await;
    let edits = vec![
        edit("title", Some("Invited"), Some("Mine")),
        edit("freeBusy", None, Some("free")),
        edit(
            "participants[ana@example.com].status",
            Some("needs-action"),
            Some("accepted"),
        ),
    ];
    let outcome = account
        .write(&scope, update(&id, &live.version, edits))
        .await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    let refused: Vec<_> = done.refused.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(refused, ["title"]);
    let now = &applied(&outcome).record;
    assert_eq!(value(now, "freeBusy").as_deref(), Some("free"));
    assert_eq!(value(now, "title").as_deref(), Some("Invited"));
    account.settle().await;
    let live = account.live(&scope, &id).await;
    let mut edits = vec![element_edit(
        "participants",
        None,
        Some(&Participant::new("x@example.org").element()),
    )];
    edits.push(edit("privacy", None, Some("public")));
    let outcome = account
        .write(&scope, update(&id, &live.version, edits))
        .await;
    let Answer::Applied(done) = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(done.refused[0].path, "participants");
    account.is_quiet().await;
}

#[tokio::test]
async fn of_a_hidden_guest_list_only_ones_own_answer_is_written() {
    let account = Account::unkind().await;
    let guests = json!({"guestsCanSeeOtherGuests": false,
        "attendees": [{"email": "ana@example.com"}, {"email": "carla@example.org"}]});
    let id = account
        .plan_in(
            "primary",
            BEN,
            with(meeting("Invited", "2027-04-08"), &guests),
        )
        .await;
    account.settle().await;
    let live = account.live(&events_of("primary"), &id).await;
    assert_eq!(live.record.elements(&path("participants")).len(), 1);
    let accepts = edit(
        "participants[ana@example.com].status",
        Some("needs-action"),
        Some("accepted"),
    );
    account.edited(&live, vec![accepts]).await;
    let at = format!("google/calendars/{BEN}/events/{id}?account={BEN}");
    let truth = account.control(reqwest::Method::GET, &at, json!({})).await;
    let answers = truth["attendees"].as_array().unwrap().iter();
    let answers: Vec<_> = answers.map(|guest| &guest["responseStatus"]).collect();
    assert_eq!(answers, ["accepted", "needsAction"]);
    account.is_quiet().await;
}

#[tokio::test]
async fn a_private_instance_of_a_public_series_is_left_alone() {
    let account = Account::unkind().await;
    let series = account.plan(weekly("Weekly")).await;
    let instance = format!("{series}_20270322T080000Z");
    let doctor = json!({"summary": "Doctor", "location": "Clinic", "visibility": "private"});
    account.replan(&instance, doctor).await;
    account.settle().await;
    let before = account.event_truth(&instance).await;
    let scope = events_of("primary");
    let live = account.live(&scope, &series).await;
    let edits = vec![
        edit("title", Some("Weekly"), Some("Renamed")),
        edit("location", None, Some("Room 4")),
    ];
    let live = account.edited(&live, edits).await;
    assert_eq!(account.event_truth(&instance).await, before);
    let ours = changed("2027-03-22T09:00:00", &[("title", "Ours")]);
    let outcome = account
        .write(
            &scope,
            update(
                &series,
                &live.version,
                vec![element_edit("overrides", None, Some(&ours))],
            ),
        )
        .await;
    assert_eq!(outcome.answer.word(), "refused");
    assert_eq!(account.event_truth(&instance).await, before);
}

#[tokio::test]
async fn a_guest_changes_no_instance_of_somebody_elses_series() {
    let account = Account::unkind().await;
    let guests = json!({"attendees": [{"email": "ana@example.com"}]});
    let id = account
        .plan_in("primary", BEN, with(weekly("Invited"), &guests))
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let live = account.live(&scope, &id).await;
    let ours = changed("2027-03-22T09:00:00", &[("title", "Ours")]);
    let edits = vec![
        element_edit("overrides", None, Some(&ours)),
        edit(
            "recurrence",
            Some("FREQ=WEEKLY;COUNT=4"),
            Some("FREQ=WEEKLY;COUNT=8"),
        ),
    ];
    let outcome = account
        .write(&scope, update(&id, &live.version, edits))
        .await;
    assert_eq!(outcome.answer.word(), "refused");
    assert_eq!(account.calls("calendar.events.patch"), 0);
}
