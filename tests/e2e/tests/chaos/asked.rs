//! What is asked of the sync through control's public API.

use proto::reconcile::{HistoryEntry, HistoryRequest, RecordsRequest, SyncRecord, SyncRef};
use test_kit::eventually;

use crate::stage::{SOON, Stage};

/// Entries that are asked for at a time.
const PAGE: u32 = 1_000;

impl Stage {
    /// Every sync record, once none is pending: twins are looked at again in each run.
    pub async fn records(&self) -> Vec<SyncRecord> {
        eventually("no record is pending", SOON, async || {
            let records = self.records_now().await.ok()?;
            let settled = records.iter().all(|record| record.state != "pending");
            Some(records).filter(|_| settled)
        })
        .await
    }

    /// Every sync record as it is now; an error while control is away.
    pub async fn records_now(&self) -> anyhow::Result<Vec<SyncRecord>> {
        let mut control = self.system.control().await?;
        let sync = self.reference().await?;
        let mut all: Vec<SyncRecord> = Vec::new();
        loop {
            let request = RecordsRequest {
                sync: Some(sync.clone()),
                limit: PAGE,
                after: all.last().map(|last| last.link.clone()).unwrap_or_default(),
                ..RecordsRequest::default()
            };
            let page = control.records(request).await?.into_inner().records;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    /// Everything that the sync changed, oldest first.
    pub async fn history(&self) -> Vec<HistoryEntry> {
        let mut control = self.system.control().await.unwrap();
        let sync = self.reference().await.unwrap();
        let mut all: Vec<HistoryEntry> = Vec::new();
        loop {
            let request = HistoryRequest {
                sync: Some(sync.clone()),
                limit: PAGE,
                after: all.last().map(|last| last.id.clone()).unwrap_or_default(),
                ..HistoryRequest::default()
            };
            let page = control.history(request).await.unwrap().into_inner().entries;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                return all;
            }
        }
    }

    async fn reference(&self) -> anyhow::Result<SyncRef> {
        Ok(SyncRef {
            tenant: "default".to_owned(),
            sync: self.system.sync_id(self.kind.sync()).await?,
        })
    }
}
