//! Rights that the CRM's account or the Google account lacks.

use serde_json::json;

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id, meetings},
    house::{House, SYNC, yaml},
    people::with,
};

const CREATE: &str = "Crm_Implied_Create_Events";
const EDIT: &str = "Crm_Implied_Edit_Events";
const DELETE: &str = "Crm_Implied_Delete_Events";
const VIEW: &str = "Crm_Implied_View_Events";
const SYNC_WITH_GOOGLE: &str = "Crm_Implied_Google_Calendar_Sync";

async fn set_aside(house: &House, id: &str, right: &str) {
    let (state, reason) = house.state_in(MEETINGS, id).await;
    assert_eq!(state, "set aside", "{reason}");
    assert!(reason.contains(right), "{reason}");
}

async fn retry(house: &mut House) {
    house.system.rapport(&["retry", MEETINGS]).await.unwrap();
    house.rests().await;
}

async fn permit_and_retry(house: &mut House, permission: &str) {
    house.zoho().permits(permission, true).await;
    retry(house).await;
}

/// An event of an hour, on a day of March.
async fn event(house: &House, title: &str, day: u8) -> String {
    let when = hour(&format!("2031-03-{day}T09:00:00"), "Europe/Vienna");
    let event = with(when, json!({ "summary": title }));
    house.calendar().adds(event).await
}

async fn meeting(house: &House, title: &str, day: u8) -> String {
    let when = crm_hour(&format!("2031-03-{day}T07:00:00Z"));
    house.crm().adds(title, when, json!({})).await
}

