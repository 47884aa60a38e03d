//! Calls to control, on behalf of one tenant.

use std::time::Duration;

use proto::control::{
    ApplyRequest, ApplyResponse, BeginConnectionRequest, BeginConnectionResponse,
    DeleteSyncRequest, DeleteSyncResponse, FinishConnectionRequest, FinishConnectionResponse,
    ListConnectionsRequest, ListConnectionsResponse, ListSyncsRequest, ListSyncsResponse,
    SetSyncStateRequest, SetSyncStateResponse, control_client::ControlClient,
};
use proto::reconcile::{
    EventsRequest, EventsResponse, HistoryRequest, HistoryResponse, PreviewRequest,
    PreviewResponse, RecordsRequest, RecordsResponse, RecoverRequest, RecoverResponse,
    RestoreRequest, RestoreResponse, ResumeRequest, ResumeResponse, RetryRequest, RetryResponse,
    RunRequest, RunResponse, StatusRequest, StatusResponse, SyncRef,
};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::{Request, Response, Status, Streaming};

use crate::{cli::ControlArgs, failure::Failure};

/// How long a call may take: applying a file asks two providers for their fields.
const DEADLINE: Duration = Duration::from_mins(2);

/// How long a recovery may take.
const RECOVERY: Duration = Duration::from_mins(30);

/// Calls control.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: ControlClient<kit::grpc::Client>,
    token: Option<SecretString>,
    url: String,
}

macro_rules! calls {
    ($($name:ident: $request:ty => $response:ty;)+) => {
        impl Caller {
            $(
                pub(crate) async fn $name(&self, message: $request) -> Result<$response, Failure> {
                    let request = self.request(message)?;
                    let answer = self.client.clone().$name(request).await;
                    answer.map(Response::into_inner).map_err(|status| self.failure(&status))
                }
            )+
        }
    };
}

calls! {
    begin_connection: BeginConnectionRequest => BeginConnectionResponse;
    finish_connection: FinishConnectionRequest => FinishConnectionResponse;
    list_connections: ListConnectionsRequest => ListConnectionsResponse;
    apply: ApplyRequest => ApplyResponse;
    list_syncs: ListSyncsRequest => ListSyncsResponse;
    set_sync_state: SetSyncStateRequest => SetSyncStateResponse;
    delete_sync: DeleteSyncRequest => DeleteSyncResponse;
    status: StatusRequest => StatusResponse;
    records: RecordsRequest => RecordsResponse;
    history: HistoryRequest => HistoryResponse;
    restore: RestoreRequest => RestoreResponse;
    retry: RetryRequest => RetryResponse;
    resume: ResumeRequest => ResumeResponse;
    run: RunRequest => RunResponse;
    preview: PreviewRequest => PreviewResponse;
    recover: RecoverRequest => RecoverResponse;
    events: EventsRequest => Streaming<EventsResponse>;
}

impl Caller {
    /// A caller of the control at this address.
    pub(crate) fn new(args: &ControlArgs) -> Result<Self, Failure> {
        Self::with_deadline(args, DEADLINE)
    }

    /// One that waits for a recovery, which has every link of the installation compared anew.
    pub(crate) fn patient(args: &ControlArgs) -> Result<Self, Failure> {
        Self::with_deadline(args, RECOVERY)
    }

    fn with_deadline(args: &ControlArgs, deadline: Duration) -> Result<Self, Failure> {
        let client = kit::grpc::client_with_deadline(&args.url, deadline)
            .map_err(|error| Failure::Wrong(error.to_string()))?;
        Ok(Self {
            client: ControlClient::new(client),
            token: args.token.clone(),
            url: args.url.clone(),
        })
    }

    fn request<T>(&self, message: T) -> Result<Request<T>, Failure> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            let value = format!("Bearer {}", token.expose_secret()).parse();
            let value = value.map_err(|_| {
                Failure::Wrong("the token has characters that no token has".to_owned())
            })?;
            request.metadata_mut().insert("authorization", value);
        }
        Ok(request)
    }

    /// What control answered instead of a result.
    pub(crate) fn failure(&self, status: &Status) -> Failure {
        Failure::from_control(&self.url, status)
    }
}

/// A sync by its name or id; control knows the tenant.
pub(crate) fn named(sync: &str) -> SyncRef {
    SyncRef {
        tenant: String::new(),
        sync: sync.to_owned(),
    }
}
