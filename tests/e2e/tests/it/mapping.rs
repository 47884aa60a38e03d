//! The mapping: its defaults, custom fields, and what becomes of a sync whose mapping changes.

use serde_json::{Value, json};

use crate::{
    house::{House, SYNC, yaml},
    people::{Contact, Row, google_person, with, zoho_person},
};

/// Google's place of each field of the CRM that the default mapping carries.
fn pairs(row: &Row, contact: &Contact) -> Vec<(&'static str, String, String)> {
    let mut pairs = vec![
        (
            "name.prefix",
            row.text("Salutation"),
            contact.at("/names/0/honorificPrefix"),
        ),
        (
            "name.given",
            row.text("First_Name"),
            contact.at("/names/0/givenName"),
        ),
        (
            "name.family",
            row.text("Last_Name"),
            contact.at("/names/0/familyName"),
        ),
        ("emails[work]", row.text("Email"), contact.email("work")),
        (
            "emails[other]",
            row.text("Secondary_Email"),
            contact.email("home"),
        ),
        ("phones[work]", row.text("Phone"), contact.phone("work")),
        (
            "phones[mobile]",
            row.text("Mobile"),
            contact.phone("mobile"),
        ),
        (
            "phones[home]",
            row.text("Home_Phone"),
            contact.phone("home"),
        ),
        (
            "phones[other]",
            row.text("Other_Phone"),
            contact.phone("other"),
        ),
        ("phones[workFax]", row.text("Fax"), contact.phone("workFax")),
        (
            "organization",
            row.company(),
            contact.at("/organizations/0/name"),
        ),
        ("title", row.text("Title"), contact.title()),
        (
            "department",
            row.text("Department"),
            contact.at("/organizations/0/department"),
        ),
        ("birthday", row.text("Date_of_Birth"), birthday(contact)),
        ("note", row.text("Description"), contact.note()),
    ];
    for (prefix, label) in [("Mailing", "work"), ("Other", "other")] {
        for (field, part) in [
            ("Street", "streetAddress"),
            ("City", "city"),
            ("State", "region"),
            ("Zip", "postalCode"),
            ("Country", "country"),
        ] {
            let field = row.text(&format!("{prefix}_{field}"));
            pairs.push(("addresses", field, contact.address(label, part)));
        }
    }
    pairs
}

fn birthday(contact: &Contact) -> String {
    let date = &contact.0["birthdays"][0]["date"];
    let part = |name: &str| date[name].as_u64().unwrap_or_default();
    format!(
        "{:04}-{:02}-{:02}",
        part("year"),
        part("month"),
        part("day")
    )
}

fn assert_whole(row: &Row, contact: &Contact) {
    for (path, left, right) in pairs(row, contact) {
        assert!(
            !left.is_empty() && !right.is_empty(),
            "{path} did not travel: {left:?} and {right:?}"
        );
        assert_eq!(left, right, "{path}");
    }
}

fn everything_in_zoho(company: &str) -> Value {
    json!({
        "Salutation": "Dr.", "First_Name": "Ada", "Last_Name": "Byron", "Email": "ada@example.com",
        "Secondary_Email": "ada@example.org", "Phone": "+442079460001", "Mobile": "+447700900001",
        "Home_Phone": "+442079460002", "Other_Phone": "+442079460003", "Fax": "+442079460004",
        "Account_Name": { "id": company }, "Title": "Analyst", "Department": "Engines",
        "Mailing_Street": "1 Example Street", "Mailing_City": "London", "Mailing_State": "Greater London",
        "Mailing_Zip": "W1J 7NT", "Mailing_Country": "United Kingdom", "Other_Street": "2 Example Lane",
        "Other_City": "Toronto", "Other_State": "ON", "Other_Zip": "M5H 2N2", "Other_Country": "Canada",
        "Date_of_Birth": "1985-12-10", "Description": "wrote the first program",
    })
}

fn everything_on_google(company: &str) -> Value {
    let value = |kind: &str, value: &str| json!({ "type": kind, "value": value });
    json!({
        "names": [{ "honorificPrefix": "Prof.", "givenName": "Emmy", "familyName": "Noether" }],
        "emailAddresses": [value("work", "emmy@example.com"), value("home", "emmy@example.net")],
        "phoneNumbers": [
            value("work", "+442079460011"), value("mobile", "+447700900011"), value("home", "+442079460012"),
            value("other", "+442079460013"), value("workFax", "+442079460014"),
        ],
        "organizations": [{ "name": company, "title": "Professor", "department": "Algebra" }],
        "addresses": [
            {
                "type": "work", "streetAddress": "3 Example Street", "city": "Erlangen", "region": "Bavaria",
                "postalCode": "91054", "country": "Germany",
            },
            {
                "type": "other", "streetAddress": "4 Example Lane", "city": "Bryn Mawr", "region": "PA",
                "postalCode": "19010", "country": "United States",
            },
        ],
        "birthdays": [{ "date": { "year": 1982, "month": 3, "day": 23 } }],
        "biographies": [{ "value": "every symmetry keeps something" }],
        // Nobody mapped these.
        "nicknames": [{ "value": "Em" }],
        "urls": [value("homePage", "https://emmy.example.com")],
    })
}

