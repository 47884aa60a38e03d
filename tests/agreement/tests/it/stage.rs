//! A sandbox with two address books.

use std::collections::BTreeSet;

use agreement::{Accounts, Error, Reader, Report, compare};
use sandbox::{Options, Sandbox};
use serde_json::Value;

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    control: reqwest::Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            sandbox: Sandbox::start(Options::default()).await.unwrap(),
            control: client(),
        }
    }

    pub(crate) fn accounts(&self) -> Accounts {
        serde_json::from_value(self.sandbox.credentials().clone()).unwrap()
    }

    /// Asks control to do something.
    pub(crate) async fn control(&self, verb: reqwest::Method, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.sandbox.control_url());
        let request = self.control.request(verb, url).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}");
        response.json().await.unwrap()
    }

    /// Everything that people did is old enough to be listed.
    pub(crate) async fn settle(&self) {
        let body = serde_json::json!({ "seconds": 60 });
        self.control(reqwest::Method::POST, "clock/advance", body)
            .await;
    }

    pub(crate) async fn compared(&self) -> Result<Report, Error> {
        let (left, right) = Reader::new(self.accounts()).read().await?;
        Ok(compare(&left, &right, &BTreeSet::new()))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the sandbox's control API is no provider"
)]
fn client() -> reqwest::Client {
    reqwest::Client::builder().build().unwrap()
}
