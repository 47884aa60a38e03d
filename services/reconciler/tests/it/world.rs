//! Two books, one sync, one database: reading, advancing and writing step by step.

use std::collections::BTreeMap;

use model::Side;
use prost::Message as _;
use proto::{
    change::{ChangeBatch, CollectionState, Extent, Snapshot},
    control::{MatchCriterion, Pairing, Policies, SideDefinition, SyncDefinition},
    reconcile::{
        BeginRequest, ClaimRequest, Feed, StatusRequest, StatusResponse, SyncRef,
        claims_server::Claims as _, positions_server::Positions as _, syncs_server::Syncs as _,
    },
    write::{Outcome, OutcomeBatch, Write},
};
use reconciler::{
    advance, ingest,
    ingest::Ingested,
    intake, outcome,
    release::{self, Limits},
    service::{ClaimService, PositionService, SyncService},
    store::{MIGRATOR, SyncKey, outbox},
    tide::Tide,
    wake::Wake,
};
use test_kit::Database;
use tonic::Request;

use crate::book::{Book, PEOPLE, Shape};

/// Everything goes out at once.
const ALL: Limits = Limits {
    window: 10_000,
    batch: 1,
};

pub const HASH_KEY: [u8; 32] = [7; 32];

pub struct World {
    pub database: Database,
    pub left: Book,
    pub right: Book,
    pub definition: SyncDefinition,
    pub key: SyncKey,
    pub snapshots: u32,
    pub tide: std::sync::Arc<Tide>,
}

