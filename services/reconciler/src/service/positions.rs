//! Where feeds stand, for connectors.

use model::Side;
use proto::reconcile::{
    AppliedRequest, AppliedResponse, BeginRequest, BeginResponse, Feed, positions_server::Positions,
};
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use super::{failed, unknown_sync};
use crate::{
    intake,
    store::{
        SyncKey, feed,
        sync::{self, Hold, Phase},
    },
};

/// The positions of feeds.
#[derive(Debug, Clone)]
pub struct PositionService {
    /// The store.
    pub pool: PgPool,
}

fn place(feed: Option<Feed>) -> Result<(SyncKey, Side), Status> {
    let feed = feed.ok_or_else(|| Status::invalid_argument("say which feed is meant"))?;
    let side = Side::try_from(feed.side())
        .map_err(|_| Status::invalid_argument("say which side is meant"))?;
    Ok((SyncKey::new(feed.tenant, feed.sync), side))
}

#[tonic::async_trait]
impl Positions for PositionService {
    #[tracing::instrument(skip_all, err(level = "debug"))]
    async fn begin(
        &self,
        request: Request<BeginRequest>,
    ) -> Result<Response<BeginResponse>, Status> {
        let request = request.into_inner();
        let (key, side) = place(request.feed)?;
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let mut row = sync::lock(&mut transaction, &key)
            .await
            .map_err(failed)?
            .ok_or_else(unknown_sync)?;
        let wanted = matches!(row.phase, Phase::Baseline | Phase::Live)
            && !matches!(row.held, Some(Hold::Paused | Hold::Collection));
        let generation = u64::try_from(row.generation).unwrap_or_default();
        if !wanted || generation != request.generation {
            return Ok(Response::new(BeginResponse {
                generation,
                wanted,
                ..BeginResponse::default()
            }));
        }
        if side == Side::Left {
            intake::begin_due_run(&mut transaction, &mut row, false)
                .await
                .map_err(failed)?;
        }
        let feed = feed::begin(&mut transaction, &key, side)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Response::new(BeginResponse {
            epoch: u64::try_from(feed.begun_epoch).unwrap_or_default(),
            snapshot: feed.cursor.is_empty(),
            cursor: feed.cursor,
            generation,
            wanted,
        }))
    }

    async fn applied(
        &self,
        request: Request<AppliedRequest>,
    ) -> Result<Response<AppliedResponse>, Status> {
        let (key, side) = place(request.into_inner().feed)?;
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let feed = feed::load(&mut connection, &key, side)
            .await
            .map_err(failed)?;
        Ok(Response::new(AppliedResponse {
            epoch: u64::try_from(feed.epoch).unwrap_or_default(),
            number: u64::try_from(feed.number).unwrap_or_default(),
            begun_epoch: u64::try_from(feed.begun_epoch).unwrap_or_default(),
        }))
    }
}
