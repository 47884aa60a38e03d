//! Series in the feed: each is one record, whatever was shown of it.

use http::Method;
use model::event::Override;
use pretty_assertions::assert_eq;
use provider::{Answer, At, Operation, Read, What};
use serde_json::{Value as Json, json};

use crate::{
    events::{by_id, delete, edit as people_edit, made, meeting, meetings, reason, record, view},
    lab::{Lab, shown, with_option},
    weekly::{MORNING, WEEKLY, days, id, occurrences, overrides, seen, series_of, weekly},
    written::{everything, live},
};

// proves: BEY-07
#[tokio::test]
async fn a_series_is_one_record_in_the_feed_with_its_exceptions() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let rows = occurrences(&lab, &series).await;
    assert_eq!(
        days(&rows),
        ["2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22"]
    );
    people_edit(&lab, id(&rows[1]), json!({"Event_Title": "Special"})).await;
    delete(&lab, id(&rows[2])).await;
    let round = lab.round(&meetings(""), None).await;
    assert_eq!(round.inside(), [series.as_str()]);
    let record = record(&round, &series);
    assert_eq!(shown(record, "recurrence").as_deref(), Some(WEEKLY));
    assert_eq!(shown(record, "when").as_deref(), Some(MORNING));
    assert_eq!(shown(record, "title").as_deref(), Some("Weekly"));
    let special = Override::Changed {
        values: vec![("title", "Special".to_owned())],
        cleared: Vec::new(),
        included: false,
    };
    let expected = [
        ("2027-03-08T12:00:00".to_owned(), special),
        ("2027-03-15T12:00:00".to_owned(), Override::Excluded),
    ];
    assert_eq!(overrides(record), expected);
    let last = round.pages.last().unwrap();
    assert!(last.snapshot.unwrap().end && last.restart.is_some());
    let ends = round.pages.iter().filter_map(|page| page.snapshot);
    assert_eq!(ends.filter(|part| part.end).count(), 1);
}

#[tokio::test]
async fn a_delta_shows_a_series_whole_when_one_occurrence_came_changed_or_went() {
    let lab = Lab::kind().await;
    // No sibling tells what was deleted: only the cursor knows which series it was of.
    lab.settings(json!({"deleted_occurrences_are_exdates": false}))
        .await;
    let series = weekly(&lab).await;
    let other = weekly(&lab).await;
    let first = lab.round(&meetings(""), None).await;
    lab.later(300).await;
    let quiet = lab.round(&meetings(""), Some(first.cursor())).await;
    assert_eq!(quiet.seen().count(), 0);
    let rows = occurrences(&lab, &series).await;
    people_edit(&lab, id(&rows[3]), json!({"Venue": "Room 2"})).await;
    lab.later(300).await;
    let edited = lab.round(&meetings(""), Some(quiet.cursor())).await;
    assert_eq!(edited.inside(), [series.as_str()]);
    assert_eq!(overrides(record(&edited, &series)).len(), 1);
    delete(&lab, id(&rows[0])).await;
    lab.later(300).await;
    let cut = lab.round(&meetings(""), Some(edited.cursor())).await;
    assert_eq!(
        (cut.inside(), cut.deleted()),
        (vec![series.as_str()], vec![])
    );
    let shorter = overrides(record(&cut, &series));
    assert!(shorter.contains(&("2027-03-01T12:00:00".to_owned(), Override::Excluded)));
    let versions: Vec<_> = [&first, &edited, &cut]
        .iter()
        .map(|round| round.seen().find(|seen| seen.remote_id == series).unwrap())
        .map(|seen| seen.version.clone().unwrap().token)
        .collect();
    assert!(versions[0] != versions[1] && versions[1] != versions[2]);
    for row in &rows[1..] {
        delete(&lab, id(row)).await;
    }
    lab.later(300).await;
    let gone = lab.round(&meetings(""), Some(cut.cursor())).await;
    assert_eq!(
        (gone.inside(), gone.deleted()),
        (vec![], vec![series.as_str()])
    );
    assert!(!gone.cursor().contains(&series["series:".len()..]));
    assert!(gone.cursor().contains(&other["series:".len()..]));
}

// proves: R-05
#[tokio::test]
async fn a_quick_round_shows_series_as_whole_as_a_thorough_one() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let single = made(&lab, &meeting("Once", &json!({}))).await;
    let view = view(&lab, "All Events").await;
    for collection in ["", view.as_str()] {
        let scope = meetings(collection);
        let first = lab.round(&scope, None).await;
        let rows = occurrences(&lab, &series).await;
        people_edit(&lab, id(&rows[1]), json!({"Venue": collection})).await;
        people_edit(&lab, id(&rows[1]), json!({"Venue": "Hall"})).await;
        let quick = lab.round(&scope, Some(first.cursor())).await;
        assert!(quick.inside().contains(&series.as_str()), "{collection}");
        assert_eq!(overrides(record(&quick, &series)).len(), 1);
        delete(&lab, id(&rows[1])).await;
        let quick = lab.round(&scope, Some(quick.cursor())).await;
        let shown = overrides(record(&quick, &series));
        assert_eq!(
            shown,
            [("2027-03-08T12:00:00".to_owned(), Override::Excluded)]
        );
        assert!(!quick.deleted().contains(&single.as_str()));
        let path = format!("/zoho/records/Events/{}/restore", id(&rows[1]));
        lab.control(Method::POST, &path, Json::Null).await;
        people_edit(&lab, id(&rows[1]), json!({"Venue": Json::Null})).await;
        lab.later(600).await;
    }
}

