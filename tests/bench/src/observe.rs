//! What a sync's status says while it is waited for.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use proto::{
    control::control_client::ControlClient,
    reconcile::{StatusRequest, StatusResponse, SyncRef},
};
use tonic::{Code, transport::Channel};

use crate::{accounts::TENANT, stage::Stage};

/// How often a status is asked for: seldom enough not to be what is measured.
const LOOK: Duration = Duration::from_secs(2);

/// Asks for a status; none as long as the reconciler has not heard of the sync, or is too busy to say.
pub(crate) async fn status(
    control: &mut ControlClient<Channel>,
    sync: &str,
) -> anyhow::Result<Option<StatusResponse>> {
    let sync = SyncRef {
        tenant: TENANT.to_owned(),
        sync: sync.to_owned(),
    };
    let request = StatusRequest { sync: Some(sync) };
    match control.status(request).await {
        Ok(status) => Ok(Some(status.into_inner())),
        Err(refusal) if matches!(refusal.code(), Code::NotFound | Code::Unavailable) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Whether nothing is left to do at this moment.
pub(crate) fn in_sync(status: &StatusResponse) -> bool {
    let counts = status.counts.unwrap_or_default();
    status.phase == "live" && counts.pending == 0 && counts.in_scope > 0 && status.open_writes == 0
}

/// When a sync was first in sync, and what its status said then.
pub(crate) struct Reached {
    /// The moment of the last outcome.
    pub(crate) at: Timestamp,
    /// The status.
    pub(crate) status: StatusResponse,
    /// How long a status takes.
    pub(crate) status_took: Duration,
}

/// Waits until every one of these syncs has nothing left to do.
pub(crate) async fn until_in_sync(
    stage: &mut Stage,
    syncs: &[String],
    within: Duration,
) -> anyhow::Result<Vec<Reached>> {
    let mut control = stage.system.control().await?;
    let began = Instant::now();
    let mut reached = Vec::with_capacity(syncs.len());
    for sync in syncs {
        loop {
            stage.system.check()?;
            let asked = Instant::now();
            let status = status(&mut control, sync).await?;
            let status_took = asked.elapsed();
            if let Some(status) = status.clone().filter(in_sync) {
                let last = status.last_outcome_at_micros;
                let at = last.map_or_else(|| Ok(Timestamp::now()), Timestamp::from_microsecond)?;
                reached.push(Reached {
                    at,
                    status,
                    status_took,
                });
                break;
            }
            anyhow::ensure!(
                began.elapsed() < within,
                "{sync} is not in sync within {within:?}; files are in {}: {status:?}",
                stage.folder().display()
            );
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(reached)
}

/// Waits until each feed has finished a round that began after the last outcome.
pub(crate) async fn until_read_after_last_outcome(
    stage: &mut Stage,
    sync: &str,
    within: Duration,
) -> anyhow::Result<()> {
    let mut control = stage.system.control().await?;
    let began = Instant::now();
    loop {
        stage.system.check()?;
        let status = status(&mut control, sync).await?.unwrap_or_default();
        let last = status.last_outcome_at_micros.unwrap_or_default();
        let read = [&status.left, &status.right].into_iter().all(|feed| {
            let feed = feed.as_ref();
            feed.and_then(|feed| feed.round_began_at_micros)
                .is_some_and(|at| at > last)
        });
        if read && in_sync(&status) {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < within,
            "{sync} is not read again within {within:?}: {status:?}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// The last of the moments.
pub(crate) fn last(reached: &[Reached]) -> anyhow::Result<Timestamp> {
    let moments = reached.iter().map(|reached| reached.at);
    moments.max().context("no sync was waited for")
}
