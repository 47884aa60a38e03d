//! What the administrators of the installation ask for when the database went back.

use std::sync::Arc;

use proto::reconcile::{RecoverRequest, RecoverResponse, recovery_server::Recovery};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::failed;
use crate::{
    recover::{self, Extent},
    tide::Tide,
    wake::Wake,
};

/// Recoveries.
#[derive(Debug, Clone)]
pub struct RecoveryService {
    /// The store.
    pub pool: PgPool,
    /// Tells whether the store went back.
    pub tide: Arc<Tide>,
    /// Wakes the engine.
    pub wake: Arc<Wake>,
}

#[tonic::async_trait]
impl Recovery for RecoveryService {
    #[tracing::instrument(skip_all, err(level = "debug"))]
    async fn recover(
        &self,
        request: Request<RecoverRequest>,
    ) -> Result<Response<RecoverResponse>, Status> {
        let RecoverRequest { confirmed, anyway } = request.into_inner();
        let (pool, tide) = (&self.pool, &*self.tide);
        let mut extent = recover::extent(pool, tide).await.map_err(failed)?;
        let recovers = confirmed && (extent.behind || anyway);
        if recovers {
            extent = recover::recover(pool, tide).await.map_err(failed)?;
            self.wake.outbox();
        }
        let Extent {
            behind,
            lost,
            syncs,
            open_writes,
        } = extent;
        Ok(Response::new(RecoverResponse {
            behind,
            lost,
            syncs,
            open_writes,
            recovered: recovers,
        }))
    }
}
