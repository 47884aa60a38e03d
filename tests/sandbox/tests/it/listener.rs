//! A server that push messages can be sent to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::routing::post;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What it was sent; the body is null where it is empty.
type Message = (HeaderMap, Value);

/// Keeps what it is sent, and answers the statuses it was given, then 200.
pub(crate) struct Listener {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Message>>>,
}

impl Listener {
    pub(crate) async fn start(statuses: &[u16]) -> Self {
        let heard: Arc<Mutex<Vec<Message>>> = Arc::default();
        let kept = Arc::clone(&heard);
        let left: VecDeque<u16> = statuses.iter().copied().collect();
        let left = Arc::new(Mutex::new(left));
        let router = axum::Router::new().route(
            "/push",
            post(move |headers: HeaderMap, body: String| {
                let body = match body.as_str() {
                    "" => Value::Null,
                    text => serde_json::from_str(text).unwrap(),
                };
                kept.lock().unwrap().push((headers, body));
                let status = left.lock().unwrap().pop_front().unwrap_or(200);
                async move { StatusCode::from_u16(status).unwrap() }
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push?k=v", listener.local_addr().unwrap());
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(async move { axum::serve(listener, router).await });
        servers.detach_all();
        Self { url, heard }
    }

    /// Bodies of the messages, as soon as so many came.
    pub(crate) async fn bodies(&self, count: usize) -> Vec<Value> {
        let heard = self.wait_for(count).await;
        heard.into_iter().map(|(_, body)| body).collect()
    }

    /// Headers of the messages, which must be empty, as soon as so many came.
    pub(crate) async fn headers(&self, count: usize) -> Vec<HeaderMap> {
        let heard = self.wait_for(count).await;
        assert!(heard.iter().all(|(_, body)| body.is_null()));
        heard.into_iter().map(|(headers, _)| headers).collect()
    }

    async fn wait_for(&self, count: usize) -> Vec<Message> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let heard = self.heard.lock().unwrap().clone();
            if heard.len() >= count {
                return heard;
            }
            assert!(Instant::now() < deadline, "only {} came", heard.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
