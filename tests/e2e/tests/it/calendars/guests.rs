//! What becomes of the guests of Google's events in the CRM.

use serde_json::{Value, json};

use crate::{
    diaries::{hour, id, meetings},
    house::House,
    people::with,
};

const XU: &str = "xu@example.org";
const EVE: &str = "eve@example.net";
const DAN: &str = "dan@example.net";

/// An hour on Google to which these are invited.
fn event(title: &str, day: &str, guests: &Value) -> Value {
    let when = hour(&format!("2031-03-{day}T09:00:00"), "Europe/Vienna");
    with(when, json!({ "summary": title, "attendees": guests }))
}

/// How and as whom everybody takes part in the CRM's only meeting of this title.
async fn invited(house: &House, title: &str) -> Vec<(String, String)> {
    let row = house.crm().only(title).await;
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let guests = row["Participants"].as_array().into_iter().flatten();
    let guests = guests.map(|one| (text(one, "type"), text(one, "participant")));
    let mut guests: Vec<_> = guests.collect();
    guests.sort();
    guests
}

fn as_contacts(ids: &[&str]) -> Vec<(String, String)> {
    let mut guests: Vec<_> = ids
        .iter()
        .map(|id| ("contact".to_owned(), (*id).to_owned()))
        .collect();
    guests.sort();
    guests
}

// proves: ZGE-03
#[tokio::test]
async fn guests_become_one_contact_each_however_many_events_they_are_invited_to() {
    let mut house = House::kind(0).await;
    let contact = json!({ "First_Name": "Li", "Last_Name": "Xu", "Email": "Xu@Example.org" });
    let xu = house.zoho().adds(contact).await;
    let two = json!([{ "email": XU }, { "email": EVE, "displayName": "Eve Lee" }]);
    house.calendar().adds(event("Demo", "11", &two)).await;
    // Of the events that name her only one says what she is called.
    let others = json!([{ "email": DAN }, { "email": "Eve@Example.NET" }]);
    let review = house.calendar().adds(event("Review", "12", &others)).await;
    house.system.apply(&meetings("guests: add")).await.unwrap();
    house.rests().await;

    let eve = house.zoho().only(EVE).await;
    let dan = house.zoho().only(DAN).await;
    assert_eq!(eve.text("Last_Name"), "Eve Lee");
    assert_eq!(dan.text("Last_Name"), DAN, "who has no name has an address");
    assert_eq!(house.zoho().all().await.len(), 3, "nobody is there twice");
    let (eve, dan) = (eve.id(), dan.id());
    assert_eq!(invited(&house, "Demo").await, as_contacts(&[&xu, &eve]));
    assert_eq!(invited(&house, "Review").await, as_contacts(&[&eve, &dan]));

    // Somebody new to an event that is there already, and somebody known to a new one.
    let began = house.now().await;
    let all = json!([{ "email": DAN }, { "email": EVE }, { "email": "fay@example.net" }]);
    let more = json!({ "attendees": all });
    house.calendar().edits(&review, more).await;
    let again = json!([{ "email": EVE }]);
    house.calendar().adds(event("Again", "13", &again)).await;
    house.rests().await;
    let fay = house.zoho().only("fay@example.net").await.id();
    assert_eq!(
        invited(&house, "Review").await,
        as_contacts(&[&eve, &dan, &fay])
    );
    assert_eq!(invited(&house, "Again").await, as_contacts(&[&eve]));
    assert_eq!(house.zoho().all().await.len(), 4);
    assert!(
        house.events_written(began).await.is_empty(),
        "Google has its guests already"
    );
    // The name that the CRM has is no news to Google, and a guest who is taken off stays a contact.
    let nobody = json!({ "Participants": null });
    let row = house.crm().only("Again").await;
    house.crm().edits(&id(&row), nobody).await;
    house.rests().await;
    let guests = house.calendar().only("Again").await["attendees"].clone();
    assert!(guests.as_array().is_none_or(Vec::is_empty), "{guests}");
    assert_eq!(house.zoho().all().await.len(), 4);
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-03
#[tokio::test]
async fn guests_are_linked_to_contacts_or_stay_on_google_as_the_sync_says() {
    for word in ["link", "ignore"] {
        let mut house = House::kind(0).await;
        let contact = json!({ "First_Name": "Li", "Last_Name": "Xu", "Email": XU });
        let xu = house.zoho().adds(contact).await;
        let guests = json!([{ "email": EVE, "displayName": "Eve Lee" }, { "email": XU }]);
        house.calendar().adds(event("Demo", "11", &guests)).await;
        let policy = meetings(&format!("guests: {word}"));
        house.system.apply(&policy).await.unwrap();
        house.rests().await;
        assert_eq!(house.zoho().all().await.len(), 1, "nobody becomes one");
        let linked = [("contact", xu.as_str()), ("email", EVE)];
        let linked = linked.map(|(kind, who)| (kind.to_owned(), who.to_owned()));
        let expected = if word == "link" { &linked[..] } else { &[] };
        assert_eq!(invited(&house, "Demo").await, expected, "{word}");

        // An edit of something else leaves them as they are.
        let row = house.crm().only("Demo").await;
        let edit = json!({ "Venue": "Room 1" });
        house.crm().edits(&id(&row), edit).await;
        house.rests().await;
        let event = house.calendar().only("Demo").await;
        assert_eq!(event["location"], "Room 1");
        assert_eq!(event["attendees"].as_array().map_or(0, Vec::len), 2);
        assert_eq!(invited(&house, "Demo").await, expected, "{word}");
        assert_eq!(house.mails().await, 0);
    }
}
