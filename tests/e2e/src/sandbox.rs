//! The sandbox, as a process, and its control API.

mod accounts;

use std::{collections::BTreeMap, process::Stdio};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::process::binary;

/// What the sandbox prints at start.
#[derive(Debug, Clone, Deserialize)]
pub struct Credentials {
    /// The control API.
    pub control_url: String,
    /// Google's part, as the sandbox's README describes it.
    pub google: Value,
    /// Zoho CRM's part.
    pub zoho: Value,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    /// What it printed.
    pub credentials: Credentials,
    client: reqwest::Client,
    child: Child,
}

impl Sandbox {
    /// Starts one on free ports.
    pub async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        // Another test may have installed it; either way it is there.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut child = Command::new(binary("sandbox")?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the sandbox")?;
        let stdout = child.stdout.take().context("the sandbox has no output")?;
        let line = BufReader::new(stdout)
            .lines()
            .next_line()
            .await?
            .context("the sandbox ended before it said where it is")?;
        Ok(Self {
            credentials: serde_json::from_str(&line).context("the sandbox said something else")?,
            client: client()?,
            child,
        })
    }

    /// Its process id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "the sandbox refused: {status} {text}");
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text)?)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/control/{path}", self.credentials.control_url)
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.get(self.url(path))).await
    }

    /// Does something.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.client.post(self.url(path)).json(body)).await
    }

    /// Changes something.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.client.patch(self.url(path)).json(body))
            .await
    }

    /// Replaces something.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.client.put(self.url(path)).json(body)).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.delete(self.url(path))).await
    }

    /// Records written through a provider's API so far: each as often as a call wrote it.
    pub async fn written(&self, provider: &str) -> anyhow::Result<u64> {
        let records = self.written_records(provider, 0).await?;
        Ok(records.values().sum())
    }

    /// How often each record was written through a provider's API, after this entry of the journal.
    pub async fn written_records(
        &self,
        provider: &str,
        after: u64,
    ) -> anyhow::Result<BTreeMap<String, u64>> {
        let query = format!("journal?provider={provider}&writes=true&after={after}&limit=100000");
        let journal = self.get(&query).await?;
        let entries = journal["entries"]
            .as_array()
            .context("the sandbox's journal has another form")?;
        let mut records = BTreeMap::new();
        for entry in entries {
            let written = entry["written"]
                .as_array()
                .context("an entry of the journal does not say what was written")?;
            for record in written.iter().filter_map(Value::as_str) {
                *records.entry(record.to_owned()).or_default() += 1;
            }
        }
        Ok(records)
    }

    /// The number of the journal's newest entry.
    pub async fn newest_entry(&self) -> anyhow::Result<u64> {
        let journal = self.get("journal?limit=1").await?;
        Ok(journal["entries"][0]["number"].as_u64().unwrap_or_default())
    }

    /// A secret file's content for `rapport connect`.
    pub fn secret(&self, provider: &str) -> Value {
        let part = match provider {
            "google" => &self.credentials.google,
            _ => &self.credentials.zoho,
        };
        json!({ "refresh_token": part["refresh_token"] })
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the sandbox's control API is no provider; nothing is paced or counted"
)]
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().build()?)
}
