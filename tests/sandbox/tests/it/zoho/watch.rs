//! Channels and callbacks.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, refused, text};
use crate::client::{Answer, send};
use crate::listener::Listener;

fn channel(id: &str, url: &str) -> Value {
    json!({"channel_id": id, "events": ["Contacts.all"], "notify_url": url, "token": "secret"})
}

async fn subscribe(crm: &Crm, channels: Vec<Value>) -> Answer {
    crm.post("/actions/watch", json!({"watch": channels})).await
}

async fn expiry(crm: &Crm, id: &str) -> Timestamp {
    let answer = crm.get(&format!("/actions/watch?channel_id={id}")).await;
    text(&answer.body["watch"][0]["channel_expiry"])
        .parse()
        .unwrap()
}

#[tokio::test]
async fn every_change_is_told_and_echoes_come_back() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    let answer = subscribe(&crm, vec![channel("1000000068001", &listener.url)]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let item = &answer.body["watch"][0];
    assert_eq!(
        item["message"],
        "Successfully subscribed for actions-watch of the given module"
    );
    assert_eq!(item["details"]["events"][0]["resource_name"], "Contacts");
    let body = json!({"data": [{"Last_Name": "One"}, {"Last_Name": "Two"}], "trigger": []});
    let made = crm.post("/Contacts", body).await;
    let heard = listener.bodies(1).await;
    assert_eq!(
        (
            &heard[0]["operation"],
            &heard[0]["token"],
            &heard[0]["affected_fields"]
        ),
        (&json!("insert"), &json!("secret"), &json!([]))
    );
    assert_eq!(heard[0]["ids"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&heard[0]["query_params"], &heard[0]["module"]),
        (&json!({"k": "v"}), &json!("Contacts"))
    );
    assert!(text(&heard[0]["resource_uri"]).ends_with("/crm/v2/Contacts"));
    assert!(heard[0]["server_time"].is_i64());
    assert!(heard[0].get("affected_values").is_none());
    let id = text(&made.body["data"][0]["details"]["id"]);
    crm.control(
        Method::PATCH,
        &format!("/records/Contacts/{id}"),
        json!({"Phone": "1"}),
    )
    .await;
    let heard = listener.bodies(2).await;
    assert_eq!(
        (&heard[1]["operation"], &heard[1]["affected_fields"]),
        (&json!("update"), &json!([{id.as_str(): ["Phone"]}]))
    );
    crm.delete(&format!("/Contacts/{id}")).await;
    let heard = listener.bodies(3).await;
    assert_eq!(
        (&heard[2]["operation"], &heard[2]["ids"]),
        (&json!("delete"), &json!([id]))
    );
}

#[tokio::test]
async fn values_are_sent_only_when_asked_for_and_only_named_fields_wake_a_channel() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    let mut wanted = channel("1", &listener.url);
    wanted["events"] = json!(["Contacts.edit"]);
    wanted["return_affected_field_values"] = json!(true);
    wanted["notification_condition"] = json!([{
        "type": "field_selection", "module": {"api_name": "Contacts"},
        "field_selection": {"group_operator": "or", "group": [
            {"field": {"api_name": "Email"}}, {"field": {"api_name": "Phone"}},
        ]},
    }]);
    subscribe(&crm, vec![wanted]).await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let path = format!("/records/Contacts/{id}");
    crm.control(Method::PATCH, &path, json!({"Title": "x"}))
        .await;
    crm.control(Method::PATCH, &path, json!({"Phone": "1"}))
        .await;
    let heard = listener.bodies(1).await;
    assert_eq!(heard.len(), 1);
    assert_eq!(
        heard[0]["affected_values"],
        json!([{"record_id": id, "values": {"Phone": "1"}}])
    );
}