// proves: ZGE-13
#[tokio::test]
async fn what_may_not_be_done_with_meetings_is_skipped_with_the_right_and_the_rest_goes_on() {
    let mut house = House::kind(0).await;
    let mut left = Vec::new();
    for (day, title) in [(10, "Audit"), (11, "Board"), (12, "Chat"), (13, "Demo")] {
        left.push(meeting(&house, title, day).await);
    }
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    let place = |name: &str| json!({ "location": name });
    let audit = id(&house.calendar().only("Audit").await);

    // Without the right to create, edits and the other direction go on.
    house.zoho().permits(CREATE, false).await;
    let new = event(&house, "New", 20).await;
    house.calendar().edits(&audit, place("Room 1")).await;
    let venue = json!({ "Venue": "Room 2" });
    house.crm().edits(&left[1], venue).await;
    house.rests().await;
    set_aside(&house, &new, "create events").await;
    assert!(house.crm().titled("New").await.is_empty());
    assert_eq!(house.crm().only("Audit").await["Venue"], "Room 1");
    assert_eq!(house.calendar().only("Board").await["location"], "Room 2");
    permit_and_retry(&mut house, CREATE).await;
    house.crm().only("New").await;

    // Without the right to edit, creates go on.
    house.zoho().permits(EDIT, false).await;
    house.calendar().edits(&audit, place("Room 3")).await;
    event(&house, "Newer", 21).await;
    house.rests().await;
    let grants = "edit events, which an administrator of Zoho CRM grants in the user's profile, under Meetings";
    set_aside(&house, &audit, grants).await;
    assert_eq!(house.crm().only("Audit").await["Venue"], "Room 1");
    house.crm().only("Newer").await;
    permit_and_retry(&mut house, EDIT).await;
    assert_eq!(house.crm().only("Audit").await["Venue"], "Room 3");

    // Without the right to delete, the CRM keeps the meeting.
    house.zoho().permits(DELETE, false).await;
    let chat = id(&house.calendar().only("Chat").await);
    house.calendar().deletes(&chat).await;
    house.rests().await;
    set_aside(&house, &left[2], "delete events").await;
    house.crm().only("Chat").await;
    permit_and_retry(&mut house, DELETE).await;
    assert!(house.crm().titled("Chat").await.is_empty());

    // Without the right to look, the sync stops, and nothing is taken for deleted.
    let began = house.now().await;
    house.zoho().permits(VIEW, false).await;
    let stops = |status: &proto::reconcile::StatusResponse| status.phase == "paused";
    let held = house.until_of(MEETINGS, "the sync stops", stops).await;
    let right = "may not be read any more: the account may not view events, which an administrator";
    assert!(held.reason.contains(right), "{}", held.reason);
    house.zoho().permits(VIEW, true).await;
    house.system.rapport(&["resume", MEETINGS]).await.unwrap();
    let counts = house.rests().await.counts.unwrap();
    assert_eq!((counts.in_sync, counts.set_aside), (5, 0), "{counts:?}");
    assert_eq!(house.meetings_written(began).await, 0);
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-13
#[tokio::test]
async fn a_calendar_that_becomes_read_only_is_read_and_what_it_cannot_take_waits() {
    let mut house = House::kind(0).await;
    let sandbox = &house.system.sandbox;
    let bens = "account=ben@example.com";
    let made = json!({ "summary": "Shared" });
    let path = format!("google/calendars?{bens}");
    let made = sandbox.post(&path, &made).await.unwrap();
    let calendar = made["id"].as_str().unwrap().to_owned();
    let share = async |house: &House, role: &str| {
        let path = format!("google/calendars/{calendar}/roles/ana@example.com?{bens}");
        let role = json!({ "role": role });
        house.system.sandbox.put(&path, &role).await.unwrap();
    };
    share(&house, "writer").await;
    let path = format!("google/calendars/{calendar}/entry");
    sandbox.put(&path, &json!({})).await.unwrap();
    let right = "right: { connection: ana-google, collection: { calendar: Shared } }";
    let yaml = meetings("").replace("right: { connection: ana-google }", right);
    meeting(&house, "Audit", 10).await;
    house.system.apply(&yaml).await.unwrap();
    house.rests().await;
    let path = format!("google/calendars/{calendar}/events?{bens}");
    let events = house.system.sandbox.get(&path).await.unwrap();
    assert_eq!(events["events"][0]["summary"], "Audit");

    // Read-only now: the calendar's own still come, what the CRM adds is set aside.
    share(&house, "reader").await;
    let when = hour("2031-03-12T09:00:00", "Europe/Vienna");
    let event = json!({ "event": with(when, json!({ "summary": "Bens" })) });
    house.system.sandbox.post(&path, &event).await.unwrap();
    let board = meeting(&house, "Board", 11).await;
    house.rests().await;
    house.crm().only("Bens").await;
    set_aside(&house, &board, "edit this calendar, which is read-only").await;
    share(&house, "writer").await;
    retry(&mut house).await;
    let events = house.system.sandbox.get(&path).await.unwrap();
    let events = events["events"].as_array().unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(house.state_in(MEETINGS, &board).await.0, "in sync");
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-13
#[tokio::test]
async fn without_the_right_to_see_calendars_or_meetings_no_sync_begins_and_one_that_runs_waits() {
    let mut house = House::kind(0).await;
    meeting(&house, "Audit", 10).await;
    let sign_in = async |house: &House, provider: &str, secret: &serde_json::Value| {
        let file = house.system.folder.join("other-secret.json");
        std::fs::write(&file, secret.to_string()).unwrap();
        let file = file.to_string_lossy().into_owned();
        let name = if provider == "zoho" {
            "acme-zoho"
        } else {
            "ana-google"
        };
        let words = ["connect", provider, "--name", name, "--secret-file", &file];
        house.system.rapport(&words).await.unwrap()
    };
    let refused = async |house: &House, right: &str| {
        let file = house.system.folder.join("sync.yaml");
        std::fs::write(&file, meetings("")).unwrap();
        let words = ["apply", "-f", &file.to_string_lossy()];
        let (_, said) = house.system.rapport_fails(&words).await.unwrap();
        assert!(
            said.contains("lacks the right") && said.contains(right),
            "{said}"
        );
    };
    let sandbox = &house.system.sandbox;
    let contacts_alone = sandbox.google_secret(&["contacts"]).await.unwrap();
    let everything = [sandbox.secret("google"), sandbox.secret("zoho")];
    let said = sign_in(&house, "google", &contacts_alone).await;
    assert!(said.contains("see calendars"), "{said}");
    refused(&house, "see calendars").await;
    sign_in(&house, "google", &everything[0]).await;
    house.zoho().permits(VIEW, false).await;
    sign_in(&house, "zoho", &everything[1]).await;
    refused(&house, "view events").await;
    house.zoho().permits(VIEW, true).await;
    sign_in(&house, "zoho", &everything[1]).await;
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;
    house.calendar().only("Audit").await;

    // Somebody signs in again and leaves the calendar out: the sync waits, says so, and deletes nothing.
    let began = house.now().await;
    sign_in(&house, "google", &contacts_alone).await;
    let waits = |status: &proto::reconcile::StatusResponse| status.phase == "paused";
    let held = house.until_of(MEETINGS, "it waits", waits).await;
    assert!(held.reason.contains("see calendars"), "{}", held.reason);
    meeting(&house, "Board", 11).await;
    sign_in(&house, "google", &everything[0]).await;
    let lives = |status: &proto::reconcile::StatusResponse| status.phase == "live";
    house.until_of(MEETINGS, "it goes on", lives).await;
    house.rests().await;
    house.calendar().only("Audit").await;
    house.calendar().only("Board").await;
    assert!(house.written_to_zoho(began).await.is_empty());
    assert_eq!(house.mails().await, 0);
}

// proves: ZGE-13
#[tokio::test]
async fn without_the_right_to_sync_with_the_calendar_meetings_wait_and_contacts_do_not() {
    let mut house = House::kind(0).await;
    let file = |name: &str| {
        house
            .system
            .folder
            .join(name)
            .to_string_lossy()
            .into_owned()
    };
    let (secret, definition) = (file("zoho-secret.json"), file("sync.yaml"));
    let sign_in = [
        "connect",
        "zoho",
        "--name",
        "acme-zoho",
        "--secret-file",
        &secret,
    ];
    house.zoho().permits(SYNC_WITH_GOOGLE, false).await;
    let said = house.system.rapport(&sign_in).await.unwrap();
    assert!(said.contains("sync with google calendar"), "{said}");
    std::fs::write(&definition, meetings("")).unwrap();
    let words = ["apply", "-f", &definition];
    let (status, said) = house.system.rapport_fails(&words).await.unwrap();
    assert_eq!(status, 2);
    let lacks = "lacks the right to sync with google calendar";
    assert!(
        said.contains(lacks) && said.contains("rapport connect zoho"),
        "{said}"
    );
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet_of(SYNC).await;

    house.zoho().permits(SYNC_WITH_GOOGLE, true).await;
    house.system.rapport(&sign_in).await.unwrap();
    house.system.apply(&meetings("")).await.unwrap();
    house.rests().await;

    // It is taken away while the sync runs: the sync waits, says so, and goes on by itself.
    let soon = ("control", "RAPPORT_RIGHTS_SECONDS", "1");
    house
        .system
        .restart_with(soon.0, soon.1, soon.2)
        .await
        .unwrap();
    house.zoho().permits(SYNC_WITH_GOOGLE, false).await;
    let waits = |status: &proto::reconcile::StatusResponse| status.phase == "paused";
    let held = house.until_of(MEETINGS, "it waits", waits).await;
    assert!(held.reason.contains(lacks), "{}", held.reason);
    assert_eq!(house.system.status(SYNC).await.unwrap().phase, "live");
    meeting(&house, "Audit", 10).await;
    house.zoho().permits(SYNC_WITH_GOOGLE, true).await;
    let lives = |status: &proto::reconcile::StatusResponse| status.phase == "live";
    house.until_of(MEETINGS, "it goes on", lives).await;
    house.rests().await;
    house.calendar().only("Audit").await;
    assert_eq!(house.mails().await, 0);
}
