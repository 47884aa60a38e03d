//! Release: queued writes go out, as many as an account's window leaves room for.

use bus::Bus;
use prost::Message as _;
use proto::write::{Write, WriteBatch, write::Operation};
use sqlx::PgPool;
use tracing::Instrument as _;

use crate::{
    error::EngineError,
    store::outbox::{self, Account, Released},
    trace,
};

/// Writes in one message: what one provider call takes at most, so that a batch fills calls.
const BATCH: u16 = 200;
/// A released write that nobody has claimed for so long is published again: its message may be lost.
const REPEAT_AFTER_SECONDS: f64 = 60.0;

/// Publishes what may go out now; answers how many writes went out.
pub async fn release(pool: &PgPool, bus: &Bus, window: i64) -> Result<usize, EngineError> {
    let accounts = {
        let mut connection = pool.acquire().await?;
        outbox::accounts(&mut connection, REPEAT_AFTER_SECONDS).await?
    };
    let mut count = 0;
    for account in accounts {
        let released = {
            let mut transaction = pool.begin().await?;
            let released = outbox::release(
                &mut transaction,
                &account,
                window,
                BATCH.into(),
                REPEAT_AFTER_SECONDS,
            )
            .await?;
            // Committed first: a message that is never published is published again later.
            transaction.commit().await?;
            released
        };
        count += released.len();
        kit::point("reconciler.released");
        publish(bus, &account, &released).await?;
    }
    Ok(count)
}

/// Publishes writes in messages, those together that one call may make: of one kind, on the same paths. No two
/// of them are of one link, so that their order among themselves does not matter.
async fn publish(bus: &Bus, account: &Account, released: &[Released]) -> Result<(), EngineError> {
    let mut writes = released
        .iter()
        .map(|row| Ok((Write::decode(row.body.as_slice())?, row)))
        .collect::<Result<Vec<_>, prost::DecodeError>>()
        .map_err(|_| EngineError::Malformed("stored write"))?;
    writes.sort_by_cached_key(|(write, row)| (row.lane, call_of(write)));
    for chunk in writes.chunks(BATCH.into()) {
        let span = tracing::info_span!(
            "outbox.release",
            tenant = account.tenant,
            writes = chunk.len()
        );
        let mut traces = chunk.iter().map(|(_, row)| row.traceparent.as_str());
        if let Some(traceparent) = traces.find(|traceparent| !traceparent.is_empty()) {
            trace::continue_from(&span, traceparent);
        }
        let batch = WriteBatch {
            tenant: account.tenant.clone(),
            connection: account.connection.clone(),
            provider: account.provider.clone(),
            writes: chunk.iter().map(|(write, _)| write.clone()).collect(),
        };
        bus.publish_writes(&batch).instrument(span).await?;
    }
    Ok(())
}

/// What writes share that one call may make: the sync, the kind of operation and the paths.
fn call_of(write: &Write) -> (String, u8, Vec<String>) {
    let (kind, mut paths) = match &write.operation {
        Some(Operation::Read(_)) => (0, Vec::new()),
        Some(Operation::Create(_)) => (1, Vec::new()),
        Some(Operation::Update(update)) => {
            let edits = update.edits.iter();
            (2, edits.map(|edit| edit.path.clone()).collect())
        }
        Some(Operation::Delete(_)) => (3, Vec::new()),
        None => (4, Vec::new()),
    };
    paths.sort_unstable();
    paths.dedup();
    (write.sync.clone(), kind, paths)
}
