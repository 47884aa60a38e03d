//! Reading a calendar: what there is, and what changed.

use std::collections::{BTreeMap, BTreeSet};

use model::event;
use pretty_assertions::assert_eq;
use provider::{Answer, CollectionState, Extent, Fault, Provider, SnapshotPart, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{
    account::{Account, path, read},
    diary::{events_of, exceptions, hour, inside, meeting, value, weekly, with, with_option},
};

#[tokio::test]
async fn only_calendars_that_can_be_read_and_written_are_offered() {
    let account = Account::unkind().await;
    let mut offered = BTreeMap::from([("ana@example.com".to_owned(), String::new())]);
    for role in [
        "freeBusyReader",
        "reader",
        "writerWithoutPrivateAccess",
        "writer",
    ] {
        let id = account.shared(role, role).await;
        if role.starts_with("writer") {
            offered.insert(id, role.to_owned());
        }
    }
    let collections = account
        .google
        .collections(account.session(), "event")
        .await
        .unwrap();
    assert!(collections.iter().all(|one| one.form == "calendar"));
    let ids: BTreeSet<_> = collections.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, offered.keys().map(String::as_str).collect());
    for one in &collections {
        assert!(offered[&one.id].is_empty() || offered[&one.id] == one.name);
    }
    let fields = account
        .google
        .fields(account.session(), "event")
        .await
        .unwrap();
    assert!(fields.entry(&path("when")).unwrap().required);
    let fixed: Vec<String> = fields
        .0
        .iter()
        .filter(|entry| entry.readable && !entry.writable)
        .map(|entry| entry.path.to_string())
        .collect();
    assert_eq!(fixed, ["organizer", "conference", "uid", "recurrenceId"]);
    let fault = account
        .google
        .fields(account.session(), "task")
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
}

