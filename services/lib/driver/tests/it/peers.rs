//! Control and the reconciler, as far as connectors and writers talk to them, over real sockets.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use bus::Bus;
use jiff::Timestamp;
use opentelemetry::trace::TraceContextExt as _;
use proto::{
    change::{ChangeBatch, CollectionState},
    control::{self, SyncDefinition, definitions_server},
    reconcile::{self, claims_server, positions_server},
    write::Outcome,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// What control asks of services.
pub(crate) const SERVICE_TOKEN: &str = "the token of these services";

/// Control, with what tests change and look at.
#[derive(Clone, Default)]
pub(crate) struct Control(Arc<Mutex<ControlState>>);

#[derive(Default)]
pub(crate) struct ControlState {
    pub(crate) syncs: Vec<SyncDefinition>,
    /// The account that each connection belongs to, if it is not the one that its syncs were made for.
    pub(crate) accounts: HashMap<String, String>,
    /// Connections whose grant is gone.
    pub(crate) revoked: BTreeSet<String>,
    /// Tokens given out so far: the newest of each connection is `<connection>-<number>`.
    pub(crate) tokens: HashMap<String, u32>,
    pub(crate) reports: Vec<(String, String)>,
}

impl Control {
    pub(crate) fn state(&self) -> MutexGuard<'_, ControlState> {
        self.0.lock().unwrap()
    }
}

#[tonic::async_trait]
impl definitions_server::Definitions for Control {
    async fn syncs(
        &self,
        request: Request<control::SyncsRequest>,
    ) -> Result<Response<control::SyncsResponse>, Status> {
        let asked = request.into_inner();
        let takes_part = |definition: &&SyncDefinition| {
            let sides = [&definition.left, &definition.right];
            let provider = sides
                .into_iter()
                .flatten()
                .any(|side| side.provider == asked.provider);
            provider && (asked.sync.is_empty() || definition.sync == asked.sync)
        };
        let syncs = self
            .state()
            .syncs
            .iter()
            .filter(takes_part)
            .cloned()
            .collect();
        Ok(Response::new(control::SyncsResponse { syncs }))
    }

    async fn access_token(
        &self,
        request: Request<control::AccessTokenRequest>,
    ) -> Result<Response<control::AccessTokenResponse>, Status> {
        let asked = request.into_inner();
        let mut state = self.state();
        if state.revoked.contains(&asked.connection) {
            return Err(Status::unauthenticated("sign in again"));
        }
        let number = *state.tokens.entry(asked.connection.clone()).or_insert(1);
        let mut token = format!("{}-{number}", asked.connection);
        if token == asked.refused_token {
            state.tokens.insert(asked.connection.clone(), number + 1);
            token = format!("{}-{}", asked.connection, number + 1);
        }
        let account = state.accounts.get(&asked.connection);
        let account_id = account
            .unwrap_or(&format!("account-{}", asked.connection))
            .clone();
        let in_an_hour = Timestamp::now() + jiff::SignedDuration::from_hours(1);
        Ok(Response::new(control::AccessTokenResponse {
            access_token: token,
            api_base: String::new(),
            expires_at_micros: in_an_hour.as_microsecond(),
            account_id,
        }))
    }

    async fn report_unauthorised(
        &self,
        request: Request<control::ReportUnauthorisedRequest>,
    ) -> Result<Response<control::ReportUnauthorisedResponse>, Status> {
        let report = request.into_inner();
        self.state()
            .reports
            .push((report.connection, report.reason));
        Ok(Response::new(control::ReportUnauthorisedResponse {}))
    }
}

/// What the reconciler does with batches of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intake {
    /// Applies them by R-01.
    #[default]
    Applies,
    /// Leaves them where they are.
    Waits,
    /// Loses them, as if the stream's disk had vanished.
    Loses,
}

/// The position of a feed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub(crate) begun: u64,
    pub(crate) epoch: u64,
    pub(crate) number: u64,
    pub(crate) cursor: String,
    pub(crate) rounds_ended: u32,
}

/// The reconciler, with what tests change and look at.
#[derive(Clone, Default)]
pub(crate) struct Reconciler(Arc<Mutex<ReconcilerState>>);

#[derive(Default)]
pub(crate) struct ReconcilerState {
    pub(crate) intake: Intake,
    /// Feeds that may not be read now, by sync.
    pub(crate) unwanted: BTreeSet<String>,
    /// The generation that it holds, where it is not that of the connector.
    pub(crate) generation: Option<u64>,
    pub(crate) positions: BTreeMap<String, Position>,
    /// What was applied, in order.
    pub(crate) applied: Vec<ChangeBatch>,
    /// Writes that may be claimed; a claim takes them out.
    pub(crate) queued: BTreeSet<String>,
    /// Writes that were started before without an answer.
    pub(crate) lost: BTreeSet<String>,
    pub(crate) claims: Vec<Vec<String>>,
    pub(crate) outcomes: Vec<Outcome>,
    /// The traces that batches of changes, and of outcomes, came with.
    pub(crate) traces: Vec<(&'static str, String)>,
}

impl Reconciler {
    pub(crate) fn state(&self) -> MutexGuard<'_, ReconcilerState> {
        self.0.lock().unwrap()
    }