async fn company(house: &House, name: &str) -> String {
    let new = json!({ "Account_Name": name });
    let sandbox = &house.system.sandbox;
    let created = sandbox.post("zoho/records/Accounts", &new).await.unwrap();
    created["ids"][0].as_str().unwrap().to_owned()
}

async fn companies_named(house: &House, name: &str) -> usize {
    let companies = house.zoho().companies().await;
    companies
        .iter()
        .filter(|row| row.text("Account_Name") == name)
        .count()
}

// proves: ZGC-05
#[tokio::test]
async fn the_default_mapping_carries_a_whole_contact_both_ways() {
    let mut house = House::new(0).await;
    let engines = company(&house, "Analytical Engines").await;
    house.zoho().adds(everything_in_zoho(&engines)).await;
    let emmy = house
        .google()
        .adds_client(everything_on_google("Invariants & Sons"))
        .await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    for email in ["ada@example.com", "emmy@example.com"] {
        assert_whole(
            &house.zoho().only(email).await,
            &house.google().only(email).await,
        );
    }
    // The company was not there: it was made, once, and linked.
    assert_eq!(companies_named(&house, "Invariants & Sons").await, 1);

    // A company of exactly that name is linked; another one is made beside it, not guessed.
    let known = google_person("Grace", "Hopper", "grace@example.com");
    let organization = json!({ "organizations": [{ "name": "Analytical Engines" }] });
    house.google().adds_client(with(known, organization)).await;
    house.quiet().await;
    let grace = house.zoho().only("grace@example.com").await;
    assert_eq!(grace.0["Account_Name"]["id"], engines.as_str());
    assert_eq!(companies_named(&house, "Analytical Engines").await, 1);

    // An edit of one field touches nothing else, mapped or not.
    let row = house.zoho().only("emmy@example.com").await;
    house
        .zoho()
        .edits(&row.id(), json!({ "Title": "Emerita", "Mobile": null }))
        .await;
    house.quiet().await;
    let shown = house.google().one(&emmy).await;
    assert_eq!(shown.title(), "Emerita");
    assert_eq!(shown.phone("mobile"), "");
    assert_eq!(shown.at("/organizations/0/department"), "Algebra");
    assert_eq!(shown.phone("work"), "+442079460011");
    assert_eq!(shown.at("/nicknames/0/value"), "Em");
    assert_eq!(shown.at("/urls/0/value"), "https://emmy.example.com");
    assert_eq!(
        (
            house.marks("zoho.automated_writes").await,
            house.mails().await
        ),
        (0, 0)
    );
}

// proves: ZGC-05
#[tokio::test]
async fn a_company_that_is_not_there_is_left_out_when_the_policy_says_so() {
    let mut house = House::kind(0).await;
    let skip = yaml("").replace(
        "{ list_view: Key accounts } }",
        "{ list_view: Key accounts }, options: { companies: skip } }",
    );
    house.system.apply(&skip).await.unwrap();
    let person = google_person("Ada", "Byron", "ada@example.com");
    let organization = json!({ "organizations": [{ "name": "Nowhere Ltd", "title": "Analyst" }] });
    let ada = house.google().adds_client(with(person, organization)).await;
    house.quiet().await;
    let row = house.zoho().only("ada@example.com").await;
    assert_eq!(
        (row.text("Title").as_str(), row.company().as_str()),
        ("Analyst", "")
    );
    assert_eq!(companies_named(&house, "Nowhere Ltd").await, 0);
    let (state, reason) = house.state_of(&ada).await;
    assert_eq!(state, "set aside");
    assert!(reason.contains("organization"), "{reason}");

    // Once there is such a company, a retry completes the record.
    company(&house, "Nowhere Ltd").await;
    house.system.rapport(&["retry", SYNC]).await.unwrap();
    house.quiet().await;
    assert_eq!(
        house.zoho().only("ada@example.com").await.company(),
        "Nowhere Ltd"
    );
    assert_eq!(
        house.google().one(&ada).await.at("/organizations/0/name"),
        "Nowhere Ltd"
    );
}

const TWITTER: &str =
    "mapping:\n  - { left: \"custom[Twitter_Handle]\", right: \"custom[Twitter]\" }\n";

fn handle(name: &str) -> Value {
    json!({ "userDefined": [{ "key": "Twitter", "value": name }] })
}

