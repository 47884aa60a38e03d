//! The calendar recipe: what control makes of its policies, and what it refuses.

use std::collections::{BTreeMap, HashMap};

use pretty_assertions::assert_eq;
use tonic::Code;

use crate::stage::Stage;

const FILE: &str = "\
kind: Sync
name: ana-calendar
recipe: zoho-google-calendar
left: { connection: acme-zoho, collection: { list_view: All } }
right: { connection: ana-google, collection: { calendar: Ana } }
";

/// Two accounts with events; the CRM shows whether one recurs, and nobody can make it.
async fn stage() -> Stage {
    let stage = Stage::connected().await;
    for provider in [&stage.zoho, &stage.google] {
        for field in [
            "title",
            "when",
            "location",
            "description",
            "participants",
            "alerts",
        ] {
            provider.add_field(field);
        }
    }
    stage.zoho.add_field_that("recurrence", false);
    stage.google.add_field("recurrence");
    stage.google.add_field("overrides");
    stage
        .google
        .add_collection("ana@example.com", "Ana", "calendar");
    stage
}

/// [`FILE`] with policies of events.
fn with(policies: &str) -> String {
    format!("{FILE}policies: {{ events: {{ {policies} }} }}\n")
}

async fn paths(stage: &Stage) -> Vec<String> {
    let mapping = stage.definition().await.mapping;
    mapping.into_iter().map(|pairing| pairing.left).collect()
}

/// The options that a side gets.
async fn options(stage: &Stage) -> [HashMap<String, String>; 2] {
    let definition = stage.definition().await;
    [definition.left, definition.right].map(|side| side.unwrap().options)
}

async fn refused(stage: &Stage, yaml: &str) -> String {
    let refused = stage.try_apply(yaml, false).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(stage.definitions_of("").await.is_empty());
    refused.message().to_owned()
}

