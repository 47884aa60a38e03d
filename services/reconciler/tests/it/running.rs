//! The whole reconciler as it runs: definitions over gRPC, changes, writes and outcomes over NATS.

use std::time::Duration;

use bus::{Bus, BusSettings, Deliveries};
use kit::{CancellationToken, ControlSettings, DatabaseSettings, GrpcSettings, Process, grpc};
use model::Side;
use proto::{
    control::{
        AccessTokenRequest, AccessTokenResponse, ReportUnauthorisedRequest,
        ReportUnauthorisedResponse, SyncDefinition, SyncsRequest, SyncsResponse,
        definitions_server::{Definitions, DefinitionsServer},
    },
    reconcile::{AppliedRequest, positions_server::Positions as _},
    write::{OutcomeBatch, WriteBatch},
};
use reconciler::{DEFAULT_SWEEP_SECONDS, SCHEMA, Settings};
use test_kit::{Database, Nats, eventually};
use tonic::{Request, Response, Status};

use crate::{book::Shape, world::World};

const SOON: Duration = Duration::from_secs(30);
/// For so long nothing comes before both sides are read again.
const QUIET: Duration = Duration::from_millis(400);

/// Control, as far as the reconciler asks it.
struct Control(SyncDefinition);

#[tonic::async_trait]
impl Definitions for Control {
    async fn syncs(
        &self,
        _request: Request<SyncsRequest>,
    ) -> Result<Response<SyncsResponse>, Status> {
        let syncs = vec![self.0.clone()];
        Ok(Response::new(SyncsResponse { syncs }))
    }

    async fn access_token(
        &self,
        _request: Request<AccessTokenRequest>,
    ) -> Result<Response<AccessTokenResponse>, Status> {
        Err(Status::permission_denied(
            "the reconciler calls no provider",
        ))
    }

    async fn report_unauthorised(
        &self,
        _request: Request<ReportUnauthorisedRequest>,
    ) -> Result<Response<ReportUnauthorisedResponse>, Status> {
        Err(Status::permission_denied(
            "the reconciler calls no provider",
        ))
    }
}

/// A reconciler that runs, and the accounts around it.
pub struct Running {
    pub world: World,
    bus: Bus,
    writes: [Deliveries<WriteBatch>; 2],
    process: Process,
}

impl Running {
    pub async fn new(shape: &'static Shape) -> Self {
        test_kit::log();
        let mut database = Database::create(None).await;
        let settings = DatabaseSettings::new(&database.url);
        SCHEMA.migrate(&settings).await.unwrap();
        database.pool = SCHEMA.open(&settings).await.unwrap();
        let nats = Nats::create().await;
        let nats = BusSettings::for_test(&nats.url, &nats.namespace);
        let bus = Bus::connect(nats.clone(), "test").await.unwrap();
        let world = World::on(database, shape, |_| ()).await;
        let process = Process::new("reconciler", CancellationToken::new());
        let control = DefinitionsServer::new(Control(world.definition.clone()));
        let control = grpc::serve(
            &process,
            &GrpcSettings::default(),
            grpc::Routes::new(control),
        )
        .await
        .unwrap();
        let settings = Settings {
            database: settings,
            bus: nats,
            grpc: GrpcSettings::default(),
            control: ControlSettings {
                control_url: format!("http://{control}"),
                service_token: None,
            },
            window: 100,
            sweep_seconds: DEFAULT_SWEEP_SECONDS,
        };
        reconciler::start(settings, process.clone()).await.unwrap();
        Self {
            writes: ["left", "right"].map(|provider| bus.writes(provider).unwrap()),
            world,
            bus,
            process,
        }
    }

    /// Reads, and makes what is asked for, until both sides hold the same records, so many.
    pub async fn until_equal(&mut self, count: usize) {
        let until = tokio::time::Instant::now() + SOON;
        loop {
            for side in Side::ALL {
                self.read(side).await;
            }
            while self.write().await {}
            let status = self.world.status().await;
            let (left, right) = (self.world.left.show(), self.world.right.show());
            if left == right && left.len() == count && status.open_writes == 0 {
                return;
            }
            assert!(
                tokio::time::Instant::now() < until,
                "{left:?}\n{right:?}\n{status:?}"
            );
        }
    }

    /// Publishes what a side shows, and waits until it is applied.
    async fn read(&mut self, side: Side) {
        let Some(batch) = self.world.round(side).await else {
            return;
        };
        self.bus.publish_changes(&batch).await.unwrap();
        let positions = self.world.positions();
        eventually("the batch is applied", SOON, async || {
            let request = AppliedRequest {
                feed: Some(World::feed(side)),
                ..AppliedRequest::default()
            };
            let applied = positions.applied(Request::new(request)).await.unwrap();
            applied.into_inner().epoch == batch.epoch
        })
        .await;
    }

    /// Makes the next batch of writes and answers it; whether there was one.
    async fn write(&mut self) -> bool {
        let [left, right] = &mut self.writes;
        let next = async {
            tokio::select! {
                delivery = left.next() => delivery,
                delivery = right.next() => delivery,
            }
        };
        let Ok(delivery) = tokio::time::timeout(QUIET, next).await else {
            return false;
        };
        let delivery = delivery.unwrap();
        let writes = self.world.started(delivery.message.writes.clone()).await;
        let outcomes = writes
            .iter()
            .map(|write| self.world.execute(write))
            .collect();
        let batch = OutcomeBatch {
            tenant: "acme".to_owned(),
            sync: self.world.key.sync.clone(),
            outcomes,
        };
        self.bus.publish_outcomes(&batch).await.unwrap();
        delivery.ack().await.unwrap();
        true
    }

    pub async fn stop(self) {
        self.process.shutdown.cancel();
        self.process.tasks.finish(SOON).await.unwrap();
    }
}
