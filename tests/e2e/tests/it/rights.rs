//! Rights that the CRM's account lacks.

use serde_json::json;

use crate::{
    house::{House, SYNC, yaml},
    people::{google_person, zoho_person},
};

const CREATE: &str = "Crm_Implied_Create_Contacts";
const EDIT: &str = "Crm_Implied_Edit_Contacts";
const DELETE: &str = "Crm_Implied_Delete_Contacts";
const VIEW: &str = "Crm_Implied_View_Contacts";
const SYNC_WITH_GOOGLE: &str = "Crm_Implied_Google_Contacts_Sync";

async fn set_aside(house: &House, id: &str, right: &str) {
    let (state, reason) = house.state_of(id).await;
    assert_eq!(state, "set aside", "{reason}");
    assert!(reason.contains(right), "{reason}");
}

async fn permit_and_retry(house: &mut House, permission: &str) {
    house.zoho().permits(permission, true).await;
    house.system.rapport(&["retry", SYNC]).await.unwrap();
    house.quiet().await;
}

// proves: ZGC-10
#[tokio::test]
async fn what_may_not_be_done_is_skipped_with_the_right_and_the_rest_goes_on() {
    let mut house = House::kind(0).await;
    for name in ["ada", "bob", "cem", "dora"] {
        let email = format!("{name}@example.com");
        house.zoho().adds(zoho_person(name, "Rights", &email)).await;
    }
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let [ada, bob, cem] = ["ada", "bob", "cem"].map(|name| format!("{name}@example.com"));
    let title = |title: &str| json!({ "organizations": [{ "title": title }] });

    // Without the right to create, edits and the other direction go on.
    house.zoho().permits(CREATE, false).await;
    let eve = google_person("Eve", "New", "eve@example.com");
    let eve = house.google().adds_client(eve).await;
    let right = house.google().only(&ada).await.id();
    house.google().edits(&right, title("edited")).await;
    let left = house.zoho().only(&bob).await.id();
    house.zoho().edits(&left, json!({ "Title": "too" })).await;
    house.quiet().await;
    set_aside(&house, &eve, "create contacts").await;
    assert!(house.zoho().with_email("eve@example.com").await.is_empty());
    assert_eq!(house.zoho().only(&ada).await.text("Title"), "edited");
    assert_eq!(house.google().only(&bob).await.title(), "too");
    permit_and_retry(&mut house, CREATE).await;
    assert_eq!(house.zoho().only("eve@example.com").await.name(), "Eve New");

    // Without the right to edit, creates go on.
    house.zoho().permits(EDIT, false).await;
    house.google().edits(&right, title("edited again")).await;
    let fay = google_person("Fay", "New", "fay@example.com");
    house.google().adds_client(fay).await;
    house.quiet().await;
    set_aside(&house, &right, "edit contacts").await;
    assert_eq!(house.zoho().only(&ada).await.text("Title"), "edited");
    assert_eq!(house.zoho().only("fay@example.com").await.name(), "Fay New");
    permit_and_retry(&mut house, EDIT).await;
    assert_eq!(house.zoho().only(&ada).await.text("Title"), "edited again");

    // Without the right to delete, the CRM keeps the contact.
    house.zoho().permits(DELETE, false).await;
    let left = house.zoho().only(&cem).await.id();
    house
        .google()
        .deletes(&house.google().only(&cem).await.id())
        .await;
    house.quiet().await;
    set_aside(&house, &left, "delete contacts").await;
    assert!(house.zoho().one(&left).await.is_some());
    permit_and_retry(&mut house, DELETE).await;
    assert!(house.zoho().one(&left).await.is_none());
    let status = house.system.status(SYNC).await.unwrap();
    assert_eq!(status.counts.unwrap().set_aside, 0, "{status:?}");
}

// proves: ZGC-10
#[tokio::test]
async fn without_the_right_to_look_a_sync_stops_and_without_the_right_to_sync_none_begins() {
    let mut house = House::kind(6).await;
    let zoho_secret = house.system.folder.join("zoho-secret.json");
    let zoho_secret = zoho_secret.to_string_lossy().into_owned();
    let sign_in = [
        "connect",
        "zoho",
        "--name",
        "acme-zoho",
        "--secret-file",
        &zoho_secret,
    ];
    house.zoho().permits(SYNC_WITH_GOOGLE, false).await;
    let said = house.system.rapport(&sign_in).await.unwrap();
    assert!(said.contains("sync with google contacts"), "{said}");
    let file = house.system.folder.join("sync.yaml");
    std::fs::write(&file, yaml("")).unwrap();
    let words = ["apply", "-f", &file.to_string_lossy()];
    let (status, said) = house.system.rapport_fails(&words).await.unwrap();
    assert_eq!(status, 2);
    let lacks = "lacks the right to sync with google contacts";
    assert!(
        said.contains(lacks) && said.contains("rapport connect zoho"),
        "{said}"
    );
    house.zoho().permits(SYNC_WITH_GOOGLE, true).await;
    house.system.rapport(&sign_in).await.unwrap();
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;

    // The right to sync is taken away while it runs: it waits, says so, and goes on by itself.
    let soon = ("control", "RAPPORT_RIGHTS_SECONDS", "1");
    house
        .system
        .restart_with(soon.0, soon.1, soon.2)
        .await
        .unwrap();
    house.zoho().permits(SYNC_WITH_GOOGLE, false).await;
    let waits = house
        .until("it waits for the right", |status| status.phase == "paused")
        .await;
    assert!(waits.reason.contains(lacks), "{}", waits.reason);
    let began = house.now().await;
    let ada = zoho_person("Ada", "Byron", "ada@example.com");
    house.zoho().adds(ada).await;
    house.zoho().permits(SYNC_WITH_GOOGLE, true).await;
    house
        .until("it goes on", |status| status.phase == "live")
        .await;
    house.quiet().await;
    house.google().only("ada@example.com").await;
    assert!(house.written_to_zoho(began).await.is_empty());
    house
        .system
        .restart_with(soon.0, soon.1, "300")
        .await
        .unwrap();

    // The right to look is taken away: nothing is taken for deleted.
    let (left, right) = (
        house.zoho().all().await.len(),
        house.google().all().await.len(),
    );
    let began = house.now().await;
    house.zoho().permits(VIEW, false).await;
    let held = house
        .until("the sync stops", |status| status.phase == "paused")
        .await;
    assert!(held.reason.contains("may not be read"), "{}", held.reason);
    let said = house.system.rapport(&["status", SYNC]).await.unwrap();
    assert!(said.contains("may not be read"), "{said}");
    house.zoho().permits(VIEW, true).await;
    house.system.rapport(&["resume", SYNC]).await.unwrap();
    house.quiet().await;
    assert_eq!(
        (
            house.zoho().all().await.len(),
            house.google().all().await.len()
        ),
        (left, right)
    );
    assert_eq!(house.written_since(began).await, 0);
}
