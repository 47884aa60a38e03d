//! The database goes back: it is noticed before anything is done from it, and a recovery finds again what it forgot.

use std::sync::Arc;

use bus::{Bus, BusSettings};
use model::Side;
use proto::reconcile::{
    BeginRequest, ClaimRequest, RecoverRequest, RecoverResponse, RetryRequest,
    claims_server::Claims as _, positions_server::Positions as _, recovery_server::Recovery as _,
    resume_request::Answer, syncs_server::Syncs as _,
};
use reconciler::{
    ingest::Ingested,
    recover,
    service::{ClaimService, PositionService, RecoveryService},
    tide::Tide,
};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use test_kit::Nats;
use tonic::{Code, Request, Status};

use crate::world::World;

/// The tables of the reconciler, but for what its migrations say.
async fn tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn bus(nats: &Nats) -> Bus {
    Bus::connect(BusSettings::for_test(&nats.url, &nats.namespace), "test")
        .await
        .unwrap()
}

impl World {
    /// A world whose tide is copied to NATS.
    async fn copied() -> (Self, Nats) {
        let mut world = Self::new().await;
        let nats = Nats::create().await;
        world.tide = world.replica(&nats).await;
        (world, nats)
    }

    /// The tide of another process.
    async fn replica(&self, nats: &Nats) -> Arc<Tide> {
        Tide::new(self.database.pool.clone(), bus(nats).await)
    }

    async fn back_up(&self) {
        let pool = &self.database.pool;
        pool.execute("CREATE SCHEMA backup").await.unwrap();
        for table in tables(pool).await {
            let copy = format!("CREATE TABLE backup.{table} AS TABLE public.{table}");
            pool.execute(AssertSqlSafe(copy)).await.unwrap();
        }
    }

    /// Restores what was backed up.
    async fn go_back(&self) {
        let pool = &self.database.pool;
        let mut sql = "SET session_replication_role = replica;".to_owned();
        for table in tables(pool).await {
            sql.push_str("DELETE FROM public.");
            sql.push_str(&table);
            sql.push_str("; INSERT INTO public.");
            sql.push_str(&table);
            sql.push_str(" OVERRIDING SYSTEM VALUE SELECT * FROM backup.");
            sql.push_str(&table);
            sql.push(';');
        }
        sql += "SET session_replication_role = origin";
        pool.execute(AssertSqlSafe(sql)).await.unwrap();
    }

    async fn begin(&self) -> Result<u64, Status> {
        let positions = PositionService {
            applied: Arc::default(),
            pool: self.database.pool.clone(),
            tide: self.tide.clone(),
        };
        let request = BeginRequest {
            feed: Some(Self::feed(Side::Left)),
            generation: self.definition.generation,
        };
        let begun = positions.begin(Request::new(request)).await?;
        Ok(begun.into_inner().epoch)
    }

    async fn claim(&self, write: &str) -> Result<Vec<String>, Status> {
        let claims = ClaimService {
            pool: self.database.pool.clone(),
            tide: self.tide.clone(),
        };
        let request = ClaimRequest {
            tenant: "acme".to_owned(),
            writes: vec![write.to_owned()],
            ..ClaimRequest::default()
        };
        Ok(claims
            .claim(Request::new(request))
            .await?
            .into_inner()
            .started)
    }

    async fn queued(&self) -> String {
        sqlx::query_scalar("SELECT id::text FROM write WHERE status = 'queued' LIMIT 1")
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    async fn recover(&self, confirmed: bool, anyway: bool) -> RecoverResponse {
        let recovery = RecoveryService {
            pool: self.database.pool.clone(),
            tide: self.tide.clone(),
            wake: Arc::default(),
        };
        let request = RecoverRequest { confirmed, anyway };
        recovery
            .recover(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    }

    fn everybody(&self, side: Side) -> usize {
        match side {
            Side::Left => self.left.entries.len(),
            Side::Right => self.right.entries.len(),
        }
    }
}

fn is_refused<T: std::fmt::Debug>(answer: Result<T, Status>) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("rapport recover"), "{status:?}");
}