// proves: ZGC-05, R-14
#[tokio::test]
async fn a_mapping_of_a_live_sync_takes_custom_fields_in_by_first_contact() {
    let mut house = House::kind(0).await;
    let handles = [
        ("only.crm@example.com", "@crm", ""),
        ("only.google@example.com", "", "@google"),
        ("both@example.com", "@kept", "@lost"),
        ("neither@example.com", "", ""),
    ];
    for (email, left, right) in handles {
        let row = with(
            zoho_person("Ada", "Byron", email),
            json!({ "Twitter_Handle": left }),
        );
        house.zoho().adds(row).await;
        let mut person = google_person("Ada", "Byron", email);
        if !right.is_empty() {
            person = with(person, handle(right));
        }
        house.google().adds_client(person).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let began = house.now().await;
    let said = house.system.apply(&yaml(TWITTER)).await.unwrap();
    assert!(said.contains("changed"), "{said}");
    let line = "+ mapping custom[Twitter_Handle] = custom[Twitter]: both";
    assert!(said.contains(line), "{said}");
    house.quiet().await;
    for (email, expected) in [
        ("only.crm@example.com", "@crm"),
        ("only.google@example.com", "@google"),
        ("both@example.com", "@kept"),
        ("neither@example.com", ""),
    ] {
        let (left, right) = (
            house.zoho().only(email).await.text("Twitter_Handle"),
            house.google().only(email).await.custom("Twitter"),
        );
        assert_eq!(
            (left.as_str(), right.as_str()),
            (expected, expected),
            "{email}"
        );
    }
    assert_eq!(
        house.written_since(began).await,
        3,
        "one write for each that differed"
    );
    let both = house.google().only("both@example.com").await.id();
    let (lost, _, _) = house.history_of(&both, "custom[Twitter]").await.remove(0);
    assert_eq!(lost, json!("@lost"));

    // From now on edits travel, in both directions.
    let row = house.zoho().only("neither@example.com").await;
    house
        .zoho()
        .edits(&row.id(), json!({ "Twitter_Handle": "@new" }))
        .await;
    house.google().edits(&both, handle("@edited")).await;
    house.quiet().await;
    let neither = house.google().only("neither@example.com").await;
    assert_eq!(neither.custom("Twitter"), "@new");
    let both = house.zoho().only("both@example.com").await;
    assert_eq!(both.text("Twitter_Handle"), "@edited");
}

// proves: ZGC-05
#[tokio::test]
async fn a_mapping_onto_what_cannot_be_written_is_refused_and_the_sync_goes_on_as_it_was() {
    let mut house = House::kind(0).await;
    house
        .zoho()
        .adds(zoho_person("Ada", "Byron", "ada@example.com"))
        .await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let field = "zoho/fields/Contacts/Twitter_Handle";
    let read_only = json!({ "permission": "read_only", "profile": "Standard" });
    house.system.sandbox.patch(field, &read_only).await.unwrap();
    let pair =
        |left: &str, right: &str| format!("  - {{ left: \"{left}\", right: \"{right}\" }}\n");
    let twitter = pair("custom[Twitter_Handle]", "custom[Twitter]");
    for (lines, place, says) in [
        (
            twitter.clone(),
            9,
            "custom[Twitter_Handle] is read-only on the left side",
        ),
        (
            pair("custom[Nope]", "custom[Twitter]"),
            9,
            "the left account has no field custom[Nope]",
        ),
        (pair("shoe_size", "note"), 9, "shoe_size"),
        (pair("emails", "title"), 9, "emails"),
        (
            pair("title", "note") + &pair("title", "nickname"),
            10,
            "title",
        ),
    ] {
        let file = house.system.folder.join("refused.yaml");
        std::fs::write(&file, yaml(&format!("mapping:\n{lines}"))).unwrap();
        let words = ["apply", "-f", &file.to_string_lossy()];
        let (status, said) = house.system.rapport_fails(&words).await.unwrap();
        assert_eq!(status, 2, "{said}");
        let place = format!("refused.yaml: line {place}, column ");
        assert!(
            said.contains(&place) && said.contains(says),
            "{says}: {said}"
        );
    }
    // One way it can be read, it is taken.
    let one_way = twitter.replace(" }\n", ", direction: left-to-right }\n");
    let one_way = yaml(&format!("mapping:\n{one_way}"));
    house.system.apply(&one_way).await.unwrap();
    let row = house.zoho().only("ada@example.com").await;
    house
        .zoho()
        .edits(&row.id(), json!({ "Twitter_Handle": "@ada" }))
        .await;
    house.quiet().await;
    let ada = house.google().only("ada@example.com").await;
    assert_eq!(ada.custom("Twitter"), "@ada");
    house.google().edits(&ada.id(), handle("@drifted")).await;
    house.quiet().await;
    let row = house.zoho().only("ada@example.com").await;
    assert_eq!(row.text("Twitter_Handle"), "@ada");
}
