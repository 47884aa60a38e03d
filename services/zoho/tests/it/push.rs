//! Push channels and their deliveries.

use std::time::Duration;

use axum::{Router, body::Bytes, extract::State, routing::post};
use http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use provider::{ChannelKey, Fault, Provider, PushError, Scope};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};
use tokio::{net::TcpListener, sync::mpsc};
use url::Url;

use crate::lab::{Lab, scope};

const TOKEN: &str = "3Yk0c7Qy2mJ8x1Vn5bRz6tWpLs9dKfHgUeAoCiNqXwE";

fn key(id: u64) -> ChannelKey {
    ChannelKey {
        id,
        token: SecretString::from(TOKEN),
    }
}

/// An address that takes deliveries.
async fn address() -> (Url, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(16);
    let take = async |State(sender): State<mpsc::Sender<Bytes>>, body: Bytes| {
        sender.send(body).await.unwrap();
    };
    let router = Router::new().route("/push", post(take)).with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/push", listener.local_addr().unwrap());
    #[allow(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url.parse().unwrap(), receiver)
}

async fn channels(lab: &Lab) -> Vec<Json> {
    let listed = lab
        .control(
            Method::GET,
            "/zoho/channels?as=ana@harbour-hill.example.com",
            Json::Null,
        )
        .await;
    listed["channels"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_channel_lives_for_days_and_its_deliveries_name_it() {
    let lab = Lab::kind().await;
    let (address, mut deliveries) = address().await;
    let push = lab.zoho.push().unwrap();
    let channel = push
        .subscribe(lab.session(), &scope(""), &address, &key(1_000_000_068_001))
        .await
        .unwrap();
    let life = channel.expires_at.duration_since(Timestamp::now());
    assert!(
        life > SignedDuration::from_hours(6 * 24) && life < SignedDuration::from_hours(7 * 24),
        "{life:?}"
    );
    lab.contact(json!({"Last_Name": "Lee"})).await;
    let body = tokio::time::timeout(Duration::from_secs(5), deliveries.recv())
        .await
        .unwrap()
        .unwrap();
    let delivery = push
        .identify(&HeaderMap::new(), &Uri::from_static("/push"), &body)
        .unwrap();
    assert_eq!(
        (delivery.channel.as_str(), delivery.token.expose_secret()),
        (channel.id.as_str(), TOKEN)
    );
    assert_eq!(delivery.sequence, None);
}

#[tokio::test]
async fn a_channel_of_meetings_hears_of_meetings() {
    let lab = Lab::kind().await;
    let (address, mut deliveries) = address().await;
    let meetings = Scope {
        kind: "event".to_owned(),
        ..scope("")
    };
    let push = lab.zoho.push().unwrap();
    let channel = push
        .subscribe(lab.session(), &meetings, &address, &key(21))
        .await
        .unwrap();
    assert_eq!(channel.resource, "Events");
    lab.contact(json!({"Last_Name": "Lee"})).await;
    let row = json!({
        "Event_Title": "Demo",
        "Start_DateTime": "2027-03-01T09:00:00Z", "End_DateTime": "2027-03-01T10:00:00Z",
    });
    lab.control(Method::POST, "/zoho/records/Events", row).await;
    let heard = tokio::time::timeout(Duration::from_secs(5), deliveries.recv()).await;
    let heard: Json = serde_json::from_slice(&heard.unwrap().unwrap()).unwrap();
    assert_eq!(heard["module"], "Events");
}

#[tokio::test]
async fn a_channel_is_replaced_by_a_new_one_and_closing_one_twice_does_no_harm() {
    let lab = Lab::kind().await;
    let (address, _deliveries) = address().await;
    let push = lab.zoho.push().unwrap();
    let old = push
        .subscribe(lab.session(), &scope(""), &address, &key(11))
        .await
        .unwrap();
    let new = push
        .subscribe(lab.session(), &scope(""), &address, &key(12))
        .await
        .unwrap();
    assert_eq!(channels(&lab).await.len(), 2);
    for _ in 0..2 {
        push.unsubscribe(lab.session(), &old).await.unwrap();
    }
    let left = channels(&lab).await;
    assert_eq!((left.len(), &left[0]["channel_id"]), (1, &json!(new.id)));
    lab.control(
        Method::POST,
        "/zoho/channels/expire?as=ana@harbour-hill.example.com",
        Json::Null,
    )
    .await;
    push.unsubscribe(lab.session(), &new).await.unwrap();
}

#[tokio::test]
async fn an_end_that_the_provider_does_not_like_is_read_back() {
    let lab = Lab::kind().await;
    // Our week then lies in the past of the provider, which silently grants an hour.
    lab.later(8 * 24 * 3600).await;
    lab.control(Method::POST, "/zoho/access-tokens/expire", Json::Null)
        .await;
    let access = lab.zoho.renew(&lab.http, &lab.secret).await.unwrap().access;
    let session = provider::Session {
        access: &access,
        ..lab.session()
    };
    let (address, _deliveries) = address().await;
    let channel = lab
        .zoho
        .push()
        .unwrap()
        .subscribe(session, &scope(""), &address, &key(5))
        .await
        .unwrap();
    let now: Timestamp = lab.control(Method::GET, "/clock", Json::Null).await["now"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let life = channel.expires_at.duration_since(now);
    assert!(
        life <= SignedDuration::from_hours(1) && life > SignedDuration::from_mins(50),
        "{life:?}"
    );
}

#[tokio::test]
async fn an_address_that_the_provider_refuses_is_a_fault() {
    let lab = Lab::kind().await;
    let address: Url = "http://push.example.com/zoho".parse().unwrap();
    let refused = lab
        .zoho
        .push()
        .unwrap()
        .subscribe(lab.session(), &scope(""), &address, &key(5))
        .await;
    assert!(matches!(refused, Err(Fault::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_delivery_is_not_recognised() {
    let lab = Lab::kind().await;
    let push = lab.zoho.push().unwrap();
    for body in [
        "",
        "[]",
        "{}",
        r#"{"channel_id":"1"}"#,
        r#"{"token":"t"}"#,
        r#"{"channel_id":{},"token":"t"}"#,
        r#"{"channel_id":"","token":""}"#,
    ] {
        let read = push.identify(
            &HeaderMap::new(),
            &Uri::from_static("/push"),
            &Bytes::from(body),
        );
        assert_eq!(
            read.map(|delivery| delivery.channel),
            Err(PushError::Unrecognised),
            "{body}"
        );
    }
    let numbered = Bytes::from(r#"{"channel_id":7,"token":"t"}"#);
    let read = push
        .identify(&HeaderMap::new(), &Uri::from_static("/push"), &numbered)
        .unwrap();
    assert_eq!(read.channel, "7");
}