#[tokio::test]
async fn a_first_reading_shows_every_event_once_and_a_series_as_one() {
    let account = Account::unkind().await;
    let scenario = json!({"scenario": "two-calendars", "meetings": 80});
    let seeded = account.control(Method::POST, "seed", scenario).await;
    account.settle().await;
    let scope = with_option(events_of("primary"), "private", "full");
    let round = account.round(&scope, None).await;
    let truth = account
        .control(Method::GET, "google/calendars/primary/events", json!({}))
        .await;
    let stored = truth["events"].as_array().unwrap().iter();
    let records: BTreeSet<&str> = stored
        .filter(|event| event["recurringEventId"].is_null() && event["status"] != "cancelled")
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert!(records.len() > 160, "{}", records.len());
    assert_eq!(
        round
            .seen
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>(),
        records
    );
    let shown: usize = round.pages.iter().map(|page| page.seen.len()).sum();
    assert_eq!(shown, records.len(), "nothing comes twice");
    for id in &records {
        let record = inside(&round, id);
        event::check(record).unwrap();
        let readable = &round.pages[0].readable;
        assert!(record.fields.keys().all(|path| readable.contains(path)));
    }
    let (last, rest) = round.pages.split_last().unwrap();
    let part = |end| {
        Some(SnapshotPart {
            extent: Extent::Account,
            end,
        })
    };
    assert!(rest.iter().all(|page| page.snapshot == part(false)));
    assert_eq!(last.snapshot, part(true));

    let special = |name: &str| {
        seeded["google"]["special"][name]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let series = inside(&round, &special("series"));
    let parts: Vec<_> = exceptions(series)
        .into_iter()
        .map(|(_, parts)| parts)
        .collect();
    assert_eq!(parts.len(), 2);
    assert!(
        parts.contains(&vec!["excluded".to_owned()]) && parts.contains(&vec!["when".to_owned()])
    );
    assert_eq!(value(inside(&round, &special("no title")), "title"), None);
    assert!(
        event::when(inside(&round, &special("all day")))
            .unwrap()
            .is_days()
    );
    let several = inside(&round, &special("several reminders"));
    assert_eq!(several.elements(&path("alerts")).len(), 4);
    let usual = inside(&round, &special("default reminders"));
    assert_eq!(value(usual, "useDefaultAlerts").as_deref(), Some("true"));
    assert_eq!(usual.elements(&path("alerts")).len(), 1);
    let many = inside(&round, &special("many guests"));
    assert!(many.elements(&path("participants")).len() >= 60);
}

#[tokio::test]
async fn a_round_shows_only_what_changed_and_what_was_deleted() {
    let account = Account::unkind().await;
    let gone = account.plan(meeting("Gone", "2027-04-08")).await;
    let kept = account.plan(meeting("Kept", "2027-04-08")).await;
    account.plan(meeting("Untouched", "2027-04-08")).await;
    account.settle().await;
    let scope = events_of("primary");
    let first = account.round(&scope, None).await;
    assert_eq!(first.seen.len(), 3);
    account.replan(&kept, json!({"summary": "Renamed"})).await;
    account.cancel(&gone).await;
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(second.seen.len(), 2);
    assert_eq!(
        value(inside(&second, &kept), "title").as_deref(),
        Some("Renamed")
    );
    assert!(matches!(second.seen[&gone].what, What::Deleted { .. }));
    assert!(second.pages.iter().all(|page| page.snapshot.is_none()));
    let [before, after] = [&first, &second].map(|round| round.seen[&kept].version.clone().unwrap());
    assert_ne!(before.token, after.token);
    assert!(before.changed_at_micros < after.changed_at_micros);
    let third = account.round(&scope, Some(&second.cursor)).await;
    assert_eq!(third.seen.len(), 0);
    let again = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(again.seen, second.seen, "a restart point serves again");
}

#[tokio::test]
async fn a_change_of_one_instance_shows_its_series_as_a_whole() {
    let account = Account::unkind().await;
    let series = account.plan(weekly("Weekly")).await;
    let instance = |stamp: &str| format!("{series}_{stamp}");
    account
        .replan(&instance("20270322T080000Z"), json!({"summary": "Renamed"}))
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let first = account.round(&scope, None).await;
    assert_eq!(exceptions(inside(&first, &series)).len(), 1);

    account.cancel(&instance("20270329T070000Z")).await;
    account
        .replan(&instance("20270405T070000Z"), hour("2027-04-06", 14))
        .await;
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert_eq!(second.seen.keys().collect::<Vec<_>>(), [&series]);
    let record = inside(&second, &series);
    assert_eq!(value(record, "title").as_deref(), Some("Weekly"));
    assert_eq!(
        value(record, "recurrence").as_deref(),
        Some("FREQ=WEEKLY;COUNT=4")
    );
    let part = |name: &str| vec![name.to_owned()];
    assert_eq!(
        exceptions(record),
        [
            ("2027-03-22T09:00:00".to_owned(), part("title")),
            ("2027-03-29T09:00:00".to_owned(), part("excluded")),
            ("2027-04-05T09:00:00".to_owned(), part("when")),
        ]
    );
    assert_ne!(first.seen[&series].version, second.seen[&series].version);
    // A reading of everything shows the same, with the same version.
    let whole = account.round(&scope, None).await;
    assert_eq!(whole.seen[&series], second.seen[&series]);

    account
        .replan(
            &instance("20270329T070000Z"),
            json!({"status": "confirmed"}),
        )
        .await;
    account.settle().await;
    let third = account.round(&scope, Some(&second.cursor)).await;
    assert_eq!(exceptions(inside(&third, &series)).len(), 2);
}

#[tokio::test]
async fn a_deleted_series_is_one_tombstone_and_a_split_one_is_two_series() {
    let account = Account::unkind().await;
    let gone = account.plan(weekly("Gone")).await;
    account
        .replan(
            &format!("{gone}_20270322T080000Z"),
            json!({"summary": "Apart"}),
        )
        .await;
    let split = account.plan(weekly("Split")).await;
    account
        .replan(
            &format!("{split}_20270405T070000Z"),
            json!({"summary": "Apart"}),
        )
        .await;
    let ended = account.plan(weekly("Only once")).await;
    account.settle().await;
    let scope = events_of("primary");
    let first = account.round(&scope, None).await;
    assert_eq!(first.seen.len(), 3);
    account.cancel(&gone).await;
    account.replan(&ended, json!({"recurrence": null})).await;
    let path = format!("google/calendars/primary/events/{split}_20270329T070000Z/split");
    let rest = account
        .control(Method::POST, &path, json!({"event": {"summary": "Rest"}}))
        .await;
    let rest = rest["id"].as_str().unwrap();
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    assert!(matches!(second.seen[&gone].what, What::Deleted { .. }));
    let once = inside(&second, &ended);
    assert_eq!(
        (value(once, "recurrence"), value(once, "title")),
        (None, Some("Only once".into()))
    );
    let [one, two] =
        [split.as_str(), rest].map(|id| event::rule(inside(&second, id)).unwrap().unwrap());
    assert_ne!(one, two);
    assert_eq!(second.seen.len(), 4);
}

#[tokio::test]
async fn a_copy_in_a_guests_calendar_is_an_event_with_the_same_uid() {
    let account = Account::unkind().await;
    let guests =
        json!({"attendees": [{"email": "ana@example.com"}, {"email": "carla@example.org"}]});
    let invited = account
        .plan_in(
            "primary",
            crate::diary::BEN,
            with(weekly("Invited"), &guests),
        )
        .await;
    account.settle().await;
    let scope = events_of("primary");
    let first = account.round(&scope, None).await;
    let record = inside(&first, &invited);
    assert_eq!(
        value(record, "organizer").as_deref(),
        Some(crate::diary::BEN)
    );
    assert_eq!(value(record, "uid"), Some(format!("{invited}@google.com")));
    assert_eq!(record.elements(&path("participants")).len(), 2);
    let respond = format!("google/calendars/primary/events/{invited}/respond");
    account
        .control(Method::POST, &respond, json!({"response": "accepted"}))
        .await;
    account.settle().await;
    let second = account.round(&scope, Some(&first.cursor)).await;
    let answers = inside(&second, &invited)
        .elements(&path("participants"))
        .iter();
    let answers: Vec<_> = answers.filter_map(|guest| guest.part("status")).collect();
    assert!(answers.contains(&"accepted"), "{answers:?}");
}

#[tokio::test]
async fn a_marker_is_seen() {
    let account = Account::unkind().await;
    let marked = json!({"extendedProperties": {"private": {"rapport": "m1", "other": "x"}, "shared": {"rapport": "m2"}}});
    let one = account
        .plan(with(meeting("Marked", "2027-04-08"), &marked))
        .await;
    let two = account.plan(meeting("Unmarked", "2027-04-08")).await;
    account.settle().await;
    let round = account.round(&events_of("primary"), None).await;
    assert_eq!(round.seen[&one].marker.as_deref(), Some("m1"));
    assert_eq!(round.seen[&two].marker, None);
}

// proves: R-20
#[tokio::test]
async fn reading_by_id_finds_a_series_as_a_whole_and_proves_what_is_gone() {
    let account = Account::unkind().await;
    let series = account.plan(weekly("Weekly")).await;
    account.cancel(&format!("{series}_20270322T080000Z")).await;
    let gone = account.plan(meeting("Gone", "2027-04-08")).await;
    account.cancel(&gone).await;
    account.settle().await;
    let scope = events_of("primary");
    let reads = [series.as_str(), &gone, "neverwas0"].map(|id| read(id, &[]));
    let outcomes = account.execute(&scope, reads.to_vec()).await;
    let Answer::Found(found) = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    let round = account.round(&scope, None).await;
    assert_eq!(&found.record, inside(&round, &series));
    assert_eq!(Some(&found.version), round.seen[&series].version.as_ref());
    assert!(found.in_scope);
    let is_gone = |proved| Answer::Gone {
        proved,
        collection: false,
    };
    assert_eq!(outcomes[1].answer, is_gone(true));
    assert_eq!(outcomes[2].answer, is_gone(false));

    let elsewhere = account
        .execute(&events_of("nobody@example.com"), vec![read(&series, &[])])
        .await;
    let expected = Answer::Gone {
        proved: false,
        collection: true,
    };
    assert_eq!(elsewhere[0].answer, expected);
}

// proves: R-21
#[tokio::test]
async fn a_calendar_that_is_gone_or_closed_is_told_and_nothing_of_it() {
    let account = Account::unkind().await;
    let calendar = account.shared("Team", "writer").await;
    account
        .plan_in(
            &calendar,
            crate::diary::BEN,
            meeting("Shared", "2027-04-08"),
        )
        .await;
    account.settle().await;
    let scope = events_of(&calendar);
    let first = account.round(&scope, None).await;
    assert_eq!(first.seen.len(), 1);
    account.share(&calendar, json!("freeBusyReader")).await;
    for cursor in [Some(first.cursor.as_str()), None] {
        let Err(Fault::Forbidden { right }) = account.start_round(&scope, cursor).await else {
            panic!("it may be read");
        };
        assert!(right.contains("See all event details"), "{right}");
    }
    account.share(&calendar, json!("reader")).await;
    assert_eq!(account.round(&scope, None).await.seen.len(), 1);
    account.share(&calendar, Json::Null).await;
    for cursor in [Some(first.cursor.as_str()), None] {
        let page = account.start_round(&scope, cursor).await.unwrap();
        assert_eq!(page.collection, CollectionState::Gone);
        assert!(page.seen.is_empty() && page.restart.is_none());
    }
    let page = account
        .start_round(&events_of("nobody@example.com"), None)
        .await
        .unwrap();
    assert_eq!(page.collection, CollectionState::Gone);
}
