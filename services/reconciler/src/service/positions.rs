//! Where feeds stand, for connectors.

use std::{sync::Arc, time::Duration};

use model::Side;
use proto::reconcile::{
    AppliedRequest, AppliedResponse, BeginRequest, BeginResponse, Feed, positions_server::Positions,
};
use sqlx::PgPool;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::failed;
use crate::{
    applied::Applied,
    error::EngineError,
    intake,
    store::{
        StoreError, SyncKey, feed, recovery,
        sync::{self, Hold, Phase},
        tide::{self, Step},
    },
    tide::Tide,
};

/// No request waits longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How soon it is looked whether another process has applied what is awaited.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_millis(400);
/// A definition that the connector has heard of is awaited for so long: both were told at the same time.
const DEFINITION: Duration = Duration::from_secs(1);
const DEFINITION_LOOK: Duration = Duration::from_millis(20);

/// The positions of feeds.
#[derive(Debug, Clone)]
pub struct PositionService {
    /// The store.
    pub pool: PgPool,
    /// Tells when a batch is applied.
    pub applied: Arc<Applied>,
    /// Tells whether the store went back.
    pub tide: Arc<Tide>,
}

fn place(feed: Option<Feed>) -> Result<(SyncKey, Side), Status> {
    let feed = feed.ok_or_else(|| Status::invalid_argument("say which feed is meant"))?;
    let side = Side::try_from(feed.side())
        .map_err(|_| Status::invalid_argument("say which side is meant"))?;
    Ok((SyncKey::new(feed.tenant, feed.sync), side))
}

/// What became of a round that was to begin.
enum Begun {
    /// The feed is not to be read now.
    Unwanted(BeginResponse),
    /// An epoch was given, by raising a gauge to this height.
    Given(BeginResponse, i64),
    /// The sync, or this generation of it, is not known yet.
    Early(Result<BeginResponse, EngineError>),
    /// This may be an older database.
    Refused,
}

async fn begin(
    pool: &PgPool,
    key: &SyncKey,
    side: Side,
    generation_read: u64,
    step: &Step,
) -> Result<Begun, EngineError> {
    let mut transaction = pool.begin().await?;
    let Some(mut row) = sync::lock(&mut transaction, key).await? else {
        return Ok(Begun::Early(Err(StoreError::UnknownSync.into())));
    };
    let wanted = matches!(row.phase, Phase::Baseline | Phase::Live)
        && !matches!(row.held, Some(Hold::Paused | Hold::Collection))
        && !recovery::too_early(&mut transaction, key).await?;
    let generation = u64::try_from(row.generation).unwrap_or_default();
    let answer = BeginResponse {
        generation,
        wanted,
        ..BeginResponse::default()
    };
    if generation < generation_read {
        return Ok(Begun::Early(Ok(answer)));
    }
    if !wanted || generation != generation_read {
        return Ok(Begun::Unwanted(answer));
    }
    if side == Side::Left {
        intake::begin_due_run(&mut transaction, &mut row, false).await?;
    }
    let feed = feed::begin(&mut transaction, key, side).await?;
    // Last, since others wait for the gauge.
    let Some(height) = tide::raise(&mut transaction, step).await? else {
        return Ok(Begun::Refused);
    };
    transaction.commit().await?;
    let answer = BeginResponse {
        epoch: u64::try_from(feed.begun_epoch).unwrap_or_default(),
        // A sweep wants everything to be read as well.
        snapshot: feed.cursor.is_empty()
            || row
                .sweep_began_at
                .is_some_and(|began| feed.whole_at < Some(began)),
        cursor: feed.cursor,
        generation,
        wanted,
    };
    Ok(Begun::Given(answer, height))
}

#[tonic::async_trait]
impl Positions for PositionService {
    #[tracing::instrument(skip_all, err(level = "debug"))]
    async fn begin(
        &self,
        request: Request<BeginRequest>,
    ) -> Result<Response<BeginResponse>, Status> {
        let BeginRequest { feed, generation } = request.into_inner();
        let (key, side) = place(feed)?;
        let deadline = Instant::now() + DEFINITION;
        let mut look = DEFINITION_LOOK;
        loop {
            let step = self.tide.step().map_err(failed)?;
            let begun = begin(&self.pool, &key, side, generation, &step);
            match begun.await.map_err(failed)? {
                Begun::Unwanted(answer) => return Ok(Response::new(answer)),
                Begun::Given(answer, height) => {
                    self.tide.reached(&step, height).await.map_err(failed)?;
                    return Ok(Response::new(answer));
                }
                Begun::Early(answer) if Instant::now() >= deadline => {
                    return answer.map(Response::new).map_err(failed);
                }
                Begun::Early(_) => {
                    tokio::time::sleep(look).await;
                    look *= 2;
                }
                Begun::Refused => self.tide.refused().await.map_err(failed)?,
            }
        }
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
