//! Meetings and people: participants, what a meeting is about, and the mails it causes.

use reqwest::Method;
use serde_json::{Value, json};

use super::events::{change, made, read, with};
use super::{Crm, refused, text};
use crate::client::mail;

#[tokio::test]
async fn participants_are_people_of_every_kind() {
    let crm = Crm::kind().await;
    let contact = crm
        .contact(json!({"Last_Name": "Xu", "Email": "xu@example.org"}))
        .await;
    let lead = crm
        .post(
            "/Leads",
            json!({"data": [{"Last_Name": "Li", "Email": "li@example.org"}]}),
        )
        .await;
    let lead = text(&lead.body["data"][0]["details"]["id"]);
    let users = crm.get("/users").await;
    let user = text(&users.body["users"][1]["id"]);
    let list = json!([
        {"type": "contact", "participant": contact}, {"type": "lead", "participant": lead},
        {"type": "user", "participant": user}, {"type": "email", "participant": "eve@example.net"},
    ]);
    let id = made(&crm, with("Round table", "Participants", list)).await;
    let seen = read(&crm, &id).await;
    let shown = seen["Participants"].as_array().unwrap();
    let emails: Vec<&str> = shown
        .iter()
        .map(|one| one["Email"].as_str().unwrap())
        .collect();
    assert_eq!(
        emails,
        [
            "xu@example.org",
            "li@example.org",
            "ben@harbour-hill.example.com",
            "eve@example.net"
        ]
    );
    assert_eq!(shown[0]["name"], "Xu");
    assert_eq!(shown[0]["invited"], false);
    assert!(crm.lab.mails("zoho").await.is_empty());
    let kept = json!([shown[0]]);
    assert_eq!(
        change(&crm, &id, json!({"Participants": kept}))
            .await
            .status,
        200
    );
    assert_eq!(
        read(&crm, &id).await["Participants"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "the list is replaced"
    );
    change(&crm, &id, json!({"Venue": "Room 1"})).await;
    assert_eq!(
        read(&crm, &id).await["Participants"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "and stays if it is not named"
    );
}

#[tokio::test]
async fn mails_go_out_only_when_they_are_asked_for() {
    let crm = Crm::kind().await;
    let list = json!([{"type": "email", "participant": "eve@example.net"}]);
    let quiet = made(&crm, with("Quiet", "Participants", list.clone())).await;
    change(&crm, &quiet, json!({"Venue": "Room 1"})).await;
    crm.delete(&format!("/Events/{quiet}")).await;
    assert!(crm.lab.mails("zoho").await.is_empty());
    let mut loud = with("Loud", "Participants", list);
    loud["$send_notification"] = json!(true);
    let loud = made(&crm, loud).await;
    assert_eq!(
        crm.lab.mails("zoho").await,
        [mail("eve@example.net", "invitation")]
    );
    assert_eq!(read(&crm, &loud).await["Participants"][0]["invited"], true);
    change(&crm, &loud, json!({"Venue": "Room 2"})).await;
    assert_eq!(crm.lab.mails("zoho").await.len(), 1);
    change(
        &crm,
        &loud,
        json!({"Venue": "Room 3", "$send_notification": true}),
    )
    .await;
    assert!(
        crm.lab
            .mails("zoho")
            .await
            .contains(&mail("eve@example.net", "update"))
    );
    let others = json!([{"type": "email", "participant": "dan@example.net"}]);
    change(
        &crm,
        &loud,
        json!({"Participants": others, "$send_notification": true}),
    )
    .await;
    let told = crm.lab.mails("zoho").await;
    assert!(
        told.contains(&mail("eve@example.net", "cancellation")),
        "{told:?}"
    );
    assert!(
        told.contains(&mail("dan@example.net", "invitation")),
        "{told:?}"
    );
    crm.delete(&format!("/Events/{loud}")).await;
    assert_eq!(
        crm.lab.mails("zoho").await.len(),
        5,
        "who was invited is told of the deletion"
    );
    let all = crm
        .lab
        .control(Method::GET, "/mails?kind=update", Value::Null)
        .await;
    assert_eq!(all["mails"][0]["method"], "Events.updateRecord");
    assert_eq!(all["mails"][0]["record"], loud);
    let counts = crm.lab.control(Method::GET, "/counts", Value::Null).await;
    assert_eq!(counts["mails"]["zoho"], 5);
}

#[tokio::test]
async fn reminding_the_participants_mails_them_whatever_the_switch_says() {
    let crm = Crm::kind().await;
    let list = json!([{"type": "email", "participant": "eve@example.net"}]);
    let mut values = with("Reminded", "Participants", list);
    values["Remind_At"] = json!([{"unit": 15, "period": "minutes"}]);
    let quiet = made(&crm, values.clone()).await;
    assert!(crm.lab.mails("zoho").await.is_empty());
    values["Remind_Participants"] = json!([{"unit": 1, "period": "hours"}]);
    made(&crm, values.clone()).await;
    assert_eq!(
        crm.lab.mails("zoho").await,
        [mail("eve@example.net", "reminder")]
    );
    let more = json!({"Remind_Participants": values["Remind_Participants"]});
    change(&crm, &quiet, more.clone()).await;
    change(&crm, &quiet, more).await;
    assert_eq!(crm.lab.mails("zoho").await.len(), 2, "once each");
}

#[tokio::test]
async fn a_meeting_is_called_off_once() {
    let crm = Crm::kind().await;
    let list = json!([{"type": "email", "participant": "eve@example.net"}]);
    let mut values = with("Off", "Participants", list);
    values["$send_notification"] = json!(true);
    let id = made(&crm, values).await;
    let path = format!("/Events/{id}/actions/cancel");
    refused(
        &crm.post(&path, json!({"data": [{}]})).await,
        400,
        "MANDATORY_NOT_FOUND",
        &json!({}),
    );
    let body = json!({"data": [{"send_cancelling_mail": true}]});
    assert_eq!(read(&crm, &id).await["$event_cancelled"], false);
    assert_eq!(crm.post(&path, body.clone()).await.status, 200);
    assert_eq!(read(&crm, &id).await["$event_cancelled"], true);
    assert!(
        crm.lab
            .mails("zoho")
            .await
            .contains(&mail("eve@example.net", "cancellation"))
    );
    refused(
        &crm.post(&path, body.clone()).await,
        403,
        "INVALID_DATA",
        &json!({"reason": "already_cancelled"}),
    );
    let alone = made(&crm, with("Alone", "Venue", json!("Room 1"))).await;
    let mut over = with(
        "Over",
        "Participants",
        json!([{"type": "email", "participant": "eve@example.net"}]),
    );
    over["$send_notification"] = json!(true);
    over["Start_DateTime"] = json!("2020-12-01T09:00:00Z");
    over["End_DateTime"] = json!("2020-12-01T10:00:00Z");
    let over = made(&crm, over).await;
    for (id, why) in [
        (alone, "no_participants_invited"),
        (over, "completed_meeting"),
    ] {
        let answer = crm
            .post(&format!("/Events/{id}/actions/cancel"), body.clone())
            .await;
        refused(&answer, 403, "INVALID_DATA", &json!({"reason": why}));
    }
    let contact = crm.post("/Contacts/1/actions/cancel", body).await;
    assert_eq!(contact.body["code"], "INVALID_MODULE");
}

#[tokio::test]
async fn a_meeting_is_about_somebody_and_goes_with_them() {
    let crm = Crm::kind().await;
    let contact = crm.contact(json!({"Last_Name": "Xu"})).await;
    let account = crm
        .post("/Accounts", json!({"data": [{"Account_Name": "Acme"}]}))
        .await;
    let account = text(&account.body["data"][0]["details"]["id"]);
    let mut values = with("About", "Who_Id", json!({"id": contact}));
    values["What_Id"] = json!({"id": account});
    values["$se_module"] = json!("Accounts");
    let id = made(&crm, values).await;
    let seen = read(&crm, &id).await;
    assert_eq!(seen["What_Id"], json!({"id": account, "name": "Acme"}));
    assert_eq!(seen["$se_module"], "Accounts");
    assert_eq!(seen["Who_Id"]["name"], "Xu");
    let elsewhere = change(
        &crm,
        &id,
        json!({"What_Id": {"id": account}, "$se_module": "Leads"}),
    )
    .await;
    assert_eq!(elsewhere.status, 400);
    crm.delete(&format!("/Contacts/{contact}")).await;
    assert_eq!(crm.get(&format!("/Events/{id}")).await.status, 204);
    let deleted = crm.get("/Events/deleted?type=all").await;
    assert_eq!(deleted.body["data"][0]["display_name"], "About");
}
