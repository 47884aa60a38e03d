//! Push channels: opened, greeted, told of changes, closed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use jiff::SignedDuration;
use provider::{Channel, ChannelKey, Delivery, Fault, Provider, Push};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use url::Url;

use crate::{
    account::{Account, scope},
    diary::{events_of, meeting},
};

/// Patience with what comes in the background.
const SOON: Duration = Duration::from_secs(20);

/// Something that takes deliveries.
struct Ear {
    address: Url,
    heard: mpsc::Receiver<HeaderMap>,
}

impl Ear {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heard) = mpsc::channel(100);
        #[allow(
            clippy::disallowed_methods,
            reason = "it listens until the test is over"
        )]
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                stream.write_all(answer).await.ok();
                let text = String::from_utf8_lossy(&request).into_owned();
                let headers = text.lines().filter_map(|line| line.split_once(": "));
                let headers = headers.filter_map(|(name, value)| {
                    let name: HeaderName = name.to_lowercase().parse().ok()?;
                    Some((name, HeaderValue::from_str(value).ok()?))
                });
                if sender.send(headers.collect()).await.is_err() {
                    break;
                }
            }
        });
        let address = format!("http://{address}/push/google/7").parse().unwrap();
        Self { address, heard }
    }

    async fn next(&mut self) -> HeaderMap {
        let heard = tokio::time::timeout(SOON, self.heard.recv()).await;
        heard.expect("a delivery comes").unwrap()
    }
}

fn key(id: u64) -> ChannelKey {
    ChannelKey {
        id,
        token: SecretString::from("k".repeat(43)),
    }
}

fn push(account: &Account) -> &dyn Push {
    account.google.push().unwrap()
}

fn identified(account: &Account, headers: &HeaderMap) -> Delivery {
    let uri = Uri::from_static("/push/google/7");
    push(account)
        .identify(headers, &uri, &Bytes::new())
        .unwrap()
}

async fn open(account: &Account, ear: &Ear, id: u64) -> Result<Channel, Fault> {
    let scope = events_of("primary");
    let session = account.session();
    push(account)
        .subscribe(session, &scope, &ear.address, &key(id))
        .await
}

async fn open_channels(account: &Account) -> usize {
    let channels = account
        .control(Method::GET, "google/channels", json!({}))
        .await;
    channels["channels"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_channel_greets_tells_of_changes_and_is_closed() {
    let account = Account::unkind().await;
    let mut ear = Ear::open().await;
    let channel = open(&account, &ear, 7).await.unwrap();
    assert_eq!(channel.id, "7");
    let now: jiff::Timestamp = serde_json::from_value(
        account.control(Method::GET, "clock", json!({})).await["now"].take(),
    )
    .unwrap();
    let life = channel.expires_at.duration_since(now);
    assert!(
        life > SignedDuration::from_hours(24 * 6) && life <= SignedDuration::from_hours(24 * 7)
    );
    let greeting = identified(&account, &ear.next().await);
    assert_eq!((greeting.channel.as_str(), greeting.news), ("7", false));
    account.plan(meeting("One", "2027-04-08")).await;
    let told = identified(&account, &ear.next().await);
    assert!(told.news && told.sequence > greeting.sequence);
    assert_eq!(told.token.expose_secret(), "k".repeat(43));

    // A renewal: both are open for a while, then the old one is closed.
    let next = open(&account, &ear, 8).await.unwrap();
    assert_eq!(identified(&account, &ear.next().await).channel, "8");
    assert_eq!(open_channels(&account).await, 2);
    push(&account)
        .unsubscribe(account.session(), &channel)
        .await
        .unwrap();
    account.plan(meeting("Two", "2027-04-08")).await;
    assert_eq!(identified(&account, &ear.next().await).channel, "8");
    for _ in 0..2 {
        let closed = push(&account).unsubscribe(account.session(), &next).await;
        assert_eq!(closed, Ok(()), "one that Google has forgotten is closed");
    }
    assert_eq!(open_channels(&account).await, 0);
}

#[tokio::test]
async fn what_cannot_be_watched_is_told() {
    let account = Account::unkind().await;
    let mut ear = Ear::open().await;
    assert!(push(&account).watches("event") && !push(&account).watches("contact"));
    let (session, key) = (account.session(), key(9));
    let of_contacts = scope("");
    let contacts = push(&account).subscribe(session, &of_contacts, &ear.address, &key);
    assert_eq!(contacts.await.unwrap_err().word(), "refused");
    let nowhere = events_of("nobody@example.com");
    let gone = push(&account).subscribe(session, &nowhere, &ear.address, &key);
    assert_eq!(gone.await.unwrap_err().word(), "gone");
    ear.address = "http://rapport.example/push".parse().unwrap();
    assert_eq!(open(&account, &ear, 9).await.unwrap_err().word(), "refused");
    ear.address = Ear::open().await.address;
    open(&account, &ear, 10).await.unwrap();
    let twice = open(&account, &ear, 10).await.unwrap_err();
    assert_eq!(twice.word(), "transient", "another id will do");
}
