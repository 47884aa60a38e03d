//! Claims, for writers.

use std::sync::Arc;

use jiff::SignedDuration;
use proto::reconcile::{ClaimRequest, ClaimResponse, claims_server::Claims};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::failed;
use crate::{
    error::EngineError,
    store::{outbox, write},
    tide::Tide,
};

/// A claimed write is not taken for lost before any call to a provider must have ended.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The claims of writes.
#[derive(Debug, Clone)]
pub struct ClaimService {
    /// The store.
    pub pool: PgPool,
    /// Tells whether the store went back.
    pub tide: Arc<Tide>,
}

impl ClaimService {
    /// Claims, and tells the outside that something may be done now.
    async fn started(
        &self,
        mut connection: PoolConnection<Postgres>,
        tenant: &str,
        ids: &[Uuid],
    ) -> Result<Vec<Uuid>, EngineError> {
        loop {
            let step = self.tide.step()?;
            let claimed = write::claim(&mut connection, tenant, ids, &step).await?;
            drop(connection);
            let Some(claimed) = claimed else {
                self.tide.refused().await?;
                connection = self.pool.acquire().await?;
                continue;
            };
            if let Some(height) = claimed.height
                && let Err(error) = self.tide.reached(&step, height).await
            {
                // Nobody was told of the claim, so that nothing was made: it waits for its turn again.
                let mut connection = self.pool.acquire().await?;
                write::unclaim(&mut connection, &claimed.started).await?;
                return Err(error);
            }
            return Ok(claimed.started);
        }
    }
}

#[tonic::async_trait]
impl Claims for ClaimService {
    #[tracing::instrument(skip_all, err(level = "debug"))]
    async fn claim(
        &self,
        request: Request<ClaimRequest>,
    ) -> Result<Response<ClaimResponse>, Status> {
        let request = request.into_inner();
        let ids = outbox::parse_ids(&request.writes);
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let unanswered = write::lost(&mut connection, &request.tenant, &ids, LOST_AFTER)
            .await
            .map_err(failed)?;
        let started = self
            .started(connection, &request.tenant, &ids)
            .await
            .map_err(failed)?;
        if !started.is_empty() {
            kit::point("reconciler.claimed");
        }
        let names = |ids: Vec<Uuid>| ids.iter().map(ToString::to_string).collect();
        Ok(Response::new(ClaimResponse {
            started: names(started),
            unanswered: names(unanswered),
        }))
    }
}
