//! Release: queued writes go out, as many as an account's window leaves room for.

use bus::Bus;
use prost::Message as _;
use proto::write::{Write, WriteBatch};
use sqlx::PgPool;
use tracing::Instrument as _;

use crate::{
    error::EngineError,
    store::outbox::{self, Account, Released},
    trace,
};

/// Writes in one message: what one provider call takes at most, so that a batch fills calls.
const BATCH: usize = 200;
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
            let released =
                outbox::release(&mut transaction, &account, window, REPEAT_AFTER_SECONDS).await?;
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

async fn publish(bus: &Bus, account: &Account, released: &[Released]) -> Result<(), EngineError> {
    for chunk in released.chunks(BATCH) {
        let writes = chunk
            .iter()
            .map(|write| Write::decode(write.body.as_slice()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| EngineError::Malformed("stored write"))?;
        let span = tracing::info_span!(
            "outbox.release",
            tenant = account.tenant,
            writes = writes.len()
        );
        for write in chunk
            .iter()
            .filter(|write| !write.traceparent.is_empty())
            .take(1)
        {
            trace::continue_from(&span, &write.traceparent);
        }
        let batch = WriteBatch {
            tenant: account.tenant.clone(),
            connection: account.connection.clone(),
            provider: account.provider.clone(),
            writes,
        };
        bus.publish_writes(&batch).instrument(span).await?;
    }
    Ok(())
}
