//! What the `rapport` command answers about the tests' sync.

use std::time::Duration;

use proto::reconcile::StatusResponse;
use serde_json::Value;
use test_kit::eventually;

use crate::house::{House, SYNC};

/// Long enough for anything that is not meant to wait.
pub const SOON: Duration = Duration::from_mins(1);

impl House {
    /// Runs the command with `--json`; answers its lines.
    pub async fn json(&self, words: &[&str]) -> Vec<Value> {
        let mut words = words.to_vec();
        words.push("--json");
        let said = self.system.rapport(&words).await.unwrap();
        let lines = said.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// What the sync changed, newest first.
    pub async fn history(&self) -> Vec<Value> {
        self.json(&["history", SYNC, "--limit", "0"]).await
    }

    /// What the sync changed on a path of a record, newest first: before, after, cause.
    pub async fn history_of(&self, id: &str, path: &str) -> Vec<(Value, Value, String)> {
        let mut entries = self.history().await;
        entries.retain(|entry| names(&entry["remote_id"], id) && entry["path"] == path);
        let told = |entry: &Value| {
            let cause = entry["cause"].as_str().unwrap().to_owned();
            (entry["before"].clone(), entry["after"].clone(), cause)
        };
        entries.iter().map(told).collect()
    }

    /// State and reason of the sync record that this record of a provider belongs to.
    pub async fn state_of(&self, id: &str) -> (String, String) {
        self.state_in(SYNC, id).await
    }

    /// As [`House::state_of`], in a sync of another name.
    pub async fn state_in(&self, sync: &str, id: &str) -> (String, String) {
        let mut records = self.json(&["get", "records", sync, "--limit", "0"]).await;
        records.retain(|record| names(&record["left_id"], id) || names(&record["right_id"], id));
        assert_eq!(records.len(), 1, "{id} belongs to {records:?}");
        let word = |name: &str| records[0][name].as_str().unwrap().to_owned();
        (word("state"), word("reason"))
    }

    /// How the sync is doing, as a program reads it.
    pub async fn said_status(&self) -> Value {
        self.json(&["status", SYNC]).await.remove(0)
    }

    /// Waits until the sync's status is so. Each look checks that its states add up.
    pub async fn until(
        &self,
        what: &str,
        look: impl Fn(&StatusResponse) -> bool,
    ) -> StatusResponse {
        self.until_of(SYNC, what, look).await
    }

    /// As [`House::until`], of a sync of another name.
    pub async fn until_of(
        &self,
        sync: &str,
        what: &str,
        look: impl Fn(&StatusResponse) -> bool,
    ) -> StatusResponse {
        let within = SOON;
        eventually(what, within, async || {
            let status = self.system.status(sync).await;
            let status = status.map_err(|error| format!("{error:#}"))?;
            if look(&status) {
                Ok(status)
            } else {
                Err(format!("{status:?}"))
            }
        })
        .await
    }
}

/// Whether an id that a service shows is this one: Google's carry `people/` in front.
fn names(shown: &Value, id: &str) -> bool {
    let shown = shown.as_str().unwrap_or_default();
    shown.trim_start_matches("people/") == id
}
