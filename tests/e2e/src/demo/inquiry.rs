//! What is asked of the sync through control's public API.

use std::time::Duration;

use proto::{
    control::control_client::ControlClient,
    reconcile::{
        HistoryEntry, HistoryRequest, RecordsRequest, StatusRequest, StatusResponse, SyncRecord,
        SyncRef,
    },
    record::{Value, value},
};
use tonic::transport::Channel;

use crate::System;

use super::waiting::until;

/// The longest wait for a moment of rest.
const PATIENCE: Duration = Duration::from_secs(30);
/// Entries that are asked for at a time.
const PAGE: u32 = 1_000;

/// Asks about one of the demo's syncs.
pub(super) struct Inquiry {
    control: ControlClient<Channel>,
    sync: SyncRef,
}

impl Inquiry {
    /// About the sync of this name.
    pub(super) async fn begin(system: &System, name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            control: system.control().await?,
            sync: SyncRef {
                tenant: "default".to_owned(),
                sync: system.sync_id(name).await?,
            },
        })
    }

    pub(super) async fn status(&mut self) -> anyhow::Result<StatusResponse> {
        let request = StatusRequest {
            sync: Some(self.sync.clone()),
        };
        Ok(self.control.status(request).await?.into_inner())
    }

    /// Every sync record, once none is pending: twins are looked at again in each run.
    pub(super) async fn settled_records(&mut self) -> anyhow::Result<Vec<SyncRecord>> {
        until("no record is pending", PATIENCE, async || {
            let records = self.records().await?;
            let settled = records.iter().all(|record| record.state != "pending");
            Ok(Some(records).filter(|_| settled))
        })
        .await
    }

    async fn records(&mut self) -> anyhow::Result<Vec<SyncRecord>> {
        let mut records: Vec<SyncRecord> = Vec::new();
        loop {
            let request = RecordsRequest {
                sync: Some(self.sync.clone()),
                limit: PAGE,
                after: records
                    .last()
                    .map(|last| last.link.clone())
                    .unwrap_or_default(),
                ..RecordsRequest::default()
            };
            let page = self.control.records(request).await?.into_inner().records;
            let last = page.len() < PAGE as usize;
            records.extend(page);
            if last {
                return Ok(records);
            }
        }
    }

    /// The whole history, oldest first.
    pub(super) async fn history(&mut self) -> anyhow::Result<Vec<HistoryEntry>> {
        let mut entries: Vec<HistoryEntry> = Vec::new();
        loop {
            let request = HistoryRequest {
                sync: Some(self.sync.clone()),
                limit: PAGE,
                after: entries
                    .last()
                    .map(|last| last.id.clone())
                    .unwrap_or_default(),
                ..HistoryRequest::default()
            };
            let page = self.control.history(request).await?.into_inner().entries;
            let last = page.len() < PAGE as usize;
            entries.extend(page);
            if last {
                return Ok(entries);
            }
        }
    }
}

/// The texts in a value.
pub(super) fn texts(value: Option<&Value>) -> Vec<String> {
    match value.and_then(|value| value.value.as_ref()) {
        None => Vec::new(),
        Some(value::Value::Text(text)) => vec![text.clone()],
        Some(value::Value::Date(date)) => {
            vec![format!(
                "{:04}-{:02}-{:02}",
                date.year, date.month, date.day
            )]
        }
        Some(value::Value::Elements(elements)) => elements
            .elements
            .iter()
            .flat_map(|element| element.parts.values().cloned())
            .collect(),
    }
}
