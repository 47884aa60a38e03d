//! Claims, for writers.

use jiff::SignedDuration;
use proto::reconcile::{ClaimRequest, ClaimResponse, claims_server::Claims};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::failed;
use crate::store::{outbox, write};

/// A claimed write is not taken for lost before any call to a provider must have ended.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The claims of writes.
#[derive(Debug, Clone)]
pub struct ClaimService {
    /// The store.
    pub pool: PgPool,
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
        let started = write::claim(&mut connection, &request.tenant, &ids)
            .await
            .map_err(failed)?;
        if !started.is_empty() {
            kit::point("reconciler.claimed");
        }
        let names = |ids: Vec<uuid::Uuid>| ids.iter().map(ToString::to_string).collect();
        Ok(Response::new(ClaimResponse {
            started: names(started),
            unanswered: names(unanswered),
        }))
    }
}
