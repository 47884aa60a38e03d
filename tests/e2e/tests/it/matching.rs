//! Which contacts are the same.

use serde_json::{Value, json};

use crate::{
    house::{House, yaml},
    people::{Contact, Row, google_person, zoho_person},
};

fn google_with(given: &str, family: &str, emails: &[(&str, &str)], phone: &str) -> Value {
    let emails: Vec<Value> = emails
        .iter()
        .map(|(kind, value)| json!({ "type": kind, "value": value }))
        .collect();
    json!({
        "names": [{ "givenName": given, "familyName": family }],
        "emailAddresses": emails,
        "phoneNumbers": [{ "type": "work", "value": phone }],
    })
}

// proves: ZGC-07
#[tokio::test]
async fn the_work_address_decides_and_other_addresses_are_fall_backs() {
    let mut house = House::kind(0).await;
    let (zoho, google) = (house.zoho(), house.google());
    // The same address in other capitals; the names differ, and do not matter.
    let case = zoho
        .adds(zoho_person("Ada", "Byron", "Ada.Byron@Example.com"))
        .await;
    google
        .adds_client(google_person("Augusta", "King", "ada.byron@example.COM"))
        .await;
    // The CRM's secondary address is Google's only one.
    let second = json!({ "Last_Name": "Stone", "Secondary_Email": "stone@example.com" });
    let second = zoho.adds(second).await;
    google
        .adds_client(google_with(
            "",
            "Stone",
            &[("home", "stone@example.com")],
            "1",
        ))
        .await;
    // The CRM's primary address is private on Google.
    let private = zoho
        .adds(zoho_person("Cem", "Yurt", "cem@example.com"))
        .await;
    google
        .adds_client(google_with(
            "Cem",
            "Yurt",
            &[("home", "cem@example.com")],
            "2",
        ))
        .await;
    // A work address beats a fall-back: each of the two finds its own.
    let works = zoho
        .adds(zoho_person("Dora", "Work", "dora@example.com"))
        .await;
    let other = google_with(
        "Dora",
        "Other",
        &[("home", "dora@example.com"), ("work", "dora.o@example.com")],
        "3",
    );
    let other = google.adds_client(other).await;
    let same = google
        .adds_client(google_person("Dora", "Work", "dora@example.com"))
        .await;
    // The same phone number and name are not enough.
    let phone = json!({ "First_Name": "Eve", "Last_Name": "Same", "Phone": "+442079460099" });
    let phone = zoho.adds(phone).await;
    google
        .adds_client(google_with("Eve", "Same", &[], "+442079460099"))
        .await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;

    let partner = async |left: &str| -> String {
        let records = house
            .json(&["get", "records", "ana-clients", "--limit", "0"])
            .await;
        let record = records
            .iter()
            .find(|record| record["left_id"] == left)
            .unwrap();
        record["right_id"]
            .as_str()
            .unwrap()
            .trim_start_matches("people/")
            .to_owned()
    };
    for (left, email) in [
        (&case, "ada.byron@example.com"),
        (&second, "stone@example.com"),
        (&private, "cem@example.com"),
    ] {
        assert_eq!(
            partner(left).await,
            house.google().only(email).await.id(),
            "{email}"
        );
        assert_eq!(house.zoho().only(email).await.id(), *left);
    }
    assert_eq!(partner(&works).await, same);
    assert_ne!(partner(&works).await, other);
    assert_eq!(house.zoho().with_email("dora.o@example.com").await.len(), 1);
    let eves = house.google().clients().await;
    let eves = eves.iter().filter(|one| one.name() == "Eve Same").count();
    assert_eq!(eves, 2, "two people of one name stay two");
    assert_ne!(partner(&phone).await, "");
}

// proves: ZGC-07, R-09
#[tokio::test]
async fn people_who_share_a_mailbox_stay_apart_and_twins_are_linked_once() {
    let mut house = House::kind(0).await;
    let (zoho, google) = (house.zoho(), house.google());
    let office = "office@example.com";
    for (given, family) in [("Pia", "Shared"), ("Quin", "Shared")] {
        zoho.adds(zoho_person(given, family, office)).await;
    }
    google
        .adds_client(google_person("Pia", "Shared", office))
        .await;
    google
        .adds_client(google_person("Rosa", "Shared", office))
        .await;
    // Typed in twice in the CRM, once on Google.
    let twins = "twin@example.com";
    let first = zoho.adds(zoho_person("Tom", "Twin", twins)).await;
    let second = zoho.adds(zoho_person("Tom", "Twin", twins)).await;
    google
        .adds_client(google_person("Tom", "Twin", twins))
        .await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;

    let names = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let left = house.zoho().with_email(office).await;
    let right = house.google().with_email(office).await;
    let everybody = ["Pia Shared", "Quin Shared", "Rosa Shared"];
    assert_eq!(names(left.iter().map(Row::name).collect()), everybody);
    assert_eq!(names(right.iter().map(Contact::name).collect()), everybody);
    assert_eq!(house.google().with_email(twins).await.len(), 1);
    assert_eq!(house.zoho().with_email(twins).await.len(), 2);
    let states = [house.state_of(&first).await, house.state_of(&second).await];
    let linked = states
        .iter()
        .filter(|(state, _)| state == "in sync")
        .count();
    let twin = states
        .iter()
        .filter(|(_, reason)| reason == "twin of a linked record")
        .count();
    assert_eq!((linked, twin), (1, 1), "{states:?}");

    // A third person of the mailbox comes later, and a name is corrected: nobody is mixed up.
    house
        .google()
        .adds_client(google_person("Sam", "Shared", office))
        .await;
    let pia = right
        .iter()
        .find(|contact| contact.name() == "Pia Shared")
        .unwrap();
    let corrected = json!({ "names": [{ "givenName": "Pia", "familyName": "Sharedova" }] });
    house.google().edits(&pia.id(), corrected).await;
    house.quiet().await;
    let left = house.zoho().with_email(office).await;
    let everybody = ["Pia Sharedova", "Quin Shared", "Rosa Shared", "Sam Shared"];
    assert_eq!(names(left.iter().map(Row::name).collect()), everybody);
}