#[tokio::test]
async fn a_missing_or_too_long_expiry_silently_becomes_an_hour() {
    let crm = Crm::kind().await;
    let now = Timestamp::now();
    let asked = |hours: i64| (now + SignedDuration::from_hours(hours)).to_string();
    for (id, wanted, hours) in [
        ("1", None, 1),
        ("2", Some(asked(24 * 8)), 1),
        ("3", Some(asked(24 * 6)), 24 * 6),
        ("4", Some(asked(-5)), 1),
    ] {
        let mut channel = channel(id, "http://127.0.0.1:9/");
        if let Some(wanted) = wanted {
            channel["channel_expiry"] = json!(wanted);
        }
        assert_eq!(subscribe(&crm, vec![channel]).await.status, 201);
        let life = expiry(&crm, id).await.duration_since(now).as_secs();
        assert!((life - hours * 3600).abs() < 60, "{id}: {life}");
    }
}

#[tokio::test]
async fn channels_are_renewed_replaced_reduced_and_removed() {
    let crm = Crm::kind().await;
    let url = "http://127.0.0.1:9/";
    let mut first = channel("7", url);
    first["events"] = json!(["Contacts.create", "Contacts.edit", "Accounts.all"]);
    subscribe(&crm, vec![first]).await;
    let listed = crm.get("/actions/watch").await;
    assert_eq!(listed.body["info"]["count"], 2, "one row for each module");
    assert_eq!(
        crm.get("/actions/watch?module=Accounts").await.body["watch"][0]["events"],
        json!(["Accounts.all"])
    );
    let later = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    let patch = |channel: Value| {
        send(
            crm.request(Method::PATCH, "/actions/watch")
                .json(&json!({"watch": [channel]})),
        )
    };
    let answer = patch(json!({"channel_id": "7", "channel_expiry": later})).await;
    assert_eq!(
        (answer.status, &answer.body["watch"][0]["message"]),
        (200, &json!("Successfully updated the subscribe details"))
    );
    assert!(
        expiry(&crm, "7").await.duration_since(Timestamp::now()) > SignedDuration::from_hours(47)
    );
    let answer =
        patch(json!({"channel_id": "7", "_delete_events": true, "events": ["Accounts.all"]})).await;
    assert_eq!(
        answer.body["watch"][0]["message"],
        "Successfully removed the subscribe details"
    );
    assert_eq!(crm.get("/actions/watch?module=Accounts").await.status, 204);
    let answer = crm
        .put("/actions/watch", json!({"watch": [channel("7", url)]}))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        crm.get("/actions/watch").await.body["watch"][0]["events"],
        json!(["Contacts.all"])
    );
    assert_eq!(
        crm.delete("/actions/watch?channel_ids=7,8").await.status,
        207
    );
    assert_eq!(crm.get("/actions/watch").await.status, 204);
    refused(
        &crm.delete("/actions/watch").await,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({"param_name": "channel_ids"}),
    );
}

#[tokio::test]
async fn an_expired_channel_is_silent_and_cannot_be_renewed() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    crm.settings(json!({"access_token_seconds": 90_000})).await;
    let mut crm = crm;
    crm.token = super::access_token(&crm.lab, 0).await;
    subscribe(&crm, vec![channel("7", &listener.url)]).await;
    crm.lab.advance(3601).await;
    crm.contact(json!({"Last_Name": "Unheard"})).await;
    for method in [Method::PATCH, Method::PUT] {
        let body = json!({"watch": [channel("7", &listener.url)]});
        let answer = send(crm.request(method, "/actions/watch").json(&body)).await;
        assert_eq!(
            (answer.status, &answer.body["watch"][0]["code"]),
            (400, &json!("NOT_SUBSCRIBED"))
        );
    }
    assert_eq!(crm.delete("/actions/watch?channel_ids=7").await.status, 400);
    subscribe(&crm, vec![channel("7", &listener.url)]).await;
    let id = crm.contact(json!({"Last_Name": "Heard"})).await;
    let heard = listener.bodies(1).await;
    assert_eq!(
        heard[0]["ids"],
        json!([id]),
        "the change in between is never told"
    );
    crm.control(Method::POST, "/channels/expire", Value::Null)
        .await;
    assert_eq!(crm.delete("/actions/watch?channel_ids=7").await.status, 400);
}

