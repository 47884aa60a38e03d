//! Records that the other side does not take, among many that it does.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    crowd::text,
    kind::Kind,
    meetings::{Diary, hour, midnight, with},
    stage::{SOON, Stage, records},
};

/// How many records have something wrong with them: one in so many.
const ONE_IN: u32 = 10;
/// Guests of a meeting; Zoho CRM has room for fifty.
const CROWD: u32 = 60;
/// What the reasons name, of which one must.
const NAMED: [&str; 5] = ["name.given", "title", "department", "recur", "participants"];

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

/// What Zoho CRM cannot hold of a meeting, each something else: a title, a rule of which no day ever comes, several rules,
/// and more guests than it has room for.
fn too_much(number: u32) -> Value {
    let recurs = |rules: &[&str]| json!({ "recurrence": rules });
    match number % 4 {
        0 => json!({ "summary": "x".repeat(10_000) }),
        1 => recurs(&["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"]),
        2 => recurs(&["RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=MONTHLY;COUNT=3"]),
        _ => json!({ "attendees": guests(number, CROWD) }),
    }
}

fn guests(number: u32, count: u32) -> Vec<Value> {
    let guest = |guest| json!({ "email": format!("guest{guest}of{number}@example.org") });
    (0..count).map(guest).collect()
}

/// What is edited so that it can be held.
fn mended(number: u32) -> Value {
    match number % 4 {
        0 => json!({ "summary": format!("Mended {number}") }),
        1 | 2 => json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"] }),
        _ => json!({ "attendees": guests(number, CROWD / 2) }),
    }
}

impl Stage {
    /// Somebody types in at Google what Zoho CRM does not take; answers the id.
    async fn plants_poison(&self, number: u32) -> String {
        let sandbox = &self.system.sandbox;
        if self.kind == Kind::Meetings {
            let start = midnight(20) + SignedDuration::from_hours(number.into());
            let event = with(
                hour(start),
                &json!({ "summary": format!("Poison {number}") }),
            );
            let event = with(event, &too_much(number));
            return Diary(sandbox).adds_event(&event).await;
        }
        let mut person = too_long(number);
        let address = format!("poison{number}@example.com");
        person["emailAddresses"] = json!([{ "value": address, "type": "work" }]);
        let new = json!({ "person": person, "groups": ["Clients"] });
        let created = sandbox.post("google/contacts", &new).await.unwrap();
        text(&created["resourceName"])
    }

    /// Somebody edits it so that Zoho CRM takes it.
    async fn mends(&self, number: u32, id: &str) {
        let sandbox = &self.system.sandbox;
        if self.kind == Kind::Meetings {
            Diary(sandbox).edits_event(id, &mended(number)).await;
            return;
        }
        let path = format!("google/contacts/{}", id.trim_start_matches("people/"));
        let person = json!({
            "names": [{ "givenName": "Noa", "familyName": format!("Mended {number}") }],
            "organizations": [{ "name": "Noa Ltd", "title": "Buyer" }],
        });
        let edit = json!({ "person": person });
        sandbox.patch(&path, &edit).await.unwrap();
    }
}

// proves: P6, BEY-09
#[tokio::test]
async fn poison_records_among_many_are_set_aside_and_harm_nobody_else() {
    poison(Stage::new(Kind::Contacts).await).await;
}

// proves: P6, P9, BEY-09
#[tokio::test]
async fn poison_meetings_among_many_are_set_aside_and_harm_no_other() {
    poison(Stage::new(Kind::Meetings).await).await;
}

async fn poison(mut stage: Stage) {
    let mut ids = Vec::new();
    for number in 0..records() / ONE_IN {
        let id = stage.plants_poison(number).await;
        stage.crowd.new.insert(id.clone());
        ids.push((number, id));
    }
    // A batch that is refused for one of its records is in the middle of being taken apart.
    let point = "writer.called";
    stage.system.arm("zoho-writer", point).await.unwrap();
    stage.apply("").await;
    stage.system.revive("zoho-writer", SOON).await.unwrap();
    stage.people_type(12).await;
    let end = stage.end().await;
    assert!(end.report.agrees(), "{}", end.report.text(true));
    let is_aside = |reason: &str| !stage.kind.may_refuse(reason);
    let aside: Vec<_> = end
        .records
        .iter()
        .filter(|record| record.state == "set aside" && is_aside(&record.reason))
        .collect();
    assert_eq!(aside.len(), ids.len(), "{aside:?}");
    for record in aside {
        let is_poison = ids.iter().any(|(_, id)| *id == record.right_id);
        assert!(is_poison, "{record:?}");
        let is_named = NAMED.iter().any(|path| record.reason.contains(path));
        assert!(is_named, "{record:?}");
        assert!(
            !record.reason.contains("xxxx"),
            "no value is shown: {record:?}"
        );
    }

    // Mended, each is a record like any other.
    for (number, id) in &ids {
        stage.mends(*number, id).await;
    }
    stage.ends_well().await;
}
