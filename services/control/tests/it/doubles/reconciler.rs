//! A reconciler that answers with what it was asked about.

use std::sync::{Arc, Mutex};

use proto::reconcile::{
    EventsRequest, EventsResponse, HistoryRequest, HistoryResponse, PreviewRequest,
    PreviewResponse, RecordsRequest, RecordsResponse, RecoverRequest, RecoverResponse,
    RestoreRequest, RestoreResponse, ResumeRequest, ResumeResponse, RetryRequest, RetryResponse,
    RunRequest, RunResponse, StatusRequest, StatusResponse, SyncRef,
    recovery_server::{Recovery, RecoveryServer},
    syncs_server::{Syncs, SyncsServer},
};
use tokio_stream::Iter;
use tonic::{Request, Response, Status, service::Routes};

/// What a test can see and change.
#[derive(Debug, Default)]
pub(crate) struct Reconciler {
    phase: Mutex<String>,
    asked: Mutex<Vec<SyncRef>>,
    behind: Mutex<bool>,
}

/// Starts a reconciler; the URL is where it answers.
pub(crate) async fn start() -> (Arc<Reconciler>, String) {
    let reconciler = Arc::new(Reconciler::default());
    reconciler.set_phase("live");
    let double = Double(Arc::clone(&reconciler));
    let recovery = RecoveryServer::new(Double(Arc::clone(&reconciler)));
    let routes = Routes::new(SyncsServer::new(double)).add_service(recovery);
    let address = super::serve(routes).await;
    (reconciler, format!("http://{address}"))
}

impl Reconciler {
    pub(crate) fn set_phase(&self, phase: &str) {
        phase.clone_into(&mut self.phase.lock().unwrap());
    }

    /// Says that its database went back, or that it did not.
    pub(crate) fn set_behind(&self, behind: bool) {
        *self.behind.lock().unwrap() = behind;
    }

    /// The sync of the last question.
    pub(crate) fn last_asked(&self) -> Option<SyncRef> {
        self.asked.lock().unwrap().last().cloned()
    }

    /// The sync of the last question, which is then forgotten.
    pub(crate) fn take_asked(&self) -> Option<SyncRef> {
        self.asked.lock().unwrap().drain(..).next_back()
    }

    fn note(&self, sync: Option<SyncRef>) {
        self.asked.lock().unwrap().push(sync.unwrap());
    }
}

struct Double(Arc<Reconciler>);

#[tonic::async_trait]
impl Recovery for Double {
    async fn recover(
        &self,
        request: Request<RecoverRequest>,
    ) -> Result<Response<RecoverResponse>, Status> {
        let asked = request.into_inner();
        let behind = *self.0.behind.lock().unwrap();
        let recovered = asked.confirmed && (behind || asked.anyway);
        self.0.set_behind(behind && !recovered);
        Ok(Response::new(RecoverResponse {
            behind,
            lost: if behind { 7 } else { 0 },
            syncs: 1,
            open_writes: 3,
            recovered,
        }))
    }
}

#[tonic::async_trait]
impl Syncs for Double {
    async fn status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusResponse>, Status> {
        self.0.note(request.into_inner().sync);
        let phase = self.0.phase.lock().unwrap().clone();
        Ok(Response::new(StatusResponse {
            phase,
            ..StatusResponse::default()
        }))
    }

    type EventsStream = Iter<std::vec::IntoIter<Result<EventsResponse, Status>>>;

    async fn events(
        &self,
        request: Request<EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        self.0.note(request.into_inner().sync);
        let event = EventsResponse {
            event_json: "{}".to_owned(),
            id: "1".to_owned(),
        };
        Ok(Response::new(tokio_stream::iter(vec![Ok(event)])))
    }

    async fn records(
        &self,
        request: Request<RecordsRequest>,
    ) -> Result<Response<RecordsResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(RecordsResponse::default()))
    }

    async fn history(
        &self,
        request: Request<HistoryRequest>,
    ) -> Result<Response<HistoryResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(HistoryResponse::default()))
    }

    async fn restore(
        &self,
        request: Request<RestoreRequest>,
    ) -> Result<Response<RestoreResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(RestoreResponse::default()))
    }

    async fn retry(
        &self,
        request: Request<RetryRequest>,
    ) -> Result<Response<RetryResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(RetryResponse::default()))
    }

    async fn resume(
        &self,
        request: Request<ResumeRequest>,
    ) -> Result<Response<ResumeResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(ResumeResponse::default()))
    }

    async fn run(&self, request: Request<RunRequest>) -> Result<Response<RunResponse>, Status> {
        self.0.note(request.into_inner().sync);
        Ok(Response::new(RunResponse::default()))
    }

    async fn preview(
        &self,
        request: Request<PreviewRequest>,
    ) -> Result<Response<PreviewResponse>, Status> {
        self.0.note(request.into_inner().sync);
        let counts = [
            ("create_left", 3),
            ("create_right", 40),
            ("merge", 70),
            ("conflict", 2),
        ];
        Ok(Response::new(PreviewResponse {
            complete: true,
            counts: counts.map(|(name, count)| (name.to_owned(), count)).into(),
        }))
    }
}
