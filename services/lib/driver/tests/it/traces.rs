//! One trace runs from a push to the published changes, and from a write to its outcome.

use kit::LogSettings;
use pretty_assertions::assert_eq;
use proto::{
    record::Side,
    write::{Read, Write, WriteBatch, write::Operation},
};
use secrecy::ExposeSecret as _;
use test_kit::eventually;
use tracing::Instrument as _;

use crate::{
    memory::deliver,
    stage::{SOON, Stage, TENANT},
};

async fn trace_of(stage: &Stage, what: &str, trace: &str) {
    eventually("a message of this trace", SOON, async || {
        let traces = stage.reconciler.state().traces.clone();
        let found = traces.iter().any(|(of, id)| *of == what && id == trace);
        found.then_some(()).ok_or(traces)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_continues_the_trace_of_the_push_that_led_to_it() {
    kit::telemetry::install("test", &LogSettings::default()).unwrap();
    let stage = Stage::with_pushes().await;
    stage.define("s", "c");
    let _connector = stage.connector().await;
    let (key, address) = eventually("a channel", SOON, async || {
        stage.memory.state().channels.first().cloned()
    })
    .await;
    eventually("a first round", SOON, async || {
        stage.reconciler.position("s").rounds_ended > 0
    })
    .await;
    let gate = stage.memory.page_gate.write().await;
    let token = key.token.expose_secret();
    assert_eq!(
        deliver(&address, &key.id.to_string(), token, 2, "").await,
        204
    );
    let stored: String = sqlx::query_scalar("SELECT traceparent FROM driver_memory.feed")
        .fetch_one(&stage.database.pool)
        .await
        .unwrap();
    drop(gate);
    let trace = stored.split('-').nth(1).unwrap();
    assert_eq!(trace.len(), 32, "{stored}");
    trace_of(&stage, "changes", trace).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_continues_the_trace_of_its_write() {
    kit::telemetry::install("test", &LogSettings::default()).unwrap();
    let stage = Stage::new().await;
    stage.define("s", "c");
    let _writer = stage.writer().await;
    stage.reconciler.state().queued.insert("w".into());
    let mut write = Write {
        id: "w".into(),
        sync: "s".into(),
        kind: "contact".into(),
        operation: Some(Operation::Read(Read {
            remote_id: "1".into(),
            ..Read::default()
        })),
        ..Write::default()
    };
    write.set_side(Side::Left);
    let batch = WriteBatch {
        tenant: TENANT.into(),
        connection: "c".into(),
        provider: "memory".into(),
        writes: vec![write],
    };
    let release = async {
        stage.bus.publish_writes(&batch).await.unwrap();
        kit::telemetry::trace_id()
    };
    let trace = release.instrument(tracing::info_span!("outbox")).await;
    assert_eq!(trace.len(), 32);
    trace_of(&stage, "outcomes", &trace).await;
}
