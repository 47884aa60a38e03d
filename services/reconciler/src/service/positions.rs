//! Where feeds stand, for connectors.

use std::{sync::Arc, time::Duration};

use model::Side;
use proto::reconcile::{
    AppliedRequest, AppliedResponse, BeginRequest, BeginResponse, Feed, positions_server::Positions,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{failed, unknown_sync};
use crate::{
    applied::Applied,
    intake,
    store::{
        SyncKey, feed,
        sync::{self, Hold, Phase},
    },
};

/// No request waits longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How soon it is looked whether another process has applied what is awaited.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_millis(400);

/// The positions of feeds.
#[derive(Debug, Clone)]
pub struct PositionService {
    /// The store.
    pub pool: PgPool,
    /// Tells when a batch is applied.
    pub applied: Arc<Applied>,
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
            // A sweep wants everything to be read as well.
            snapshot: feed.cursor.is_empty()
                || row
                    .sweep_began_at
                    .is_some_and(|began| feed.whole_at < Some(began)),
            cursor: feed.cursor,
            generation,
            wanted,
        }))
    }

    async fn applied(
        &self,
        request: Request<AppliedRequest>,
    ) -> Result<Response<AppliedResponse>, Status> {
        let request = request.into_inner();
        let (key, side) = place(request.feed)?;
        let wait = Duration::from_millis(request.wait_milliseconds.into()).min(LONGEST_WAIT);
        let deadline = Instant::now() + wait;
        let place = self.applied.place(&key);
        let mut look = FIRST_LOOK;
        loop {
            let told = place.told();
            let feed = {
                let mut connection = self.pool.acquire().await.map_err(failed)?;
                feed::load(&mut connection, &key, side)
                    .await
                    .map_err(failed)?
            };
            let answer = AppliedResponse {
                epoch: u64::try_from(feed.epoch).unwrap_or_default(),
                number: u64::try_from(feed.number).unwrap_or_default(),
                begun_epoch: u64::try_from(feed.begun_epoch).unwrap_or_default(),
            };
            let reached = answer.begun_epoch > request.epoch
                || answer.epoch == request.epoch && answer.number >= request.number;
            if reached || Instant::now() >= deadline {
                return Ok(Response::new(answer));
            }
            let pause = look.min(deadline.saturating_duration_since(Instant::now()));
            let _told_or_not = tokio::time::timeout(pause, told).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
    }
}
