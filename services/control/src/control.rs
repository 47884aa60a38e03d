//! What every request works with.

use std::time::Duration;

use bus::Bus;
use proto::reconcile::{recovery_client::RecoveryClient, syncs_client::SyncsClient};
use sqlx::PgPool;

use crate::{
    access::Gates,
    authorise::Tokens,
    connectors::Connectors,
    ids::{SyncId, TenantId},
    keys::KeyRing,
};

/// The parts of the running service.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) db: PgPool,
    pub(crate) keys: KeyRing,
    pub(crate) tokens: Tokens,
    pub(crate) connectors: Connectors,
    pub(crate) reconciler: SyncsClient<kit::grpc::Client>,
    pub(crate) recovery: RecoveryClient<kit::grpc::Client>,
    pub(crate) bus: Bus,
    pub(crate) tasks: kit::Tasks,
    /// Whether frequencies other than those that people choose from are allowed.
    pub(crate) any_frequency: bool,
    /// How often it is looked at what the accounts of syncs may do.
    pub(crate) rights_period: Duration,
    pub(crate) gates: Gates,
}

impl Control {
    /// Tells the other services that a sync changed. A hint: they also look from time to time.
    pub(crate) async fn announce(&self, tenant: &TenantId, sync: SyncId) {
        if let Err(error) = self
            .bus
            .announce_changed(tenant.as_str(), &sync.to_string())
            .await
        {
            tracing::warn!(%tenant, %sync, reason = %error, "a change could not be announced");
        }
    }
}