// proves: R-34
#[tokio::test]
async fn nothing_is_begun_or_claimed_from_a_database_that_went_back() {
    let (mut world, nats) = World::copied().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CTO"));
    world.read(Side::Left).await;
    world.advance().await;
    world.back_up().await;
    let write = world.queued().await;
    assert_eq!(world.write().await, 1);
    world.go_back().await;

    // The process that did it refuses at once, and a process that starts now finds it in the copies.
    is_refused(world.claim(&write).await);
    is_refused(world.begin().await);
    world.tide = world.replica(&nats).await;
    is_refused(world.begin().await);
    is_refused(world.claim(&write).await);
    let status = world.status().await;
    assert_eq!(status.phase, "paused");
    assert!(status.reason.contains("rapport recover"), "{status:?}");
    let retry = RetryRequest {
        sync: Some(World::sync_ref()),
        ..RetryRequest::default()
    };
    is_refused(world.service().retry(Request::new(retry)).await);

    // A recovery lets it go on.
    world.recover(true, false).await;
    assert!(!world.tide.is_behind());
    assert!(world.begin().await.is_ok());
}

// proves: R-34
#[tokio::test]
async fn refused_steps_never_hide_that_the_database_went_back() {
    let (mut world, nats) = World::copied().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world.back_up().await;
    for _ in 0..3 {
        world.begin().await.unwrap();
    }
    world.go_back().await;
    for _ in 0..50 {
        is_refused(world.begin().await);
    }
    // Not even where the copies are lost afterwards.
    let elsewhere = Nats::create().await;
    world.tide = world.replica(&elsewhere).await;
    is_refused(world.begin().await);
    world.tide = world.replica(&nats).await;
    let answer = world.recover(false, false).await;
    assert!(answer.behind && !answer.recovered, "{answer:?}");
    assert_eq!(answer.lost, 3);
    is_refused(world.begin().await);
}

// proves
#[tokio::test]
async fn copies_that_are_lost_mean_nothing_and_are_made_again() {
    let (mut world, nats) = World::copied().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    let stream = bus(&nats).await;
    let jetstream = async_nats_of(&nats).await;
    let bucket = format!("{}-TIDE", nats.namespace);
    jetstream.delete_key_value(&bucket).await.unwrap();
    assert!(world.begin().await.is_ok());
    let level = world.tide.look().await.unwrap();
    assert!(!level.behind);
    for (gauge, height) in level.highest.iter().enumerate() {
        let copied = stream.copied(gauge).await.unwrap().unwrap();
        assert_eq!(copied.height, *height, "gauge {gauge}");
    }
    // Those of another installation say nothing of this one.
    let copied = stream.copied(0).await.unwrap().unwrap();
    stream
        .copy(0, "another", 1_000_000, copied.revision)
        .await
        .unwrap();
    assert!(!world.tide.look().await.unwrap().behind);
    world.settle().await;
}

async fn async_nats_of(nats: &Nats) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(&nats.url).await.unwrap())
}

// proves: R-34
#[tokio::test]
async fn two_processes_share_the_gauges_and_neither_takes_the_other_for_a_restore() {
    let (mut world, nats) = World::copied().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    let mut replicas = vec![world.tide.clone(), world.replica(&nats).await];
    replicas.push(world.replica(&nats).await);
    for turn in 0..60 {
        world.tide = replicas[turn % 3].clone();
        world.begin().await.unwrap();
    }
    let at_once = (0..30).map(|turn| {
        let positions = PositionService {
            applied: Arc::default(),
            pool: world.database.pool.clone(),
            tide: replicas[turn % 3].clone(),
        };
        let request = BeginRequest {
            feed: Some(World::feed(Side::Left)),
            generation: world.definition.generation,
        };
        async move { positions.begin(Request::new(request)).await }
    });
    for answer in futures_util::future::join_all(at_once).await {
        answer.unwrap();
    }
}

