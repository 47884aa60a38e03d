//! What is measured.

pub(crate) mod burst;
pub(crate) mod events;
pub(crate) mod first_sync;
pub(crate) mod growth;
pub(crate) mod latency;
pub(crate) mod steady;

use std::path::PathBuf;

use crate::{
    report::Report,
    stage::{Quotas, Stage},
};

/// A count as a number to divide.
#[allow(
    clippy::cast_precision_loss,
    reason = "nothing here is counted beyond 2^52"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// A run of one scenario or of all.
pub(crate) struct Run {
    /// What was measured so far.
    pub(crate) report: Report,
    /// Where data lies meanwhile.
    pub(crate) folder: PathBuf,
    /// Small sizes.
    pub(crate) quick: bool,
    /// Whether data and logs stay.
    pub(crate) keep: bool,
}

impl Run {
    /// Starts everything, and notes how it is configured.
    pub(crate) async fn stage(&mut self, quotas: Quotas) -> anyhow::Result<Stage> {
        let stage = Stage::start(&self.folder, quotas, self.keep).await?;
        let changed: Vec<String> = stage
            .changed
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let services = if changed.is_empty() {
            "shipped".to_owned()
        } else {
            format!(
                "shipped, but for accounts without quotas: {}",
                changed.join(" ")
            )
        };
        let configuration = &mut self.report.configuration;
        configuration.insert(format!("services ({quotas:?} quotas)"), services);
        configuration.insert(
            "NATS".to_owned(),
            "JetStream on disk, as in deploy/nats/nats.conf".to_owned(),
        );
        configuration.insert(
            "PostgreSQL".to_owned(),
            "defaults: fsync, synchronous_commit and full_page_writes on".to_owned(),
        );
        configuration.insert("sandbox".to_owned(), "kind: no lag, no delay".to_owned());
        Ok(stage)
    }
}
