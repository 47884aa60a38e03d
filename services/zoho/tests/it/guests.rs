//! Guests of meetings: linked to contacts, made contacts, or invited by address.

use http::Method;
use model::{Edit, Record, Value, event::Participant};
use pretty_assertions::assert_eq;
use provider::{Operation, Scope};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use crate::{
    events::{made, meeting},
    lab::{Lab, edit, path, update, with_option},
    weekly::{MORNING, WEEKLY, changed, exception, excluded, occurrences, weekly},
    written::{applied, create, event, everything, live, mails, set, truth},
};

const XU: &str = "xu@example.org";
const EVE: &str = "eve@example.net";

fn policy(word: &str) -> Scope {
    with_option(everything(), "guests", word)
}

fn named(address: &str, name: &str) -> Participant {
    Participant {
        name: Some(name.to_owned()),
        ..Participant::new(address)
    }
}

fn titled(title: &str, guests: &[Participant]) -> Record {
    let mut record = event(&[("title", title), ("when", MORNING)]);
    let guests = guests.iter().map(Participant::element).collect();
    set(&mut record, "participants", guests);
    record
}

fn with_guests(guests: &[Participant]) -> Operation {
    create(titled("Demo", guests), false)
}

fn guest(address: &str) -> Edit {
    Edit {
        path: path("participants"),
        before: None,
        after: Some(Value::Elements(vec![Participant::new(address).element()])),
    }
}

async fn xu(lab: &Lab) -> String {
    lab.contact(json!({"First_Name": "Li", "Last_Name": "Xu", "Email": "Xu@Example.org"}))
        .await
}

/// Type and id or address of each participant, as they really are.
async fn invited(lab: &Lab, id: &str) -> Vec<(String, String)> {
    pairs(&truth(lab, id).await)
}

fn pairs(row: &Json) -> Vec<(String, String)> {
    let text = |one: &Json, name: &str| one[name].as_str().unwrap().to_owned();
    row["Participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "type"), text(one, "participant")))
        .collect()
}

fn pair(kind: &str, participant: &str) -> (String, String) {
    (kind.to_owned(), participant.to_owned())
}

fn labels(record: &Record) -> Vec<String> {
    let list = record.elements(&path("participants")).iter();
    list.map(|element| element.label.clone()).collect()
}

async fn deny(lab: &Lab, right: &str) {
    let path = format!("/zoho/permissions/Crm_Implied_{right}_Contacts");
    lab.control(Method::PUT, &path, json!({"allowed": false}))
        .await;
}

// proves: ZGE-03, R-30
#[tokio::test]
async fn a_guest_whom_the_crm_knows_is_invited_as_the_contact_and_anybody_else_by_address() {
    let lab = Lab::kind().await;
    let contact = xu(&lab).await;
    // Neither a younger twin nor somebody's second address is meant.
    xu(&lab).await;
    lab.contact(json!({"Last_Name": "Roe", "Secondary_Email": EVE}))
        .await;
    let guests = [Participant::new(XU), named(EVE, "Eve Lee")];
    let outcome = lab.one(&policy("link"), with_guests(&guests)).await;
    let made = applied(&outcome);
    let expected = [pair("contact", &contact), pair("email", EVE)];
    assert_eq!(invited(&lab, &made.remote_id).await, expected);
    let answer = &made.answer.as_ref().unwrap().record;
    let read = live(&lab, &made.remote_id).await.record;
    assert_eq!(labels(answer), [XU, EVE]);
    let at = path("participants");
    assert_eq!(answer.elements(&at), read.elements(&at));
    assert_eq!((lab.count("Contacts").await, mails(&lab).await), (3, 0));
}

// proves: ZGE-03
#[tokio::test]
async fn a_guest_whom_nobody_knows_becomes_one_contact_however_slow_the_lists_are() {
    let lab = Lab::unkind().await;
    let guests = || [named(EVE, "Eve Lee"), Participant::new("dan@example.net")];
    // Whichever of them comes first, one of them names her.
    let unnamed = [Participant::new(EVE)];
    let twice = vec![
        create(titled("A", &unnamed), false),
        create(titled("B", &guests()), false),
        create(titled("Z", &unnamed), false),
    ];
    let mut outcomes = lab.execute(&policy("add"), twice).await;
    outcomes.push(
        lab.one(&policy("add"), create(titled("C", &guests()), false))
            .await,
    );
    let all = lab
        .control(Method::GET, "/zoho/records/Contacts", Json::Null)
        .await;
    let mut people: Vec<(&str, &str)> = all["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["Last_Name"].as_str().unwrap(),
                row["Email"].as_str().unwrap(),
            )
        })
        .collect();
    people.sort_unstable();
    assert_eq!(
        people,
        [("Eve Lee", EVE), ("dan@example.net", "dan@example.net")]
    );
    for outcome in &outcomes {
        let made = applied(outcome);
        assert!(made.refused.is_empty());
        let kinds = invited(&lab, &made.remote_id).await;
        assert!(kinds.iter().all(|(kind, _)| kind == "contact"), "{kinds:?}");
        let answer = &made.answer.as_ref().unwrap().record;
        assert_eq!(labels(answer)[0], EVE);
    }
    assert_eq!((mails(&lab).await, lab.automated().await), (0, 0));
}

