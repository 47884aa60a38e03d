//! A running sandbox with a plain HTTP client.

use reqwest::{Client, Method, RequestBuilder};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// A sandbox of its own and a client for it.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: Client,
}

/// Status and body of an answer; the body is null where it is not JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Lab {
    /// Kind settings: no lag, whole pages.
    pub(crate) async fn kind() -> Self {
        Self::start(Options {
            kind: true,
            ..Options::default()
        })
        .await
    }

    /// The default, unkind settings.
    pub(crate) async fn unkind() -> Self {
        Self::start(Options::default()).await
    }

    pub(crate) async fn start(options: Options) -> Self {
        // Another test of this process may have been first.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, http }
    }

    /// A request to one provider.
    pub(crate) fn request(&self, provider: &str, method: Method, path: &str) -> RequestBuilder {
        let base = self.sandbox.base_url(provider).unwrap();
        self.http.request(method, format!("{base}{path}"))
    }

    /// A control call that must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert!(
            answer.status < 300,
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        answer.body
    }

    /// A control call that may fail.
    pub(crate) async fn try_control(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = format!("{}/control{path}", self.sandbox.control_url());
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        send(request).await
    }

    /// Moves the clock.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.control(
            Method::POST,
            "/clock/advance",
            json!({ "seconds": seconds }),
        )
        .await;
    }

    /// Changes settings of one provider.
    pub(crate) async fn settings(&self, provider: &str, patch: Value) {
        self.control(Method::PATCH, &format!("/{provider}/settings"), patch)
            .await;
    }

    /// Mails that calls have caused so far at one provider: recipient and kind, in order.
    pub(crate) async fn mails(&self, provider: &str) -> Vec<(String, String)> {
        let path = format!("/mails?provider={provider}&by=api");
        let answer = self.control(Method::GET, &path, Value::Null).await;
        let mails = answer["mails"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut mails: Vec<(String, String)> = mails
            .map(|mail| (text(&mail["recipient"]), text(&mail["kind"])))
            .collect();
        mails.sort();
        mails
    }

    /// Calls of one method so far.
    pub(crate) async fn calls(&self, provider: &str, method: &str) -> u64 {
        let counts = self.control(Method::GET, "/counts", Value::Null).await;
        counts["methods"][provider][method]["calls"]
            .as_u64()
            .unwrap_or(0)
    }
}

/// A mail as [`Lab::mails`] lists it.
pub(crate) fn mail(recipient: &str, kind: &str) -> (String, String) {
    (recipient.to_owned(), kind.to_owned())
}

/// Sends and reads to the end; panics only where no answer came.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        status,
        body,
        text,
        headers,
    }
}