// proves: BEY-12
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_get_the_policies_of_events_as_options_of_their_scope() {
    let stage = stage().await;
    stage.apply(FILE).await;
    let definition = stage.definition().await;
    assert_eq!(definition.kind, "event");
    assert_eq!(
        definition.right.as_ref().unwrap().collection,
        "ana@example.com"
    );
    let expected = [
        ("past_days", "90"),
        ("recurrence", "skip"),
        ("guests", "link"),
        ("private", "skip"),
        ("notify", "none"),
    ];
    let expected: HashMap<String, String> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(options(&stage).await, [expected.clone(), expected]);
    let policies = definition.policies.unwrap();
    assert_eq!(
        (policies.cap_first_run, policies.cap_later_runs),
        (5_000, 500)
    );
    assert_eq!(
        (policies.twins.as_str(), policies.outside.as_str()),
        ("sync-all", "skip")
    );
    let criteria = definition.r#match.into_iter().map(|one| one.right);
    assert_eq!(
        criteria.collect::<Vec<_>>(),
        ["uidAndRecurrenceId", "titleAndStart"]
    );
    assert_eq!(
        paths(&stage).await,
        [
            "alerts[display]",
            "description",
            "location",
            "participants",
            "title",
            "when"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_learns_what_the_other_can_hold_of_a_series() {
    const LIMITS: &str = "FREQ=DAILY,WEEKLY;PARTS=COUNT;RDATE=FALSE;TZID=Europe/Vienna";
    let stage = stage().await;
    stage.zoho.hold_of_series(LIMITS);
    stage.apply(FILE).await;
    let [left, right] = options(&stage).await;
    assert_eq!(left.get("other_series"), None);
    assert_eq!(right.get("other_series").map(String::as_str), Some(LIMITS));

    // What an account can hold by now is stored when the file is applied again, and is no difference that is told.
    let moved = LIMITS.replace("Vienna", "London");
    stage.zoho.hold_of_series(&moved);
    let (_, outcome, differences) = stage.apply(FILE).await;
    assert_eq!((outcome.as_str(), differences.len()), ("unchanged", 0));
    let [_, right] = options(&stage).await;
    assert_eq!(right.get("other_series"), Some(&moved));
}

// proves: BEY-12, R-14
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_part_begins_a_generation_and_stays_the_same_sync() {
    let stage = stage().await;
    let (sync, ..) = stage.apply(FILE).await;
    let told = with("notify: all, guests: add");
    let (_, result, differences) = stage.apply(&told).await;
    assert_eq!(result, "changed");
    assert_eq!(
        differences,
        [
            "~ policies.events.guests: link → add",
            "~ policies.events.notify: none → all"
        ]
    );
    assert_eq!(stage.definition().await.generation, 1);
    let every = with("past_days: 0, private: busy");
    let (same, _, differences) = stage.apply(&every).await;
    assert_eq!(same, sync, "the window is no part of what a sync is");
    assert!(
        differences.contains(&"~ policies.events.past_days: 90 → 0".to_owned()),
        "{differences:?}"
    );
    assert_eq!(stage.definition().await.generation, 2);
    for options in options(&stage).await {
        assert_eq!(options.get("past_days"), None, "for every event");
        assert_eq!(options["private"], "busy");
        assert_eq!(options["notify"], "none");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_from_the_recipe_is_shown() {
    let stage = stage().await;
    let yaml = format!(
        "{FILE}policies: {{ caps: {{ first_run: 0, later_runs: 100 }}, events: {{ private: full }} }}\n"
    );
    stage.apply(&yaml).await;
    let policies = stage.syncs().await.remove(0).policies;
    assert!(
        policies
            .iter()
            .any(|policy| policy.name == "conflict" && policy.of_recipe)
    );
    let own = policies.into_iter().filter(|policy| !policy.of_recipe);
    let own: BTreeMap<String, String> = own.map(|policy| (policy.name, policy.value)).collect();
    let expected = [
        ("caps.first_run", "0"),
        ("caps.later_runs", "100"),
        ("events.private", "full"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(own, BTreeMap::from(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_holds_the_policies_too() {
    let stage = stage().await;
    stage.try_apply(&with("past_days: 7"), true).await.unwrap();
    assert_eq!(stage.definition().await.state, "preview");
    assert_eq!(options(&stage).await[1]["past_days"], "7");
    let dry = stage.try_apply(&with("past_days: -7"), true).await;
    assert!(dry.unwrap_err().message().contains("events.past_days"));
    assert_eq!(options(&stage).await[1]["past_days"], "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_that_are_ignored_are_not_mapped_unless_the_file_maps_them() {
    let stage = stage().await;
    let ignored = with("guests: ignore");
    stage.apply(&ignored).await;
    assert!(!paths(&stage).await.contains(&"participants".to_owned()));
    let one_way = format!(
        "{ignored}mapping: [ {{ left: participants, right: participants, direction: left-to-right }} ]\n"
    );
    let (_, _, differences) = stage.apply(&one_way).await;
    assert_eq!(
        differences,
        ["+ mapping participants = participants: left-to-right"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn series_are_synced_only_where_the_written_side_holds_them() {
    let stage = stage().await;
    let series = with("recurrence: sync");
    let message = refused(&stage, &series).await;
    assert!(message.starts_with("line 6, column 11: "), "{message}");
    assert!(
        message.contains("\"acme-zoho\" cannot hold a series; write skip"),
        "{message}"
    );
    // An exception that is left out would be an instance too many.
    stage.zoho.add_field("recurrence");
    let message = refused(&stage, &series).await;
    assert!(message.contains("acme-zoho"), "{message}");
    stage.zoho.add_field_that("overrides", false);
    let message = refused(&stage, &series).await;
    assert!(message.contains("acme-zoho"), "{message}");
    let to_google = series.replace("policies: {", "policies: { direction: left-to-right,");
    stage.apply(&to_google).await;
    stage.zoho.add_field("overrides");
    let (_, result, _) = stage.apply(&series).await;
    assert_eq!(result, "changed");
    let paths = paths(&stage).await;
    assert!(paths.contains(&"recurrence".to_owned()) && paths.contains(&"overrides".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_cannot_be_are_named_with_what_can() {
    let stage = stage().await;
    for (policies, place, says) in [
        (
            "past_days: -1",
            11,
            "policies.events.past_days must be 0, for every event",
        ),
        (
            "past_days: 36526",
            11,
            "policies.events.past_days must be 0",
        ),
        ("past_days: 99999999999", 11, "policies.events.past_days"),
        ("past_days: three months", 34, "write a whole number"),
        ("private: hide", 32, "busy"),
        ("recurrence: some", 35, "skip"),
        ("guests: invite", 31, "ignore"),
        ("notify: guests", 31, "none"),
        ("colour: red", 23, "past_days"),
    ] {
        let message = refused(&stage, &with(policies)).await;
        let expected = format!("line 6, column {place}: ");
        assert!(message.starts_with(&expected), "{policies}: {message}");
        assert!(message.contains(says), "{policies}: {message}");
    }
    let contacts = with("private: full")
        .replace("zoho-google-calendar", "zoho-google-contacts")
        .replace("calendar: Ana", "group: Clients");
    let message = refused(&stage, &contacts).await;
    assert!(message.contains("policies.events"), "{message}");
    assert!(
        message.contains("zoho-google-contacts syncs records of the kind contact"),
        "{message}"
    );
    let other = FILE.replace("calendar: Ana", "calendar: Holidays");
    let message = refused(&stage, &other).await;
    assert!(
        message.ends_with("has no calendar \"Holidays\"; there are: Ana"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_the_right_to_see_events_is_refused_with_the_right() {
    let stage = stage().await;
    stage.zoho.withhold_right("view events");
    stage.google.withhold_right("see calendars");
    stage.connect("zoho", "acme-zoho", "acme").await;
    stage.connect("google", "ana-google", "ana").await;
    let message = refused(&stage, FILE).await;
    assert!(
        message.contains("lacks the right to view events"),
        "{message}"
    );
    assert!(
        message.contains("lacks the right to see calendars"),
        "{message}"
    );
}