// proves: ZGE-03
#[tokio::test]
async fn colleagues_with_a_guest_in_common_make_one_contact() {
    let mut lab = Lab::unkind().await;
    let write = |title: &str| create(titled(title, &[Participant::new(EVE)]), false);
    let first = lab.one(&policy("add"), write("A")).await;
    lab.sign_in_as_colleague().await;
    let second = lab.one(&policy("add"), write("B")).await;
    let pairs = [
        invited(&lab, &applied(&first).remote_id).await,
        invited(&lab, &applied(&second).remote_id).await,
    ];
    assert_eq!(pairs[0], pairs[1]);
    assert_eq!(pairs[0][0].0, "contact");
    assert_eq!(lab.count("Contacts").await, 1);
}

#[tokio::test]
async fn guests_are_invited_by_address_where_nobody_asks_for_more() {
    let lab = Lab::kind().await;
    xu(&lab).await;
    for scope in [everything(), policy("ignore")] {
        let outcome = lab.one(&scope, with_guests(&[Participant::new(XU)])).await;
        let kinds = invited(&lab, &applied(&outcome).remote_id).await;
        assert_eq!(kinds, [pair("email", XU)]);
    }
    assert_eq!((lab.calls("coql"), lab.count("Contacts").await), (0, 1));
}

#[tokio::test]
async fn a_batch_asks_once_and_the_next_ones_remember_whom_it_found() {
    let lab = Lab::kind().await;
    xu(&lab).await;
    for batch in 0..3 {
        let one = |number: usize| {
            let title = format!("M{batch}{number}");
            create(titled(&title, &[Participant::new(XU)]), false)
        };
        let outcomes = lab
            .execute(&policy("link"), (0..3).map(one).collect())
            .await;
        for outcome in &outcomes {
            let kinds = invited(&lab, &applied(outcome).remote_id).await;
            assert_eq!(kinds[0].0, "contact");
        }
    }
    assert_eq!(lab.calls("coql"), 1);
}

#[tokio::test]
async fn a_newcomer_to_a_meeting_is_linked_and_who_is_there_stays_who_he_is() {
    let lab = Lab::kind().await;
    let contact = xu(&lab).await;
    lab.contact(json!({"Last_Name": "Lee", "Email": EVE})).await;
    let list = json!({"Participants": [{"type": "email", "participant": EVE}]});
    let id = made(&lab, &meeting("Demo", &list)).await;
    lab.later(60).await;
    let version = live(&lab, &id).await.version;
    let edits = vec![guest(XU), edit("location", None, Some("Room 1"))];
    let outcome = lab.one(&policy("add"), update(&id, version, edits)).await;
    assert!(applied(&outcome).refused.is_empty());
    let expected = [pair("email", EVE), pair("contact", &contact)];
    assert_eq!(invited(&lab, &id).await, expected);
    let answer = &applied(&outcome).answer.as_ref().unwrap().record;
    let read = live(&lab, &id).await.record;
    let at = path("participants");
    assert_eq!(answer.elements(&at), read.elements(&at));
    assert_eq!((lab.count("Contacts").await, mails(&lab).await), (2, 0));
}

#[tokio::test]
async fn a_guest_of_a_series_is_linked_in_each_occurrence_and_in_a_series_made_anew() {
    let lab = Lab::kind().await;
    let contact = xu(&lab).await;
    let series = weekly(&lab).await;
    lab.later(60).await;
    let version = live(&lab, &series).await.version;
    let change = update(&series, version, vec![guest(XU)]);
    applied(&lab.one(&policy("link"), change).await);
    for row in occurrences(&lab, &series).await {
        assert_eq!(pairs(&row), [pair("contact", &contact)]);
    }
    lab.later(60).await;
    let version = live(&lab, &series).await.version;
    let edits = vec![
        edit("recurrence", Some(WEEKLY), Some("FREQ=WEEKLY;COUNT=2")),
        guest(EVE),
    ];
    let outcome = lab
        .one(&policy("add"), update(&series, version, edits))
        .await;
    let new = applied(&outcome).remote_id.clone();
    let rows = occurrences(&lab, &new).await;
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let kinds: Vec<String> = pairs(row).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["contact", "contact"]);
    }
    let cancel = vec![exception(None, Some(excluded("2027-03-08")))];
    applied(&changed(&lab, &new, cancel).await);
    assert_eq!((lab.count("Contacts").await, mails(&lab).await), (2, 0));
}

