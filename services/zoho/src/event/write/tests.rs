//! Laws of writing meetings, and its cases.

use model::event::{Alert, Participant, When};
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::{Contact, NOBODY, newcomers};

fn istanbul() -> Zone {
    Zone::named("Europe/Istanbul").unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn set(record: &mut Record, at: &str, text: &str) {
    record.set(path(at), Value::text(text));
}

fn created(record: &Record) -> Changes {
    let zone = istanbul();
    let terms = Terms {
        zone: Some(&zone),
        now: now(),
        contacts: &NOBODY,
    };
    creation(record, terms)
}

fn shown(changes: &Changes) -> Record {
    single(&changes.as_row(), Some(&istanbul())).unwrap()
}

const WHENS: [&str; 5] = [
    "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T13:00:00[Europe/Istanbul]",
    "2027-03-27T23:30:00[Europe/Istanbul]/2027-03-28T04:30:00[Europe/Istanbul]",
    "2027-03-01T12:00:00[Europe/Istanbul]/2027-03-01T12:00:00[Europe/Istanbul]",
    "2027-03-01/2027-03-02",
    "2027-12-31/2028-01-03",
];

prop_compose! {
    fn any_event()(
        title in prop::option::of("[A-Za-z][A-Za-z ä]{0,20}[a-z]"),
        when in prop::sample::select(WHENS.to_vec()),
        location in prop::option::of("[A-Za-z0-9]{1,20}"),
        description in prop::option::of("[A-Za-z0-9]{1,40}"),
        minutes in prop::collection::btree_set(0..20_000_u32, 0..4),
        guests in prop::collection::btree_set("[a-z]{1,8}@[a-z]{1,8}\\.example", 0..5),
    ) -> Record {
        let mut record = Record::new(event::KIND);
        set(&mut record, "when", when);
        for (at, text) in [("title", title), ("location", location), ("description", description)] {
            set(&mut record, at, &text.unwrap_or_default());
        }
        let alerts = minutes.into_iter().map(|minutes| Alert::minutes_before(minutes).element());
        record.set(path("alerts"), Value::elements(alerts));
        let guests = guests.iter().map(|address| Participant::new(address).element());
        record.set(path("participants"), Value::elements(guests));
        record
    }
}

proptest! {
    #[test]
    fn what_is_created_shows_what_it_was_created_from(record in any_event()) {
        let sent = created(&record);
        prop_assert_eq!(&sent.refused, &[]);
        prop_assert_eq!(shown(&sent), record);
    }

    #[test]
    fn an_edit_sends_its_own_fields_and_leaves_all_others(
        before in any_event(),
        after in any_event(),
        at in prop::sample::select(vec!["title", "when", "location", "description"]),
    ) {
        let zone = istanbul();
        let terms = Terms { zone: Some(&zone), now: now(), contacts: &NOBODY };
        let live = created(&before).as_row();
        let value = |record: &Record| record.fields.get(&path(at)).cloned();
        let edits = [Edit { path: path(at), before: value(&before), after: value(&after) }];
        let changes = changes(&live, &edits, terms);
        let mut row = live;
        overlay(&mut row, changes.fields, None);
        let mut expected = before;
        expected.set(path(at), value(&after));
        prop_assert_eq!(single(&row, Some(&zone)).unwrap(), expected);
        prop_assert!(changes.refused.is_empty());
    }
}

#[test]
fn days_are_sent_from_their_first_second_to_their_last_by_the_clock_of_the_caller() {
    let mut record = Record::new(event::KIND);
    set(&mut record, "when", "2027-03-01/2027-03-03");
    let sent = created(&record).fields;
    assert_eq!(sent["Start_DateTime"], "2027-03-01T00:00:00+03:00");
    assert_eq!(sent["End_DateTime"], "2027-03-02T23:59:59+03:00");
    assert_eq!(sent["All_day"], true);
}

#[test]
fn a_time_without_a_zone_is_by_the_clock_of_the_caller_and_needs_one() {
    let floating: When = "2027-03-01T09:00:00/2027-03-01T10:00:00".parse().unwrap();
    let sent = when::sent(&floating, Some(&istanbul())).unwrap();
    assert_eq!(sent[0].1, "2027-03-01T09:00:00+03:00");
    assert!(when::sent(&floating, None).is_err());
    let instant: When = "2027-03-01T09:00:00+01:00/2027-03-01T10:00:00+01:00"
        .parse()
        .unwrap();
    assert_eq!(
        when::sent(&instant, None).unwrap()[0].1,
        "2027-03-01T08:00:00+00:00"
    );
}

#[test]
fn what_identifies_a_participant_on_another_side_only_is_no_invitation() {
    let element = |label: &str| Participant::new(label).element();
    let invited = |label: &str| participants::invitation(&Json::Null, &element(label), &NOBODY);
    assert_eq!(invited("eve@x.example").unwrap()["type"], "email");
    let lead = invited("urn:zoho:crm:lead:12").unwrap();
    assert_eq!(lead, json!({"type": "lead", "participant": "12"}));
    assert!(invited("urn:other:12").is_err() && invited("two words@x.example").is_err());
}

#[test]
fn a_contact_is_invited_as_the_record_and_shows_as_the_guest() {
    let contact = Contact {
        id: "7".to_owned(),
        name: Some("Eve Lee".to_owned()),
        email: "eve@x.example".to_owned(),
    };
    let contacts = Contacts::from([(contact.email.clone(), contact)]);
    let zone = istanbul();
    let terms = Terms {
        zone: Some(&zone),
        now: now(),
        contacts: &contacts,
    };
    let mut record = Record::new(event::KIND);
    set(&mut record, "when", WHENS[0]);
    let guest = |address: &str| Participant::new(address).element();
    let guests = [guest("Eve@x.example"), guest("dan@x.example")];
    record.set(path("participants"), Value::elements(guests));
    let mut sent = creation(&record, terms);
    let labels: Vec<String> = elements(&shown(&sent), "participants")
        .iter()
        .map(|element| element.label.clone())
        .collect();
    assert_eq!(labels, ["eve@x.example", "dan@x.example"]);
    participants::strip(&mut sent.fields);
    let expected = json!([
        {"type": "contact", "participant": "7"}, {"type": "email", "participant": "dan@x.example"},
    ]);
    assert_eq!(sent.fields["Participants"], expected);
    // Who is there already stays who he is, whatever else he could be.
    let live = created(&record).as_row();
    let edits = [Edit {
        path: path("participants"),
        before: None,
        after: Some(Value::Elements(vec![guest("zoe@x.example")])),
    }];
    let more = changes(&live, &edits, terms).fields;
    assert_eq!(more["Participants"][0]["type"], "email");
    assert_eq!(newcomers(&record, Some(&live)).len(), 0);
}

#[test]
fn newcomers_are_those_with_an_address_whom_there_is_room_for() {
    let mut record = Record::new(event::KIND);
    let guest = |address: &str| Participant::new(address).element();
    let odd = [
        guest("urn:zoho:crm:lead:12"),
        guest("urn:other:1"),
        guest("two words@x.example"),
    ];
    let crowd = (0..60).map(|number| guest(&format!("guest{number}@x.example")));
    record.set(
        path("participants"),
        Value::elements(odd.into_iter().chain(crowd)),
    );
    let found = newcomers(&record, None);
    assert_eq!(found.len(), 49, "the lead has the fiftieth place");
    assert!(found.keys().all(|address| address.starts_with("guest")));
}

#[test]
fn fields_that_make_one_value_are_refused_together() {
    let mut record = Record::new(event::KIND);
    set(&mut record, "when", WHENS[0]);
    let mut sent = created(&record);
    assert!(sent.refuse("End_DateTime", "no"));
    assert_eq!(sent.fields.keys().collect::<Vec<_>>(), ["Event_Title"]);
    assert_eq!(sent.refused[0].path, "when");
}

#[test]
fn a_rule_is_sent_with_its_first_day_and_ends_on_a_day() {
    let mut record = Record::new(event::KIND);
    set(&mut record, "when", WHENS[0]);
    for (rule, expected) in [
        (
            "FREQ=WEEKLY;COUNT=4",
            "FREQ=WEEKLY;COUNT=4;BYDAY=MO;DTSTART=2027-03-01",
        ),
        (
            "FREQ=DAILY;UNTIL=20270305",
            "FREQ=DAILY;UNTIL=2027-03-05;DTSTART=2027-03-01",
        ),
    ] {
        set(&mut record, "recurrence", rule);
        let sent = created(&record);
        let mut parts: Vec<&str> = sent.fields[RULE]["RRULE"]
            .as_str()
            .unwrap()
            .split(';')
            .collect();
        let mut wanted: Vec<&str> = expected.split(';').collect();
        parts.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(parts, wanted);
    }
    set(&mut record, "recurrence", "FREQ=MINUTELY");
    let refused = created(&record);
    assert!(refused.fields.is_empty());
    assert_eq!(refused.refused[0].path, "recurrence");
}