#[tokio::test]
async fn malformed_channels_are_refused_one_by_one() {
    let crm = Crm::kind().await;
    let with = |name: &str, value: Value| {
        let mut channel = channel("1", "http://127.0.0.1:9/");
        channel[name] = value;
        channel
    };
    for (channel, code) in [
        (with("channel_id", Value::Null), "MANDATORY_NOT_FOUND"),
        (with("channel_id", json!("abc")), "INVALID_DATA"),
        (with("events", Value::Null), "MANDATORY_NOT_FOUND"),
        (with("events", json!(["Dragons.all"])), "INVALID_DATA"),
        (with("events", json!(["Contacts.explode"])), "INVALID_DATA"),
        (with("notify_url", Value::Null), "MANDATORY_NOT_FOUND"),
        (with("notify_url", json!("no url")), "INVALID_DATA"),
        (
            with("notify_url", json!("http://push.example.com/")),
            "INVALID_DATA",
        ),
        (with("token", json!("x".repeat(51))), "INVALID_DATA"),
        (with("channel_expiry", json!("tomorrow")), "INVALID_DATA"),
    ] {
        let answer = subscribe(&crm, vec![channel.clone()]).await;
        assert_eq!(
            (answer.status, &answer.body["watch"][0]["code"]),
            (400, &json!(code)),
            "{channel}"
        );
    }
    let mixed = subscribe(&crm, vec![with("token", Value::Null), json!({})]).await;
    assert_eq!(
        (mixed.status, &mixed.body["watch"][1]["code"]),
        (207, &json!("MANDATORY_NOT_FOUND"))
    );
    let many = subscribe(&crm, vec![json!({}); 51]).await;
    refused(&many, 400, "INVALID_DATA", &json!({"maximum_length": 50}));
    let https = subscribe(
        &crm,
        vec![with("notify_url", json!("https://push.example.com/x"))],
    )
    .await;
    assert_eq!(https.status, 201);
}

#[tokio::test]
async fn an_edited_company_wakes_contact_channels_that_did_not_opt_out() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    let quiet = Listener::start(&[]).await;
    let made = crm
        .post(
            "/Accounts",
            json!({"data": [{"Account_Name": "Acme"}], "trigger": []}),
        )
        .await;
    let account = made.body["data"][0]["details"]["id"].clone();
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Account_Name": {"id": account}}))
        .await;
    let mut silent = channel("2", &quiet.url);
    silent["notify_on_related_action"] = json!(false);
    subscribe(&crm, vec![channel("1", &listener.url), silent]).await;
    crm.put(
        "/Accounts",
        json!({"data": [{"id": account, "Phone": "1"}], "trigger": []}),
    )
    .await;
    let heard = listener.bodies(1).await;
    assert_eq!(
        (&heard[0]["ids"], &heard[0]["operation"]),
        (&json!([id]), &json!("update"))
    );
    assert!(quiet.bodies(0).await.is_empty());
}

#[tokio::test]
async fn callbacks_are_dropped_and_doubled_on_demand() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    subscribe(&crm, vec![channel("1", &listener.url)]).await;
    crm.settings(json!({"callback_drop_rate": 1.0})).await;
    crm.contact(json!({"Last_Name": "Dropped"})).await;
    crm.settings(json!({"callback_drop_rate": 0.0, "callback_duplicate_rate": 1.0}))
        .await;
    let id = crm.contact(json!({"Last_Name": "Doubled"})).await;
    let heard = listener.bodies(2).await;
    assert_eq!(
        (&heard[0]["ids"], &heard[1]["ids"]),
        (&json!([id]), &json!([id]))
    );
    assert_eq!(crm.mark("zoho.callbacks_dropped").await, 1);
}

#[tokio::test]
async fn callbacks_overtake_each_other() {
    let crm = Crm::kind().await;
    let listener = Listener::start(&[]).await;
    subscribe(&crm, vec![channel("1", &listener.url)]).await;
    crm.settings(json!({"callback_delay_milliseconds": 400}))
        .await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(json!([crm.contact(json!({"Last_Name": "Xu"})).await]));
    }
    let heard: Vec<Value> = listener
        .bodies(12)
        .await
        .iter()
        .map(|body| body["ids"].clone())
        .collect();
    assert_ne!(heard, ids);
}