/// A sync of records of one shape.
pub fn definition(shape: &Shape) -> SyncDefinition {
    let side = |connection: &str, provider: &str, carries_marker| SideDefinition {
        connection: connection.to_owned(),
        provider: provider.to_owned(),
        account_id: format!("account of {connection}"),
        collection: "c".to_owned(),
        collection_form: "group".to_owned(),
        carries_marker,
        ..SideDefinition::default()
    };
    SyncDefinition {
        tenant: "acme".to_owned(),
        sync: "s1".to_owned(),
        name: "test".to_owned(),
        kind: shape.kind.to_owned(),
        generation: 1,
        state: "active".to_owned(),
        left: Some(side("crm", "left", false)),
        right: Some(side("suite", "right", true)),
        policies: Some(Policies {
            direction: "both".to_owned(),
            conflict: "left".to_owned(),
            deletion: "propagate".to_owned(),
            drift: "keep".to_owned(),
            outside: "adopt".to_owned(),
            twins: "link-one".to_owned(),
            deletion_against_edit: "edit-wins".to_owned(),
            frequency_seconds: 300,
            guard_percent: 10,
            guard_window_seconds: 86_400,
            ..Policies::default()
        }),
        mapping: shape
            .paths
            .iter()
            .map(|path| Pairing {
                left: (*path).to_owned(),
                right: (*path).to_owned(),
                direction: "both".to_owned(),
                ..Pairing::default()
            })
            .collect(),
        r#match: shape
            .criteria
            .iter()
            .map(|path| MatchCriterion {
                left: (*path).to_owned(),
                right: (*path).to_owned(),
            })
            .collect(),
        hash_key: HASH_KEY.to_vec(),
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut SyncDefinition)) -> Self {
        Self::of(&PEOPLE, change).await
    }

    /// A world of records of one shape.
    pub async fn of(shape: &'static Shape, change: impl FnOnce(&mut SyncDefinition)) -> Self {
        test_kit::log();
        Self::on(Database::create(Some(&MIGRATOR)).await, shape, change).await
    }

    /// A world on a database that has the tables already.
    pub async fn on(
        database: Database,
        shape: &'static Shape,
        change: impl FnOnce(&mut SyncDefinition),
    ) -> Self {
        let mut definition = definition(shape);
        change(&mut definition);
        let tide = Tide::alone(database.pool.clone());
        let mut world = Self {
            database,
            left: Book::of(shape, "L"),
            right: Book::of(shape, "R"),
            key: SyncKey::new("acme", "s1"),
            definition,
            snapshots: 0,
            tide,
        };
        world.define(|_| ()).await;
        world
    }

    /// Changes the definition, as control would.
    pub async fn define(&mut self, change: impl FnOnce(&mut SyncDefinition)) {
        change(&mut self.definition);
        intake::take(&self.database.pool, self.definition.clone())
            .await
            .unwrap();
    }

    /// The sync is turned off; what it knows stays.
    pub async fn turn_off(&mut self) {
        self.define(|definition| "deleting".clone_into(&mut definition.state))
            .await;
    }

    /// The sync is turned on again.
    pub async fn turn_on(&mut self) {
        self.define(|definition| {
            "active".clone_into(&mut definition.state);
            definition.generation += 1;
        })
        .await;
    }

    pub fn policies(definition: &mut SyncDefinition) -> &mut Policies {
        definition.policies.as_mut().unwrap()
    }

    pub fn book(&mut self, side: Side) -> &mut Book {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    pub fn feed(side: Side) -> Feed {
        Feed {
            tenant: "acme".to_owned(),
            sync: "s1".to_owned(),
            side: proto::record::Side::from(side).into(),
        }
    }

    pub fn positions(&self) -> PositionService {
        PositionService {
            applied: std::sync::Arc::default(),
            pool: self.database.pool.clone(),
            tide: self.tide.clone(),
        }
    }

    /// What a round of a side's feed would publish now; none if the feed is not wanted.
    pub async fn round(&mut self, side: Side) -> Option<ChangeBatch> {
        let begun = self
            .positions()
            .begin(Request::new(BeginRequest {
                feed: Some(Feed {
                    sync: self.key.sync.clone(),
                    ..Self::feed(side)
                }),
                generation: self.definition.generation,
            }))
            .await
            .unwrap()
            .into_inner();
        if !begun.wanted {
            return None;
        }
        let since = (!begun.snapshot).then(|| begun.cursor.parse().unwrap());
        self.snapshots += 1;
        let snapshot = begun.snapshot.then(|| Snapshot {
            id: format!("snapshot {}", self.snapshots),
            extent: Extent::Account.into(),
            end: true,
        });
        let generation = self.definition.generation;
        let sync = self.key.sync.clone();
        let book = self.book(side);
        Some(ChangeBatch {
            tenant: "acme".to_owned(),
            sync,
            side: proto::record::Side::from(side).into(),
            generation,
            epoch: begun.epoch,
            number: 1,
            cursor_after: book.clock.to_string(),
            readable: book.readable(),
            changes: book.changes(since, &HASH_KEY),
            snapshot,
            round_end: true,
            provider_time_micros: book.clock,
            collection: CollectionState::Present.into(),
            right: String::new(),
        })
    }

    pub async fn ingest(&self, batch: &ChangeBatch) -> Ingested {
        let mut transaction = self.database.pool.begin().await.unwrap();
        let verdict = ingest::ingest(&mut transaction, batch).await.unwrap();
        transaction.commit().await.unwrap();
        verdict
    }

    pub async fn read(&mut self, side: Side) {
        if let Some(batch) = self.round(side).await {
            assert_eq!(self.ingest(&batch).await, Ingested::Applied);
        }
    }

    pub async fn advance(&self) {
        advance::advance(&self.database.pool, &self.key)
            .await
            .unwrap();
    }

    /// Writes that the outbox releases now, claimed.
    pub async fn claimed(&self) -> Vec<Write> {
        let mut writes = Vec::new();
        let mut connection = self.database.pool.acquire().await.unwrap();
        for account in outbox::accounts(&mut connection, 60.0).await.unwrap() {
            for released in release::choose(&mut connection, &account, ALL, 60.0)
                .await
                .unwrap()
            {
                writes.push(Write::decode(released.body.as_slice()).unwrap());
            }
        }
        self.started(writes).await
    }

    /// Has no write in the outbox wait any longer.
    pub async fn let_queued_writes_go(&self) {
        sqlx::query("UPDATE write SET not_before = now()")
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    /// Those of the released writes that may be made.
    pub async fn started(&self, mut writes: Vec<Write>) -> Vec<Write> {
        let claims = ClaimService {
            pool: self.database.pool.clone(),
            tide: self.tide.clone(),
        };
        let started = claims
            .claim(Request::new(ClaimRequest {
                tenant: "acme".to_owned(),
                connection: String::new(),
                writes: writes.iter().map(|write| write.id.clone()).collect(),
            }))
            .await
            .unwrap()
            .into_inner()
            .started;
        writes.retain(|write| started.contains(&write.id));
        writes
    }

    pub fn execute(&mut self, write: &Write) -> Outcome {
        let side = Side::try_from(write.side()).unwrap();
        self.book(side).execute(write)
    }

    pub async fn answer(&self, outcomes: Vec<Outcome>) {
        self.answer_to(&self.key.sync, outcomes).await;
    }

    /// Answers writes of a sync that the world may not be looking at.
    pub async fn answer_to(&self, sync: &str, outcomes: Vec<Outcome>) {
        let mut transaction = self.database.pool.begin().await.unwrap();
        let batch = OutcomeBatch {
            tenant: "acme".to_owned(),
            sync: sync.to_owned(),
            outcomes,
        };
        outcome::apply(&mut transaction, &batch).await.unwrap();
        transaction.commit().await.unwrap();
    }

    /// Claims, carries out and answers what the outbox holds; answers how many writes there were.
    pub async fn write(&mut self) -> usize {
        let writes = self.claimed().await;
        let mut answers: BTreeMap<&str, Vec<Outcome>> = BTreeMap::new();
        for write in &writes {
            let outcome = self.execute(write);
            answers.entry(&write.sync).or_default().push(outcome);
        }
        for (sync, outcomes) in answers {
            self.answer_to(sync, outcomes).await;
        }
        writes.len()
    }

    /// Reads, advances and writes until nothing moves; asserts that the counts add up.
    pub async fn settle(&mut self) {
        for _ in 0..40 {
            for side in Side::ALL {
                self.read(side).await;
            }
            self.advance().await;
            let written = self.write().await;
            self.advance().await;
            let status = self.status().await;
            Self::check(&status);
            if written == 0 && status.open_writes == 0 && status.counts.unwrap().pending == 0 {
                return;
            }
        }
        let status = self.status().await;
        assert_ne!(status.phase, "live", "the sync does not settle: {status:?}");
    }

    pub fn check(status: &StatusResponse) {
        let counts = status.counts.unwrap();
        let states =
            counts.in_sync + counts.pending + counts.deferred + counts.excluded + counts.set_aside;
        assert_eq!(states, counts.in_scope, "the states add up: {status:?}");
    }

    pub fn service(&self) -> SyncService {
        SyncService {
            pool: self.database.pool.clone(),
            wake: std::sync::Arc::new(Wake::default()),
            tide: self.tide.clone(),
        }
    }

    pub fn sync_ref() -> SyncRef {
        SyncRef {
            tenant: "acme".to_owned(),
            sync: "s1".to_owned(),
        }
    }

    pub async fn status(&self) -> StatusResponse {
        self.service()
            .status(Request::new(StatusRequest {
                sync: Some(Self::sync_ref()),
            }))
            .await
            .unwrap()
            .into_inner()
    }

    /// Writes that both providers have taken so far.
    pub fn writes(&self) -> u32 {
        self.left.writes + self.right.writes
    }

    /// The ids of the records with this work e-mail address.
    pub fn find(&self, side: Side, email: &str) -> Vec<String> {
        self.find_by(side, "emails[work]", email)
    }

    /// The ids of the records that show this text on a path.
    pub fn find_by(&self, side: Side, path: &str, text: &str) -> Vec<String> {
        let book = match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        };
        book.entries
            .keys()
            .filter(|id| book.get(id, path).as_deref() == Some(text))
            .cloned()
            .collect()
    }

    /// Asserts that both books hold the same records, each once, with the same mapped values.
    pub fn agree(&self) {
        assert_eq!(self.left.show(), self.right.show());
    }
}

impl World {
    pub async fn history(&self) -> Vec<proto::reconcile::HistoryEntry> {
        self.service()
            .history(Request::new(proto::reconcile::HistoryRequest {
                sync: Some(Self::sync_ref()),
                ..proto::reconcile::HistoryRequest::default()
            }))
            .await
            .unwrap()
            .into_inner()
            .entries
    }

    pub async fn run(&self) {
        self.service()
            .run(Request::new(proto::reconcile::RunRequest {
                sync: Some(Self::sync_ref()),
            }))
            .await
            .unwrap();
    }

    pub async fn resume(
        &self,
        answer: proto::reconcile::resume_request::Answer,
    ) -> Result<u64, tonic::Status> {
        self.service()
            .resume(Request::new(proto::reconcile::ResumeRequest {
                sync: Some(Self::sync_ref()),
                answer: answer.into(),
            }))
            .await
            .map(|answer| answer.into_inner().released)
    }
}
