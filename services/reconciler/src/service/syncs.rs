//! What people and other systems ask of a sync.

use std::{collections::HashMap, pin::Pin, sync::Arc};

use futures_util::Stream;
use proto::reconcile::{
    Counts, EventsRequest, EventsResponse, FeedStatus, HistoryEntry, HistoryRequest,
    HistoryResponse, Notified, PreviewRequest, PreviewResponse, RecordsRequest, RecordsResponse,
    RestoreRequest, RestoreResponse, ResumeRequest, ResumeResponse, RetryRequest, RetryResponse,
    RunRequest, RunResponse, StateReason, StatusRequest, StatusResponse, SweepStatus, SyncRecord,
    syncs_server::Syncs,
};
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{events, failed, key, micros, restore, unknown_sync};
use crate::{
    advance,
    error::EngineError,
    intake,
    ledger::{GUESTS_NOTIFIED, NOTIFYING_WRITES},
    plan::Planned,
    store::{
        feed, frozen, history, link,
        link::LinkState,
        recovery, status, sweep,
        sync::{self, Hold, SyncRow},
        write,
    },
    tide::{self, Tide},
    wake::Wake,
};

/// The most entries that one answer carries.
const MOST: u32 = 1_000;
/// What a sync is told about while it recovers.
const RECOVERS: &str =
    "the database went back: both sides are compared anew, and deletions wait for a person";

/// What is asked of syncs.
#[derive(Debug, Clone)]
pub struct SyncService {
    /// The store.
    pub pool: PgPool,
    /// Wakes the engine.
    pub wake: Arc<Wake>,
    /// Tells whether the store went back.
    pub tide: Arc<Tide>,
}

impl SyncService {
    /// Nothing is asked of a database that went back, but how it stands.
    fn ready(&self) -> Result<(), Status> {
        if self.tide.is_behind() {
            return Err(failed(EngineError::WentBack));
        }
        Ok(())
    }

    /// Why a sync waits, for people.
    fn reason(&self, row: &SyncRow, recovers: bool) -> String {
        if self.tide.is_behind() {
            tide::BEHIND.to_owned()
        } else if row.held_reason.is_empty() && recovers {
            RECOVERS.to_owned()
        } else {
            row.held_reason.clone()
        }
    }
}

fn limit(asked: u32) -> i64 {
    i64::from(if asked == 0 { MOST } else { asked.min(MOST) })
}

fn feed_status(feed: &feed::FeedRow) -> FeedStatus {
    FeedStatus {
        epoch: u64::try_from(feed.epoch).unwrap_or_default(),
        number: u64::try_from(feed.number).unwrap_or_default(),
        round_began_at_micros: micros(feed.round_began_at),
        round_ended_at_micros: micros(feed.round_ended_at),
        snapshot_open: !feed.complete,
        records_read: u64::try_from(feed.records_read).unwrap_or_default(),
    }
}

fn previewed(planned: &Planned) -> HashMap<String, u64> {
    HashMap::from([
        ("create_left".to_owned(), planned.created.left),
        ("create_right".to_owned(), planned.created.right),
        ("update_left".to_owned(), planned.updated.left),
        ("update_right".to_owned(), planned.updated.right),
        ("delete_left".to_owned(), planned.deleted.left),
        ("delete_right".to_owned(), planned.deleted.right),
        ("merge".to_owned(), planned.merged),
        ("conflict".to_owned(), planned.conflicts),
        ("left_out".to_owned(), planned.left_out),
        ("deferred".to_owned(), planned.deferred),
    ])
}