    /// The batches of a sync that were applied.
    pub(crate) fn applied(&self, sync: &str) -> Vec<ChangeBatch> {
        self.state()
            .applied
            .iter()
            .filter(|batch| batch.sync == sync)
            .cloned()
            .collect()
    }

    pub(crate) fn position(&self, sync: &str) -> Position {
        self.state()
            .positions
            .get(sync)
            .cloned()
            .unwrap_or_default()
    }

    /// The outcome of a write, once it has come.
    pub(crate) fn outcome(&self, write: &str) -> Option<Outcome> {
        self.state()
            .outcomes
            .iter()
            .rfind(|outcome| outcome.write == write)
            .cloned()
    }

    /// Takes batches and outcomes off the bus, as the reconciler does.
    pub(crate) async fn consume(&self, bus: Bus) {
        let mut changes = bus.changes().unwrap();
        let mut outcomes = bus.outcomes().unwrap();
        loop {
            tokio::select! {
                Some(delivery) = changes.next() => {
                    self.state().traces.push(("changes", trace(delivery.span())));
                    while self.state().intake == Intake::Waits {
                        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    }
                    if self.state().intake == Intake::Applies {
                        self.apply(&delivery.message);
                    }
                    delivery.ack().await.unwrap();
                }
                Some(delivery) = outcomes.next() => {
                    self.state().traces.push(("outcomes", trace(delivery.span())));
                    self.state().outcomes.extend(delivery.message.outcomes.clone());
                    delivery.ack().await.unwrap();
                }
            }
        }
    }

    fn apply(&self, batch: &ChangeBatch) {
        let mut state = self.state();
        let state = &mut *state;
        let position = state.positions.entry(batch.sync.clone()).or_default();
        let next = if batch.epoch == position.epoch {
            position.number + 1
        } else {
            1
        };
        if batch.epoch < position.epoch || batch.number != next {
            return;
        }
        state.applied.push(batch.clone());
        if batch.collection() != CollectionState::Present {
            state.unwanted.insert(batch.sync.clone());
            return;
        }
        (position.epoch, position.number) = (batch.epoch, batch.number);
        position.cursor.clone_from(&batch.cursor_after);
        position.rounds_ended += u32::from(batch.round_end);
    }
}

#[tonic::async_trait]
impl positions_server::Positions for Reconciler {
    async fn begin(
        &self,
        request: Request<reconcile::BeginRequest>,
    ) -> Result<Response<reconcile::BeginResponse>, Status> {
        let request = request.into_inner();
        let feed = request.feed.unwrap();
        let mut state = self.state();
        let wanted = !state.unwanted.contains(&feed.sync);
        let generation = state.generation.unwrap_or(request.generation);
        let position = state.positions.entry(feed.sync).or_default();
        if wanted && generation == request.generation {
            position.begun += 1;
        }
        Ok(Response::new(reconcile::BeginResponse {
            epoch: position.begun,
            cursor: position.cursor.clone(),
            snapshot: position.cursor.is_empty(),
            generation,
            wanted,
        }))
    }

    async fn applied(
        &self,
        request: Request<reconcile::AppliedRequest>,
    ) -> Result<Response<reconcile::AppliedResponse>, Status> {
        let position = self.position(&request.into_inner().feed.unwrap().sync);
        Ok(Response::new(reconcile::AppliedResponse {
            epoch: position.epoch,
            number: position.number,
            begun_epoch: position.begun,
        }))
    }
}

#[tonic::async_trait]
impl claims_server::Claims for Reconciler {
    async fn claim(
        &self,
        request: Request<reconcile::ClaimRequest>,
    ) -> Result<Response<reconcile::ClaimResponse>, Status> {
        let asked = request.into_inner().writes;
        let mut state = self.state();
        state.claims.push(asked.clone());
        let (started, rest): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .partition(|write| state.queued.remove(write));
        let unanswered = rest
            .into_iter()
            .filter(|write| state.lost.remove(write))
            .collect();
        Ok(Response::new(reconcile::ClaimResponse {
            started,
            unanswered,
        }))
    }
}

/// Serves both; answers with their addresses.
pub(crate) async fn serve(control: &Control, reconciler: &Reconciler) -> (String, String) {
    let control = control.clone();
    let definitions = definitions_server::DefinitionsServer::with_interceptor(control, is_service);
    let control = listen(Server::builder().add_service(definitions)).await;
    let positions = positions_server::PositionsServer::new(reconciler.clone());
    let claims = claims_server::ClaimsServer::new(reconciler.clone());
    let reconciler = listen(Server::builder().add_service(positions).add_service(claims)).await;
    (url(control), url(reconciler))
}

/// Control answers nobody but services.
fn is_service(request: Request<()>) -> Result<Request<()>, Status> {
    let expected = format!("Bearer {SERVICE_TOKEN}");
    match request.metadata().get("authorization") {
        Some(token) if token == expected.as_str() => Ok(request),
        _ => Err(Status::unauthenticated("only services are answered")),
    }
}

async fn listen(router: tonic::transport::server::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// The trace that a span belongs to, as 32 hexadecimal digits.
fn trace(span: &tracing::Span) -> String {
    span.context().span().span_context().trace_id().to_string()
}
