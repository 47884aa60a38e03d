//! Who gets mail of what a sync writes.

use serde_json::{Value, json};

use crate::{
    diaries::{MEETINGS, crm_hour, hour, id},
    house::House,
    people::with,
};

const EVE: &str = "eve@example.net";
const DAN: &str = "dan@example.net";

/// Every mail that a call of ours caused: provider, kind, to whom.
async fn mails(house: &House) -> Vec<[String; 3]> {
    let mails = house.system.sandbox.get("mails?by=api").await.unwrap();
    let text = |mail: &Value, name: &str| mail[name].as_str().unwrap().to_owned();
    let mails = mails["mails"].as_array().unwrap().iter();
    let mut mails: Vec<_> = mails
        .map(|mail| ["provider", "kind", "recipient"].map(|name| text(mail, name)))
        .collect();
    mails.sort();
    mails
}

fn mail(provider: &str, kind: &str, recipient: &str) -> [String; 3] {
    [provider, kind, recipient].map(str::to_owned)
}

/// How many guests the sync says that it had told, and by how many writes.
async fn told(house: &House) -> (u64, u64) {
    let status = house.system.status(MEETINGS).await.unwrap();
    let notified = status.notified.unwrap();
    (notified.guests, notified.writes)
}

/// Meetings with guests are made, moved and deleted on both sides, and each side takes over the other's.
async fn life(policy: &str, mut look: impl AsyncFnMut(&House, &str)) -> House {
    let mut house = House::with_meetings(policy).await;
    let guests = json!([{ "type": "email", "participant": DAN }]);
    let review = crm_hour("2031-03-10T07:00:00Z");
    let more = json!({ "Participants": guests });
    let review = house.crm().adds("Review", review, more).await;
    let demo = hour("2031-03-11T09:00:00", "Europe/Vienna");
    let more = json!({ "summary": "Demo", "attendees": [{ "email": EVE }] });
    let demo = house.calendar().adds(with(demo, more)).await;
    let keep = hour("2031-03-12T09:00:00", "Europe/Vienna");
    let more = json!({ "summary": "Keep", "attendees": [{ "email": EVE }] });
    house.calendar().adds(with(keep, more)).await;
    house.rests().await;
    let copy = house.crm().only("Demo").await;
    assert_eq!(copy["Participants"][0]["Email"], EVE);
    let event = house.calendar().only("Review").await;
    assert_eq!(event["attendees"][0]["email"], DAN);
    look(&house, "invitation").await;

    let later = crm_hour("2031-03-10T09:00:00Z");
    house.crm().edits(&review, later).await;
    let later = hour("2031-03-11T12:00:00", "Europe/Vienna");
    house.calendar().edits(&demo, later).await;
    house.rests().await;
    let start = house.crm().only("Demo").await["Start_DateTime"].clone();
    assert_eq!(start, "2031-03-11T11:00:00Z");
    look(&house, "update").await;

    house.crm().deletes(&review).await;
    house.calendar().deletes(&demo).await;
    house.rests().await;
    assert!(house.crm().titled("Demo").await.is_empty());
    assert!(house.calendar().titled("Review").await.is_empty());
    look(&house, "cancellation").await;
    house
}

// proves: BEY-13, R-30
#[tokio::test]
async fn no_guest_hears_of_what_a_sync_writes_unless_the_policy_says_so() {
    for policy in ["", "notify: none"] {
        let house = life(policy, async |house, _| {
            assert_eq!(mails(house).await, [] as [[String; 3]; 0]);
        })
        .await;
        assert_eq!(house.mails().await, 0);
        assert_eq!(told(&house).await, (0, 0));
        let said = house.system.rapport(&["status", MEETINGS]).await.unwrap();
        assert!(said.contains("guests notified 0"), "{said}");
    }
}

// proves: BEY-13
#[tokio::test]
async fn guests_are_invited_told_and_called_off_where_the_policy_says_so() {
    let mut expected = Vec::new();
    let house = life("notify: all", async |house, kind| {
        expected.push(mail("google", kind, DAN));
        expected.push(mail("zoho", kind, EVE));
        // The one that stays.
        expected.extend((kind == "invitation").then(|| mail("zoho", kind, EVE)));
        expected.sort();
        assert_eq!(mails(house).await, expected);
    })
    .await;
    // Back to silence, from now on.
    let sent = house.mails().await;
    assert_eq!(sent, 7);
    assert_eq!(
        told(&house).await,
        (sent, 7),
        "the sync counts what was sent"
    );
    let said = house.system.rapport(&["status", MEETINGS]).await.unwrap();
    assert!(said.contains("guests notified 7 (of 7 writes)"), "{said}");
    let mut house = house;
    let silent = crate::diaries::meetings("notify: none");
    house.system.apply(&silent).await.unwrap();
    let keep = id(&house.calendar().only("Keep").await);
    let later = hour("2031-03-12T12:00:00", "Europe/Vienna");
    house.calendar().edits(&keep, later).await;
    house.rests().await;
    let start = house.crm().only("Keep").await["Start_DateTime"].clone();
    assert_eq!(start, "2031-03-12T11:00:00Z");
    assert_eq!(house.mails().await, sent);
    // Somebody was invited to it by the CRM, which cannot delete it without telling: it stays, with the reason.
    house.calendar().deletes(&keep).await;
    house.rests().await;
    let row = id(&house.crm().only("Keep").await);
    let (state, reason) = house.state_in(MEETINGS, &row).await;
    assert_eq!(state, "set aside", "{reason}");
    assert!(reason.contains("invited"), "{reason}");
    assert_eq!(house.mails().await, sent);
    assert_eq!(told(&house).await, (sent, 7));
}