#[tonic::async_trait]
impl Syncs for SyncService {
    async fn status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        let key = key(request.into_inner().sync)?;
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        // One snapshot of the database, so that the counts add up.
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        let row = sync::load(&mut transaction, &key)
            .await
            .map_err(failed)?
            .ok_or_else(unknown_sync)?;
        let tally = status::tally(&mut transaction, &key)
            .await
            .map_err(failed)?;
        let left = feed::load(&mut transaction, &key, model::Side::Left)
            .await
            .map_err(failed)?;
        let right = feed::load(&mut transaction, &key, model::Side::Right)
            .await
            .map_err(failed)?;
        let (open, _) = write::open(&mut transaction, &key).await.map_err(failed)?;
        let conflicts = history::conflicts(&mut transaction, &key)
            .await
            .map_err(failed)?;
        let recovers = recovery::of(&mut transaction, &key)
            .await
            .map_err(failed)?
            .is_some();
        let sweep = sweep::load(&mut transaction, &key).await.map_err(failed)?;
        let phase = match row.held {
            _ if self.tide.is_behind() => "paused",
            Some(_) => "paused",
            None => row.phase.word(),
        };
        let total = |name: &str| row.totals.get(name).copied().unwrap_or_default();
        Ok(Response::new(StatusResponse {
            phase: phase.to_owned(),
            reason: self.reason(&row, recovers),
            run: u64::try_from(row.run).unwrap_or_default(),
            counts: Some(Counts {
                in_scope: tally.total(),
                in_sync: tally.state("in sync"),
                pending: tally.state("pending"),
                deferred: tally.state("deferred"),
                excluded: tally.state("excluded"),
                set_aside: tally.state("set aside"),
                left_records: tally.records[0],
                right_records: tally.records[1],
                left_in_scope: tally.in_scope[0],
                right_in_scope: tally.in_scope[1],
                linked: tally.linked,
            }),
            left: Some(feed_status(&left)),
            right: Some(feed_status(&right)),
            notified: Some(Notified {
                writes: total(NOTIFYING_WRITES),
                guests: total(GUESTS_NOTIFIED),
            }),
            totals: row.totals.into_iter().collect(),
            reasons: tally
                .reasons
                .iter()
                .map(|((state, reason), count)| StateReason {
                    state: state.clone(),
                    reason: reason.clone(),
                    count: *count,
                })
                .collect(),
            last_run_at_micros: micros(row.last_run_at),
            last_run_result: row.last_run_result,
            open_writes: open,
            conflicts,
            last_outcome_at_micros: micros(row.last_outcome_at),
            sweep: sweep.map(|sweep| SweepStatus {
                began_at_micros: sweep.began_at.as_microsecond(),
                ended_at_micros: micros(sweep.ended_at),
                compared: sweep.compared,
                differing: sweep.differing,
                unexplained: sweep.unexplained,
            }),
        }))
    }

    async fn records(
        &self,
        request: Request<RecordsRequest>,
    ) -> Result<Response<RecordsResponse>, Status> {
        let request = request.into_inner();
        let key = key(request.sync)?;
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let state = (!request.state.is_empty()).then_some(request.state.as_str());
        let records = status::list(
            &mut connection,
            &key,
            state,
            &request.after,
            limit(request.limit),
        )
        .await
        .map_err(failed)?
        .into_iter()
        .map(|listed| SyncRecord {
            link: listed.link,
            left_id: listed.left_id,
            right_id: listed.right_id,
            state: listed.state,
            reason: listed.reason,
        })
        .collect();
        Ok(Response::new(RecordsResponse { records }))
    }

    async fn history(
        &self,
        request: Request<HistoryRequest>,
    ) -> Result<Response<HistoryResponse>, Status> {
        let request = request.into_inner();
        let key = key(request.sync)?;
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let filter = history::Filter {
            record: (!request.record.is_empty()).then_some(request.record.as_str()),
            run: (request.run > 0).then(|| i64::try_from(request.run).unwrap_or(i64::MAX)),
            after: Uuid::parse_str(&request.after).ok(),
            limit: limit(request.limit),
        };
        let entries = history::list(&mut connection, &key, &filter)
            .await
            .map_err(failed)?
            .into_iter()
            .map(|entry| HistoryEntry {
                id: entry.id.to_string(),
                link: entry.link.to_string(),
                side: proto::record::Side::from(entry.side).into(),
                remote_id: entry.remote_id,
                path: entry.path,
                before: entry.before.map(Into::into),
                after: entry.after.map(Into::into),
                cause: entry.cause,
                at_micros: entry.at.as_microsecond(),
                run: u64::try_from(entry.run).unwrap_or_default(),
                trace_id: entry.trace_id,
            })
            .collect();
        Ok(Response::new(HistoryResponse { entries }))
    }

    async fn restore(
        &self,
        request: Request<RestoreRequest>,
    ) -> Result<Response<RestoreResponse>, Status> {
        self.ready()?;
        let request = request.into_inner();
        let key = key(request.sync)?;
        let what = request.what.ok_or_else(|| {
            Status::invalid_argument("say what to restore: an entry, a record, a run")
        })?;
        let answer = restore::restore(&self.pool, &key, what).await?;
        self.wake.sync(&key);
        Ok(Response::new(answer))
    }

    async fn retry(
        &self,
        request: Request<RetryRequest>,
    ) -> Result<Response<RetryResponse>, Status> {
        self.ready()?;
        let request = request.into_inner();
        let key = key(request.sync)?;
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        sync::lock(&mut transaction, &key)
            .await
            .map_err(failed)?
            .ok_or_else(unknown_sync)?;
        let retried = if request.record.is_empty() {
            frozen::release_asked(&mut transaction, &key, None)
                .await
                .map_err(failed)?;
            link::touch_state(&mut transaction, &key, LinkState::SetAside)
                .await
                .map_err(failed)?
        } else {
            let mut links = link::find(&mut transaction, &key, &request.record)
                .await
                .map_err(failed)?;
            links.retain(|link| link.state == LinkState::SetAside);
            if links.is_empty() {
                return Err(Status::not_found(
                    "no set-aside record has this id; `rapport get records --state 'set aside'` lists them",
                ));
            }
            let ids: Vec<Uuid> = links.iter().map(|link| link.id).collect();
            frozen::release_asked(&mut transaction, &key, Some(&ids))
                .await
                .map_err(failed)?;
            for link in &mut links {
                link.dirty = true;
                link.state = LinkState::Pending;
                "to be planned again".clone_into(&mut link.reason);
                link.unknown_count = 0;
                link.stale_count = 0;
            }
            link::save(&mut transaction, &links).await.map_err(failed)?;
            links.len() as u64
        };
        transaction.commit().await.map_err(failed)?;
        self.wake.sync(&key);
        Ok(Response::new(RetryResponse { retried }))
    }

    async fn resume(
        &self,
        request: Request<ResumeRequest>,
    ) -> Result<Response<ResumeResponse>, Status> {
        self.ready()?;
        let request = request.into_inner();
        let answer = request.answer();
        let key = key(request.sync)?;
        let released = restore::resume(&self.pool, &key, answer).await?;
        self.wake.sync(&key);
        Ok(Response::new(ResumeResponse { released }))
    }

    async fn run(&self, request: Request<RunRequest>) -> Result<Response<RunResponse>, Status> {
        self.ready()?;
        let key = key(request.into_inner().sync)?;
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let mut row = sync::lock(&mut transaction, &key)
            .await
            .map_err(failed)?
            .ok_or_else(unknown_sync)?;
        if let Some(held) = row.held {
            return Err(Status::failed_precondition(format!(
                "the sync is held ({}): {}",
                held.word(),
                row.held_reason
            )));
        }
        intake::begin_due_run(&mut transaction, &mut row, true)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        self.wake.sync(&key);
        Ok(Response::new(RunResponse {
            run: u64::try_from(row.run).unwrap_or_default(),
        }))
    }

    async fn preview(
        &self,
        request: Request<PreviewRequest>,
    ) -> Result<Response<PreviewResponse>, Status> {
        let key = key(request.into_inner().sync)?;
        let planned = advance::preview(&self.pool, &key).await.map_err(failed)?;
        Ok(Response::new(PreviewResponse {
            complete: planned.is_some(),
            counts: planned.as_ref().map(previewed).unwrap_or_default(),
        }))
    }

    type EventsStream = Pin<Box<dyn Stream<Item = Result<EventsResponse, Status>> + Send>>;

    async fn events(
        &self,
        request: Request<EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        let request = request.into_inner();
        let key = key(request.sync.clone())?;
        Ok(Response::new(
            events::stream(self.pool.clone(), key, &request).await?,
        ))
    }
}

/// Whether a hold may be lifted by a person's answer.
pub(super) fn answerable(held: Option<Hold>) -> bool {
    matches!(held, Some(Hold::Guard | Hold::Collection | Hold::Deletion))
}
