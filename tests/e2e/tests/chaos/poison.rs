//! Records that the other side does not take, among many that it does.

use serde_json::{Value, json};

use crate::{kind::Kind, stage::Stage};

/// How many people have something wrong with them: one in so many.
const ONE_IN: u32 = 10;

/// A person with a value that is too long for Zoho CRM, each another one.
fn too_long(number: u32) -> Value {
    let long = "x".repeat(400);
    let name =
        |given: &str| json!([{ "givenName": given, "familyName": format!("Poison {number}") }]);
    match number % 3 {
        0 => json!({ "names": name(&long) }),
        1 => json!({ "names": name("Noa"), "organizations": [{ "title": long }] }),
        _ => {
            json!({ "names": name("Noa"), "organizations": [{ "name": "Noa Ltd", "department": long }] })
        }
    }
}

// proves: P6, BEY-09
#[tokio::test]
async fn poison_records_among_many_are_set_aside_and_harm_nobody_else() {
    let mut stage = Stage::new(Kind::Contacts).await;
    let poisons = crate::stage::records() / ONE_IN;
    let mut ids = Vec::new();
    for number in 0..poisons {
        let mut person = too_long(number);
        let address = format!("poison{number}@example.com");
        person["emailAddresses"] = json!([{ "value": address, "type": "work" }]);
        let new = json!({ "person": person, "groups": ["Clients"] });
        let created = stage
            .system
            .sandbox
            .post("google/contacts", &new)
            .await
            .unwrap();
        let id = created["resourceName"].as_str().unwrap().to_owned();
        stage.crowd.new.insert(id.clone());
        ids.push(id);
    }
    // A batch that is refused for one of its records is in the middle of being taken apart.
    stage
        .system
        .arm("zoho-writer", "writer.called:2")
        .await
        .unwrap();
    stage.apply("").await;
    stage
        .system
        .revive("zoho-writer", crate::stage::SOON)
        .await
        .unwrap();
    stage.people_type(12).await;
    let end = stage.end().await;
    assert!(end.report.agrees(), "{}", end.report.text(true));
    let aside: Vec<_> = end
        .records
        .iter()
        .filter(|record| record.state == "set aside")
        .collect();
    assert_eq!(aside.len(), ids.len(), "{aside:?}");
    for record in aside {
        assert!(ids.contains(&record.right_id), "{record:?}");
        let named = ["name.given", "title", "department"];
        assert!(
            named.iter().any(|path| record.reason.contains(path)),
            "{record:?}"
        );
        assert!(
            !record.reason.contains("xxxx"),
            "no value is shown: {record:?}"
        );
    }

    // Mended, each is a record like any other.
    for (number, id) in ids.iter().enumerate() {
        let path = format!("google/contacts/{}", id.trim_start_matches("people/"));
        let person = json!({
            "names": [{ "givenName": "Noa", "familyName": format!("Mended {number}") }],
            "organizations": [{ "name": "Noa Ltd", "title": "Buyer" }],
        });
        stage
            .system
            .sandbox
            .patch(&path, &json!({ "person": person }))
            .await
            .unwrap();
    }
    stage.ends_well().await;
}
