//! The scope: one group, one list view, and whatever matching finds beside them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    house::{House, yaml},
    people::{Contact, GROUP, Row, google_person, zoho_person},
};

// proves: ZGC-02, R-06
#[tokio::test]
async fn records_outside_the_group_and_the_list_view_are_never_written() {
    let mut house = House::new(20).await;
    let clients: BTreeSet<String> = ids(house.google().clients().await.iter().map(Contact::id));
    let key = house.zoho().key().await;
    let key_ids = ids(key.iter().map(Row::id));
    let addresses: BTreeSet<String> = ids(key.iter().map(|row| row.text("Email").to_lowercase()));
    let google_outside: Vec<_> = house
        .google()
        .all()
        .await
        .into_iter()
        .filter(|contact| !clients.contains(&contact.id()))
        .collect();
    let zoho_outside = ids(house.zoho().all().await.iter().map(Row::id))
        .difference(&key_ids)
        .cloned()
        .collect::<BTreeSet<_>>();
    assert_eq!(google_outside.len(), 2 * clients.len());
    assert_eq!(zoho_outside.len(), 2 * key_ids.len());
    // Of those outside the group, the ones whose counterpart is in the list view are adopted.
    let adopted = ids(google_outside
        .iter()
        .filter(|contact| {
            contact
                .emails()
                .iter()
                .any(|email| addresses.contains(&email.to_lowercase()))
        })
        .map(Contact::id));
    assert!(!adopted.is_empty());
    let began = house.now().await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;

    let to_google = house.written_to_google(began).await;
    let written_outside = ids(google_outside
        .iter()
        .map(Contact::id)
        .filter(|id| to_google.contains_key(id)));
    assert_eq!(written_outside, adopted, "adopted ones and no others");
    for id in &adopted {
        assert!(house.google().is_client(id).await, "{id} is in the group");
    }
    let to_zoho = house.written_to_zoho(began).await;
    let written_outside: Vec<_> = zoho_outside
        .iter()
        .filter(|id| to_zoho.contains_key(*id))
        .collect();
    assert!(written_outside.is_empty(), "{written_outside:?}");

    // Everybody of the list view is in the group, and nobody was created a second time.
    let clients = house.google().clients().await;
    for row in house.zoho().key().await {
        let email = row.text("Email");
        let found = clients.iter().filter(|client| {
            client
                .emails()
                .iter()
                .any(|own| own.eq_ignore_ascii_case(&email))
        });
        assert!(email.is_empty() || found.count() > 0, "{email}");
    }
    for contact in &google_outside {
        let email = contact.emails().remove(0);
        assert_eq!(house.google().with_email(&email).await.len(), 1, "{email}");
    }
    let excluded = house.said_status().await["reasons"].clone();
    assert!(
        excluded.to_string().contains("outside the scope"),
        "a match outside the list view is excluded: {excluded}"
    );
}

fn ids(of: impl Iterator<Item = String>) -> BTreeSet<String> {
    of.collect()
}

// proves: ZGC-02, R-23
#[tokio::test]
async fn what_leaves_the_scope_stops_and_what_comes_back_goes_on() {
    let mut house = House::kind(4).await;
    let emails = ["ada", "bob", "cem"].map(|name| format!("{name}@example.com"));
    for email in &emails {
        house.zoho().adds(zoho_person("In", "Scope", email)).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let mut left = Vec::new();
    let mut right = Vec::new();
    for email in &emails {
        left.push(house.zoho().only(email).await.id());
        right.push(house.google().only(email).await.id());
    }
    let [ada, bob, cem] = [0, 1, 2];

    // Ada leaves the group, Bob and Cem the list view; then each is edited on both sides.
    house.google().moves(&right[ada], &[], &[GROUP]).await;
    house.zoho().makes_regular(&left[bob]).await;
    house.zoho().makes_regular(&left[cem]).await;
    house.quiet().await;
    for id in &left {
        let (state, reason) = house.state_of(id).await;
        assert_eq!(
            (state.as_str(), reason.as_str()),
            ("excluded", "left the scope")
        );
    }
    let began = house.now().await;
    for (left, right) in left.iter().zip(&right) {
        house
            .zoho()
            .edits(left, json!({ "Title": "in the CRM" }))
            .await;
        let note = json!({ "biographies": [{ "value": "on Google" }] });
        house.google().edits(right, note).await;
    }
    house.quiet().await;
    assert_eq!(house.written_since(began).await, 0, "nobody is written");

    // A deletion out there deletes nothing.
    house.zoho().deletes(&left[bob]).await;
    house.quiet().await;
    assert!(!house.google().one(&right[bob]).await.is_deleted());

    // Back in the scope, what was edited meanwhile on either side travels.
    house.google().moves(&right[ada], &[GROUP], &[]).await;
    house.zoho().makes_key(&left[cem]).await;
    house.quiet().await;
    for email in [&emails[ada], &emails[cem]] {
        let row = house.zoho().only(email).await;
        let contact = house.google().only(email).await;
        assert_eq!(row.text("Title"), "in the CRM");
        assert_eq!(contact.title(), "in the CRM");
        assert_eq!(row.text("Description"), "on Google");
        assert_eq!(contact.note(), "on Google");
    }
}

// proves: ZGC-02, R-06, R-07
#[tokio::test]
async fn somebody_who_is_outside_already_is_adopted_or_excluded_and_never_doubled() {
    let mut house = House::kind(4).await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    let outside_group = house
        .google()
        .adds(google_person("Ada", "Byron", ada), &[])
        .await;
    let outside_view = house
        .zoho()
        .adds_regular(zoho_person("Bob", "Stone", bob))
        .await;
    house.quiet().await;
    let began = house.now().await;

    // Their counterparts come into the scope.
    let ada_left = house.zoho().adds(zoho_person("Ada", "Byron", ada)).await;
    let bob_right = house
        .google()
        .adds_client(google_person("Bob", "Stone", bob))
        .await;
    house.quiet().await;
    assert_eq!(house.google().only(ada).await.id(), outside_group);
    assert!(house.google().is_client(&outside_group).await, "adopted");
    assert_eq!(house.state_of(&ada_left).await.0, "in sync");
    assert_eq!(house.zoho().only(bob).await.id(), outside_view);
    let (state, reason) = house.state_of(&bob_right).await;
    assert_eq!(
        (state.as_str(), reason.as_str()),
        ("excluded", "outside the scope")
    );
    assert!(house.written_to_zoho(began).await.is_empty());

    // A contact that the CRM adds is created in the group.
    house
        .zoho()
        .adds(zoho_person("Cem", "New", "cem@example.com"))
        .await;
    house.quiet().await;
    let cem = house.google().only("cem@example.com").await.id();
    assert!(house.google().is_client(&cem).await);

    // Where the policy says so, a match outside the group is left alone.
    house
        .system
        .apply(&yaml("  outside: skip\n"))
        .await
        .unwrap();
    let eve = google_person("Eve", "Out", "eve@example.com");
    let eve_right = house.google().adds(eve, &[]).await;
    house.quiet().await;
    let eve = zoho_person("Eve", "Out", "eve@example.com");
    let eve_left = house.zoho().adds(eve).await;
    house.quiet().await;
    assert_eq!(house.google().only("eve@example.com").await.id(), eve_right);
    assert!(!house.google().is_client(&eve_right).await);
    assert_eq!(house.state_of(&eve_left).await.1, "outside the scope");
}