// proves
#[tokio::test]
async fn a_claim_that_cannot_be_copied_is_taken_back_and_made_later() {
    test_kit::log();
    let folder = test_kit::Folder::new("rapport-tide");
    let mut server = local::Nats::start(folder.path(), local::Durability::Fast)
        .await
        .unwrap();
    let mut world = World::new().await;
    let own = Nats {
        url: server.url(),
        namespace: "rapport".to_owned(),
    };
    world.tide = world.replica(&own).await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CTO"));
    world.read(Side::Left).await;
    world.advance().await;
    let write = world.queued().await;
    server.stop().await.unwrap();
    assert_eq!(
        world.claim(&write).await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(world.queued().await, write, "nothing was made");
    server.resume().await.unwrap();
    test_kit::eventually(
        "NATS is back",
        std::time::Duration::from_secs(40),
        async || {
            world
                .claim(&write)
                .await
                .is_ok_and(|started| started == [write.clone()])
        },
    )
    .await;
}

// proves
#[tokio::test]
async fn what_a_write_of_the_lost_time_overwrote_is_in_the_history() {
    let (mut world, _nats) = World::copied().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world.advance().await;
    world.back_up().await;
    let right = world.find(Side::Right, "ana@example.com").remove(0);
    assert_eq!(world.write().await, 1);
    world.go_back().await;
    world.recover(true, false).await;
    world.settle().await;
    assert_eq!(world.right.get(&right, "title").as_deref(), Some("CEO"));
    let told = world.history().await.into_iter().any(|entry| {
        entry.path == "title" && entry.cause == "answer lost" && entry.remote_id == right
    });
    assert!(told, "{:?}", world.history().await);
}

// proves
#[tokio::test]
async fn what_the_lost_time_did_is_found_again_and_deletions_wait_for_a_person() {
    let (mut world, _nats) = World::copied().await;
    for name in ["ana", "bob", "cem", "dora"] {
        world
            .left
            .add(&[("emails[work]", &format!("{name}@example.com"))]);
    }
    world.settle().await;
    world.back_up().await;

    // In the lost time: records without a key are made on either side and edits travel, as does a deletion.
    world
        .left
        .add(&[("name.given", "Kim"), ("name.family", "No Address")]);
    world
        .right
        .add(&[("name.given", "Lee"), ("name.family", "No Address")]);
    world.left.add(&[("emails[work]", "new@example.com")]);
    world.settle().await;
    world.left.set("L1", "title", Some("CTO"));
    let bob = world.find(Side::Right, "bob@example.com").remove(0);
    world.right.set(&bob, "note", Some("called"));
    world.left.delete("L3");
    world.settle().await;
    let known = (world.everybody(Side::Left), world.everybody(Side::Right));
    assert_eq!(known, (6, 6));
    let late = world.round(Side::Left).await.unwrap();
    // What nobody has carried over when it goes back.
    world.left.set("L2", "title", Some("Chair"));
    world.left.delete("L4");
    let before = world.writes();
    world.go_back().await;

    let recovered = world.recover(true, false).await;
    assert!(recovered.recovered && recovered.behind, "{recovered:?}");
    assert_eq!(
        world.ingest(&late).await,
        Ingested::Repeated,
        "a batch of the lost time comes too late"
    );
    world.settle().await;
    let status = world.status().await;
    assert_eq!(status.phase, "paused");
    assert!(
        status
            .reason
            .contains("1 records would be deleted on the right side after the database went back"),
        "{}",
        status.reason
    );
    let dora = world.find(Side::Right, "dora@example.com");
    assert_eq!(dora.len(), 1, "nothing is deleted unasked");

    world.resume(Answer::Accept).await.unwrap();
    world.settle().await;
    assert!(world.find(Side::Right, "dora@example.com").is_empty());
    assert_eq!(world.right.get(&bob, "title").as_deref(), Some("Chair"));
    world.agree();
    let now = (world.everybody(Side::Left), world.everybody(Side::Right));
    assert_eq!(now, (5, 5), "nobody twice");
    assert_eq!(
        world.writes(),
        before + 2,
        "the one edit and the one deletion that were left to do"
    );

    // From now on deletions pass as ever.
    world.left.delete("L2");
    world.settle().await;
    assert!(world.find(Side::Right, "bob@example.com").is_empty());
    world.agree();
}

// proves: R-34
#[tokio::test]
async fn deletions_of_the_lost_time_are_put_back_if_a_person_says_so() {
    let (mut world, _nats) = World::copied().await;
    for name in ["ana", "bob", "cem"] {
        world
            .left
            .add(&[("emails[work]", &format!("{name}@example.com"))]);
    }
    world.settle().await;
    world.back_up().await;
    world.begin().await.unwrap();
    world.left.delete("L1");
    world.go_back().await;
    world.recover(true, false).await;
    world.settle().await;
    assert_eq!(world.status().await.phase, "paused");
    world.resume(Answer::Restore).await.unwrap();
    world.settle().await;
    assert_eq!(world.find(Side::Left, "ana@example.com").len(), 1);
    assert_eq!(world.everybody(Side::Left), 3);
    world.agree();
}

// proves
#[tokio::test]
async fn open_writes_count_as_possibly_made_and_creates_are_looked_up() {
    let (mut world, _nats) = World::copied().await;
    world
        .left
        .add(&[("name.given", "Kim"), ("name.family", "No Address")]);
    world
        .right
        .add(&[("name.given", "Lee"), ("name.family", "No Address")]);
    world.left.add(&[("emails[work]", "ana@example.com")]);
    for side in Side::ALL {
        world.read(side).await;
    }
    world.advance().await;
    // Everything is queued, and in the lost time everything is made.
    world.back_up().await;
    world.settle().await;
    let made = world.writes();
    assert_eq!(made, 3);
    world.go_back().await;
    let recovered = world.recover(true, false).await;
    assert_eq!(recovered.open_writes, 3);
    world.settle().await;
    assert_eq!(world.writes(), made, "nothing is made again");
    world.agree();
    assert_eq!(world.status().await.phase, "live");
}

// proves: R-34
#[tokio::test]
async fn without_a_loss_nothing_waits_and_without_evidence_nothing_is_done_unless_asked() {
    let (mut world, _nats) = World::copied().await;
    for name in ["ana", "bob", "cem"] {
        world
            .left
            .add(&[("emails[work]", &format!("{name}@example.com"))]);
    }
    world.settle().await;
    let answer = world.recover(true, false).await;
    assert!(!answer.behind && !answer.recovered, "{answer:?}");
    assert_eq!(world.status().await.phase, "live");
    let epoch = world.begin().await.unwrap();
    let before = world.writes();
    assert!(world.recover(true, true).await.recovered);
    assert!(world.begin().await.unwrap() > epoch + 1000);
    assert_eq!(world.status().await.phase, "baseline");
    world.settle().await;
    assert_eq!(world.writes(), before);
    // Everything is compared, so that deletions pass without a question.
    world.left.delete("L1");
    world.settle().await;
    assert_eq!(world.everybody(Side::Right), 2);
}

// proves: R-34
#[tokio::test]
async fn a_paused_sync_stays_paused_and_one_that_is_off_stays_off() {
    let (mut world, _nats) = World::copied().await;
    world.left.add(&[("emails[work]", "ana@example.com")]);
    world.settle().await;
    world
        .define(|definition| definition.state = "paused".to_owned())
        .await;
    recover::recover(&world.database.pool, &world.tide)
        .await
        .unwrap();
    assert_eq!(world.status().await.reason, "paused by a person");
    world.turn_off().await;
    assert_eq!(world.status().await.phase, "off");
    recover::recover(&world.database.pool, &world.tide)
        .await
        .unwrap();
    assert_eq!(world.status().await.phase, "off");
}

// proves
#[tokio::test]
async fn a_record_that_was_made_anew_in_the_lost_time_takes_the_place_of_the_one_that_is_gone() {
    let (mut world, _nats) = World::copied().await;
    let left = world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CEO")]);
    world.settle().await;
    world.back_up().await;
    let right = world.find(Side::Right, "ana@example.com").remove(0);
    world.right.delete(&right);
    // What could be matched goes as well: only the marker tells of whom the new record was made.
    world.left.set(&left, "emails[work]", None);
    world.settle().await;
    assert_eq!(world.everybody(Side::Right), 1);
    world.go_back().await;
    world.recover(true, false).await;
    world.settle().await;
    assert_eq!(world.everybody(Side::Left), 1);
    assert_eq!(world.everybody(Side::Right), 1);
}