#[tokio::test]
async fn without_a_right_on_contacts_guests_are_invited_by_address() {
    for (right, word) in [("View", "link"), ("View", "add"), ("Create", "add")] {
        let lab = Lab::kind().await;
        xu(&lab).await;
        deny(&lab, right).await;
        let guests = [Participant::new(EVE), Participant::new(XU)];
        let outcome = lab.one(&policy(word), with_guests(&guests)).await;
        let made = applied(&outcome);
        assert!(made.refused.is_empty());
        let kinds = invited(&lab, &made.remote_id).await;
        assert_eq!(kinds[0], pair("email", EVE), "{right} {word}");
        let xu = if right == "View" { "email" } else { "contact" };
        assert_eq!(kinds[1].0, xu, "{right} {word}");
        assert_eq!((lab.count("Contacts").await, mails(&lab).await), (1, 0));
    }
}

#[tokio::test]
async fn nobody_is_made_a_contact_whose_address_would_not_be_kept() {
    for permission in ["hidden", "read_only"] {
        let lab = Lab::kind().await;
        let field = "/zoho/fields/Contacts/Email";
        lab.control(Method::PATCH, field, json!({ "permission": permission }))
            .await;
        let outcome = lab
            .one(&policy("add"), with_guests(&[Participant::new(EVE)]))
            .await;
        let kinds = invited(&lab, &applied(&outcome).remote_id).await;
        assert_eq!(kinds, [pair("email", EVE)], "{permission}");
        assert_eq!(lab.count("Contacts").await, 0);
    }
}

#[tokio::test]
async fn a_contact_who_is_deleted_a_moment_later_is_invited_by_address() {
    let lab = Lab::kind().await;
    let contact = xu(&lab).await;
    let id = made(&lab, &meeting("Demo", &json!({}))).await;
    let write = |title: &str| create(titled(title, &[Participant::new(XU)]), false);
    applied(&lab.one(&policy("link"), write("A")).await);
    lab.delete(&contact).await;
    let outcome = lab.one(&policy("link"), write("B")).await;
    let made = applied(&outcome);
    assert!(made.refused.is_empty());
    assert_eq!(invited(&lab, &made.remote_id).await, [pair("email", XU)]);
    lab.later(60).await;
    let version = live(&lab, &id).await.version;
    let outcome = lab
        .one(&policy("link"), update(&id, version, vec![guest(XU)]))
        .await;
    assert!(applied(&outcome).refused.is_empty());
    let answer = &applied(&outcome).answer.as_ref().unwrap().record;
    assert_eq!(labels(answer), [XU]);
    assert_eq!(invited(&lab, &id).await, [pair("email", XU)]);
}

// proves: R-26
#[tokio::test]
async fn a_contact_whose_answer_was_lost_is_found_and_not_made_twice() {
    let lab = Lab::unkind().await;
    let cut = Rule::nth("zoho", "Contacts.createRecords", 1, Fault::CutAfterCommit);
    lab.sandbox.add_fault(cut);
    let write = || with_guests(&[Participant::new(EVE)]);
    let lost = lab.one(&policy("add"), write()).await;
    assert_eq!(lost.answer.word(), "not_attempted", "{:?}", lost.answer);
    assert_eq!(lab.count("Events").await, 0);
    let mut last = lost;
    test_kit::eventually(
        "the contact is found",
        std::time::Duration::from_secs(20),
        async || {
            last = lab.one(&policy("add"), write()).await;
            last.answer.word() == "applied"
        },
    )
    .await;
    let kinds = invited(&lab, &applied(&last).remote_id).await;
    assert_eq!(kinds[0].0, "contact");
    assert_eq!(
        (lab.count("Contacts").await, lab.count("Events").await),
        (1, 1)
    );
}

#[tokio::test]
async fn odd_guests_are_refused_or_invited_and_never_made_contacts() {
    let lab = Lab::kind().await;
    let guests = [
        "two words@example.net",
        "urn:other:12",
        "o'neil@example.net",
    ];
    let guests = guests.map(Participant::new);
    let outcome = lab.one(&policy("link"), with_guests(&guests)).await;
    let made = applied(&outcome);
    assert_eq!(made.refused[0].path, "participants");
    let kinds = invited(&lab, &made.remote_id).await;
    assert_eq!(kinds, [pair("email", "o'neil@example.net")]);
    let crowd: Vec<Participant> = (0..60)
        .map(|number| Participant::new(&format!("guest{number}@example.net")))
        .collect();
    let outcome = lab
        .one(&policy("add"), create(titled("Crowd", &crowd), false))
        .await;
    assert!(applied(&outcome).refused[0].reason.contains("50"));
    assert_eq!(
        lab.count("Contacts").await,
        50,
        "and no one without a place"
    );
    assert_eq!(mails(&lab).await, 0);
}