#[tokio::test]
async fn occurrences_that_lists_do_not_show_yet_are_not_taken_for_cancelled() {
    let lab = Lab::unkind().await;
    lab.settings(json!({"list_lag_min_milliseconds": 0, "list_lag_max_milliseconds": 3_000}))
        .await;
    let scope = meetings("");
    let mut cursor = lab.round(&scope, None).await.cursor().to_owned();
    let values = json!({"Recurring_Activity": {"RRULE": "FREQ=DAILY;COUNT=40"}});
    let first = made(&lab, &meeting("Daily", &values)).await;
    let series = series_of(&lab, &first).await;
    let mut shown = 0;
    for _ in 0..40 {
        let round = lab.round(&scope, Some(&cursor)).await;
        round.cursor().clone_into(&mut cursor);
        for what in seen(&round, &series) {
            let What::Inside(record) = what else {
                panic!("{what:?}")
            };
            assert_eq!(overrides(record), []);
            shown += 1;
        }
        if shown > 0 {
            return;
        }
        tokio::task::yield_now().await;
        lab.later(1).await;
    }
    panic!("the series is never shown");
}

// proves: ZGE-10
#[tokio::test]
async fn a_sync_that_skips_series_sets_each_aside_once_with_the_reason() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let single = made(&lab, &meeting("Once", &json!({}))).await;
    let skip = with_option(meetings(""), "recurrence", "skip");
    let round = lab.round(&skip, None).await;
    assert_eq!(round.inside(), [single.as_str()]);
    assert_eq!(seen(&round, &series).len(), 1);
    assert!(reason(&round, &series).unwrap().contains("recurring"));
    // Nothing is known of series then: whoever wants them after all reads everything.
    let at = At::Start {
        cursor: Some(round.cursor().to_owned()),
    };
    let fault = lab.page(&meetings(""), &at).await;
    assert_eq!(fault, Err(provider::Fault::CursorExpired));
}

// proves: R-20
#[tokio::test]
async fn a_series_read_by_id_is_whole_or_proved_gone() {
    let lab = Lab::kind().await;
    let series = weekly(&lab).await;
    let read = live(&lab, &series).await;
    assert_eq!(read.remote_id, series);
    assert_eq!(shown(&read.record, "recurrence").as_deref(), Some(WEEKLY));
    for row in occurrences(&lab, &series).await {
        delete(&lab, id(&row)).await;
    }
    let gone = |proved| Answer::Gone {
        proved,
        collection: false,
    };
    assert_eq!(
        lab.one(&everything(), by_id(&series)).await.answer,
        gone(false)
    );
    let remembered = Operation::Read(Read {
        remote_id: series,
        former_ids: read.former_ids,
    });
    assert_eq!(lab.one(&everything(), remembered).await.answer, gone(true));
}

#[tokio::test]
async fn a_series_without_a_first_day_in_its_rule_begins_with_the_occurrence_that_was_moved() {
    let lab = Lab::kind().await;
    let rule = json!({"Recurring_Activity": {"RRULE": WEEKLY}});
    let first = made(&lab, &meeting("Weekly", &rule)).await;
    let series = series_of(&lab, &first).await;
    let afternoon = json!({
        "Start_DateTime": "2027-03-01T12:00:00+00:00", "End_DateTime": "2027-03-01T13:00:00+00:00",
    });
    people_edit(&lab, &first, afternoon).await;
    lab.later(600).await;
    let round = lab.round(&meetings(""), None).await;
    let record = record(&round, &series);
    assert_eq!(shown(record, "when").as_deref(), Some(MORNING));
    assert_eq!(shown(record, "recurrence").as_deref(), Some(WEEKLY));
    let moved = Override::Changed {
        values: vec![(
            "when",
            "2027-03-01T15:00:00[Europe/Istanbul]/2027-03-01T16:00:00[Europe/Istanbul]".to_owned(),
        )],
        cleared: Vec::new(),
        included: false,
    };
    assert_eq!(
        overrides(record),
        [("2027-03-01T12:00:00".to_owned(), moved)]
    );
}

// proves
#[tokio::test]
async fn a_series_that_vanished_is_gone_only_when_the_list_of_deleted_records_says_so() {
    let lab = Lab::kind().await;
    let scope = meetings("");
    for is_delta in [true, false] {
        lab.settings(json!({"list_lag_min_milliseconds": 0, "list_lag_max_milliseconds": 0}))
            .await;
        let series = weekly(&lab).await;
        let first = lab.round(&scope, None).await;
        let rows = occurrences(&lab, &series).await;
        people_edit(&lab, id(&rows[3]), json!({"Venue": "Room 2"})).await;
        lab.settings(
            json!({"list_lag_min_milliseconds": 3_000, "list_lag_max_milliseconds": 3_000}),
        )
        .await;
        for row in &rows {
            delete(&lab, id(row)).await;
        }
        // Lists show them as they were, and no tombstone yet.
        let cursor = Some(first.cursor()).filter(|_| is_delta);
        let early = lab.round(&scope, cursor).await;
        assert_eq!(seen(&early, &series), Vec::<&What>::new(), "{is_delta}");
        assert!(early.cursor().contains(&series["series:".len()..]));
        lab.later(5).await;
        let late = lab.round(&scope, Some(early.cursor())).await;
        assert_eq!(late.deleted(), [series.as_str()], "{is_delta}");
        assert!(!late.cursor().contains(&series["series:".len()..]));
        lab.later(600).await;
    }
}
